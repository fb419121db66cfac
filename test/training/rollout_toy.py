"""Toy runs of both stages on a few drawn frames: SFT until it speaks, RFT whole, RFT interrupted and resumed.

    rollout_toy.py FOLDER   (an empty folder to work in)

Prints one JSON object. The packed folder is written here, so that this test is about training alone.
"""
import contextlib
import io
import json
import os
import signal
import sys

import numpy as np
import torch

ROOT = os.path.join(os.path.dirname(__file__), "../../models/training")
sys.path.insert(0, ROOT)
import chat  # noqa: E402
import checkpoint  # noqa: E402
import curves  # noqa: E402
import difficulty  # noqa: E402
import filtered  # noqa: E402
import rft  # noqa: E402
import sft  # noqa: E402
from averaging import Average  # noqa: E402
from build import write_json  # noqa: E402
from dataset import Frames, place_of  # noqa: E402
from evaluate import load  # noqa: E402
from generation import answer, box_iou, parse  # noqa: E402
from rollout_sampling import sampling_report  # noqa: E402

HEIGHT, WIDTH = 56, 84
WORDS = {
    "left-top": "upper left",
    "right-top": "upper right",
    "left-bottom": "lower left",
    "right-bottom": "lower right",
}


def pack(folder, count, seed=1):
    """Frames with one bright rectangle, and where it is; one absent tool is asked for in each."""
    os.makedirs(folder)
    draw, frames, records = np.random.default_rng(seed), [], []
    pixels = np.full((count, HEIGHT, WIDTH, 3), 60, np.uint8)
    for frame in range(count):
        x, y = int(draw.integers(0, 14)) * 4, int(draw.integers(0, 8)) * 4
        box, state = [x, y, x + 28, y + 24], ("Idle", "Cutting")[frame % 2]
        pixels[frame, y : y + 24, x : x + 28] = {"Idle": (250, 220, 40), "Cutting": (40, 220, 250)}[state]
        place = place_of(box, WIDTH, HEIGHT)
        item = {"subject": "suction", "box": box, "place": place, "state": state}
        frames.append({"source": "toy", "image": f"{frame}.png", "width": WIDTH, "height": HEIGHT})
        frames[-1].update(size=f"{HEIGHT}x{WIDTH}", row=frame, instruments=[item], organ=None)
        asked = (("location", "suction", place), ("state", "suction", state), ("location", "stapler", chat.ABSENT))
        for kind, subject, label in asked:
            absent = label == chat.ABSENT
            reasoning = f"No {subject} here." if absent else f"It lies in the {WORDS[place]}."
            spans = [[0, 2, "presence"]] if absent else [[0, 2, "presence"], [14, len(reasoning) - 1, "place"]]
            record = {"frame": frame, "id": f"toy/{frame}#{len(records)}", "kind": "chain-of-thought"}
            question = f"Where is {subject} located?" if kind == "location" else f"What is the state of {subject}?"
            record.update(questionType=kind, subject=subject, question=question)
            record.update(wording="dataset", label=label, box=None if absent else box, reasoning=reasoning, spans=spans)
            records.append(record)
    pixels.tofile(os.path.join(folder, f"images-{HEIGHT}x{WIDTH}.u8"))
    index = {"format": "packed-frames", "formatVersion": 1, "split": "train", "sizes": {f"{HEIGHT}x{WIDTH}": count}}
    write_json(os.path.join(folder, "index.json"), {**index, "skipped": 0, "frames": frames})
    with open(os.path.join(folder, "records.jsonl"), "w") as file:
        file.writelines(json.dumps(record) + "\n" for record in records)


def quietly(main, *arguments):
    """Runs a command in this process; returns the message it ended with, if it ended with one."""
    sys.argv = ["command", *arguments]
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            main()
    except SystemExit as error:
        return str(error)


def first_stage(folder):
    with open(os.path.join(ROOT, "nano.json")) as file:
        settings = json.load(file)
    vision = {"depth": 2, "hidden_size": 32, "intermediate_size": 48, "num_heads": 2, "window_size": 112}
    settings["model"].update(hidden_size=48, intermediate_size=64, num_hidden_layers=2, mrope_section=[1, 1, 2])
    settings["model"]["vision"] = {**vision, "fullatt_block_indexes": [1]}
    stage = {"name": "speech", "questions": 2, "batch": 8, "steps": 220, "warmupSteps": 5, "rateEnd": 0.3}
    settings.update(readLayer=1, logSteps=20, validationFrames=4, stages=[stage])
    write_json(os.path.join(folder, "sft.json"), settings)
    packed, out = os.path.join(folder, "packed"), os.path.join(folder, "sft")
    ended = quietly(
        sft.main, "--config", os.path.join(folder, "sft.json"), "--data", packed, "--out", out, "--threads", "1"
    )
    return ended, entries(out)


def entries(run):
    with open(os.path.join(run, "log.jsonl")) as file:
        return [json.loads(line) for line in file]


def second_stage(folder, out, *arguments, change=None, **settings):
    """One run of stage 2 on the toy frames; returns how it ended and its log."""
    with open(os.path.join(ROOT, "rft.json")) as file:
        config = json.load(file)
    config.update(steps=4, images=4, questions=2, sft=0, average=0.75, freeze=[], logSteps=1, checkpointSteps=100, watchSteps=0)
    config["sampling"].update(group=4, limit=24, temperature=0.6, boxTemperature=0.4)
    config["policy"].update(kl=0.02, epochs=2, keep=0, deviation=True)
    config["optimizer"].update(name="adamw", rate=0.0003, warmupSteps=1)
    config.update(settings)
    if change:
        change(config)
    path, run = os.path.join(folder, f"{out}.json"), os.path.join(folder, out)
    write_json(path, config)
    packed = os.path.join(folder, "packed")
    given = ["--config", path, "--data", packed, "--init", os.path.join(folder, "sft"), "--out", run, "--threads", "1"]
    ended = quietly(rft.main, *given, *arguments)
    return ended, entries(run) if os.path.exists(os.path.join(run, "log.jsonl")) else []


def one_epoch(config):
    """Trains once on each sample, on the two most different answers of each group."""
    config["policy"].update(epochs=1, keep=2)


def by_parts(config):
    """Words blamed for words and boxes for boxes, every part of the reward compared by itself."""
    config["policy"].update(epochs=1, kl=0, advantages="parts", normalise="each")


def filtered_report(folder):
    """What filtered.py lets pass of the toy's answers, and stage 1 on it: records against the rule, read anew."""
    out, model = os.path.join(folder, "filtered"), os.path.join(folder, "sft", "checkpoint.pt")
    given = ["--config", os.path.join(folder, "rise.json"), "--data", os.path.join(folder, "packed"), "--model", model]
    ended = quietly(filtered.main, *given, "--out", out, "--threads", "1")
    frames, asked = Frames(out), Frames(os.path.join(folder, "packed"))
    truth = {record["id"]: record for records in asked.records for record in records}
    rows = [(number, record) for number, records in enumerate(frames.records) for record in records]
    ours = [record for _, record in rows if record["box"] is not None]
    again = quietly(filtered.main, *given, "--out", out, "--threads", "1")
    with open(os.path.join(folder, "sft.json")) as file:
        settings = json.load(file)
    settings["stages"] = [{"name": "filter", "questions": 2, "batch": 4, "steps": 3}]
    settings["lossWeights"] = {"words": 1.0, "coordinates": 1.0}
    write_json(os.path.join(folder, "filter.json"), {**settings, "logSteps": 1})
    run = os.path.join(folder, "filter")
    taught = quietly(
        sft.main, "--config", os.path.join(folder, "filter.json"), "--data", out, "--init", os.path.join(folder, "sft"),
        "--out", run, "--threads", "1",
    )
    return {
        "ended": ended,
        "count": len(ours),
        "labels": all(record["label"] == truth[record["id"]]["label"] for _, record in rows),
        "places": not any(
            lies_elsewhere(record["box"], place)
            for record in ours
            for place, words in WORDS.items()
            if words in record["reasoning"]
        ),
        "spoken": all(any(words in record["reasoning"] for words in WORDS.values()) for record in ours),
        # Boxes are the model's own, not the truth's.
        "own": any(record["box"] != truth[record["id"]]["box"] for record in ours),
        "hidden": all(frame["instruments"] == [] for frame in frames.frames),
        "again": again,
        "taught": taught,
        "losses": [entry["loss"] for entry in entries(run) if "loss" in entry],
    }


def interrupted_after(steps):
    """Stage 2 whose step raises a real SIGINT when so many steps are done."""
    step = rft.Run.step

    def stepping(self):
        figures = step(self)
        if self.progress["step"] == steps:
            os.kill(os.getpid(), signal.SIGINT)
        return figures

    return step, stepping


def same(a, b):
    return all(torch.equal(a[name], b[name]) for name in a) and sorted(a) == sorted(b)


def averaged(folder):
    """The largest difference of the saved weights from the mean of those after the steps that are averaged."""
    seen, add = [], Average.add

    def adding(self, step):
        seen.append([parameter.detach().clone() for parameter in self.parameters])
        add(self, step)

    Average.add = adding
    second_stage(folder, "averaged", average=0.5)
    Average.add = add
    saved = checkpoint.load(os.path.join(folder, "averaged"))["model"]
    names = [name for name in saved if name != "lm_head.weight"]
    means = [sum(after[index] for after in seen[2:]) / 2 for index in range(len(seen[0]))]
    apart = [float((seen[3][index] - means[index]).abs().max()) for index in range(len(means))]
    return {"difference": max(float((saved[n] - m).abs().max()) for n, m in zip(names, means)), "last": max(apart)}


def curves_report(folder):
    """The picture of three runs' logs, one of them resumed, and what an unknown figure is answered with."""
    logs = [argument for run in ("sft", "parts", "rise") for argument in ("--log", f"{run}={folder}/{run}/log.jsonl")]
    out = os.path.join(folder, "curves.svg")
    quietly(curves.main, *logs, "--out", out, "--title", "Toy & curves")
    unknown = quietly(curves.main, *logs, "--out", out, "--figures", "total,totl")
    with open(out, encoding="utf8") as file:
        return {"svg": file.read(), "unknown": unknown}


def lies_elsewhere(box, place):
    """Whether a box's centre lies clearly on another side of the middle than a place says."""
    across, down = (box[0] + box[2] - WIDTH) / 2, (box[1] + box[3] - HEIGHT) / 2
    side = across if place.startswith("left") else -across
    height = down if place.endswith("top") else -down
    return side > 0.02 * WIDTH or height > 0.02 * HEIGHT


def difficulty_report(folder):
    """What difficulty.py keeps of new frames, against greedy answers one by one; and a second pick with nothing easy."""
    packed, model = os.path.join(folder, "new"), os.path.join(folder, "sft", "checkpoint.pt")
    pack(packed, 16, 2)
    given = ["--data", packed, "--model", model, "--overlap", "0.8", "--wanted", "3", "--threads", "1"]
    ended = quietly(difficulty.main, *given, "--easy", "0.5", "--out", os.path.join(folder, "hard"))
    quietly(difficulty.main, *given, "--easy", "0", "--frames", "8", "--out", os.path.join(folder, "harder"))
    frames, kept = Frames(packed), Frames(os.path.join(folder, "hard"))
    model, tokenizer, processor = load(model)
    expected = set()
    for number in range(len(frames)):
        for record in difficulty.one_of_each(frames.records[number], np.random.default_rng([1, number])):
            texts, _ = answer(model.eval(), tokenizer, processor, frames.pixels([number]), [(0, record["question"])])
            found = parse(texts[0])
            right = found is not None and found["label"] == record["label"]
            box = found["box"] if found else None
            near = box_iou(box, record["box"]) >= 0.8 if box and record["box"] else box is record["box"]
            # Words against the answer's own box make a thing hard, too: the toy says one place in them.
            said = [place for place, words in WORDS.items() if found and f"the {words}." in found["reasoning"]]
            said += [found["label"]] if found and found["label"] in WORDS else []
            agrees = box is None or not any(lies_elsewhere(box, place) for place in said)
            if not (right and near and agrees):
                expected.add((frames.frames[number]["image"], record["subject"]))
    wanted = {
        (kept.frames[number]["image"], record["subject"])
        for number in range(len(kept))
        for record in kept.records[number]
        if "wanted" in record
    }
    before = {frame["image"]: frames.pixels([number]) for number, frame in enumerate(frames.frames)}
    same = all(np.array_equal(kept.pixels([n]), before[frame["image"]]) for n, frame in enumerate(kept.frames))
    hard = len({image for image, _ in wanted})
    return {
        "ended": ended,
        "same": wanted == expected,
        "hard": hard,
        "easy": len(kept) - hard,
        "frames": len(frames),
        "pixels": same,
        "onlyHard": all(any("wanted" in r for r in rows) for rows in Frames(os.path.join(folder, "harder")).records),
    }


def main():
    torch.set_num_threads(1)
    folder = sys.argv[1]
    pack(os.path.join(folder, "packed"), 16)
    ended, log = first_stage(folder)
    report = {"sft": [ended, [entry["loss"] for entry in log if "loss" in entry]]}
    report["difficulty"] = difficulty_report(folder)

    ended, whole = second_stage(folder, "whole")
    report["whole"] = [ended, [entry for entry in whole if "total" in entry]]
    step, stepping = interrupted_after(2)
    rft.Run.step = stepping
    report["interrupted"], _ = second_stage(folder, "parts")
    rft.Run.step = step
    halfway = checkpoint.load(os.path.join(folder, "parts"))
    ended, parts = second_stage(folder, "parts", "--resume")
    report["resumed"] = [ended, [entry["event"] for entry in parts if "event" in entry]]
    first, second = (checkpoint.load(os.path.join(folder, name)) for name in ("whole", "parts"))
    begun = checkpoint.load(os.path.join(folder, "sft"))
    report["sameWeights"] = same(first["model"], second["model"])
    report["sameHalfway"] = same(first["model"], halfway["model"])
    report["keys"] = sorted(set(begun) - set(first))
    report["split"] = second_stage(folder, "split", "--workers", "2")[0]
    split = checkpoint.load(os.path.join(folder, "split"))
    report["splitDifference"] = max(
        float((first["model"][name] - split["model"][name]).abs().max()) for name in first["model"]
    )
    plain, log = second_stage(folder, "plain", "--coherence", "off", steps=1, change=one_epoch)
    report["firstKl"] = [entry["kl"] for entry in log if "total" in entry]
    weights = checkpoint.load(os.path.join(folder, "plain"))["rewards"]
    report["withoutCoherence"] = [plain, weights["coherence"]["weight"]]
    _, log = second_stage(folder, "rise", steps=14, images=8, watchSteps=7, watchImages=12, change=one_epoch)
    report["rise"] = [entry["total"] for entry in log if "total" in entry and "event" not in entry]
    report["watched"] = [entry for entry in log if entry.get("event") == "watched"]
    report["filtered"] = filtered_report(folder)
    ended, log = second_stage(folder, "blamed", "--workers", "2", steps=2, change=by_parts, trustedBoxes=0.5)
    report["blamed"] = [ended, [entry["total"] for entry in log if "total" in entry]]
    ended, log = second_stage(folder, "taught", steps=1, sft=0.1)
    report["taught"] = [ended, [entry["supervised"] for entry in log if "supervised" in entry]]
    ended, log = second_stage(folder, "control", "--policy", "off", steps=6, sft=1, average=0)
    control = checkpoint.load(os.path.join(folder, "control"))["model"]
    report["control"] = {
        "ended": ended,
        "supervised": [entry["supervised"] for entry in log if "supervised" in entry],
        "sampled": [entry["step"] for entry in log if "total" in entry],
        "moved": not same(control, begun["model"]),
        "nothing": second_stage(folder, "nothing", "--policy", "off")[0],
    }
    report["averaged"] = averaged(folder)
    adapters = {"rank": 4, "alpha": 8, "targets": ["q_proj", "v_proj"], "dropout": 0}
    report["lora"], _ = second_stage(folder, "lora", steps=2, lora=adapters)
    lora = checkpoint.load(os.path.join(folder, "lora"))
    report["loraNames"] = sorted(lora["model"]) == sorted(first["model"])
    report["loraMoved"] = sorted(
        name for name in lora["model"] if not torch.equal(lora["model"][name], begun["model"][name])
    )

    def misspelt(config):
        config["policy"]["epoch"] = 2

    def missing(config):
        del config["sampling"]["group"]

    report["unknownKey"], _ = second_stage(folder, "misspelt", change=misspelt)
    report["missingKey"], _ = second_stage(folder, "missing", change=missing)
    begun["model"]["model.norm.weight"] = torch.ones(7)
    torch.save(begun, os.path.join(folder, "sft", "checkpoint.pt"))
    report["otherShape"], _ = second_stage(folder, "other")
    del begun["model"]["model.norm.weight"]
    torch.save(begun, os.path.join(folder, "sft", "checkpoint.pt"))
    report["missingTensor"], _ = second_stage(folder, "other")
    torch.save(first, os.path.join(folder, "sft", "checkpoint.pt"))
    report["otherInitial"], _ = second_stage(folder, "parts", "--resume")
    report["sampling"] = sampling_report(folder)
    report["curves"] = curves_report(folder)
    print(json.dumps(report))


main()
