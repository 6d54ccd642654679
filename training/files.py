"""Reading the texts: JSON Lines (compressed or not) of the data folder, and the hand-written texts of this folder.

Nothing measured with is to be trained on. So what shares SHARED words in a row with the shipped corpus, its queries or the test
collections of DATA/eval is left out here, for good, and so are the entries that `left_out.txt` names: they ask in other words for what a
query of the shipped corpus asks for. `overlap.py` shows what is left.
"""
import gzip
import json
import re
from functools import cache
from pathlib import Path

HELD_OUT_EVERY = 10
"""Entries 0, 10, 20, ... of every file of our own texts, or classes of things, are never trained on."""

SHARED = 8

PLAIN_WORDS = 30
"""A contrast whose passages are of so many words on average, or of fewer, counts as plain."""

HERE = Path(__file__).parent

WORD = re.compile(r"[a-z0-9]+")

CONTRAST_LINES = {"Q+": "q_pos", "Q-": "q_neg", "D+": "d_pos", "D-": "d_neg", "DO": "d_other"}


def read_lines(path):
    """The rows of a JSON Lines file; compressed if its name ends in .gz."""
    with (gzip.open if str(path).endswith(".gz") else open)(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def parse_sheets(text):
    """The entries of a text in the format that README.md describes; those with passages in common are in one list. Fails by naming
    the line that it can't read."""
    parsed = []
    for block in re.split(r"^# ", text, flags=re.M)[1:]:
        head, *lines = (line.strip() for line in block.strip().split("\n"))
        lines = [line for line in lines if line]
        if head.count("|") == 1:
            parsed.append(parse_class(head, lines))
        else:
            parsed.append([parse_contrast(head, lines) if "|" in head else parse_shelf(head, lines)])
    return parsed


def parse_contrast(head, lines):
    domain, noun, attribute = (part.strip() for part in head.split("|", 2))
    entry = {"domain": domain, "noun": noun, "attr": attribute, **{key: [] for key in CONTRAST_LINES.values()}}
    for line in lines:
        if line[:2] not in CONTRAST_LINES:
            raise ValueError(f"{head}: a line of a contrast starts with one of {', '.join(CONTRAST_LINES)}: {line[:60]}")
        entry[CONTRAST_LINES[line[:2]]].append(line[2:].strip())
    return whole(entry)


def whole(contrast):
    missing = [key for key in CONTRAST_LINES.values() if len(contrast[key]) < 2]
    if missing:
        raise ValueError(f"{title(contrast)}: two or more are wanted of {', '.join(missing)}")
    return contrast


def parse_shelf(head, lines):
    entry = {"topic": head, "passages": [line[2:].strip() for line in lines if line.startswith("P ")], "queries": []}
    for line in (line for line in lines if not line.startswith("P ")):
        match = re.fullmatch(r"Q (\d+)((?:,\d+)*) (.+)", line)
        if not match:
            raise ValueError(f"{head}: a line of a shelf starts with P, or with Q and numbers: {line[:60]}")
        best, partly = int(match[1]), [int(n) for n in match[2].split(",") if n]
        if max([best, *partly]) >= len(entry["passages"]) or best in partly:
            raise ValueError(f"{head}: no such passage: {line[:60]}")
        entry["queries"].append({"q": match[3], "best": best, "partly": partly})
    return entry


def parse_class(head, lines):
    """A class of things: a shelf, and a contrast for each property that some have and others haven't."""
    domain, noun = (part.strip() for part in head.split("|"))
    shelf, contrasts = parse_shelf(f"{domain}: {noun}", [line for line in lines if line[:2] in ("P ", "Q ")]), []
    for line in (line for line in lines if line[:2] not in ("P ", "Q ")):
        match = re.fullmatch(r"= (.+)\|([ \d]+)\|([ \d]+)", line)
        if match:
            right, wrong = ([int(n) for n in numbers.split()] for numbers in (match[2], match[3]))
            told = right + wrong
            if len(set(told)) < len(told) or max(told) >= len(shelf["passages"]):
                raise ValueError(f"{head}: a passage is named twice, or there is none: {line[:60]}")
            of = lambda numbers: [shelf["passages"][n] for n in numbers]
            rest = [n for n in range(len(shelf["passages"])) if n not in told]
            contrasts.append({"domain": domain, "noun": noun, "attr": match[1].strip(), "q_pos": [], "q_neg": [],
                              "d_pos": of(right), "d_neg": of(wrong), "d_other": of(rest)})
        elif contrasts and line[:2] in ("+ ", "- "):
            contrasts[-1]["q_pos" if line[0] == "+" else "q_neg"].append(line[2:].strip())
        else:
            raise ValueError(f"{head}: a line of a class starts with P, Q, =, + or -: {line[:60]}")
    return [shelf, *(whole(entry) for entry in contrasts)]


def words(text):
    return tuple(WORD.findall(text.lower()))


def collections(data):
    """What is measured with: {name: (queries, passages)} of the shipped corpus and the test collections."""
    corpus, named = HERE.parent / "corpus", {}
    named["shipped corpus"] = [row["text"] for row in read_lines(corpus / "queries.jsonl")], [row["text"] for row in read_lines(corpus / "passages.jsonl")]
    for folder in sorted((Path(data) / "eval").glob("*")):
        documents = read_lines(folder / "corpus.jsonl.gz")
        named[folder.name] = [row["text"] for row in read_lines(folder / "queries.jsonl")], [f"{row.get('title', '')} {row['text']}" for row in documents]
    return named


def runs(text):
    """All runs of SHARED words."""
    of = words(text)
    return {of[at:at + SHARED] for at in range(len(of) - SHARED + 1)}


@cache
def measured(data):
    """(all runs of SHARED words of what is measured with, its queries)"""
    parts = list(collections(data).values())
    return {run for part in parts for texts in part for text in texts for run in runs(text)}, {words(q) for queries, _ in parts for q in queries}


def unmeasured(data, *texts):
    """Whether nothing of the texts is in what is measured with."""
    there, queries = measured(data)
    return all(words(text) not in queries and there.isdisjoint(runs(text)) for text in texts)


def title(entry):
    """The line that a text begins an entry with, without its `# `."""
    return f"{entry['domain']} | {entry['noun']} | {entry['attr']}" if is_contrast(entry) else entry["topic"]


def of_entry(entry):
    """All texts of an entry: its queries and its passages."""
    lists = (entry[key] for key in CONTRAST_LINES.values()) if is_contrast(entry) else ([q["q"] for q in entry["queries"]], entry["passages"])
    return [text for texts in lists for text in texts]


def own_files(data):
    """{name of a file: its entries} of our own texts, those of the data folder and those of this one; entries with passages in
    common are in one list."""
    return {path.stem: [[row] for row in read_lines(path)] if path.suffix == ".jsonl" else parse_sheets(path.read_text(encoding="utf-8"))
            for path in [*sorted((Path(data) / "synth").glob("*.jsonl")), *sorted((HERE / "texts").glob("*.txt"))]}


def left_out():
    return set((HERE / "left_out.txt").read_text(encoding="utf-8").splitlines())


@cache
def own_texts(data):
    """{name of a file: (trained on, held out)} of our own texts. Entries with passages in common are all trained on, or all held out."""
    split, never = {}, left_out()
    for name, sheets in own_files(data).items():
        trained, held_out = split[name] = [], []
        for i, sheet in enumerate(sheets):
            to = trained if i % HELD_OUT_EVERY else held_out
            to += [entry for entry in sheet if title(entry) not in never and unmeasured(data, *of_entry(entry))]
    return split


def is_contrast(entry):
    """Whether it is one property that tells two sets of passages apart; else it is a shelf, of passages that are near misses of one another."""
    return "attr" in entry


def of_all_files(data, wanted):
    return [[entry for entries in part for entry in entries if wanted(entry)] for part in zip(*own_texts(data).values())]


def contrasts(data):
    """All contrasts as (trained on, held out)."""
    return of_all_files(data, is_contrast)


def is_plain(entry):
    """Whether it is a contrast of short passages. These mostly say outright what sets them apart; in longer ones it is mostly to be inferred."""
    if not is_contrast(entry):
        return False
    passages = entry["d_pos"] + entry["d_neg"]
    return sum(len(p.split()) for p in passages) <= PLAIN_WORDS * len(passages)


def shelves(data):
    """All shelves as (trained on, held out)."""
    return of_all_files(data, lambda entry: not is_contrast(entry))


def public_rows(data):
    """{name: rows} of the fetched collections: a query and its passages with labels in 0..1."""
    named = {path.name.split(".")[0]: read_lines(path) for path in sorted((Path(data) / "train").glob("*.jsonl.gz"))}
    return {name: [row for row in rows if unmeasured(data, row["q"], *(p for p, _ in row["docs"]))] for name, rows in named.items()}


def sentences(data):
    """Pairs {"a", "b"} of sentences that negate each other."""
    rows = [row for path in sorted((Path(data) / "contrast").glob("*.jsonl.gz")) for row in read_lines(path)]
    return [row for row in rows if unmeasured(data, row["a"], row["b"])]


def free_texts(data):
    """Rows {"q", "p"}: passages that nobody has judged, each with something to ask for it."""
    return [row for row in read_lines(Path(data) / "distill.jsonl.gz") if unmeasured(data, row["q"], row["p"])]
