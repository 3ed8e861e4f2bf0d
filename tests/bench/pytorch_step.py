"""Training steps of BERT in PyTorch, timed: the other side of `deno task bench`.

Called by it with a JSON specification as the argument; answers one JSON request a line. `style`:

- "user": transformers' BertForPreTraining as its documentation shows it: every position goes to the
  vocabulary, and AdamW decays all weights.
- "expert": only predicted positions go to the vocabulary, attention by scaled_dot_product_attention
  (fused without dropout; with dropout PyTorch computes it unfused on a CPU), fused AdamW.
- "autocast": the expert's, with its products in bfloat16 by torch.autocast.
"""

import json
import resource
import sys
import time

import torch
import torch.nn.functional as F
from transformers import BertConfig, BertForPreTraining

FIRST_WORD = 5  # below are the special tokens


def make_model(spec):
    config = BertConfig(
        vocab_size=spec["vocabSize"],
        hidden_size=spec["hiddenSize"],
        num_hidden_layers=spec["numHiddenLayers"],
        num_attention_heads=spec["numAttentionHeads"],
        intermediate_size=spec["intermediateSize"],
        max_position_embeddings=512,
        hidden_dropout_prob=spec["hiddenDropoutProb"],
        attention_probs_dropout_prob=spec["attentionProbsDropoutProb"],
    )
    if spec["style"] != "user":
        config._attn_implementation = "sdpa"
    return BertForPreTraining(config).train()


def make_batch(spec):
    size, length, predictions = spec["batch"], spec["length"], spec["predictions"]
    words = torch.randint(FIRST_WORD, spec["vocabSize"], (size, length))
    positions = torch.randperm(size * length)[:predictions].sort().values
    labels = torch.full((size * length,), -100)
    labels[positions] = torch.randint(FIRST_WORD, spec["vocabSize"], (predictions,))
    return {
        "input_ids": words,
        "token_type_ids": (torch.arange(length) * 2 >= length).long().expand(size, length),
        "attention_mask": torch.ones(size, length, dtype=torch.long),
        "labels": labels.view(size, length),
        "next_sentence_label": torch.arange(size) % 2,
        "positions": positions,
    }


def user_loss(model, batch):
    inputs = {name: value for name, value in batch.items() if name != "positions"}
    return model(**inputs).loss


def expert_loss(model, batch):
    hidden, pooled = model.bert(
        input_ids=batch["input_ids"],
        token_type_ids=batch["token_type_ids"],
        attention_mask=batch["attention_mask"],
        return_dict=False,
    )[:2]
    positions = batch["positions"]
    picked = hidden.reshape(-1, hidden.shape[-1])[positions]
    logits, nsp_logits = model.cls(picked, pooled)
    mlm = F.cross_entropy(logits, batch["labels"].view(-1)[positions])
    return mlm + F.cross_entropy(nsp_logits, batch["next_sentence_label"])


def make_optimizer(model, style):
    if style == "user":
        return torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.01)
    named = list(model.named_parameters())
    free = [p for name, p in named if "bias" in name or "LayerNorm" in name]
    decayed = [p for name, p in named if not ("bias" in name or "LayerNorm" in name)]
    groups = [{"params": decayed, "weight_decay": 0.01}, {"params": free, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=1e-4, eps=1e-6, fused=True)


def make_step(spec):
    model = make_model(spec)
    optimizer = make_optimizer(model, spec["style"])
    batch = make_batch(spec)
    loss_of = user_loss if spec["style"] == "user" else expert_loss
    halves = torch.autocast("cpu", torch.bfloat16, enabled=spec["style"] == "autocast")

    def step():
        optimizer.zero_grad(set_to_none=True)
        with halves:
            loss = loss_of(model, batch)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return loss.item()

    return step


def product_rate(size):
    a, b = torch.rand(size, size), torch.rand(size, size)
    a @ b
    began = time.perf_counter()
    for _ in range(4):
        a @ b
    return 2 * size**3 / ((time.perf_counter() - began) / 4)


def peak_bytes():
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def answer(request, step):
    if "product" in request:
        return {"flops": product_rate(request["product"])}
    began = time.perf_counter()
    for _ in range(request["steps"]):
        step()
    seconds = (time.perf_counter() - began) / request["steps"]
    return {"seconds": seconds, "peakBytes": peak_bytes()}


def main():
    spec = json.loads(sys.argv[1])
    torch.manual_seed(1)
    torch.set_num_threads(spec["threads"])
    step = make_step(spec)
    print(json.dumps({"startMs": 0, "library": "mkl" if torch.backends.mkl.is_available() else ""}), flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line), step)), flush=True)


main()
