"""What a step trains on: groups of pairs. Each source draws a group with the random numbers it is given."""
from dataclasses import dataclass, field

from evidence import best
from files import public_rows, sentences, shelves
from pools import BESIDE, RIGHT, WRONG

MAX_WORDS = 75
"""Passages of labelled texts are cut here; those of the teacher aren't, so that long ones are learned as well."""

LONG_WORDS = 85

LABELS = {"best": 1.0, "partly": 0.45, "same shelf": 0.2, "other": 0.0}
"""How well a passage answers, from 0 to 1."""

PUBLIC_WEIGHTS = {"dl21": 2.0, "boolq": 0.7, "medquad": 0.7, "xquad": 0.7, "dl22splade": 0.8, "hotpot": 0.4, "semantoneg": 0.4, "nevir50": 0.4}

NEGATIONS = frozenset("not no never none nobody nothing nor neither without cannot can't don't doesn't isn't aren't wasn't didn't won't".split())
"""Words that negate."""

KEPT = NEGATIONS | frozenset(
    "only except unless but before after until more less fewer most least all any every some first last than from to by of over under between both either".split())
"""Words that may decide alone; `thin` never takes them away."""

OF_KNOWN = {RIGHT: 2, WRONG: 2, BESIDE: 1}
"""So many passages, at most, of which it is known how they answer."""

PLAIN_SHARE = 0.75
"""So many of the contrasts are plain ones (files.py): from these a model of this size learns, while the others are out of its reach for long."""

OFTEN = 3
"""Queries that one passage alone answers are drawn so many times as often as those that want a property: most that people ask are such."""


@dataclass
class Group:
    """Pairs that are judged against each other. `targets` are labels in 0..1; for the kind `contrast`, whose pairs are
    (qa, a), (qa, b), (qb, b), (qb, a), and perhaps (qa, stranger), (qb, stranger), none are needed; for the kind `pool` they are
    distances of logits."""

    kind: str
    pairs: list
    targets: list = field(default_factory=list)
    level: float = 0.0
    """Of the kind `pool`: what the mean of the logits that have targets should be near to."""
    right: int = 0
    """Of the kind `pool`: so many pairs, the first, are right ones."""
    known: int = 0
    """Of the kind `pool`: of so many pairs, the first, it is known whether they are right; targets are for the others."""


def cut(passage):
    return " ".join(passage.split()[:MAX_WORDS])


def thin(text, other, rng, share):
    """Leaves out some of the words that stand in both texts and decide nothing."""
    shared = set(other.split()) - KEPT
    return " ".join(word for word in text.split() if word not in shared or rng.random() > share)


def beside(text, other, first):
    """Both, the other one first or last."""
    return f"{other} {text}" if first else f"{text} {other}"


class Contrasts:
    """Two queries and two passages that differ in one thing; each query goes with its own passage. Neither a query nor a
    passage alone tells the answer, so that only the match of the two can be learned. Most long passages are cut to the sentences
    that tell it: what is short is learned sooner, and read sooner. Plain ones now and then get company that says nothing about it, or
    else strangers beside them: without these, a question with a "not" finds any passage with a "not"."""

    def __init__(self, plain, others, evidence):
        """`evidence` is that of the others."""
        self.plain, self.others, self.evidence = plain, others, evidence

    def group(self, rng):
        plain = rng.random() < PLAIN_SHARE
        entries = self.plain if plain else self.others
        n = rng.randrange(len(entries))
        e = entries[n]
        a, b = rng.choice(e["d_pos"]), rng.choice(e["d_neg"])
        if rng.random() < 0.6:
            b = nearest(a, e["d_neg"])
        qa, qb = rng.choice(e["q_pos"]), rng.choice(e["q_neg"])
        if rng.random() < 0.3:
            qb = nearest(qa, e["q_neg"])
        if not plain and rng.random() < 0.6:
            told, few = self.evidence[n], rng.choice((1, 2))
            some_of_a, some_of_b = best(told[a], few), best(told[b], few)
            if some_of_a != some_of_b:
                a, b = some_of_a, some_of_b
        a, b = cut(a), cut(b)
        if plain and rng.random() < 0.4:
            a, b = (beside(text, rng.choice(e["d_other"]), rng.random() < 0.5) for text in (a, b))
        strangers = ()
        if rng.random() < 0.4:
            # With less in common, what they differ in stands out.
            share = rng.uniform(0.1, 0.7)
            a, b = thin(a, b, rng, share), thin(b, a, rng, share)
        elif plain:
            strangers = (self.stranger(e, rng), self.stranger(e, rng))
        return contrast(qa, qb, a, b, strangers)

    def stranger(self, entry, rng):
        """A passage of another plain entry; every other time one with many negations."""
        strange = [rng.choice(e["d_neg"]) for e in rng.sample(self.plain, 5) if e is not entry]
        return max(strange, key=lambda p: len(NEGATIONS.intersection(p.lower().split()))) if rng.random() < 0.5 else strange[0]


class Paraphrases:
    """Contrasts of queries alone: each side's queries ask for the same in other words, and so one of them can stand for a passage. Short,
    and to the point."""

    def __init__(self, entries):
        self.entries = entries

    def group(self, rng):
        e = rng.choice(self.entries)
        (qa, a), (qb, b) = rng.sample(e["q_pos"], 2), rng.sample(e["q_neg"], 2)
        return contrast(qa, qb, a, b)


class Sentences:
    """Pairs of sentences that negate each other, now and then beside a sentence about something else."""

    def __init__(self, rows):
        self.rows = rows

    def group(self, rng):
        row = rng.choice(self.rows)
        a, b = row["a"], row["b"]
        qa, qb = (thin(a, b, rng, 0.3), thin(b, a, rng, 0.3)) if rng.random() < 0.6 else (a, b)
        if rng.random() < 0.5:
            filler, first = rng.choice(self.rows)["a"], rng.random() < 0.5
            a, b = beside(a, filler, first), beside(b, filler, first)
        return contrast(qa.rstrip("."), qb.rstrip("."), a, b)


class Properties:
    """A query with passages that have its property, that have the opposite, and that say nothing about it."""

    def __init__(self, entries):
        self.entries = entries

    def group(self, rng):
        e = rng.choice(self.entries)
        negative = rng.random() < 0.6
        right, wrong = (e["d_neg"], e["d_pos"]) if negative else (e["d_pos"], e["d_neg"])
        labelled = [(p, LABELS["best"]) for p in rng.sample(right, 2)] + [(p, 0.25) for p in rng.sample(wrong, 2)]
        labelled += [(rng.choice(e["d_other"]), LABELS["partly"]), (rng.choice(rng.choice(self.entries)["d_other"]), LABELS["other"])]
        return ranked(rng.choice(e["q_neg"] if negative else e["q_pos"]), labelled)


class Shelves:
    """A query with a shelf of passages that are near misses of one another, and passages of other shelves."""

    def __init__(self, entries):
        self.entries = entries

    def group(self, rng):
        e = rng.choice(self.entries)
        q = rng.choice(e["queries"])
        label = lambda i: LABELS["partly" if i in q.get("partly", []) else "same shelf"]
        labelled = some([(p, label(i)) for i, p in enumerate(e["passages"]) if i != q["best"]], 5, rng)
        labelled += [(rng.choice(rng.choice(self.entries)["passages"]), LABELS["other"]) for _ in range(2)]
        return ranked(q["q"], [(e["passages"][q["best"]], LABELS["best"]), *labelled])


class ShelfContrasts:
    """Two queries of one shelf with the passage of each."""

    def __init__(self, entries):
        self.entries = entries

    def group(self, rng):
        e = rng.choice(self.entries)
        while True:
            one, two = rng.sample(e["queries"], 2)
            if one["best"] != two["best"] and two["best"] not in one.get("partly", []) and one["best"] not in two.get("partly", []):
                return contrast(one["q"], two["q"], cut(e["passages"][one["best"]]), cut(e["passages"][two["best"]]))
            if rng.random() < 0.05:
                e = rng.choice(self.entries)


class Graded:
    """Rows {"q": query, "docs": [[passage, label], ...]}, filled up with passages of other queries."""

    def __init__(self, rows, size=6):
        self.rows, self.size = rows, size

    def group(self, rng):
        e = rng.choice(self.rows)
        high, low = [d for d in e["docs"] if d[1] >= 0.6], [d for d in e["docs"] if d[1] < 0.6]
        labelled = some(high, 2, rng) + some(low, self.size - 3, rng)
        while len(labelled) < self.size:
            labelled.append([rng.choice(rng.choice(self.rows)["docs"])[0], LABELS["other"]])
        return ranked(e["q"], labelled)


class Taught:
    """A query with passages of its pool: some of those of which it is known how they answer, if there are any, and others, half of
    them from the ten best, with the distances that the teachers see between them. Long passages are in some of the groups
    only, as they take long to read."""

    def __init__(self, teacher, queries, size=8):
        self.teacher, self.queries, self.size = teacher, queries, size
        self.long = [len(p.split()) > LONG_WORDS for p in teacher.asked.passages]

    def group(self, rng):
        t, i = self.teacher, rng.choice(self.queries)
        any_length = rng.random() < 0.4
        within = [j for j, n in enumerate(t.pools[i].tolist()) if any_length or not self.long[n]]
        if len(within) < 3 * self.size:
            return self.group(rng)
        of_kind = lambda kind: some([j for j in within if t.asked.known[i].get(t.pools[i, j]) == kind], OF_KNOWN[kind], rng)
        right, beside = of_kind(RIGHT), of_kind(WRONG) + of_kind(BESIDE)
        others, wanted = [j for j in within if t.pools[i, j] not in t.asked.known[i]], self.size - len(right) - len(beside)
        others = rng.sample(others[:10], wanted // 2) + rng.sample(others[10:], wanted - wanted // 2)
        return Group("pool", [(t.asked.queries[i], t.asked.passages[t.pools[i, j]]) for j in right + beside + others],
                     [float(t.targets[i, j]) for j in others], float(t.logits[i, others].mean()), len(right), len(right) + len(beside))


class Mixture:
    """Draws from several sources, each as often as its weight says."""

    def __init__(self, weighted):
        self.sources, self.weights = [source for source, _ in weighted], [weight for _, weight in weighted]

    def group(self, rng):
        return rng.choices(self.sources, self.weights)[0].group(rng)


def some(candidates, most, rng):
    return rng.sample(candidates, min(most, len(candidates)))


def own_pools(teachers):
    """Draws from the pools of all files of our own texts."""
    drawn = [[i for i, known in enumerate(t.asked.known) for _ in range(OFTEN if list(known.values()).count(RIGHT) == 1 else 1)] for t in teachers]
    return Mixture([(Taught(t, queries), len(queries)) for t, queries in zip(teachers, drawn)])


def nearest(text, candidates):
    """The candidate with the most words of the text."""
    words = set(text.split())
    return max(candidates, key=lambda c: len(words & set(c.split())) / (len(c.split()) + 1))


def contrast(qa, qb, a, b, strangers=()):
    return Group("contrast", [(qa, a), (qa, b), (qb, b), (qb, a), *zip((qa, qb), strangers)])


def ranked(query, labelled):
    return Group("ranked", [(query, cut(p)) for p, _ in labelled], [label for _, label in labelled])


def sources(data, contrasts, taught, own):
    """{name: (source, groups in a step)}. The groups of `taught` are of what nobody has labelled, those of `own` of our own texts' pools."""
    near_misses = shelves(data)[0]
    public = Mixture([(Graded(rows), PUBLIC_WEIGHTS.get(name, 0.5)) for name, rows in public_rows(data).items()])
    return {"contrasts": (contrasts, 24), "paraphrases": (Paraphrases(contrasts.plain + contrasts.others), 4),
            "sentences": (Sentences(sentences(data)), 1), "properties": (Properties(contrasts.plain), 1),
            "shelf contrasts": (ShelfContrasts(near_misses), 1), "shelves": (Shelves(near_misses), 1), "public": (public, 2),
            "taught": (taught, 4), "own pools": (own, 6)}
