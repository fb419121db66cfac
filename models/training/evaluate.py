"""Greedy answers of a model to a packed split, written for `cli evaluate --answers`, with a short report.

    python3 models/training/evaluate.py --model MODEL_FOLDER --data PACKED --out answers.jsonl
      [--wordings dataset,held-out] [--kinds count,presence] [--frames N]

The same weights give the same answers as the workstation's engine does; this is the fast way to ask thousands of
questions, many at a time. Boxes are written in source pixels. The stated probability is the one that the workstation
shows: calibrated where the model's manifest has a calibration of its weights, else that of the label's tokens.
"""
import argparse
import json
import math
import os
import time

import torch

import calibrate
import chat
import checkpoint
from build import hugging_face_config, processor_config
from dataset import Frames
from generation import ANNOTATED, answers, overlap_of
from qwen25vl import Qwen25VL, load_model
from tokenizer import Tokenizer


def load(path):
    """(model, tokenizer, preprocessor configuration) of a model folder or of a checkpoint file."""
    if os.path.isdir(path) and os.path.exists(os.path.join(path, "preprocessor_config.json")):
        with open(os.path.join(path, "preprocessor_config.json"), encoding="utf8") as file:
            processor = json.load(file)
        return load_model(path), Tokenizer.load(os.path.join(path, "tokenizer.json")), processor
    state = checkpoint.load(path)
    tokenizer = Tokenizer(state["tokenizer"])
    model = Qwen25VL(hugging_face_config(state["settings"], tokenizer))
    checkpoint.load_weights(model, state["model"], path)
    return model, tokenizer, processor_config(state["settings"])


def stated(chance, calibration):
    """The probability of an answer that people are shown."""
    if calibration:
        return round(float(calibrate.calibrated(chance.reasoning + chance.label, calibration)), 6)
    return round(math.exp(chance.label), 6)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="model folder or checkpoint")
    parser.add_argument("--data", required=True, help="folder packed by dataset.py")
    parser.add_argument("--out", help="answers.jsonl to write")
    parser.add_argument("--wordings", default="dataset,paraphrase,held-out,held-out-words")
    parser.add_argument("--kinds", help="kinds of question, such as count,presence; all when absent")
    parser.add_argument("--frames", type=int, help="so many frames, spread evenly")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    model, tokenizer, processor = load(arguments.model)
    model.eval()
    frames, began = Frames(arguments.data), time.time()
    if arguments.kinds:
        frames.keep(arguments.kinds.split(","))
    count = min(arguments.frames or len(frames), len(frames))
    numbers = [index * len(frames) // count for index in range(count)]
    settings = {"decoding": "greedy", "wordings": arguments.wordings.split(","), "frames": count}
    head = {"format": "surgery-r1-answers", "formatVersion": 1, "model": arguments.model, "settings": settings}
    calibration = calibrate.of_model(arguments.model)
    lines, rows, absent = [json.dumps(head)], [], []
    for record, found, _, chance in answers(model, tokenizer, processor, frames, numbers, settings["wordings"]):
        said = found or {"label": None, "box": None, "reasoning": None}
        line = {"id": record["id"], **said, "wellFormed": found is not None, "probability": stated(chance, calibration)}
        lines.append(json.dumps(line, separators=(",", ":")))
        if record["label"] == chat.ABSENT:
            absent.append(said["label"] == chat.ABSENT)
        else:
            rows.append((record["questionType"], said["label"] == record["label"], overlap_of(found, record)))
    if arguments.out:
        with open(arguments.out, "w", encoding="utf8") as file:
            file.write("\n".join(lines) + "\n")

    def figures(part):
        overlaps = [overlap for _, _, overlap in part if overlap is not None]
        wrong_place = sum(right and overlap is not None and overlap < 0.5 for _, right, overlap in part)
        return {
            "accuracy": round(sum(right for _, right, _ in part) / max(1, len(part)), 4),
            "miou": round(sum(overlaps) / max(1, len(overlaps)), 4),
            "illusions": round(wrong_place / max(1, len(part)), 4),
        }

    report = {
        "frames": count,
        "questions": len(lines) - 1,
        **figures([row for row in rows if row[0] in ANNOTATED]),
        "absentRecognised": round(sum(absent) / max(1, len(absent)), 4),
        "byKind": {
            kind: {"questions": sum(row[0] == kind for row in rows), **figures([row for row in rows if row[0] == kind])}
            for kind in sorted({row[0] for row in rows})
        },
        "seconds": round(time.time() - began, 1),
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
