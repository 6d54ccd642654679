"""Shows that nothing measured with is trained on: runs of words that training texts share with the shipped corpus and the test collections.

    python overlap.py --data DATA [--words 5]

What shares SHARED words in a row is left out when the texts are read (files.py). This reads them in the same way and prints, for each text
measured with and each one trained on, how many of the former share so many words in a row with it, and the longest run with an example. Fails
if there is one of SHARED words, or the same query, or if `left_out.txt` names an entry that there isn't.
"""
import argparse
import sys
from collections import defaultdict

from files import SHARED, collections, contrasts, free_texts, left_out, of_entry, own_files, public_rows, sentences, shelves, title, words


def trained_on(data):
    """{name: texts} of everything the training reads, held-out entries too."""
    named = {"contrasts": [t for rows in contrasts(data) for e in rows for t in of_entry(e)], "shelves": [t for rows in shelves(data) for e in rows for t in of_entry(e)]}
    for name, rows in public_rows(data).items():
        named[name] = [t for row in rows for t in (row["q"], *(p for p, _ in row["docs"]))]
    named["sentences"] = [t for row in sentences(data) for t in (row["a"], row["b"])]
    named["free texts"] = [t for row in free_texts(data) for t in (row["q"], row["p"])]
    return {name: {words(text) for text in texts} for name, texts in named.items()}


def places(texts, n):
    """{run of n words: the texts it is in}"""
    found = defaultdict(set)
    for i, text in enumerate(texts):
        for at in range(len(text) - n + 1):
            found[text[at:at + n]].add(i)
    return found


def longest(one, other, n):
    """The longest run that `one` begins with and `other` has, if it is of n words or more."""
    best = 0
    for b in range(len(other) - n + 1):
        length = 0
        while length < len(one) and b + length < len(other) and one[length] == other[b + length]:
            length += 1
        best = max(best, length)
    return best if best >= n else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--words", type=int, default=5)
    a = parser.parse_args()
    unknown = left_out() - {title(entry) for sheets in own_files(a.data).values() for sheet in sheets for entry in sheet}
    if unknown:
        sys.exit(f"error: left_out.txt names entries that there are not: {'; '.join(sorted(unknown))}")
    trained, failed = trained_on(a.data), []
    for collection, (queries, passages) in collections(a.data).items():
        texts, asked = [words(text) for text in [*queries, *passages]], {words(q) for q in queries}
        there = places(texts, a.words)
        print(f"{collection}: {len(queries)} queries, {len(passages)} passages")
        for name, of in trained.items():
            shared, most, example = set(), 0, ""
            for text in of:
                for at in range(len(text) - a.words + 1):
                    for i in there.get(text[at:at + a.words], ()):
                        shared.add(i)
                        run = longest(text[at:], texts[i], a.words)
                        if run > most:
                            most, example = run, " ".join(text[at:at + run])
            same = len(asked & of)
            print(f"  {name}: {len(shared)} of {len(texts)} share {a.words} words or more in a row" + (f", {most} at most: {example!r}" if shared else "") + (f"; {same} queries are the same" if same else ""))
            if most >= SHARED or same:
                failed.append(f"{collection} and {name}")
        sys.stdout.flush()
    if failed:
        sys.exit(f"error: shared by {', '.join(failed)}")
    print(f"no run of {SHARED} words is shared, and no query")


if __name__ == "__main__":
    main()
