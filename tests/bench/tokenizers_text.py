"""The `tokenizers` package on one thread: the other side of the text half of `deno task bench`.

The first request brings texts and vocabulary; each later one names a job. Tokens are counted without
making Python lists of them, which would be measured instead of the package.
"""

import json
import os
import sys
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = "1"

from tokenizers import BertWordPieceTokenizer  # noqa: E402 (the two settings come first)

SIZE = 8000


def new_tokenizer(vocab):
    return BertWordPieceTokenizer({token: i for i, token in enumerate(vocab)}, lowercase=True)


def train(texts):
    tokenizer = BertWordPieceTokenizer(lowercase=True)
    tokenizer.train_from_iterator(texts, vocab_size=SIZE, min_frequency=2, show_progress=False)


def count(tokenizer, texts):
    # encode_batch() computes offsets, too. Where none are asked for, encode_batch_fast() is measured.
    encodings = tokenizer.encode_batch(texts, add_special_tokens=False)
    return sum(len(encoding) for encoding in encodings)


def count_fast(tokenizer, texts):
    encodings = tokenizer._tokenizer.encode_batch_fast(texts, add_special_tokens=False)
    return sum(len(encoding) for encoding in encodings)


def timed(work):
    began = time.perf_counter()
    tokens = work()
    return {"tokens": tokens, "seconds": time.perf_counter() - began}


def main():
    print(json.dumps({}), flush=True)
    corpus = json.loads(sys.stdin.readline())
    texts, vocab = corpus["texts"], corpus["vocab"]
    known = new_tokenizer(vocab)
    total = count(known, texts)
    jobs = {
        "train": lambda: train(texts) or total,
        "encode": lambda: count_fast(new_tokenizer(vocab), texts),
        "encodeAgain": lambda: count_fast(known, texts),
        "offsets": lambda: count(known, texts),
    }
    print(json.dumps({"tokens": total}), flush=True)
    for line in sys.stdin:
        print(json.dumps(timed(jobs[json.loads(line)["job"]])), flush=True)


main()
