"""Another recipe on the examples of notebook 10: BERT's own, as PyTorch and transformers have it.

The same size (2 layers of 128, vocabulary 8,000), 3,000 batches of 16 x 64 tokens of the same text,
the same held-out questions; initial weights 0.02, dropout 0.1, AdamW, rate 0.001 with a tenth of warm-up.

Run: deno run -A tests/bench/recipe_examples.ts FOLDER
     python3 tests/bench/pytorch_recipe.py FOLDER [learning rate] [dropout] [initial range] [heads]
"""

import pathlib
import sys

import numpy
import torch
import transformers
from torch.nn.functional import cross_entropy

STEPS, BATCH, LENGTH = 3000, 16, 64

folder = pathlib.Path(sys.argv[1])
rate, dropout, initial = (float(x) for x in (sys.argv[2:5] + ["0.001", "0.1", "0.02"][len(sys.argv[2:5]):]))
heads = int(sys.argv[5]) if len(sys.argv) > 5 else 2
torch.manual_seed(1)


def load(name):
    rows = numpy.fromfile(folder / name, dtype=numpy.int32).reshape(-1, 3 * LENGTH + 1).astype(numpy.int64)
    ids, segments, labels = (torch.tensor(rows[:, i * LENGTH:(i + 1) * LENGTH]) for i in range(3))
    return ids, segments, labels, torch.tensor(rows[:, -1])


config = transformers.BertConfig(
    vocab_size=8000, hidden_size=128, num_hidden_layers=2, num_attention_heads=heads, intermediate_size=512,
    max_position_embeddings=LENGTH, hidden_dropout_prob=dropout, attention_probs_dropout_prob=dropout,
    initializer_range=initial,
)
model = transformers.BertForPreTraining(config)


def scores(ids, segments, labels):
    """Logits and labels of the words that are asked for, and logits of the pairs."""
    mask = (ids != 0).long()
    hidden, pooled = model.bert(ids, token_type_ids=(segments - 1).clamp(min=0), attention_mask=mask)[:2]
    asked = labels >= 0
    return model.cls.predictions(hidden[asked]), labels[asked], model.cls.seq_relationship(pooled)


def schedule(step):
    return min((step + 1) / (0.1 * STEPS), (STEPS - step) / (0.9 * STEPS))


groups = [
    {"params": [p for p in model.parameters() if p.ndim >= 2], "weight_decay": 0.01},
    {"params": [p for p in model.parameters() if p.ndim < 2], "weight_decay": 0.0},
]
optimizer = torch.optim.AdamW(groups, lr=rate, eps=1e-6)
scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, schedule)
ids, segments, labels, pairs = load("train.bin")
for step in range(STEPS):
    rows = slice(BATCH * step, BATCH * (step + 1))
    words, right, follows = scores(ids[rows], segments[rows], labels[rows])
    loss = cross_entropy(words, right) + cross_entropy(follows, pairs[rows])
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    scheduler.step()
    optimizer.zero_grad()
    if (step + 1) % 500 == 0:
        print(f"step {step + 1}: {loss.item():.3f} nats", flush=True)

model.eval()
ids, segments, labels, pairs = load("held_out.bin")
found = [[], [], [], []]
with torch.no_grad():
    for start in range(0, len(ids), BATCH):
        rows = slice(start, start + BATCH)
        words, right, follows = scores(ids[rows], segments[rows], labels[rows])
        found[0].append(cross_entropy(words, right, reduction="none"))
        found[1].append((words.argmax(-1) == right).float())
        found[2].append(cross_entropy(follows, pairs[rows], reduction="none"))
        found[3].append((follows.argmax(-1) == pairs[rows]).float())
for name, values in zip(["MLM loss", "MLM accuracy", "NSP loss", "NSP accuracy"], found):
    print(f"{name}: {torch.cat(values).mean().item():.4f} of {len(torch.cat(values))}")
