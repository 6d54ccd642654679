"""Shows that nothing measured with was trained on: word n-grams that training texts share with the shipped corpus and the test collections.

    python overlap.py --data DATA --corpus ../corpus [--words 8] [--most 13]

Prints, for each text trained on and each one measured with, how many of the measured texts share WORDS words in a row with it, and the
longest run. Fails if a run is MOST words or longer, or if a query is the same: so long, phrases aren't shared by chance.
"""
import argparse
import re
import sys
from collections import defaultdict
from pathlib import Path

from files import contrasts, public_rows, read_lines, shelves

WORD = re.compile(r"[a-z0-9]+")


def words(text):
    return tuple(WORD.findall(text.lower()))


def trained_on(data):
    """{name: (queries, passages)} of everything the training reads, held-out entries too."""
    data, named = Path(data), {}
    entries, near_misses = sum(contrasts(data), []), sum(shelves(data), [])
    named["contrasts"] = [q for e in entries for key in ("q_pos", "q_neg") for q in e[key]], [p for e in entries for key in ("d_pos", "d_neg", "d_other") for p in e[key]]
    named["shelves"] = [q["q"] for e in near_misses for q in e["queries"]], [p for e in near_misses for p in e["passages"]]
    for name, rows in public_rows(data).items():
        named[name] = [row["q"] for row in rows], [p for row in rows for p, _ in row["docs"]]
    for path in sorted((data / "contrast").glob("*.jsonl.gz")):
        rows = read_lines(path)
        named[path.name.split(".")[0]] = [], [row[key] for row in rows for key in ("a", "b")]
    free = read_lines(data / "distill.jsonl.gz")
    named["free text"] = [row["q"] for row in free], [row["p"] for row in free]
    return named


def measured_with(data, corpus):
    """{name: (queries, passages)}"""
    corpus, named = Path(corpus), {}
    named["shipped corpus"] = [row["text"] for row in read_lines(corpus / "queries.jsonl")], [row["text"] for row in read_lines(corpus / "passages.jsonl")]
    for folder in sorted((Path(data) / "eval").iterdir()):
        documents = read_lines(folder / "corpus.jsonl.gz")
        named[folder.name] = [row["text"] for row in read_lines(folder / "queries.jsonl")], [f"{row.get('title', '')} {row['text']}" for row in documents]
    return named


def runs(texts, n):
    """{n-gram: the texts it is in}"""
    found = defaultdict(set)
    for i, text in enumerate(texts):
        for at in range(len(text) - n + 1):
            found[text[at:at + n]].add(i)
    return found


def longest(gram, one, other):
    """The longest run of words of both texts that begins with the n-gram."""
    best = len(gram)
    for a in range(len(one) - len(gram) + 1):
        for b in range(len(other) - len(gram) + 1) if one[a:a + len(gram)] == gram else ():
            length = 0
            while a + length < len(one) and b + length < len(other) and one[a + length] == other[b + length]:
                length += 1
            best = max(best, length)
    return best


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--corpus", default=Path(__file__).parent.parent / "corpus")
    parser.add_argument("--words", type=int, default=8)
    parser.add_argument("--most", type=int, default=13)
    a = parser.parse_args()
    trained, failed = trained_on(a.data), []
    for collection, (queries, passages) in measured_with(a.data, a.corpus).items():
        texts = [words(text) for text in [*queries, *passages]]
        grams, asked = runs(texts, a.words), {words(q) for q in queries}
        print(f"{collection}: {len(queries)} queries, {len(passages)} passages")
        for name, (trained_queries, trained_passages) in trained.items():
            shared, most, example = set(), 0, ""
            for text in {words(t) for t in [*trained_queries, *trained_passages]}:
                for at in range(len(text) - a.words + 1):
                    gram = text[at:at + a.words]
                    for i in grams.get(gram, ()):
                        shared.add(i)
                        run = longest(gram, text[at:], texts[i])
                        if run > most:
                            most, example = run, " ".join(text[at:at + run])
            same = asked & {words(q) for q in trained_queries}
            if shared or same:
                print(f"  {name}: {len(shared)} of its texts share {a.words} words or more in a row, {most} at most: {example[:120]!r}; {len(same)} queries are the same")
            if most >= a.most or same:
                failed.append(f"{collection} and {name}")
        sys.stdout.flush()
    if failed:
        sys.exit(f"error: texts are shared by {', '.join(failed)}: take them out of the training data")
    print(f"no run of {a.most} words and no query is shared")


if __name__ == "__main__":
    main()
