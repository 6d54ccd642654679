"""What is asked, and of which passages: the texts that the teacher scores, and that held-out pools are made of."""
import random
from dataclasses import dataclass, field

from files import free_texts, is_contrast, public_rows

SAMPLE = {"boolq": (900, 1600), "medquad": (1200, 1600), "xquad": (1190, 1600), "hotpot": (951, 1600), "dl21": (53, 2400), "dl22splade": (76, 2400)}
"""How many queries of each collection, and how many of their passages at most."""
FREE = 2400
"""Free texts, each with what to ask for it."""
LONG = 900
"""Passages that are made of two or three others."""

RIGHT, BESIDE, WRONG = 2, 1, 0
"""How a passage of the query's own entry answers it: as it asks; in part, or without a word on the property; not, though it is near."""


@dataclass
class Asked:
    """Queries and the passages among which each finds its pool. `known[i]` tells how passages answer query i, where that is
    known: {number of the passage: RIGHT, BESIDE or WRONG}."""

    queries: list = field(default_factory=list)
    passages: list = field(default_factory=list)
    known: list = field(default_factory=list)


def of_collections(data, seed):
    """The fetched collections and free documentation; some passages are several in a row. Nothing is known of how they answer."""
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
    queries = list(dict.fromkeys(queries))
    return Asked(queries, list(passages), [{} for _ in queries])


def of_entries(entries, queries):
    """Our own texts: the first so many `queries` of each kind of an entry, among the passages of all these entries."""
    asked, numbers = Asked(), {}

    def add(passages):
        return [numbers.setdefault(p, len(numbers)) for p in passages]

    def ask(queries, known):
        asked.queries += queries
        asked.known += [known] * len(queries)

    for e in entries:
        if is_contrast(e):
            first, second, beside = add(e["d_pos"]), add(e["d_neg"]), add(e["d_other"])
            for key, right, wrong in (("q_pos", first, second), ("q_neg", second, first)):
                ask(e[key][:queries], {**dict.fromkeys(right, RIGHT), **dict.fromkeys(wrong, WRONG), **dict.fromkeys(beside, BESIDE)})
            continue
        at = add(e["passages"])
        for q in e["queries"][:queries]:
            ask([q["q"]], {n: RIGHT if i == q["best"] else BESIDE if i in q.get("partly", []) else WRONG for i, n in enumerate(at)})
    asked.passages += numbers
    return asked
