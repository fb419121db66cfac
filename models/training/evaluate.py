"""Greedy answers of a model to a packed split, written for `cli evaluate --answers`, with a short report.

    python3 models/training/evaluate.py --model MODEL_FOLDER --data PACKED [--data PACKED ...] [--out answers.jsonl]
      [--wordings dataset,held-out] [--kinds count,presence] [--frames N]

The same weights give the same answers as the workstation's engine does; this is the fast way to ask thousands of
questions, many at a time. Boxes are written in source pixels. The stated probability is the one that the workstation
shows: calibrated where the model's manifest has a calibration of its weights, else that of the label's tokens. Several
folders, such as the same frames in other looks, are reported each and pooled.
"""
import argparse
import json
import math
import os
import time
from typing import NamedTuple, Optional

import torch

import calibrate
import chat
import checkpoint
import confidence
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


class Row(NamedTuple):
    kind: str
    label: str
    right: bool
    overlap: Optional[float]
    probability: float


def figures(rows):
    overlaps = [row.overlap for row in rows if row.overlap is not None]
    elsewhere = sum(row.right and row.overlap is not None and row.overlap < 0.5 for row in rows)
    return {
        "questions": len(rows),
        "accuracy": round(sum(row.right for row in rows) / max(1, len(rows)), 4),
        "miou": round(sum(overlaps) / max(1, len(overlaps)), 4),
        "illusions": round(elsewhere / max(1, len(rows)), 4),
    }


def report_of(rows):
    """Figures of the kinds that an annotation answers, each other kind by itself, and how good the probability is."""
    absent = [row for row in rows if row.label == chat.ABSENT]
    seen = [row for row in rows if row.label != chat.ABSENT]
    asked = [row for row in seen if row.kind in ANNOTATED]
    others = [row for row in seen if row.kind not in ANNOTATED]
    kinds = sorted({row.kind for row in seen})
    # A question for a box gives its own label away.
    weighed = [row for row in rows if row.kind != "grounding"]
    return {
        **figures(asked),
        "absentRecognised": round(sum(row.right for row in absent) / max(1, len(absent)), 4),
        **({"others": figures(others)} if others else {}),
        "byKind": {kind: figures([row for row in seen if row.kind == kind]) for kind in kinds},
        "stated": confidence.report([row.probability for row in weighed], [row.right for row in weighed]),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="model folder or checkpoint")
    parser.add_argument("--data", required=True, action="append", help="folder packed by dataset.py")
    parser.add_argument("--out", help="answers.jsonl to write")
    parser.add_argument("--wordings", default="dataset,paraphrase,held-out,held-out-words")
    parser.add_argument("--kinds", help="kinds of question, such as count,presence; all when absent")
    parser.add_argument("--subjects", help="what questions are about, such as suction,stapler; all when absent")
    parser.add_argument("--frames", type=int, help="so many frames, spread evenly")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    model, tokenizer, processor = load(arguments.model)
    model.eval()
    if arguments.out and len(arguments.data) > 1:
        parser.error("--out takes the answers to one --data: frames of several folders may have the same names.")
    calibration, everything = calibrate.of_model(arguments.model), []
    for folder in arguments.data:
        frames, began = Frames(folder), time.time()
        if arguments.kinds:
            frames.keep(arguments.kinds.split(","))
        if arguments.subjects:
            frames.keep_subjects(arguments.subjects.split(","))
        count = min(arguments.frames or len(frames), len(frames))
        numbers = [index * len(frames) // count for index in range(count)]
        settings = {"decoding": "greedy", "wordings": arguments.wordings.split(","), "frames": count}
        head = {"format": "surgery-r1-answers", "formatVersion": 1, "model": arguments.model, "settings": settings}
        lines, rows = [json.dumps(head)], []
        for record, found, _, chance in answers(model, tokenizer, processor, frames, numbers, settings["wordings"]):
            said, probability = found or {"label": None, "box": None, "reasoning": None}, stated(chance, calibration)
            line = {"id": record["id"], **said, "wellFormed": found is not None, "probability": probability}
            lines.append(json.dumps(line, separators=(",", ":")))
            right = said["label"] == record["label"]
            rows.append(Row(record["questionType"], record["label"], right, overlap_of(found, record), probability))
        if arguments.out:
            with open(arguments.out, "w", encoding="utf8") as file:
                file.write("\n".join(lines) + "\n")
        told = {"data": folder, "frames": count, **report_of(rows), "seconds": round(time.time() - began, 1)}
        print(json.dumps(told), flush=True)
        everything += rows
    if len(arguments.data) > 1:
        print(json.dumps({"data": "all", **report_of(everything)}))


if __name__ == "__main__":
    main()
