"""A toy dataset in the builder's format: rectangles of one colour for each tool on a plain ground."""
import json
import os

import numpy as np
from PIL import Image, ImageDraw

TOOLS = ["bipolar_forceps", "suction", "stapler"]
STATES = ["Idle", "Suction", "Staple"]
SIZES = [(112, 84), (84, 112), (112, 84)]


def place(x, y, width, height):
    return f"{'left' if x < width / 2 else 'right'}-{'top' if y < height / 2 else 'bottom'}"


def spans(text, **marks):
    """Character ranges of phrases of the reasoning, each with its leading space."""
    found = [[0, text.index(" "), "presence"]]
    for role, phrases in marks.items():
        for phrase in phrases:
            begin = text.index(" " + phrase)
            found.append([begin, begin + len(phrase) + 1, role])
    return sorted(found)


WORDS = {"left-top": "upper left", "right-top": "upper right", "left-bottom": "lower left", "right-bottom": "lower right"}


def records_of(tool, state, box, organ, width, height):
    """(questionType, subject, question, label, box, reasoning, spans) of one frame's questions."""
    where = place((box[0] + box[2]) / 2, (box[1] + box[3]) / 2, width, height)
    name, words = tool.replace("_", " "), WORDS[where]
    text = f"The {name} lies in the {words}. It looks {state.lower()}."
    yield "state", tool, f"What is the state of {tool}?", state, box, text, spans(text, place=[words], cue=[f"looks {state.lower()}"])
    text = f"The {name} is seen there. That is the {words}."
    yield "location", tool, f"Where is {tool} located?", where, box, text, spans(text, place=[words])
    text = "The view is filled by red tissue. This is the kidney."
    yield "organ", "kidney", "What organ is being operated?", "kidney", organ, text, spans(text, cue=["kidney"])
    text = f"The {name} lies in the {words}."
    yield "grounding", tool, f"Locate the {name}.", tool, box, text, spans(text, place=[words])
    absent = TOOLS[(TOOLS.index(tool) + 1) % len(TOOLS)]
    text = f"No {absent.replace('_', ' ')} is seen in this view."
    yield "state", absent, f"What is the state of {absent}?", "not visible", None, text, spans(text)


def write(folder, count, split="train"):
    """Draws `count` frames and writes dataset.json and {split}.jsonl."""
    draw, lines = np.random.default_rng(1), []
    root = os.path.join(folder, "frames")
    os.makedirs(os.path.join(root, "seq_1"), exist_ok=True)
    for index in range(count):
        width, height = SIZES[index % len(SIZES)]
        image = Image.new("RGB", (width, height), (120, 40, 40))
        tool, state = int(draw.integers(len(TOOLS))), int(draw.integers(len(STATES)))
        x, y = int(draw.integers(8, width - 42)), int(draw.integers(8, height - 34))
        box = [x, y, x + 30, y + 24]
        colour = (80 * tool, 255 - 80 * tool, 60 * state)
        ImageDraw.Draw(image).rectangle([box[0], box[1], box[2] - 1, box[3] - 1], fill=colour)
        name = f"seq_1/frame{index:03d}.png"
        image.save(os.path.join(root, name))
        organ = [2, 2, width - 12, height - 4]
        for number, row in enumerate(records_of(TOOLS[tool], STATES[state], box, organ, width, height)):
            kind, subject, question, label, where, reasoning, marks = row
            lines.append({
                "id": f"toy/{name[:-4]}#{number}", "kind": "chain-of-thought", "split": split, "source": "toy",
                "sequence": "seq_1", "image": name, "width": width, "height": height, "questionType": kind,
                "subject": subject, "question": question, "wording": "dataset", "label": label, "box": where,
                "reasoning": reasoning, "spans": marks, "provenance": {},
            })
    with open(os.path.join(folder, f"{split}.jsonl"), "w") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)
    with open(os.path.join(folder, "dataset.json"), "w") as file:
        sources = [{"name": "toy", "root": root, "layout": "toy"}]
        json.dump({"format": "surgery-r1-54k-style", "formatVersion": 1, "sources": sources}, file)
    return lines
