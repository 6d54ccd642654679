"""Scores that the cross-encoder is to keep or to reach where nothing but relevance in general is asked.

For each query the bi-encoder finds POOL passages among some 12,000; what is learned is how far three ways to score put each of
them from the others: the bi-encoder's cosine, BM25 (which knows how rare a word is), and late interaction (ColBERT, Khattab and
Zaharia 2020) with the bi-encoder's own last hidden states, untrained. Each score is standardized over the query's pool, as their
scales differ. The weights were chosen by the labels of the fetched training collections.
"""
import random
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import bm25s
import numpy as np
import Stemmer
import torch
import torch.nn.functional as F
from transformers import AutoModel, AutoTokenizer

from files import free_texts, public_rows
from model import SCALE, BIAS, bfloat16_pays

POOL = 50
WEIGHTS = {"cosine": 1.0, "bm25": 0.5, "late interaction": 1.5}
SAMPLE = {"boolq": (900, 1600), "medquad": (1200, 1600), "xquad": (1190, 1600), "hotpot": (951, 1600), "dl21": (53, 2400), "dl22splade": (76, 2400)}
"""How many queries of each collection, and how many of their passages at most."""
FREE = 2400
"""Free texts, each with what to ask for it."""
LONG = 900
"""Passages that are made of two or three others."""


@dataclass
class Teacher:
    """`pools[i]` are the passages for query i; `targets[i]` the logits that the teachers would give them, as distances from
    their mean; `logits[i]` what the bi-encoder's own cosines would be as logits. All are of shape (queries, POOL)."""

    queries: list
    passages: list
    pools: np.ndarray
    targets: np.ndarray
    logits: np.ndarray


def texts(data, seed):
    """(queries, passages) of the fetched collections and of free documentation; some passages are several in a row."""
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
    return list(dict.fromkeys(queries)), list(passages)


@dataclass
class Read:
    """Texts as the bi-encoder reads them. `embeddings` are of length 1, shape (texts, dimensions); `tokens` and `states` are a text's
    tokens but for the first and last, shape (length), and their last hidden states of length 1, shape (length, dimensions)."""

    embeddings: np.ndarray
    tokens: list
    states: list


@torch.no_grad()
def read(folder, texts, device, max_length=192, batch=32):
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval().to(device)
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    out = Read(np.zeros((len(texts), model.config.hidden_size), np.float32), [None] * len(texts), [None] * len(texts))
    for start in range(0, len(order), batch):
        some = order[start:start + batch]
        given = tokenizer([texts[i] for i in some], padding=True, truncation=True, max_length=max_length, return_tensors="pt").to(device)
        with torch.autocast(device, dtype=torch.bfloat16, enabled=bfloat16_pays(device)):
            hidden = model(**given).last_hidden_state.float()
        mask = given["attention_mask"].unsqueeze(-1).float()
        out.embeddings[some] = F.normalize((hidden * mask).sum(1) / mask.sum(1), dim=1).cpu().numpy()
        lengths, hidden = given["attention_mask"].sum(1).tolist(), F.normalize(hidden, dim=-1).half().cpu()
        for i, ids, states, length in zip(some, given["input_ids"].tolist(), hidden, lengths):
            # A copy, as a part of the batch's states would keep all of them.
            out.tokens[i], out.states[i] = ids[1:length - 1], states[1:length - 1].clone()
        if start // batch % 100 == 0:
            print(f"{start} of {len(texts)} texts read", flush=True)
    return out


def late_interaction(queries, passages, pools):
    """For each passage of a query's pool, how near its nearest token is to each token of the query, on average; rare tokens count
    more. Shape (queries, POOL)."""
    held = Counter(token for tokens in passages.tokens for token in set(tokens))
    rarity = lambda token: np.log(1 + (len(passages.tokens) - held[token] + 0.5) / (held[token] + 0.5))
    out = np.zeros(pools.shape, np.float32)
    for i, (tokens, states) in enumerate(zip(queries.tokens, queries.states)):
        if not tokens:
            continue
        weights = torch.tensor([rarity(token) for token in tokens], dtype=torch.float32)
        of_query = states.float().T
        for j, passage in enumerate(pools[i]):
            nearest = (passages.states[passage].float() @ of_query).max(0).values
            out[i, j] = (nearest * weights).sum() / weights.sum()
    return out


def by_words(queries, passages, pools):
    """BM25 of each passage of a query's pool. Shape (queries, POOL)."""
    words = lambda texts: bm25s.tokenize(texts, stopwords="en", stemmer=Stemmer.Stemmer("english"), show_progress=False, return_ids=False)
    index = bm25s.BM25()
    index.index(words(passages), show_progress=False)
    return np.stack([index.get_scores(query)[pool] if query else np.zeros(len(pool)) for query, pool in zip(words(queries), pools)])


def standardized(scores):
    return (scores - scores.mean(1, keepdims=True)) / (scores.std(1, keepdims=True) + 1e-6)


def make(data, base, device, seed):
    """Scores everything: some six minutes on two cores."""
    queries, passages = texts(data, seed)
    print(f"teachers: {len(queries)} queries, {len(passages)} passages", flush=True)
    of_queries, of_passages = read(base, queries, device), read(base, passages, device)
    cosines = of_queries.embeddings @ of_passages.embeddings.T
    pools = np.argsort(-cosines, axis=1, kind="stable")[:, :POOL]
    logits = SCALE * np.take_along_axis(cosines, pools, axis=1) + BIAS
    scores = {"cosine": logits, "bm25": by_words(queries, passages, pools), "late interaction": late_interaction(of_queries, of_passages, pools)}
    mixed = sum(WEIGHTS[name] * standardized(of) for name, of in scores.items())
    targets = standardized(mixed) * logits.std(1, keepdims=True)
    return Teacher(queries, passages, pools.astype(np.int32), targets.astype(np.float32), logits.astype(np.float32))


def teacher(path, data, base, device, seed):
    """The teachers' scores as kept in the file `path`, or made anew and kept there."""
    if path.exists():
        kept = np.load(path, allow_pickle=False)
        return Teacher(kept["queries"].tolist(), kept["passages"].tolist(), kept["pools"], kept["targets"], kept["logits"])
    made = make(data, base, device, seed)
    np.savez(path, queries=np.array(made.queries), passages=np.array(made.passages), pools=made.pools, targets=made.targets, logits=made.logits)
    return made
