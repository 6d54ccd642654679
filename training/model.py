"""The cross-encoder with the head `segment-cosine`, as the engine computes it."""
import torch
import torch.nn.functional as F
from transformers import BertModel

SCALE, BIAS = 20.0, -8.0
"""What the head starts from: logit = SCALE x cosine + BIAS."""


def bfloat16_pays(device):
    """Whether matrices of bfloat16 are multiplied faster than those of float32."""
    return device == "cuda" or torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


class SegmentCosine(torch.nn.Module):
    """Query and passage are read together; the last hidden states are averaged over the tokens of type 0 and over those of
    type 1; logit = scale x cosine + bias. The word embeddings are never trained: they stay the bi-encoder's."""

    def __init__(self, base, layers=None):
        super().__init__()
        # Attention written out is faster than the fused one on processors, whose backward pass doesn't use their matrix units.
        self.bert = BertModel.from_pretrained(base, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, add_pooling_layer=False,
                                              attn_implementation="sdpa" if torch.cuda.is_available() else "eager")
        if layers:
            self.bert.encoder.layer = torch.nn.ModuleList(self.bert.encoder.layer[i] for i in layers)
            self.bert.config.num_hidden_layers = len(layers)
        self.scale, self.bias = torch.nn.Parameter(torch.tensor(SCALE)), torch.nn.Parameter(torch.tensor(BIAS))

    def freeze(self, layers):
        """Leaves the embeddings and the first so many layers as they are."""
        frozen = [self.bert.embeddings, *self.bert.encoder.layer[:layers]]
        for part in frozen:
            part.requires_grad_(False)

    def forward(self, tokens):
        """Logits of shape (pairs) for input_ids, token_type_ids and attention_mask of shape (pairs, length)."""
        hidden = self.bert(**tokens).last_hidden_state.float()
        passage = tokens["token_type_ids"] * tokens["attention_mask"]
        query = tokens["attention_mask"] - passage
        mean = lambda which: (hidden * which.unsqueeze(-1)).sum(1) / which.sum(1, keepdim=True)
        return self.scale * F.cosine_similarity(mean(query), mean(passage)) + self.bias
