"""Toy run of the whole training path: draw frames, pack, train, resume, export, load, answer. Prints one JSON object.

    smoke.py FOLDER   (an empty folder to work in)
"""
import contextlib
import io
import json
import os
import sys

import numpy as np
import torch
from PIL import Image, ImageDraw

ROOT = os.path.join(os.path.dirname(__file__), "../../models/training")
sys.path.insert(0, ROOT)
import dataset  # noqa: E402
import export  # noqa: E402
import grammar as g  # noqa: E402
import sft  # noqa: E402
from build import make_tokenizer, processor_config, write_json  # noqa: E402
from generation import answer, parse  # noqa: E402
from image_processing import pixel_values  # noqa: E402
from qwen25vl import load_model, mrope_positions  # noqa: E402

WIDTH, HEIGHT = 112, 84


def draw_frames(folder, count):
    """Rectangles of one colour for each tool on a plain ground, with truth in the data set's layout."""
    draw = np.random.default_rng(1)
    for index in range(count):
        image = Image.new("RGB", (WIDTH, HEIGHT), (120, 40, 40))
        tool, state = int(draw.integers(len(g.TOOLS))), int(draw.integers(len(g.STATES)))
        x, y = int(draw.integers(8, 70)), int(draw.integers(8, 50))
        box = [x, y, x + 30, y + 24]
        colour = (30 * tool, 255 - 30 * tool, 20 * state)
        ImageDraw.Draw(image).rectangle([box[0], box[1], box[2] - 1, box[3] - 1], fill=colour)
        place = f"{'left' if x + 15 < WIDTH / 2 else 'right'}-{'top' if y + 12 < HEIGHT / 2 else 'bottom'}"
        organ = [2, 2, 100, 80]
        base, name = os.path.join(folder, "seq_1"), f"frame{index:03d}"
        for part in ("left_frames", "scene", "vqla/label"):
            os.makedirs(os.path.join(base, part), exist_ok=True)
        image.save(os.path.join(base, "left_frames", f"{name}.png"))
        item = {"tool": g.TOOLS[tool], "state": g.STATES[state], "place": place, "box": box}
        scene = {"width": WIDTH, "height": HEIGHT, "organ": {"label": "kidney", "box": organ}, "instruments": [item]}
        write_json(os.path.join(base, "scene", f"{name}.json"), scene)

        def row(question, label, b):
            return f"{question}|{label}|{b[0] + 1},{b[1] + 1},{b[2]},{b[3]}\n"

        with open(os.path.join(base, "vqla/label", f"{name}_QAL.txt"), "w") as file:
            file.write(row(g.QUESTIONS["organ"][0], "kidney", organ))
            file.write(row(f"What is the state of {item['tool']}?", item["state"], box))
            file.write(row(f"Where is {item['tool']} located?", place, box))


def settings_with(stages):
    with open(os.path.join(ROOT, "nano.json")) as file:
        settings = json.load(file)
    vision = {"depth": 2, "hidden_size": 32, "intermediate_size": 48, "num_heads": 2, "window_size": 112}
    settings["model"].update(hidden_size=48, intermediate_size=64, num_hidden_layers=3, mrope_section=[1, 1, 2])
    settings["model"]["vision"] = {**vision, "fullatt_block_indexes": [1]}
    settings.update(readLayer=1, logSteps=1, validationFrames=4, stages=stages)
    return settings


def train(folder, stages, resume):
    write_json(os.path.join(folder, "config.json"), settings_with(stages))
    packed = os.path.join(folder, "packed")
    sys.argv = ["sft.py", "--config", os.path.join(folder, "config.json"), "--data", packed, "--validation", packed]
    sys.argv += ["--out", os.path.join(folder, "run"), "--workers", "2", *(["--resume"] if resume else [])]
    with contextlib.redirect_stdout(io.StringIO()):
        sft.main()
    with open(os.path.join(folder, "run", "log.jsonl")) as file:
        return [json.loads(line) for line in file]


def main():
    folder = sys.argv[1]
    draw_frames(os.path.join(folder, "frames"), 8)
    eyes = {"name": "eyes", "questions": 0, "batch": 4, "steps": 8, "warmupSteps": 1, "rateEnd": 1.0}
    speech = {**eyes, "name": "speech", "questions": 3, "steps": 12}
    settings = settings_with([])
    processor = processor_config(settings)
    packed = dataset.pack(os.path.join(folder, "frames"), os.path.join(folder, "packed"), processor)
    first = train(folder, [eyes], False)
    both = train(folder, [eyes, speech], True)
    out = os.path.join(folder, "nano")
    export.export(torch.load(os.path.join(folder, "run", "checkpoint.pt")), out, "F32")

    # The exported folder, loaded as any checkpoint is, must answer the same one token at a time as in a batch.
    model = load_model(out)
    _, tokenizer = make_tokenizer(settings["coordinates"])
    frames = dataset.Frames(os.path.join(folder, "packed"))
    asked = ["Where is suction located?", "What organ is being operated?", "What is the state of the stapler?"]
    batched = answer(model, tokenizer, processor, np.array(frames.images[:2]), [(0, asked[0]), (1, asked[1]), (1, asked[2])], 12)
    single = []
    for row, question in ((0, asked[0]), (1, asked[1]), (1, asked[2])):
        values, grid = pixel_values(np.array(frames.images[row]), processor)
        image = [model.config["image_token_id"]] * (grid[1] * grid[2] // 4)
        ids = tokenizer.encode(g.PREFIX_BEFORE) + image + tokenizer.encode(g.PREFIX_AFTER + g.question_block(question))
        with torch.no_grad():
            embeds, _ = model.embed(ids, torch.from_numpy(values), [grid])
            positions, delta = mrope_positions(ids, [grid], model.config)
            single.append(tokenizer.decode(model.greedy(embeds, positions, delta, 12)[1]))
    truth = {"tool": "suction", "place": "left-top", "box": [0, 4, 8, 12]}
    report = {
        "packed": packed,
        "eyes": [entry["loss"] for entry in first if entry.get("stage") == "eyes"],
        "speech": [entry["loss"] for entry in both if entry.get("stage") == "speech"],
        "edges": [entry["edges"] for entry in both if "edges" in entry],
        "resumed": [entry for entry in both if entry.get("event") == "resumed"],
        "validated": [entry["questions"] for entry in both if entry.get("event") == "validation"],
        "sameAnswers": batched == single,
        "parsed": parse(g.answer_text("location", **truth)),
        "files": sorted(os.listdir(out)),
    }
    print(json.dumps(report))


main()
