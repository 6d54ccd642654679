"""The cross-encoder: two texts that the bi-encoder reads, and that may look at each other through gates."""
import torch
import torch.nn.functional as F
from transformers import BertModel

SCALE, LATE, BIAS = 10.0, 10.0, -10.0
"""What the head starts from: logit = SCALE x cosine + LATE x late interaction + BIAS. On the labelled training collections any late
interaction from half to three times the cosine ranks pools four points of nDCG@10 better than the cosine alone."""
GATE = -3.0
"""What the gates start from: so nearly closed that the cosines are hardly other than the bi-encoder's."""
CLOSED = -1e9


def bfloat16_pays(device):
    """Whether matrices of bfloat16 are multiplied faster than those of float32."""
    return device == "cuda" or torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


class GatedCrossEncoder(torch.nn.Module):
    """Query and passage are each read as the bi-encoder reads a text: with a [CLS] and a [SEP] of its own, positions from 0, type 0.
    But tokens of the one also attend to tokens of the other, and to such scores each head of each layer adds a number that is
    learned, its gate. In the first `apart` layers the gates are closed for good.

    logit = scale x cosine + late x late interaction + bias, both of the last hidden states. The cosine is that of their means over each
    text's tokens: with all gates closed, the bi-encoder's, so nothing that it knows has to be learned again. Late interaction
    (ColBERT, Khattab and Zaharia 2020) is the mean, over the query's tokens, of the greatest cosine with a token of the passage. How much
    a token counts is the softmax of its own state's product with `terms`. [CLS] and [SEP] have no part in it.

    Embeddings and the layers that read apart are never trained: they stay the bi-encoder's."""

    def __init__(self, base, apart, layers=None):
        super().__init__()
        self.bert = BertModel.from_pretrained(base, dtype=torch.float32, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, add_pooling_layer=False, attn_implementation="eager")
        self.apart, self.layers = apart, layers or [*range(len(self.bert.encoder.layer))]
        self.bert.encoder.layer = torch.nn.ModuleList(self.bert.encoder.layer[i] for i in self.layers)
        together = len(self.layers) - apart
        self.gates = torch.nn.Parameter(torch.full((together, self.bert.config.num_attention_heads), GATE))
        self.scale, self.late, self.bias = (torch.nn.Parameter(torch.tensor(x)) for x in (SCALE, LATE, BIAS))
        self.terms = torch.nn.Parameter(torch.zeros(self.bert.config.hidden_size))
        for part in (self.bert.embeddings, *self.bert.encoder.layer[:apart]):
            part.requires_grad_(False)

    def forward(self, input_ids, position_ids, segments, attention_mask, words):
        """Logits of shape (pairs); all arguments are of shape (pairs, length). `segments` is 0 for tokens of the query, 1 for the passage's;
        `words` is 0 for what frames a text."""
        hidden = self.states(input_ids, position_ids, segments, attention_mask).float()
        passage = segments * attention_mask
        mean = lambda which: (hidden * which.unsqueeze(-1)).sum(1) / which.sum(1, keepdim=True)
        # In float32: the scales would make much of bfloat16's last digit.
        with torch.autocast(hidden.device.type, enabled=False):
            cosine = F.cosine_similarity(mean(attention_mask - passage), mean(passage))
            return self.scale * cosine + self.late * self.late_interaction(hidden, segments, words) + self.bias

    def states(self, input_ids, position_ids, segments, attention_mask):
        """The last hidden states, of shape (pairs, length, width)."""
        hidden = self.bert.embeddings(input_ids=input_ids, position_ids=position_ids)
        across = (segments[:, None, :, None] != segments[:, None, None, :]).float()
        padding = (1.0 - attention_mask[:, None, None, :].float()) * CLOSED
        closed = padding + across * CLOSED
        for n, layer in enumerate(self.bert.encoder.layer):
            hidden = layer(hidden, closed if n < self.apart else padding + across * self.gates[n - self.apart, :, None, None])
        return hidden

    def late_interaction(self, hidden, segments, words):
        """Of shape (pairs)."""
        states = F.normalize(hidden, dim=-1)
        # The query comes first, so that no more rows are needed than the longest query has.
        of_query = words * (1 - segments)
        longest = int(of_query.any(0).nonzero().max()) + 1
        nearest = (states[:, :longest] @ states.mT).masked_fill((words * segments == 0)[:, None, :], -1.0).amax(-1)
        counts = (states[:, :longest] @ self.terms).masked_fill(of_query[:, :longest] == 0, CLOSED).softmax(-1)
        return (nearest * counts).sum(1)


def encoded(tokenizer, pairs, max_length):
    """[(token ids, tokens of the query)] of pairs: `[CLS] query [SEP] [CLS] passage [SEP]`, the longer text cut if need be."""
    of_pairs = tokenizer(*zip(*pairs), truncation="longest_first", max_length=max_length - 1)
    lengths = [types.count(0) for types in of_pairs["token_type_ids"]]
    return [(ids[:length] + [tokenizer.cls_token_id] + ids[length:], length) for ids, length in zip(of_pairs["input_ids"], lengths)]


def padded(texts, device):
    """What the model takes for such pairs."""
    longest = max(len(ids) for ids, _ in texts)
    rows = {"input_ids": [], "position_ids": [], "segments": [], "attention_mask": [], "words": []}
    for ids, length in texts:
        rest, none = len(ids) - length, [0] * (longest - len(ids))
        rows["input_ids"].append(ids + none)
        rows["position_ids"].append([*range(length), *range(rest)] + none)
        rows["segments"].append([0] * length + [1] * rest + none)
        rows["attention_mask"].append([1] * len(ids) + none)
        rows["words"].append([0, *[1] * (length - 2), 0, 0, *[1] * (rest - 2), 0] + none)
    return {name: torch.tensor(of_rows, device=device) for name, of_rows in rows.items()}
