"""Writes what the benchmark reads, from the files of this repository and the bi-encoder's weights (`./build.sh models`).

    export.py TABRANK OUT

TABRANK is the command line, OUT the folder to write: models/onnx/ID (for transformers.js), models/tabrank (manifest and GGUF
files), workloads.json, and reference.json with the logits and vectors of the fp32 ONNX files. Stops if PyTorch, that file and our
command line do not agree.
"""

import hashlib
import json
import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import onnxruntime
import torch
from tokenizers import Tokenizer
from transformers import BertModel
from transformers.utils import logging as transformers_logging

import checkpoint
import onnx_files
import workloads

ROOT = Path(__file__).resolve().parent.parent
CROSS, HEAD, BI = "bench-classifier", "tabrank-minilm-l6", "all-MiniLM-L6-v2"


def encode(tokenizer, *texts):
    encoding = tokenizer.encode(*texts)
    columns = {"input_ids": encoding.ids, "attention_mask": encoding.attention_mask, "token_type_ids": encoding.type_ids}
    return {name: np.array([ids], np.int64) for name, ids in columns.items()}


def tabrank_manifest(tabrank, folder, source):
    """The models folder that tabrank loads: the classifier converted to 8 bits and to floats, the other two copied."""
    folder.mkdir(parents=True, exist_ok=True)
    manifest = json.loads((ROOT / "models/manifest.json").read_text("utf-8"))
    entries = {entry["id"]: entry for entry in manifest["models"]}
    for entry in (entries[BI], entries[HEAD]):
        shutil.copyfile(ROOT / "models" / entry["file"], folder / entry["file"])
    own = []
    for name, dtype, quantization in ((CROSS, "q8_0", "Q8_0"), (f"{CROSS}-f32", "f32", "F32")):
        file = folder / f"{CROSS}-{quantization}.gguf"
        command = [tabrank, "convert", source, file, "--id", name, "--licence", "Apache-2.0", "--dtype", dtype]
        subprocess.run(command, check=True)
        content = file.read_bytes()
        of_file = ("shared", "trained")
        own.append({**{key: value for key, value in entries[HEAD].items() if key not in of_file}, "id": name, "file": file.name, "quantization": quantization, "head": "classifier",
            "description": "Random head, for measuring only.", "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()})
    written = {"defaults": {"bi_encoder": BI, "cross_encoder": CROSS}, "models": [entries[BI], entries[HEAD], *own]}
    (folder / "manifest.json").write_text(json.dumps(written, indent=2), "utf-8")
    return folder / own[0]["file"]


def our_logits(tabrank, model, query, texts):
    command = [tabrank, "rerank", "--json", "--cross-encoder", model, query, *texts]
    results = json.loads(subprocess.run(command, check=True, capture_output=True, cwd=ROOT).stdout)
    results = results["results"] if isinstance(results, dict) else results
    return np.array([r["logit"] for r in sorted(results, key=lambda r: r["index"])])


def vectors(file, inputs):
    """Unit vectors by mean pooling. No token is masked, as each text is by itself."""
    session = onnxruntime.InferenceSession(file)
    pooled = [session.run(None, text)[0][0].mean(axis=0) for text in inputs]
    return [(vector / np.linalg.norm(vector)).tolist() for vector in pooled]


def main():
    logging.getLogger().setLevel(logging.ERROR)  # onnxruntime recommends preprocessing, which onnxslim has done
    transformers_logging.disable_progress_bar()
    tabrank, out = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    torch.set_num_threads(1)
    origin = ROOT / "models/origin" / BI
    tokenizer = Tokenizer.from_file(str(origin / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    loads = workloads.build(ROOT / "corpus", tokenizer)
    for name, load in loads.items():
        print(f"{name}: {len(load['texts'])} texts, {sum(load['tokens'])} tokens, {min(load['tokens'])} to {max(load['tokens'])}, "
            f"mean {np.mean(load['tokens']):.1f}")

    reranks = {name: load for name, load in loads.items() if load["kind"] == "rerank"}
    pairs = {name: [encode(tokenizer, load["query"], text) for text in load["texts"]] for name, load in reranks.items()}
    cross = out / "models/onnx" / CROSS
    model = checkpoint.write(ROOT / f"models/{HEAD}-Q8_0.gguf", origin, cross, [pair for some in pairs.values() for pair in some])
    torch_logits = {name: checkpoint.logits(model, some) for name, some in pairs.items()}
    onnx_files.export(model, "logits", cross)

    bi = out / "models/onnx" / BI
    checkpoint.write_folder(bi, json.loads((origin / "config.json").read_text("utf-8")), origin, "BertTokenizer")
    onnx_files.export(BertModel.from_pretrained(origin, attn_implementation=checkpoint.ATTENTION).eval(), "last_hidden_state", bi)

    gguf = tabrank_manifest(tabrank, out / "models/tabrank", cross)
    session = onnxruntime.InferenceSession(cross / "onnx/model.onnx")
    onnx_logits = {name: np.array([session.run(None, pair)[0].item() for pair in some]) for name, some in pairs.items()}
    for name, load in reranks.items():
        ours = our_logits(tabrank, gguf, load["query"], load["texts"])
        exact = np.abs(onnx_logits[name] - torch_logits[name]).max()
        near = np.abs(ours - torch_logits[name]).max()
        print(f"{name}: sd of logits {torch_logits[name].std():.2f}; largest difference from PyTorch: "
            f"ONNX fp32 {exact:.1e}, tabrank Q8_0 {near:.3f}")
        assert exact < 1e-3 and near < 0.5, "the engines do not run the same model"
    reference = {name: values.tolist() for name, values in onnx_logits.items()}
    reference["embed"] = vectors(bi / "onnx/model.onnx", [encode(tokenizer, text) for text in loads["embed"]["texts"]])
    (out / "workloads.json").write_text(json.dumps(loads, indent=1), "utf-8")
    (out / "reference.json").write_text(json.dumps(reference), "utf-8")


if __name__ == "__main__":
    main()
