"""Scores that the cross-encoder is to keep or to reach where nothing but relevance in general is asked.

For each query the bi-encoder finds POOL passages among some 12,000; what is learned is how far three rankers together put each
of them from the others: the bi-encoder itself, the larger bi-encoder all-mpnet-base-v2, and BM25 (which knows how rare a word
is). Each score is standardized over the query's pool, as their scales differ.
"""
import random
from dataclasses import dataclass
from pathlib import Path

import bm25s
import numpy as np
import Stemmer
import torch
import torch.nn.functional as F
from transformers import AutoModel, AutoTokenizer

from files import free_texts, public_rows
from model import SCALE, BIAS, bfloat16_pays

POOL = 50
WEIGHTS = {"bi-encoder": 1.0, "larger bi-encoder": 1.0, "bm25": 0.6}
SAMPLE = {"boolq": (900, 1600), "medquad": (1200, 1600), "xquad": (1190, 1600), "hotpot": (951, 1600), "dl21": (53, 2400), "dl22splade": (76, 2400)}
"""How many queries of each collection, and how many of their passages at most."""
FREE = 2400
"""Free texts, each with what to ask for it."""
LONG = 900
"""Passages that are made of two or three others."""


@dataclass
class Teacher:
    """`pools[i]` are the passages for query i; `targets[i]` the logits that the teachers would give them, as distances from
    their mean; `logits[i]` what the bi-encoder's own cosines would be as logits. All are of shape (queries, POOL)."""

    queries: list
    passages: list
    pools: np.ndarray
    targets: np.ndarray
    logits: np.ndarray


def texts(data, seed):
    """(queries, passages) of the fetched collections and of free documentation; some passages are several in a row."""
    rng = random.Random(seed)
    queries, passages = [], {}
    for name, rows in public_rows(data).items():
        if name not in SAMPLE:
            continue
        of_queries, of_passages = SAMPLE[name]
        chosen = rng.sample(rows, min(of_queries, len(rows)))
        queries += [row["q"] for row in chosen]
        of_these = list(dict.fromkeys(p for row in chosen for p, _ in row["docs"]))
        passages.update(dict.fromkeys(rng.sample(of_these, min(of_passages, len(of_these)))))
    for row in rng.sample(free_texts(data), FREE):
        queries.append(row["q"])
        passages[row["p"]] = None
    alone = list(passages)
    for _ in range(LONG):
        i = rng.randrange(len(alone) - 2)
        passages[" ".join(alone[i:i + rng.choice((2, 2, 3))])] = None
    return list(dict.fromkeys(queries)), list(passages)


@torch.no_grad()
def embed(folder, texts, device, max_length=192, batch=32):
    """Mean-pooled embeddings of length 1, shape (texts, dimensions)."""
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval().to(device)
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    out = np.zeros((len(texts), model.config.hidden_size), np.float32)
    for start in range(0, len(order), batch):
        some = order[start:start + batch]
        tokens = tokenizer([texts[i] for i in some], padding=True, truncation=True, max_length=max_length, return_tensors="pt").to(device)
        with torch.autocast(device, dtype=torch.bfloat16, enabled=bfloat16_pays(device)):
            hidden = model(**tokens).last_hidden_state.float()
        mask = tokens["attention_mask"].unsqueeze(-1).float()
        out[some] = F.normalize((hidden * mask).sum(1) / mask.sum(1), dim=1).cpu().numpy()
        if start // batch % 100 == 0:
            print(f"{Path(folder).name}: {start} of {len(texts)} texts", flush=True)
    return out


def standardized(scores):
    return (scores - scores.mean(1, keepdims=True)) / (scores.std(1, keepdims=True) + 1e-6)


def make(data, base, larger, device, seed):
    """Has the teachers read everything: with all-mpnet-base-v2 some twenty minutes on two cores."""
    queries, passages = texts(data, seed)
    print(f"teachers: {len(queries)} queries, {len(passages)} passages", flush=True)
    cosines = embed(base, queries, device) @ embed(base, passages, device).T
    pools = np.argsort(-cosines, axis=1, kind="stable")[:, :POOL]
    take = lambda scores: np.take_along_axis(scores, pools, axis=1)
    logits = SCALE * take(cosines) + BIAS
    words = lambda texts: bm25s.tokenize(texts, stopwords="en", stemmer=Stemmer.Stemmer("english"), show_progress=False, return_ids=False)
    index = bm25s.BM25()
    index.index(words(passages), show_progress=False)
    by_words = np.stack([index.get_scores(query)[pool] if query else np.zeros(POOL) for query, pool in zip(words(queries), pools)])
    mixed = WEIGHTS["bi-encoder"] * standardized(logits) + WEIGHTS["bm25"] * standardized(by_words)
    if larger:
        mixed += WEIGHTS["larger bi-encoder"] * standardized(take(embed(larger, queries, device) @ embed(larger, passages, device).T))
    targets = standardized(mixed) * logits.std(1, keepdims=True)
    return Teacher(queries, passages, pools.astype(np.int32), targets.astype(np.float32), logits.astype(np.float32))


def teacher(path, data, base, larger, device, seed):
    """The teachers' scores as kept in the file `path`, or made anew and kept there."""
    if path.exists():
        kept = np.load(path, allow_pickle=False)
        return Teacher(kept["queries"].tolist(), kept["passages"].tolist(), kept["pools"], kept["targets"], kept["logits"])
    made = make(data, base, larger, device, seed)
    np.savez(path, queries=np.array(made.queries), passages=np.array(made.passages), pools=made.pools, targets=made.targets, logits=made.logits)
    return made
