"""Which sentences of a contrast's passages tell what its queries ask for, as far as the bi-encoder sees it: those nearest to the
queries. It knows well what a sentence is about, though not if it says yes or no."""
import re

import numpy as np

from bi_encoder import embed
from kept import kept

BETWEEN = re.compile(r"(?<=[.!?;])\s+")


def best(ranked, few):
    """The `few` sentences nearest to the queries, in their order in the passage; `ranked` as `evidence` returns it."""
    sentences, order = ranked
    return " ".join(sentences[i] for i in sorted(order[:few]))


def evidence(path, entries, base, device):
    """For each entry, {passage: (its sentences, their numbers, nearest to the queries first)}. Kept in the file `path`."""
    split = [{passage: BETWEEN.split(passage) for passage in e["d_pos"] + e["d_neg"]} for e in entries]
    asked = [e["q_pos"] + e["q_neg"] for e in entries]
    made = kept(path, [split, asked], lambda: {"order": order_of(split, asked, base, device)})
    order, at, out = made["order"].tolist(), 0, []
    for of_entry in split:
        out.append({})
        for passage, sentences in of_entry.items():
            out[-1][passage] = sentences, order[at:at + len(sentences)]
            at += len(sentences)
    return out


def order_of(split, asked, base, device):
    """The numbers of all passages' sentences, one passage after the other: some five minutes on two cores."""
    texts = {text: None for of_entry in split for sentences in of_entry.values() for text in sentences}
    texts.update(dict.fromkeys(query for queries in asked for query in queries))
    numbers, vectors = {text: n for n, text in enumerate(texts)}, embed(base, list(texts), device)
    of = lambda texts: vectors[[numbers[text] for text in texts]]
    return np.concatenate([np.argsort(-(of(sentences) @ of(queries).T).mean(1)) for of_entry, queries in zip(split, asked) for sentences in of_entry.values()])
