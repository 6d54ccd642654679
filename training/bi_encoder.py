"""Texts as the bi-encoder reads them, and what it finds."""
from collections import Counter
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from transformers import AutoConfig, AutoModel, AutoTokenizer

from model import bfloat16_pays

POOL = 50
"""So many passages are found for a query."""


@dataclass
class Read:
    """`embeddings` are of length 1, shape (texts, dimensions); `tokens` and `states` are a text's tokens but for the first and last,
    shape (length), and their last hidden states of length 1, shape (length, dimensions)."""

    embeddings: np.ndarray
    tokens: list
    states: list

    def rarity(self):
        """A function that gives a token's inverse document frequency among these texts, as BM25 has it."""
        held, texts = Counter(token for tokens in self.tokens for token in set(tokens)), len(self.tokens)
        return lambda token: np.log(1 + (texts - held[token] + 0.5) / (held[token] + 0.5))


@torch.no_grad()
def in_batches(folder, texts, device, max_length=192, batch=32):
    """Of each batch of texts: their numbers, token ids, attention mask and last hidden states."""
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval().to(device)
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    for start in range(0, len(order), batch):
        some = order[start:start + batch]
        given = tokenizer([texts[i] for i in some], padding=True, truncation=True, max_length=max_length, return_tensors="pt").to(device)
        with torch.autocast(device, dtype=torch.bfloat16, enabled=bfloat16_pays(device)):
            hidden = model(**given).last_hidden_state.float()
        yield some, given["input_ids"], given["attention_mask"], hidden
        if start // batch % 500 == 0:
            print(f"{start} of {len(texts)} texts read", flush=True)


def mean(mask, hidden):
    """Embeddings, from the states of a batch."""
    mask = mask.unsqueeze(-1).float()
    return F.normalize((hidden * mask).sum(1) / mask.sum(1), dim=1).cpu().numpy()


def embed(folder, texts, device):
    """Unit vectors of shape (texts, dimensions)."""
    out = np.zeros((len(texts), AutoConfig.from_pretrained(folder).hidden_size), np.float32)
    for some, _, mask, hidden in in_batches(folder, texts, device):
        out[some] = mean(mask, hidden)
    return out


def read(folder, texts, device):
    """The same with all token states."""
    embeddings, tokens, states_of = [None] * len(texts), [None] * len(texts), [None] * len(texts)
    for some, ids, mask, hidden in in_batches(folder, texts, device):
        states = F.normalize(hidden, dim=-1).half().cpu()
        for i, embedding, of_text, state, length in zip(some, mean(mask, hidden), ids.tolist(), states, mask.sum(1).tolist()):
            # A copy, as a part of the batch's states would keep all of them.
            embeddings[i], tokens[i], states_of[i] = embedding, of_text[1:length - 1], state[1:length - 1].clone()
    return Read(np.stack(embeddings), tokens, states_of)


def found(queries, passages):
    """The passages that the bi-encoder finds, best first, and their cosines: two arrays of shape (queries, POOL), from embeddings."""
    parts = [torch.topk(of_queries @ torch.from_numpy(passages).T, POOL) for of_queries in torch.from_numpy(queries).split(500)]
    return torch.cat([part.indices for part in parts]).numpy(), torch.cat([part.values for part in parts]).numpy()
