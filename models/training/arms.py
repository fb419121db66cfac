"""Arms of an experiment compared question by question: what evaluate.py wrote of each run, against the truth.

    python3 models/training/arms.py --data PACKED --base off --arm off=1.jsonl --arm off=2.jsonl --arm on=3.jsonl ...
      [--json OUT]

Runs of one arm (one a seed) come in the order of their seeds. For each arm: means over its runs, and their sample
standard deviation. Against the base: the mean difference of illusions, mIoU and accuracy over the same questions, its
standard error with frames as the sample (questions about one frame are no independent ones) and z; and McNemar's test of
illusions, run against run of the same place, its counts added up. With several runs also the difference of each from
the base's run of its place, their mean and its standard error: what other seeds would bring. `illusionOfRight` is the
share of illusions among right answers, which a lower accuracy does not better. An illusion is a right label whose box overlaps the
true one by less than 0.5 or is missing, as evaluate.py counts it.
"""
import argparse
import json
import math
import os

import numpy as np

from coherence import check_coherence
from dataset import Frames
from generation import box_iou
from rewards import words_of

FIGURES = ("accuracy", "miou", "illusion", "wordsAgainstBox", "wordsWrong")


def truths_of(frames):
    """{id: (frame number, record)} of the records that have a box: those that can be illusions."""
    return {
        record["id"]: (number, record)
        for number, records in enumerate(frames.records)
        for record in records
        if record["box"] is not None and not record.get("items")
    }


def read_answers(path, truths, frames):
    """{id: figures} of one run's answers."""
    found = {}
    try:
        with open(path, encoding="utf8") as file:
            lines = [json.loads(line) for line in file]
    except (OSError, json.JSONDecodeError) as error:
        raise SystemExit(f"{path}: not answers that evaluate.py wrote ({error}).") from None
    for line in lines:
        if line.get("id") not in truths:
            continue
        number, record = truths[line["id"]]
        frame = frames.frames[number]
        label, box, reasoning = line["label"], line["box"], line["reasoning"] or ""
        size = (frame["width"], frame["height"])
        overlap = box_iou(box, record["box"]) if box else 0.0
        right = label == record["label"]
        truth = {"label": record["label"], "box": record["box"], "question": record["question"]}
        said = words_of(reasoning, label, {**truth, "width": size[0], "height": size[1]})
        against = check_coherence(reasoning, label, box, *size, record["question"])
        found[line["id"]] = {
            "frame": number,
            "accuracy": float(right),
            "miou": overlap,
            "illusion": float(right and overlap < 0.5),
            "wordsAgainstBox": float(any(finding.kind != "box-missing" for finding in against)),
            "wordsWrong": float(said == "conflict"),
        }
    if not found:
        raise SystemExit(f"{path}: answers none of the questions of {frames.folder} that have a box.")
    return found


def paired(ours, base, name):
    """(mean difference, its standard error with frames as the sample, z) over the questions that all runs answered."""
    shared = sorted(set.intersection(*(set(run) for run in (*ours, *base))))
    by_frame = {}
    for question in shared:
        mean = np.mean([run[question][name] for run in ours]) - np.mean([run[question][name] for run in base])
        by_frame.setdefault(ours[0][question]["frame"], []).append(float(mean))
    count = len(shared)
    difference = sum(map(sum, by_frame.values())) / count
    # Frames differ in how many questions they ask: the sum's variance, by what each frame adds to it.
    variance = sum((sum(values) - difference * len(values)) ** 2 for values in by_frame.values())
    frames = len(by_frame)
    error = math.sqrt(variance * frames / max(1, frames - 1)) / count
    return difference, error, difference / error if error else 0.0


def mcnemar(ours, base):
    """(illusions of the base alone, of ours alone, z with continuity correction), runs of the same place, added up."""
    gone, new = 0, 0
    for run, other in zip(ours, base):
        for question in set(run) & set(other):
            before, after = other[question]["illusion"], run[question]["illusion"]
            gone += before > after
            new += after > before
    return gone, new, (abs(gone - new) - 1) / math.sqrt(gone + new) * (1 if new > gone else -1) if gone + new else 0.0


def by_seed(differences):
    """Differences of single runs, their mean, its standard error and the quotient of both."""
    mean, error = float(np.mean(differences)), float(np.std(differences, ddof=1)) / math.sqrt(len(differences))
    rounded = [round(value, 4) for value in differences]
    return {"runs": rounded, "mean": round(mean, 4), "error": round(error, 4), "t": round(mean / error, 2) if error else 0.0}


def report(arms, base):
    """{arm: figures}; arms {name: [run {id: figures}]}."""
    out = {}
    for name, runs in arms.items():
        means = {key: [float(np.mean([row[key] for row in run.values()])) for run in runs] for key in FIGURES}
        told = {"runs": len(runs), "questions": len(runs[0])}
        for key, values in means.items():
            told[key] = round(float(np.mean(values)), 4)
            if len(values) > 1:
                told[f"{key}Deviation"] = round(float(np.std(values, ddof=1)), 4)
        told["illusionRuns"] = [round(value, 4) for value in means["illusion"]]
        told["illusionOfRight"] = round(told["illusion"] / told["accuracy"], 4) if told["accuracy"] else None
        if base in arms and name != base:
            told["against"] = base
            for key in ("illusion", "miou", "accuracy", "wordsWrong"):
                difference, error, z = paired(runs, arms[base], key)
                told[f"{key}Difference"] = [round(difference, 4), round(error, 4), round(z, 2)]
            others = [float(np.mean([row["illusion"] for row in run.values()])) for run in arms[base]]
            if 1 < len(runs) == len(others):
                told["illusionBySeed"] = by_seed([a - b for a, b in zip(means["illusion"], others)])
            was = float(np.mean(others))
            told["illusionsCut"] = round(-told["illusionDifference"][0] / was, 4) if was else None
            gone, new, z = mcnemar(runs, arms[base])
            told["mcnemar"] = {"gone": gone, "new": new, "z": round(z, 2)}
        out[name] = told
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="the packed folder that was asked")
    parser.add_argument("--arm", required=True, action="append", help="NAME=ANSWERS, once a run")
    parser.add_argument("--base", required=True, help="arm that the others are held against")
    parser.add_argument("--json", help="file for the whole report")
    arguments = parser.parse_args()
    frames, arms = Frames(arguments.data), {}
    truths = truths_of(frames)
    for given in arguments.arm:
        name, equals, path = given.partition("=")
        if not equals or not os.path.exists(path):
            parser.error(f"--arm {given}: give NAME=FILE of answers that evaluate.py wrote.")
        arms.setdefault(name, []).append(read_answers(path, truths, frames))
    if arguments.base not in arms:
        parser.error(f"--base {arguments.base}: none of the arms {', '.join(arms)}.")
    told = report(arms, arguments.base)
    for name, figures in told.items():
        print(name, json.dumps(figures))
    if arguments.json:
        with open(arguments.json, "w", encoding="utf8") as file:
            json.dump(told, file, indent=1)


if __name__ == "__main__":
    main()
