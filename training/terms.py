"""How much a token of the query counts in late interaction, to begin with: as it is rare, which its state tells."""
import numpy as np
import torch

from bi_encoder import read

TEXTS = 3000


def fitted(base, passages, device):
    """The vector whose product with a token's state in the bi-encoder, of length 1, is nearest, but for a summand, to the logarithm of the
    token's inverse document frequency among these passages. Shape (width)."""
    texts = read(base, passages[::max(1, len(passages) // TEXTS)], device)
    rarity, states = texts.rarity(), torch.cat(texts.states).float()
    wanted = torch.tensor([np.log(max(0.1, rarity(token))) for tokens in texts.tokens for token in tokens]).float()
    return torch.linalg.lstsq(torch.cat((states, torch.ones(len(states), 1)), 1), wanted[:, None]).solution[:-1, 0]
