"""The cross-encoder with a classifier head that both engines run, as a Hugging Face folder.

No such model can be part of this repository (models/README.md), and speed does not depend on what a model has learnt. So
the encoder is that of tabrank-minilm-l6, and the head above it is random.
"""

import json
from pathlib import Path

import numpy as np
import torch
from gguf import GGUFReader, dequantize
from safetensors.numpy import save_file
from transformers import BertConfig, BertForSequenceClassification

SEED = 20261121
QUANTIZED = "Q8_0"
BLOCK = 32  # values that share one step in Q8_0
# The plain formula. That of torch's fused attention comes out of the exporter with a check for NaN in each layer, which
# published ONNX files don't have either.
ATTENTION = "eager"

# Ours (src/model/names.rs) and Hugging Face's names of a layer's parts.
LAYER = {
    "attn_q": "attention.self.query",
    "attn_k": "attention.self.key",
    "attn_v": "attention.self.value",
    "attn_output": "attention.output.dense",
    "attn_output_norm": "attention.output.LayerNorm",
    "ffn_up": "intermediate.dense",
    "ffn_down": "output.dense",
    "layer_output_norm": "output.LayerNorm",
}
EMBEDDINGS = {
    "token_embd.weight": "word_embeddings.weight",
    "position_embd.weight": "position_embeddings.weight",
    "token_types.weight": "token_type_embeddings.weight",
    "token_embd_norm.weight": "LayerNorm.weight",
    "token_embd_norm.bias": "LayerNorm.bias",
}


def their_name(name):
    if name in EMBEDDINGS:
        return f"bert.embeddings.{EMBEDDINGS[name]}"
    _, layer, part, kind = name.split(".")
    return f"bert.encoder.layer.{layer}.{LAYER[part]}.{kind}"


def encoder(gguf_file):
    """Tensors of the encoder in f32 under Hugging Face's names, moved off the grid of Q8_0.

    Weights that lie on that grid lose nothing when they are quantized to Q8_0 again, so that our errors would come out
    flattered. Each is therefore moved by a random part of its step, from -1/2 to +1/2: it could be any of those weights
    that quantization would have taken to where it was.
    """
    rng = np.random.RandomState(SEED)
    tensors = {}
    for tensor in GGUFReader(gguf_file).tensors:
        values = dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
        if tensor.tensor_type.name == QUANTIZED:
            blocks = values.reshape(-1, BLOCK)
            steps = np.abs(blocks).max(axis=1, keepdims=True) / 127
            values = (blocks + steps * rng.uniform(-0.5, 0.5, blocks.shape)).reshape(values.shape)
        tensors[their_name(tensor.name)] = values.astype(np.float32)
    return tensors


def write(gguf_file, origin, folder, pairs):
    """Writes the folder. The head is scaled so that the logits of `pairs`, encoded by `origin`'s tokenizer, have mean 0
    and standard deviation 2, about what trained cross-encoders of this kind show among passages that look alike."""
    tensors = encoder(gguf_file)
    plain = json.loads((origin / "config.json").read_text("utf-8"))
    keep = ("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "hidden_act", "layer_norm_eps",
            "max_position_embeddings", "type_vocab_size", "vocab_size", "pad_token_id")
    config = BertConfig(**{key: plain[key] for key in keep}, num_labels=1, architectures=["BertForSequenceClassification"])
    rng = np.random.RandomState(SEED + 1)
    width = config.hidden_size
    tensors["bert.pooler.dense.weight"] = (rng.standard_normal((width, width)) / np.sqrt(width)).astype(np.float32)
    tensors["bert.pooler.dense.bias"] = np.zeros(width, np.float32)
    tensors["classifier.weight"] = rng.standard_normal((1, width)).astype(np.float32)
    tensors["classifier.bias"] = np.zeros(1, np.float32)
    config._attn_implementation = ATTENTION
    model = BertForSequenceClassification(config).eval()
    state = {name: torch.from_numpy(values) for name, values in tensors.items()}
    missing = model.load_state_dict(state, strict=False)
    assert not missing.unexpected_keys and not missing.missing_keys, missing
    raw = logits(model, pairs)
    tensors["classifier.weight"] *= np.float32(2 / raw.std())
    tensors["classifier.bias"] -= np.float32(raw.mean() * 2 / raw.std())
    with torch.no_grad():
        model.classifier.weight.copy_(torch.from_numpy(tensors["classifier.weight"]))
        model.classifier.bias.copy_(torch.from_numpy(tensors["classifier.bias"]))
    write_folder(folder, config.to_dict(), origin, "BertTokenizer")
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    return model


def write_folder(folder, config, origin, tokenizer_class):
    """The files beside the weights. Truncation and padding are switched off in the tokenizer: callers ask for them."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = json.loads((origin / "tokenizer.json").read_text("utf-8"))
    tokenizer["truncation"] = tokenizer["padding"] = None
    names = {"unk_token": "[UNK]", "sep_token": "[SEP]", "pad_token": "[PAD]", "cls_token": "[CLS]", "mask_token": "[MASK]"}
    beside = {"tokenizer_class": tokenizer_class, "do_lower_case": True, "model_max_length": 512, **names}
    for name, content in [("config.json", config), ("tokenizer.json", tokenizer), ("tokenizer_config.json", beside)]:
        Path(folder, name).write_text(json.dumps(content, ensure_ascii=False), "utf-8")


def logits(model, pairs):
    """Logits by PyTorch, one pair at a time."""
    with torch.inference_mode():
        return np.array([model(**{name: torch.from_numpy(ids) for name, ids in pair.items()}).logits.item() for pair in pairs])
