"""The texts: cut from the corpus at word boundaries so that they have the wanted numbers of tokens. No randomness."""

import json

QUERY = "vector-stores-q01"
POOL, TEXTS = 50, 200
SHORTEST, LONGEST = 24, 256


def lines(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


class Cutter:
    """Cuts pieces from all passages one after the other, never beginning two of them at the same word."""

    def __init__(self, passages, tokenizer, query):
        self.words = " ".join(passage["text"] for passage in passages).split()
        self.tokenizer = tokenizer
        self.query = query
        self.at = 0

    def tokens(self, text, paired):
        return len((self.tokenizer.encode(self.query, text) if paired else self.tokenizer.encode(text)).ids)

    def cut(self, target, paired):
        """The longest piece with no more than `target` tokens, special tokens and query (if `paired`) included."""
        count, step = 0, 64
        while step > 0:
            while self.tokens(self.piece(count + step), paired) <= target:
                count += step
            step //= 2
        text = self.piece(count)
        self.at = (self.at + max(count, 1)) % len(self.words)
        return text

    def piece(self, count):
        return " ".join(self.words[(self.at + i) % len(self.words)] for i in range(count))


def around(mean, n):
    """Targets spread evenly over mean +- 4. Pieces end at a word boundary, so they get about half a token less."""
    return [mean - 4 + (i * 5) % 9 for i in range(n)]


def mixed(n):
    """Targets from SHORTEST to LONGEST, in no order. Slightly more short than long ones (exponent), so that the total
    is that of pairs of 128 tokens, and the two workloads tell what mixing lengths costs."""
    ranked = [round(SHORTEST + (LONGEST - SHORTEST) * (i / (n - 1)) ** 1.25) for i in range(n)]
    return [ranked[(i * 19) % n] for i in range(n)]


def build(corpus, tokenizer):
    """All workloads: {name: {kind, query?, texts, tokens}}; `tokens` is a list as long as `texts`."""
    passages, queries = lines(corpus / "passages.jsonl"), lines(corpus / "queries.jsonl")
    query = next(q["text"] for q in queries if q["id"] == QUERY)
    cutter = Cutter(passages, tokenizer, query)
    workloads = {}
    for name, targets in [("rerank_64", around(64, POOL)), ("rerank_128", around(128, POOL)), ("rerank_mixed", mixed(POOL))]:
        texts = [cutter.cut(target, True) for target in targets]
        workloads[name] = {"kind": "rerank", "query": query, "texts": texts, "tokens": [cutter.tokens(t, True) for t in texts]}
    texts = [cutter.cut(target, False) for target in around(64, TEXTS)]
    workloads["embed"] = {"kind": "embed", "texts": texts, "tokens": [cutter.tokens(t, False) for t in texts]}
    for name, workload in workloads.items():
        assert len(set(workload["texts"])) == len(workload["texts"]), f"{name} has a text twice"
    return workloads
