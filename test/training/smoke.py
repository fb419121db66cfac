"""Toy run of supervised training: draw a dataset, pack, train, resume, export, load, answer. Prints one JSON object.

    smoke.py FOLDER   (an empty folder to work in)
"""
import contextlib
import io
import json
import math
import os
import sys

import torch

ROOT = os.path.join(os.path.dirname(__file__), "../../models/training")
sys.path.insert(0, ROOT)
import chat  # noqa: E402
import checkpoint  # noqa: E402
import dataset  # noqa: E402
import export  # noqa: E402
import sft  # noqa: E402
import toy  # noqa: E402
from build import processor_config, write_json  # noqa: E402
from generation import answer, parse  # noqa: E402
from image_processing import pixel_values  # noqa: E402
from qwen25vl import load_model, mrope_positions  # noqa: E402
from tokenizer import Tokenizer  # noqa: E402


def settings_with(stages):
    with open(os.path.join(ROOT, "nano.json")) as file:
        settings = json.load(file)
    vision = {"depth": 2, "hidden_size": 32, "intermediate_size": 48, "num_heads": 2, "window_size": 112}
    settings["model"].update(hidden_size=48, intermediate_size=64, num_hidden_layers=3, mrope_section=[1, 1, 2])
    settings["model"]["vision"] = {**vision, "fullatt_block_indexes": [1]}
    settings.update(readLayer=1, logSteps=1, validationFrames=4, stages=stages)
    return settings


def train(folder, stages, *options, name="run", **settings):
    write_json(os.path.join(folder, "config.json"), {**settings_with(stages), **settings})
    packed = os.path.join(folder, "packed")
    sys.argv = ["sft.py", "--config", os.path.join(folder, "config.json"), "--data", packed, "--validation", packed]
    sys.argv += ["--out", os.path.join(folder, name), "--workers", "2", *options]
    with contextlib.redirect_stdout(io.StringIO()):
        sft.main()
    with open(os.path.join(folder, name, "log.jsonl")) as file:
        return [json.loads(line) for line in file]


def refusal(act):
    """The message with which a command ends."""
    try:
        act()
    except SystemExit as error:
        return str(error)
    return ""


def main():
    folder = sys.argv[1]
    records = toy.write(os.path.join(folder, "dataset"), 9)
    eyes = {"name": "eyes", "questions": 0, "batch": 4, "steps": 8, "warmupSteps": 1, "rateEnd": 1.0}
    speech = {**eyes, "name": "speech", "questions": 3, "steps": 12}
    processor = processor_config(settings_with([]))
    packed = dataset.pack(os.path.join(folder, "dataset"), "train", os.path.join(folder, "packed"), processor)
    first = train(folder, [eyes])
    both = train(folder, [eyes, speech], "--resume")
    out = os.path.join(folder, "nano")
    export.export(checkpoint.load(os.path.join(folder, "run")), out, "F32")

    # The exported folder, loaded as any checkpoint is, must answer the same one token at a time as in a batch.
    model, tokenizer = load_model(out), Tokenizer.load(os.path.join(out, "tokenizer.json"))
    frames = dataset.Frames(os.path.join(folder, "packed"))
    asked = [(0, "Where is suction located?"), (1, "What organ is being operated?"), (1, "What is this?")]
    images = frames.pixels([0, 2])
    batched, chances = answer(model, tokenizer, processor, images, asked, 12)
    single = []
    for row, question in asked:
        values, grid = pixel_values(images[row], processor)
        image = [model.config["image_token_id"]] * (grid[1] * grid[2] // 4)
        after = tokenizer.encode(chat.PREFIX_AFTER + chat.question_block(question))
        ids = tokenizer.encode(chat.PREFIX_BEFORE) + image + after
        with torch.no_grad():
            embeds, _ = model.embed(ids, torch.from_numpy(values), [grid])
            positions, delta = mrope_positions(ids, [grid], model.config)
            single.append(tokenizer.decode(model.greedy(embeds, positions, delta, 12)[1]))

    # LoRA on the exported folder: adapters learn, and merged on export they move those weights and no others.
    adapters = {"rank": 4, "alpha": 8, "targets": ["q_proj", "v_proj"], "dropout": 0}
    adapted = train(folder, [speech], "--init", out, name="adapted", lora=adapters)
    export.export(checkpoint.load(os.path.join(folder, "adapted")), os.path.join(folder, "merged"), "F32")
    merged, moved = load_model(os.path.join(folder, "merged")).state_dict(), set()
    for name, tensor in model.state_dict().items():
        if not torch.equal(tensor, merged[name]):
            moved.add(name.split(".")[-2])

    whole = {"pieces": True, "mirror": True}
    for record in records:
        boxes = [[0, 4, 8, 12] for _ in chat.things_of(record)]
        for spell in (str, chat.mirrored):
            parts = [tokenizer.encode(spell(text)) for text, _, _ in chat.answer_parts(record, boxes)]
            text = spell(chat.answer_text(record, boxes))
            whole["pieces"] &= sum(parts, []) == tokenizer.encode(text)
        whole["mirror"] &= chat.mirrored(chat.mirrored(record["reasoning"])) == record["reasoning"]

    state = checkpoint.load(os.path.join(folder, "run"))
    name = "model.layers.0.mlp.gate_proj.weight"
    other = {**state["model"], name: state["model"][name][:, :-1]}
    with open(os.path.join(folder, "dataset", "broken.jsonl"), "w") as file:
        file.write(json.dumps(records[0]) + "\n{half a li")
    refusals = {
        "shape": refusal(lambda: checkpoint.load_weights(model, other, "x.pt")),
        "line": refusal(lambda: dataset.pack(os.path.join(folder, "dataset"), "broken", folder, processor)),
        "split": refusal(lambda: dataset.pack(os.path.join(folder, "dataset"), "test", folder, processor)),
        "write": refusal(lambda: checkpoint.save("/dev/full", {})),
        "log": refusal(lambda: export.read_log(f"sft={os.path.join(folder, 'dataset', 'broken.jsonl')}")),
        "noLog": refusal(lambda: export.read_log(f"sft={os.path.join(folder, 'log.jsonl')}")),
        "unnamed": refusal(lambda: export.read_log("log.jsonl")),
    }
    # A checkpoint that cannot be written leaves the last one.
    kept = os.path.join(folder, "run", "checkpoint.pt")
    before = os.path.getsize(kept)
    original, torch.save = torch.save, lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device"))
    refusals["full"] = refusal(lambda: checkpoint.save(os.path.join(folder, "run"), {}))
    torch.save = original
    located = records[1]
    report = {
        "packed": packed,
        "sizes": sorted(frames.by_size),
        "eyes": [entry["loss"] for entry in first if entry.get("stage") == "eyes"],
        "speech": [entry["loss"] for entry in both if entry.get("stage") == "speech"],
        "edges": [entry["edges"] for entry in both if "edges" in entry],
        "resumed": [entry for entry in both if entry.get("event") == "resumed"],
        "validated": [entry["questions"] for entry in both if entry.get("event") == "validation"],
        "adapted": [entry["loss"] for entry in adapted if "loss" in entry],
        "moved": sorted(moved),
        "sameAnswers": batched == single,
        "chances": [math.exp(part) for chance in chances for part in chance],
        "parsed": parse(chat.answer_text(located, [[0, 4, 8, 12]]).replace("<|im_end|>", "")),
        "located": located["label"],
        "whole": whole,
        "refusals": refusals,
        "checkpointKept": os.path.getsize(kept) == before,
        "files": sorted(os.listdir(out)),
    }
    print(json.dumps(report))


main()
