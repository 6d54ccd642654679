"""Scores that the cross-encoder is to keep or to reach where nothing but relevance in general is asked.

For each query the bi-encoder finds POOL passages among many; what is learned is how far three ways to score put each of
them from the others: the bi-encoder's cosine, BM25 (which knows how rare a word is), and late interaction (ColBERT, Khattab and
Zaharia 2020) with the bi-encoder's own last hidden states, untrained. Each score is standardized over the query's pool, as their
scales differ. The weights were chosen by the labels of the fetched training collections.
"""
from dataclasses import dataclass

import bm25s
import numpy as np
import Stemmer
import torch

from bi_encoder import found, read
from kept import kept
from pools import Asked

SCALE, BIAS = 20.0, -8.0
"""A cosine as a logit: SCALE x cosine + BIAS."""
WEIGHTS = {"cosine": 1.0, "bm25": 0.5, "late interaction": 1.5}


@dataclass
class Teacher:
    """`pools[i]` are the passages for query i; `targets[i]` the logits that the teachers would give them, as distances from
    their mean; `logits[i]` what the bi-encoder's own cosines would be as logits. All are of shape (queries, POOL)."""

    asked: Asked
    pools: np.ndarray
    targets: np.ndarray
    logits: np.ndarray


def late_interaction(queries, passages, pools):
    """For each passage of a query's pool, how near its nearest token is to each token of the query, on average; rare tokens count
    more. Shape (queries, POOL)."""
    rarity, out = passages.rarity(), np.zeros(pools.shape, np.float32)
    for i, (tokens, states) in enumerate(zip(queries.tokens, queries.states)):
        if not tokens:
            continue
        weights = torch.tensor([rarity(token) for token in tokens], dtype=torch.float32)
        of_query = states.float().T
        for j, passage in enumerate(pools[i]):
            nearest = (passages.states[passage].float() @ of_query).max(0).values
            out[i, j] = (nearest * weights).sum() / weights.sum()
    return out


def by_words(queries, passages, pools):
    """BM25 of each passage of a query's pool. Shape (queries, POOL)."""
    words = lambda texts: bm25s.tokenize(texts, stopwords="en", stemmer=Stemmer.Stemmer("english"), show_progress=False, return_ids=False)
    index = bm25s.BM25()
    index.index(words(passages), show_progress=False)
    return np.stack([index.get_scores(query)[pool] if query else np.zeros(len(pool)) for query, pool in zip(words(queries), pools)])


def standardized(scores):
    return (scores - scores.mean(1, keepdims=True)) / (scores.std(1, keepdims=True) + 1e-6)


def with_known(pools, known):
    """The pools with all passages of which something is known, at the cost of the last ones that nothing is known of."""
    for pool, of_query in zip(pools, known):
        missing = [n for n in of_query if n not in pool]
        spare = [at for at in reversed(range(len(pool))) if pool[at] not in of_query]
        pool[spare[:len(missing)]] = missing
    return pools


def make(asked, base, device):
    """Scores everything: some six minutes on two cores for 20,000 passages."""
    print(f"teachers: {len(asked.queries)} queries, {len(asked.passages)} passages", flush=True)
    of_queries, of_passages = read(base, asked.queries, device), read(base, asked.passages, device)
    pools = with_known(found(of_queries.embeddings, of_passages.embeddings)[0], asked.known)
    cosines = np.einsum("qd,qpd->qp", of_queries.embeddings, of_passages.embeddings[pools])
    logits = SCALE * cosines + BIAS
    scores = {"cosine": logits, "bm25": by_words(asked.queries, asked.passages, pools), "late interaction": late_interaction(of_queries, of_passages, pools)}
    mixed = sum(WEIGHTS[name] * standardized(of) for name, of in scores.items())
    targets = standardized(mixed) * logits.std(1, keepdims=True)
    return {"pools": pools.astype(np.int32), "targets": targets.astype(np.float32), "logits": logits.astype(np.float32)}


def teacher(path, asked, base, device):
    """The teachers' scores as kept in the file `path`, or made anew and kept there if it has none for what is asked."""
    made = kept(path, [asked.queries, asked.passages, asked.known], lambda: make(asked, base, device))
    return Teacher(asked, made["pools"], made["targets"], made["logits"])
