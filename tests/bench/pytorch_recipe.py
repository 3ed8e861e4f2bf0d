"""Another recipe on the examples of notebook 10: BERT from random weights, in PyTorch and transformers.

Called by time_to_loss.ts with a JSON specification as the argument; answers one JSON request a line:
it trains so many steps, then evaluates. Only masked positions go to the vocabulary, attention is
fused (SDPA), and with "autocast" the products of training are in bfloat16. With the optimizer
"muon", torch.optim.Muon has the matrices of the layers and AdamW the rest; with "adamw", AdamW has
all. The rate rises for a share of the steps, then falls to 0, as in the library.

PyTorch's Muon computes in bfloat16, which takes very long on a processor without it. So without
"autocast" its iteration is replaced by the same in float32.
"""

import json
import pathlib
import sys
import time

import numpy
import torch
from torch.nn.functional import cross_entropy
from transformers import BertConfig, BertForPreTraining

MULTIPLE = 8  # rows are as long as the longest sequence of the batch, rounded up, as in the library


def load(path, length):
    """The batches of a file that recipe_examples.ts wrote."""
    rows = numpy.fromfile(path, dtype=numpy.int32).reshape(-1, 3 * length + 2)
    starts = numpy.flatnonzero(numpy.diff(rows[:, -1])) + 1
    return [make_batch(torch.from_numpy(some).long(), length) for some in numpy.split(rows, starts)]


def make_batch(rows, length):
    ids, segments, labels = (rows[:, i * length : (i + 1) * length] for i in range(3))
    longest = int((segments > 0).sum(1).max())
    used = slice(0, min(length, -(-longest // MULTIPLE) * MULTIPLE))
    labels = labels[:, used].flatten()
    positions = (labels >= 0).nonzero().squeeze(1)
    return {
        "ids": ids[:, used].contiguous(),
        "segments": (segments[:, used] - 1).clamp(min=0),
        "mask": (segments[:, used] > 0).long(),
        "positions": positions,
        "labels": labels[positions],
        "pairs": rows[:, -2].contiguous(),
    }


def make_model(spec):
    config = BertConfig(
        vocab_size=spec["vocabSize"],
        hidden_size=spec["hiddenSize"],
        num_hidden_layers=spec["numHiddenLayers"],
        num_attention_heads=spec["numAttentionHeads"],
        intermediate_size=spec["intermediateSize"],
        max_position_embeddings=spec["maxPositionEmbeddings"],
        hidden_dropout_prob=spec["hiddenDropoutProb"],
        attention_probs_dropout_prob=spec["attentionProbsDropoutProb"],
        initializer_range=spec["initializerRange"],
    )
    config._attn_implementation = "sdpa"
    return BertForPreTraining(config)


def scores(model, batch):
    """Logits of the words that are asked for, and of the pairs."""
    hidden, pooled = model.bert(
        input_ids=batch["ids"],
        token_type_ids=batch["segments"],
        attention_mask=batch["mask"],
        return_dict=False,
    )[:2]
    return model.cls(hidden.reshape(-1, hidden.shape[-1])[batch["positions"]], pooled)


def orthogonalize(gradient, coefficients, steps, epsilon):
    """Muon's Newton-Schulz iteration, X <- aX + (bA + cAA)X with A = XX^T, in float32."""
    a, b, c = coefficients
    tall = gradient.size(0) > gradient.size(1)
    x = gradient.T if tall else gradient
    x = x / x.norm().clamp(min=epsilon)
    for _ in range(steps):
        gram = x @ x.T
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.T if tall else x


def make_optimizers(model, spec):
    named = [(name, p) for name, p in model.named_parameters()]
    muon = spec["optimizer"] == "muon"
    matrices = [p for name, p in named if muon and ".encoder.layer." in name and p.ndim == 2]
    others = [(name, p) for name, p in named if not any(p is matrix for matrix in matrices)]
    free = [p for name, p in others if "bias" in name or "LayerNorm" in name]
    decayed = [p for name, p in others if not ("bias" in name or "LayerNorm" in name)]
    decay = spec["weightDecay"]
    groups = [{"params": decayed, "weight_decay": decay}, {"params": free, "weight_decay": 0.0}]
    betas = (spec["beta1"], spec["beta2"])
    adamw = torch.optim.AdamW(groups, lr=spec["learningRate"], betas=betas, eps=spec["epsilon"], fused=True)
    if not muon:
        return [adamw]
    if not spec["autocast"]:
        torch.optim._muon._zeropower_via_newtonschulz = orthogonalize
    return [adamw, torch.optim.Muon(matrices, lr=spec["matrixRate"], weight_decay=decay, adjust_lr_fn="match_rms_adamw")]


class Training:
    def __init__(self, spec):
        self.spec = spec
        self.model = make_model(spec)
        self.optimizers = make_optimizers(self.model, spec)
        self.schedules = [torch.optim.lr_scheduler.LambdaLR(o, self.rate) for o in self.optimizers]
        folder = pathlib.Path(spec["folder"])
        self.batches = load(folder / "train.bin", spec["length"])
        self.held_out = load(folder / "held_out.bin", spec["length"])
        self.step = 0

    def rate(self, step):
        """The share of the full rate: that of the middle of the step, as in the library."""
        done, warmup = (step + 0.5) / self.spec["steps"], self.spec["warmupShare"]
        return done / warmup if done < warmup else max(0.0, 1 - done) / (1 - warmup)

    def make_step(self, batch):
        with torch.autocast("cpu", torch.bfloat16, enabled=self.spec["autocast"]):
            words, follows = scores(self.model, batch)
            loss = cross_entropy(words, batch["labels"]) + cross_entropy(follows, batch["pairs"])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.spec["clipNorm"])
        for optimizer, schedule in zip(self.optimizers, self.schedules):
            optimizer.step()
            schedule.step()
            optimizer.zero_grad(set_to_none=True)
        loss.item()

    def advance(self, steps):
        """Seconds that so many steps took, or those that are left of the run."""
        self.model.train()
        began = time.perf_counter()
        for batch in self.batches[self.step : self.step + steps]:
            self.make_step(batch)
            self.step += 1
        return time.perf_counter() - began

    @torch.no_grad()
    def evaluate(self):
        self.model.eval()
        found = {"mlmLoss": [], "mlmAccuracy": [], "nspLoss": [], "nspAccuracy": []}
        for batch in self.held_out:
            words, follows = scores(self.model, batch)
            for task, logits, labels in [("mlm", words, batch["labels"]), ("nsp", follows, batch["pairs"])]:
                found[f"{task}Loss"].append(cross_entropy(logits, labels, reduction="none"))
                found[f"{task}Accuracy"].append((logits.argmax(-1) == labels).float())
        return {name: torch.cat(values).mean().item() for name, values in found.items()}


def main():
    spec = json.loads(sys.argv[1])
    torch.manual_seed(spec["seed"])
    torch.set_num_threads(spec["threads"])
    training = Training(spec)
    print(json.dumps({"startSeconds": 0}), flush=True)
    for line in sys.stdin:
        seconds = training.advance(json.loads(line)["steps"])
        print(json.dumps({"steps": training.step, "seconds": seconds, **training.evaluate()}), flush=True)


main()
