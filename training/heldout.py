"""How good a cross-encoder is at what it was never trained on: held-out contrasts and shelves, and the teacher's held-out queries."""
import numpy as np
import torch

from files import contrasts, shelves

ENTRIES = 120
"""Of each kind, so that a measurement takes a minute."""


@torch.no_grad()
def logits(read, pairs, batch=96):
    order = sorted(range(len(pairs)), key=lambda i: len(pairs[i][0]) + len(pairs[i][1]))
    out = np.zeros(len(pairs), np.float32)
    for start in range(0, len(order), batch):
        some = order[start:start + batch]
        out[some] = read([pairs[i] for i in some], runs=1).cpu().numpy()
    return out


def spread(entries):
    return entries[::max(1, -(-len(entries) // ENTRIES))]


def pairwise(read, entries, queries=2, passages=2):
    """Of the triples (query, passage that has what it asks for, passage that has the opposite), the share whose right passage has the
    higher logit: for queries that want the property, and for those that want its opposite."""
    cases = [(sign, [(q, d) for d in (e[right][:passages] + e[wrong][:passages])], min(len(e[right]), passages))
             for e in entries for sign, asked, right, wrong in (("wanted", "q_pos", "d_pos", "d_neg"), ("unwanted", "q_neg", "d_neg", "d_pos"))
             for q in e[asked][:queries]]
    scores, at, right = logits(read, [pair for _, pairs, _ in cases for pair in pairs]), 0, {"wanted": [], "unwanted": []}
    for sign, pairs, good in cases:
        of = scores[at:at + len(pairs)]
        at += len(pairs)
        right[sign].append((of[:good, None] > of[None, good:]).mean())
    return {sign: round(float(np.mean(values)), 4) for sign, values in right.items()}


def best_first(read, entries, queries=2):
    """The share of queries whose best passage is put first on its shelf."""
    cases = [(q["best"], [(q["q"], p) for p in e["passages"]]) for e in entries for q in e["queries"][:queries]]
    scores, at, right = logits(read, [pair for _, pairs in cases for pair in pairs]), 0, []
    for best, pairs in cases:
        right.append(scores[at:at + len(pairs)].argmax() == best)
        at += len(pairs)
    return round(float(np.mean(right)), 4)


def agreement(read, teacher, queries, passages=16):
    """The mean correlation of the logits of a query's pool with those of the teachers."""
    queries = list(queries)[:60]
    chosen = np.linspace(0, teacher.pools.shape[1] - 1, passages).astype(int)
    scores = logits(read, [(teacher.queries[i], teacher.passages[teacher.pools[i, j]]) for i in queries for j in chosen]).reshape(len(queries), -1)
    return round(float(np.mean([np.corrcoef(s, teacher.targets[i, chosen])[0, 1] for s, i in zip(scores, queries)])), 4)


class HeldOut:
    """What a model is measured with while it is trained. The texts are read once, at the start."""

    def __init__(self, data, teacher, queries):
        self.entries, self.shelves = spread(contrasts(data)[1]), spread(shelves(data)[1])
        self.teacher, self.queries = teacher, queries

    def report(self, read):
        read.model.eval()
        row = {"pairwise": pairwise(read, self.entries), "shelves": best_first(read, self.shelves),
               "teachers": agreement(read, self.teacher, self.queries)}
        read.model.train()
        return row
