"""Trains the cross-encoder from all-MiniLM-L6-v2.

    python train.py --base MODEL --data DATA --out OUT

MODEL is all-MiniLM-L6-v2 in Hugging Face's layout; DATA the data folder. Saves every SAVE_EVERY steps and goes on from what OUT holds; with
other --steps too. What a step is trained on depends on --seed and its number alone. OUT/trained.safetensors is the result; tools/trained.mjs joins
it with MODEL.
"""
import argparse
import json
import random
import time
from collections import defaultdict, deque
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import safe_open
from safetensors.torch import save_file
from transformers import AutoTokenizer

from bi_encoder import POOL
from evidence import evidence
from files import contrasts, is_contrast, is_plain, own_texts
from heldout import HeldOut
from model import GatedCrossEncoder, bfloat16_pays, encoded, padded
from pools import of_collections, of_entries
from sources import Contrasts, Taught, own_pools, sources
from start import PREFIX, take_over
from teacher import teacher
from terms import fitted

SAVE_EVERY = 200
MAX_TOKENS = 208
POOLS = 3.0
"""What a group of a pool weighs, if another weighs 1: they are fewer, as they take longer to read, and keep what the bi-encoder knows."""
AVERAGE_OVER = 400
"""Steps over which the weights are averaged (exponentially)."""
KEPT = 0.85
"""So much of what training changed in the base's layers is kept in the result, which is thereby drawn back towards the base: it costs some of
what was learned of contrasts, and gains on what is far from the training texts (Wortsman et al., "Robust fine-tuning of zero-shot models", 2022)."""
DECAY = 0.25
"""The last part of the steps, in which the rate goes down to nothing."""
QUERIES = 3
"""Of each kind and entry of our own texts, so many have a pool."""
APART = 2
"""Layers that read query and passage apart."""
RUNS = 10
"""A step's pairs are read in so many runs of like length, for little padding."""


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--base", required=True, help="folder of all-MiniLM-L6-v2")
    parser.add_argument("--data", required=True, help="folder of the training data")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=12000)
    parser.add_argument("--rate", type=float, default=7e-5)
    parser.add_argument("--apart", type=int, default=APART, help="so many layers read query and passage apart, and stay the bi-encoder's, as its embeddings do")
    parser.add_argument("--layers", type=lambda text: [int(n) for n in text.split(",")], help="take these of the base's layers only: 0,2,5")
    parser.add_argument("--start", type=Path, help="what an earlier run has trained (its OUT/trained.safetensors), to go on from, on another machine or with fewer layers")
    parser.add_argument("--report-every", type=int, default=500, help="steps between measurements on what is held out")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def loss_of(group, scores):
    """Of one group; `scores` are its logits, shape (pairs)."""
    if group.kind == "contrast":
        (aa, ab, bb, ba), strange = scores[:4], scores[4:]
        loss = F.softplus(ab - aa) + F.softplus(ba - bb) + F.softplus(ba - aa) + F.softplus(ab - bb)
        return 0.5 * (loss + F.softplus(strange - torch.stack((aa, bb))[:len(strange)]).sum())
    targets = torch.tensor(group.targets, device=scores.device)
    if group.kind == "pool":
        right, rest, others = scores[:group.right], scores[group.right:], scores[group.known:]
        # Each right one against all that aren't: what puts it first in a search.
        first = (torch.logaddexp(right, rest.logsumexp(0)) - right).mean() if group.right else 0.0
        shape = F.smooth_l1_loss(others - others.mean(), targets - targets.mean())
        return first + 1.5 * shape + 0.05 * (others.mean() - group.level).abs()
    gap = targets[:, None] - targets[None, :]
    ordered = gap > 0.04
    # RankNet, weighted by how much better the one is; and cross-entropy, so that logits mean something by themselves.
    rank = (F.softplus(scores[None, :] - scores[:, None]) * gap.clamp(min=0).sqrt())[ordered].mean() if ordered.any() else scores.sum() * 0
    return rank + 0.5 * F.binary_cross_entropy_with_logits(0.6 * scores, targets.clamp(0.005, 0.995))


@dataclass
class Reader:
    """Turns pairs into logits."""

    model: GatedCrossEncoder
    tokenizer: object
    device: str

    def __call__(self, pairs, runs=RUNS):
        texts = encoded(self.tokenizer, pairs, MAX_TOKENS)
        order = sorted(range(len(pairs)), key=lambda i: len(texts[i][0]))
        scores = torch.zeros(len(pairs), device=self.device)
        # Around all runs, so that the weights are made smaller once.
        with torch.autocast(self.device, dtype=torch.bfloat16, enabled=bfloat16_pays(self.device)):
            for k in range(runs):
                some = order[k * len(order) // runs:(k + 1) * len(order) // runs]
                if some:
                    read = self.model(**padded([texts[i] for i in some], self.device))
                    scores = scores.index_put((torch.tensor(some, device=self.device),), read.float())
        return scores


def trained(model):
    """What is trained of it: {name: a copy}."""
    return {name: p.detach().clone() for name, p in model.named_parameters() if p.requires_grad}


def give(model, weights):
    """Puts weights, by name, in the place of the model's own."""
    for name, p in model.named_parameters():
        if name in weights:
            p.data.copy_(weights[name])


class Average:
    """The weights' exponential average, which, drawn back towards the base, is what is measured and kept."""

    def __init__(self, model, base):
        """`base` is what the base's layers have in the place of what is trained of them."""
        self.weights, self.base = trained(model), base

    def update(self, model, step):
        share = max(1 / AVERAGE_OVER, 1 / (step + 1))
        for name, p in model.named_parameters():
            if name in self.weights:
                self.weights[name].lerp_(p.detach(), share)

    @contextmanager
    def instead(self, model):
        """Gives the model the weights that are kept, for as long as it is measured and written."""
        own = trained(model)
        give(model, {**self.weights, **{name: of_base.lerp(self.weights[name], KEPT) for name, of_base in self.base.items()}})
        yield
        give(model, own)


def rate_at(step, steps, begun):
    """The share of the full rate: up in 100 steps, level, down to a hundredth in the last part."""
    return min((step - begun + 1) / 100, 1.0, max(0.01, (steps - step) / (DECAY * steps)))


def export(model, file, about):
    """Writes what was trained, as halves, and what else tools/trained.mjs has to know: the head, and which of the base's layers these are."""
    halves = {name: p.half() if p.ndim else p for name, p in trained(model).items()}
    numbers = {name: halves[name].tolist() for name in ("scale", "late", "bias", "terms", "gates")}
    head = {"head": "gated-late-interaction", "apart": model.apart, **numbers}
    save_file(halves, file, {**about, "head": json.dumps(head), "layers": json.dumps(model.layers)})


def main():
    a = arguments()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(a.seed)
    (a.out / "own").mkdir(parents=True, exist_ok=True)
    tokenizer = AutoTokenizer.from_pretrained(a.base)
    tokenizer.model_max_length = 512
    taught = teacher(a.out / "teacher.npz", of_collections(a.data, a.seed), a.base, device)
    # What only inference tells apart would teach a pool nothing but noise.
    pooled = lambda entries: of_entries([entry for entry in entries if is_plain(entry) or not is_contrast(entry)], QUERIES)
    asked = {name: pooled(of_file) for name, (of_file, _) in own_texts(a.data).items()}
    own = [teacher(a.out / "own" / f"{name}.npz", of_file, a.base, device) for name, of_file in asked.items() if len(of_file.passages) >= POOL]
    unseen = range(0, len(taught.asked.queries), 50)
    held_out = HeldOut(a.data, a.base, device, taught, unseen)
    seen = [i for i in range(len(taught.asked.queries)) if i not in unseen]
    entries = contrasts(a.data)[0]
    plain, others = ([entry for entry in entries if is_plain(entry) == which] for which in (True, False))
    compared = Contrasts(plain, others, evidence(a.out / "evidence.npz", others, a.base, device))
    drawn_from = sources(a.data, compared, Taught(taught, seen), own_pools(own))

    model = GatedCrossEncoder(a.base, a.apart, a.layers).to(device).train()
    base = {name: weights for name, weights in trained(model).items() if name.startswith(PREFIX)}
    step, spent, begun, state = 0, 0.0, 0, a.out / "state.pt"
    if a.start and not state.exists():
        with safe_open(a.start, "pt") as file:
            step, minutes = take_over(model, file)
        spent = 60 * minutes
        begun = step
        if step >= a.steps:
            raise ValueError(f"{a.start} has been trained for {step} steps: give more --steps")
    elif not state.exists():
        model.terms.data.copy_(fitted(a.base, taught.asked.passages, device))
    read, average = Reader(model, tokenizer, device), Average(model, base)
    parameters = [p for p in model.parameters() if p.requires_grad]
    # Of another order of magnitude than all other weights.
    large = [model.scale, model.late, model.bias, model.gates, model.terms]
    others = [p for p in parameters if all(p is not of_another for of_another in large)]
    groups = [{"params": [p for p in others if p.ndim == 2], "weight_decay": 0.01, "share": 1.0},
              {"params": [p for p in others if p.ndim == 1], "weight_decay": 0.0, "share": 1.0},
              {"params": large, "weight_decay": 0.0, "share": 30.0}]
    optimizer = torch.optim.AdamW(groups, lr=a.rate, betas=(0.9, 0.98), fused=True)
    if state.exists():
        kept = torch.load(state, map_location=device)
        model.load_state_dict(kept["model"])
        average.weights = kept["average"]
        optimizer.load_state_dict(kept["optimizer"])
        step, spent, begun = kept["step"], kept["spent"], kept["begun"]
        print(f"goes on from step {step}", flush=True)
    started, losses = time.time() - spent, defaultdict(lambda: deque(maxlen=200))

    def keep():
        kept = {"model": model.state_dict(), "average": average.weights, "optimizer": optimizer.state_dict(), "step": step, "spent": time.time() - started, "begun": begun}
        torch.save(kept, state.with_suffix(".new"))
        state.with_suffix(".new").rename(state)
        write()

    def write():
        with average.instead(model):
            export(model, a.out / "trained.safetensors", {"step": str(step), "minutes": f"{(time.time() - started) / 60:.1f}"})
            if step % a.report_every == 0 or step >= a.steps:
                measure()

    def measure():
        note({"step": step, "minutes": round((time.time() - started) / 60, 1), "kept": KEPT, **held_out.report(read)})

    def note(row):
        with open(a.out / "ledger.jsonl", "a") as ledger:
            ledger.write(json.dumps(row) + "\n")
        print(json.dumps(row), flush=True)

    if step == 0:
        measure()
    if step >= a.steps:
        write()  # a finished run's result, anew

    while step < a.steps:
        for group in optimizer.param_groups:
            group["lr"] = a.rate * group["share"] * rate_at(step, a.steps, begun)
        rng = random.Random(a.seed * 1_000_003 + step)
        drawn = [(name, source.group(rng)) for name, (source, count) in drawn_from.items() for _ in range(count)]
        scores = read([pair for _, group in drawn for pair in group.pairs])
        at, loss, weight = 0, 0.0, 0.0
        for name, group in drawn:
            part, its_weight = loss_of(group, scores[at:at + len(group.pairs)]), POOLS if group.kind == "pool" else 1.0
            at, loss, weight = at + len(group.pairs), loss + its_weight * part, weight + its_weight
            losses[name].append(part.detach())
        if not torch.isfinite(loss):
            raise FloatingPointError(f"the loss of step {step} is not a number")
        (loss / weight).backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        step += 1
        average.update(model, step)
        if step % 50 == 0:
            recent = {name: round(float(sum(of)) / len(of), 3) for name, of in losses.items()}
            print(f"step {step}, {(time.time() - started) / 60:.1f} min, scale {model.scale.item():.2f}, late {model.late.item():.2f}, bias {model.bias.item():.2f}, {recent}", flush=True)
        if step % SAVE_EVERY == 0 or step == a.steps:
            keep()


if __name__ == "__main__":
    main()
