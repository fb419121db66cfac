"""Fits how likely an answer is to be right to the model's own numbers, and writes it into the model's manifest.

    python3 models/training/calibrate.py --model MODEL_FOLDER --data PACKED [--data PACKED ...]

PACKED are folders of dataset.py with validation frames that the model was not trained on: clean ones, and ones in a
changed look (--corrupt), since a model that has met its own kind of picture alone has no wrong answers to learn from.
The probability of the reasoning's and the label's tokens together, as log-odds, is put through a logistic function
with two numbers (J. Platt, "Probabilistic Outputs for Support Vector Machines", 1999; his targets, which keep a fit
to few wrong answers from certainty). The manifest names the weights by their hash: beside others it is ignored.
"""
import argparse
import hashlib
import json
import os

import numpy as np
import torch

from build import write_json
from dataset import Frames

# The nearest to certainty that a sum of 32-bit logarithms is told apart; the engine uses the same.
NEAREST = -1e-7


def odds(log_probability):
    """ln(p / (1 - p)) of p = exp(log_probability)."""
    log = np.minimum(np.asarray(log_probability, np.float64), NEAREST)
    return log - np.log(-np.expm1(log))


def calibrated(log_probability, calibration):
    return 1 / (1 + np.exp(-(calibration["slope"] * odds(log_probability) + calibration["intercept"])))


def fit(log_probabilities, right, steps=100):
    """{"slope", "intercept"} of greatest likelihood, by Newton's method; a step that makes it less is halved."""
    x, right = odds(log_probabilities), np.asarray(right, bool)
    above, below = int(right.sum()), int((~right).sum())
    if above == 0 or below == 0:
        raise SystemExit(
            f"{above} right and {below} wrong answers: a calibration needs both. Add frames in a changed look."
        )
    target = np.where(right, (above + 1) / (above + 2), 1 / (below + 2))
    design = np.stack((x, np.ones_like(x)), 1)

    def loss(values):
        score = design @ values
        return float((np.logaddexp(0, score) - target * score).sum())

    values = np.array([0.0, np.log((above + 1) / (below + 1))])
    for _ in range(steps):
        guess = 1 / (1 + np.exp(-design @ values))
        curvature = (design * (guess * (1 - guess))[:, None]).T @ design + 1e-9 * np.eye(2)
        step = np.linalg.solve(curvature, design.T @ (target - guess))
        share = 1.0
        while loss(values + share * step) > loss(values) and share > 1e-6:
            share /= 2
        values = values + share * step
        if np.abs(share * step).max() < 1e-10:
            break
    if not (np.isfinite(values).all() and values[0] > 1e-6):
        raise SystemExit(f"The fit gave slope {values[0]:.3g}: the model's numbers do not tell right from wrong.")
    return {"slope": round(float(values[0]), 6), "intercept": round(float(values[1]), 6)}


def weights_hash(folder):
    with open(os.path.join(folder, "model.safetensors"), "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def of_model(folder):
    """The calibration in a model folder's manifest; None without one, or where it is of other weights."""
    path = os.path.join(folder, "manifest.json")
    if not os.path.isdir(folder) or not os.path.exists(path):
        return None
    with open(path, encoding="utf8") as file:
        found = json.load(file).get("calibration")
    if found and found["weightsSha256"] != weights_hash(folder):
        print(f"{path}: the calibration is of other weights and is not used.")
        return None
    return found


def main():
    from evaluate import load
    from generation import answers

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="model folder, whose manifest is written")
    parser.add_argument("--data", required=True, action="append", help="folder packed by dataset.py")
    parser.add_argument("--frames", type=int, help="so many frames of each, spread evenly")
    parser.add_argument("--wordings", default="dataset")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    model, tokenizer, processor = load(arguments.model)
    model.eval()
    logs, right = [], []
    for folder in arguments.data:
        frames = Frames(folder)
        count = min(arguments.frames or len(frames), len(frames))
        numbers = [index * len(frames) // count for index in range(count)]
        wordings = arguments.wordings.split(",")
        for record, found, _, chance in answers(model, tokenizer, processor, frames, numbers, wordings):
            if record["questionType"] == "grounding":
                continue
            logs.append(chance.reasoning + chance.label)
            right.append(found is not None and found["label"] == record["label"])
    fitted = fit(logs, right)
    path = os.path.join(arguments.model, "manifest.json")
    with open(path, encoding="utf8") as file:
        manifest = json.load(file)
    names = ", ".join(os.path.basename(os.path.normpath(folder)) for folder in arguments.data)
    told = f"{len(right)} answers to validation frames ({names})"
    files = manifest.pop("files")
    manifest["calibration"] = {"weightsSha256": weights_hash(arguments.model), **fitted, "fittedTo": told}
    write_json(path, {**manifest, "files": files})
    stated = calibrated(logs, fitted)
    brier = float(np.mean((stated - np.asarray(right)) ** 2))
    print(json.dumps({"answers": len(right), "right": sum(right), **fitted, "brier": round(brier, 5)}))


if __name__ == "__main__":
    main()
