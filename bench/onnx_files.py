"""ONNX files in the layout that transformers.js loads, made in the way of its own conversion script.

That script (scripts/convert.py and quantize.py of transformers.js 3 and 4) exports with optimum, simplifies with onnxslim,
and quantizes dynamically: for BERT per channel, in the reduced (7-bit) range, weights QInt8 because there is no Conv,
activations QUInt8, constant matrices only. optimum's last release does not go with this transformers, so the export is
written out here: the same TorchScript exporter, and the same names of inputs, outputs and dynamic axes.
"""

import warnings

import onnx
import onnxslim
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic

OPSET = 14
INPUTS = ["input_ids", "attention_mask", "token_type_ids"]


class Positional(torch.nn.Module):
    """The model with its inputs by position and its output as a plain tensor, as the exporter wants it."""

    def __init__(self, model, output):
        super().__init__()
        self.model, self.output = model, output

    def forward(self, input_ids, attention_mask, token_type_ids):
        return self.model(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids)[self.output]


def export(model, output, folder):
    """Writes onnx/model.onnx and onnx/model_quantized.onnx into the model's folder."""
    (folder / "onnx").mkdir(exist_ok=True)
    plain, quantized = folder / "onnx/model.onnx", folder / "onnx/model_quantized.onnx"
    example = tuple(torch.ones(2, 16, dtype=torch.long) for _ in INPUTS)
    inputs = {name: {0: "batch_size", 1: "sequence_length"} for name in INPUTS}
    outputs = {output: {0: "batch_size"} if output == "logits" else {0: "batch_size", 1: "sequence_length"}}
    with torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter, about being superseded and about shapes that it takes for constants
        torch.onnx.export(Positional(model, output), example, str(plain), input_names=INPUTS, output_names=[output],
            dynamic_axes={**inputs, **outputs}, opset_version=OPSET, dynamo=False, do_constant_folding=True)
    onnx.save(onnxslim.slim(str(plain)), str(plain))
    quantize_dynamic(plain, quantized, per_channel=True, reduce_range=True, weight_type=QuantType.QInt8,
        extra_options={"EnableSubgraph": True, "MatMulConstBOnly": True})
