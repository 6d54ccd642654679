"""Reading the texts: JSON Lines (compressed or not) of the data folder, and the hand-written texts of this folder."""
import gzip
import json
import re
from pathlib import Path

HELD_OUT_EVERY = 10
"""Entries 0, 10, 20, ... of every file of our own texts are never trained on."""

HERE = Path(__file__).parent

CONTRAST_LINES = {"Q+": "q_pos", "Q-": "q_neg", "D+": "d_pos", "D-": "d_neg", "DO": "d_other"}


def read_lines(path):
    """The rows of a JSON Lines file; compressed if its name ends in .gz."""
    with (gzip.open if str(path).endswith(".gz") else open)(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def parse_texts(text):
    """The entries of a text in the format that README.md describes. Fails by naming the line that it can't read."""
    entries = []
    for block in re.split(r"^# ", text, flags=re.M)[1:]:
        head, *lines = (line.strip() for line in block.strip().split("\n"))
        lines = [line for line in lines if line]
        if "|" in head:
            domain, noun, attribute = (part.strip() for part in head.split("|", 2))
            entry = {"domain": domain, "noun": noun, "attr": attribute, **{key: [] for key in CONTRAST_LINES.values()}}
            for line in lines:
                if line[:2] not in CONTRAST_LINES:
                    raise ValueError(f"{head}: a line of a contrast starts with one of {', '.join(CONTRAST_LINES)}: {line[:60]}")
                entry[CONTRAST_LINES[line[:2]]].append(line[2:].strip())
            missing = [key for key in CONTRAST_LINES.values() if len(entry[key]) < 2]
            if missing:
                raise ValueError(f"{head}: two or more lines are wanted of {', '.join(missing)}")
        else:
            entry = {"topic": head, "passages": [line[2:].strip() for line in lines if line.startswith("P ")], "queries": []}
            for line in (line for line in lines if not line.startswith("P ")):
                match = re.fullmatch(r"Q (\d)((?:,\d)*) (.+)", line)
                if not match:
                    raise ValueError(f"{head}: a line of a shelf starts with P, or with Q and numbers: {line[:60]}")
                best, partly = int(match[1]), [int(n) for n in match[2].split(",") if n]
                if max([best, *partly]) >= len(entry["passages"]) or best in partly:
                    raise ValueError(f"{head}: no such passage: {line[:60]}")
                entry["queries"].append({"q": match[3], "best": best, "partly": partly})
        entries.append(entry)
    return entries


def own_texts(data, pattern):
    """Our own texts that match the pattern, those of the data folder and those of this one, as (trained on, held out)."""
    trained, held_out = [], []
    for path in sorted((Path(data) / "synth").glob(f"{pattern}.jsonl")) + sorted((HERE / "texts").glob(f"{pattern}.txt")):
        rows = read_lines(path) if path.suffix == ".jsonl" else parse_texts(path.read_text(encoding="utf-8"))
        held_out += rows[::HELD_OUT_EVERY]
        trained += [row for i, row in enumerate(rows) if i % HELD_OUT_EVERY]
    return trained, held_out


def contrasts(data):
    """Entries in which one property tells two sets of passages apart, as (trained on, held out)."""
    return own_texts(data, "neg_*")


def shelves(data):
    """Entries with passages that are near misses of one another, as (trained on, held out)."""
    return own_texts(data, "topic_*")


def public_rows(data):
    """{name: rows} of the fetched collections: a query and its passages with labels in 0..1."""
    return {path.name.split(".")[0]: read_lines(path) for path in sorted((Path(data) / "train").glob("*.jsonl.gz"))}
