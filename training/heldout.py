"""How good a cross-encoder is at what it was never trained on: held-out contrasts and shelves, and the teacher's held-out queries."""
import numpy as np
import torch

from bi_encoder import embed, found
from files import contrasts, is_plain, shelves
from pools import RIGHT, of_entries

ENTRIES = 120
"""Of each kind, so that a measurement takes a minute."""
ASKED = 60
"""So many queries of each kind have a pool, for the same reason."""


@torch.no_grad()
def logits(read, pairs, batch=96):
    order = sorted(range(len(pairs)), key=lambda i: len(pairs[i][0]) + len(pairs[i][1]))
    out = np.zeros(len(pairs), np.float32)
    for start in range(0, len(order), batch):
        some = order[start:start + batch]
        out[some] = read([pairs[i] for i in some], runs=1).cpu().numpy()
    return out


def spread(items, most):
    """At most so many of them, from the first to the last."""
    return items[::max(1, -(-len(items) // most))]


def of_cases(read, cases):
    """The logits of each case's pairs, as a list of arrays."""
    return np.split(logits(read, [pair for pairs in cases for pair in pairs]), np.cumsum([len(pairs) for pairs in cases])[:-1])


def pairwise(read, entries, queries=2, passages=2):
    """Of the triples (query, passage that has what it asks for, passage that has the opposite), the share whose right passage has the
    higher logit: for queries that want the property, and for those that want its opposite."""
    report = {}
    for sign, asked, right, wrong in (("wanted", "q_pos", "d_pos", "d_neg"), ("unwanted", "q_neg", "d_neg", "d_pos")):
        cases = [[(q, d) for d in (e[right][:passages] + e[wrong][:passages])] for e in entries for q in e[asked][:queries]]
        report[sign] = round(float(np.mean([(of[:passages, None] > of[None, passages:]).mean() for of in of_cases(read, cases)])), 4)
    return report


def best_first(read, entries, queries=2):
    """The share of queries whose best passage is put first on its shelf."""
    asked = [(q["q"], q["best"], e["passages"]) for e in entries for q in e["queries"][:queries]]
    scores = of_cases(read, [[(q, p) for p in passages] for q, _, passages in asked])
    return round(float(np.mean([of.argmax() == best for of, (_, best, _) in zip(scores, asked)])), 4)


def agreement(read, teacher, queries, passages=16):
    """The mean correlation of the logits of a query's pool with those of the teachers."""
    queries = list(queries)[:60]
    chosen = np.linspace(0, teacher.pools.shape[1] - 1, passages).astype(int)
    asked = teacher.asked
    scores = logits(read, [(asked.queries[i], asked.passages[teacher.pools[i, j]]) for i in queries for j in chosen]).reshape(len(queries), -1)
    return round(float(np.mean([np.corrcoef(s, teacher.targets[i, chosen])[0, 1] for s, i in zip(scores, queries)])), 4)


class Pools:
    """Queries of held-out plain contrasts and shelves, each with the fifty passages that the bi-encoder finds among those of all of
    these. What is measured is what a search is for: how often the first passage is one that answers."""

    def __init__(self, contrasts, shelves, base, device):
        self.asked = of_entries([*contrasts, *shelves], queries=1)
        in_contrasts = 2 * len(contrasts)
        kinds = {"wanted": range(0, in_contrasts, 2), "unwanted": range(1, in_contrasts, 2), "shelves": range(in_contrasts, len(self.asked.queries))}
        self.kinds = {kind: list(spread(numbers, ASKED)) for kind, numbers in kinds.items()}
        self.measured = [i for of_kind in self.kinds.values() for i in of_kind]
        pools, cosines = found(embed(base, self.asked.queries, device), embed(base, self.asked.passages, device))
        self.pools, self.cosines = pools[self.measured], cosines[self.measured]

    def first(self, scores):
        """{kind of query: share whose highest score, of those of shape (measured queries, POOL), is a right passage's}"""
        best = self.pools[np.arange(len(scores)), scores.argmax(1)]
        right = {i: self.asked.known[i].get(passage) == RIGHT for i, passage in zip(self.measured, best.tolist())}
        return {kind: round(float(np.mean([right[i] for i in of_kind])), 4) for kind, of_kind in self.kinds.items()}

    def report(self, read):
        pairs = [(self.asked.queries[i], self.asked.passages[n]) for i, pool in zip(self.measured, self.pools) for n in pool]
        return self.first(logits(read, pairs).reshape(self.pools.shape))


class HeldOut:
    """What a model is measured with while it is trained. The texts are read once, at the start."""

    def __init__(self, data, base, device, teacher, queries):
        entries, near_misses = contrasts(data)[1], shelves(data)[1]
        self.entries, self.plain, self.shelves = spread(entries, ENTRIES), [entry for entry in entries if is_plain(entry)], spread(near_misses, ENTRIES)
        self.pools = Pools(self.plain, near_misses, base, device)
        self.teacher, self.queries = teacher, queries

    def report(self, read):
        read.model.eval()
        row = {"pairwise": pairwise(read, self.entries), "plain": pairwise(read, self.plain), "shelves": best_first(read, self.shelves),
               "first": self.pools.report(read), "first by cosine": self.pools.first(self.pools.cosines),
               "teachers": agreement(read, self.teacher, self.queries)}
        read.model.train()
        return row
