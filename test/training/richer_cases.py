"""Answers of the richer kinds as training writes and reads them, and a vocabulary that grows. Prints JSON.

    richer_cases.py MODEL_FOLDER
"""
import json
import os
import sys

import torch

ROOT = os.path.join(os.path.dirname(__file__), "../../models/training")
sys.path.insert(0, ROOT)
import chat  # noqa: E402
from batches import OTHERS, SLOTS, Batches  # noqa: E402
from export import richer_labels  # noqa: E402
from generation import Writing, overlap_of, parse  # noqa: E402
from qwen25vl import load_model  # noqa: E402
from tokenizer import Tokenizer  # noqa: E402
from vocabulary import grown, resize_embedding  # noqa: E402

SUCTION, STAPLER, ORGAN = [10, 10, 60, 50], [200, 90, 260, 150], [40, 40, 300, 250]


def record(kind, label, reasoning, marks, box=None, items=None, subject="instruments", question="How many tools?"):
    """marks: [(phrase, role)] in the order in which they stand."""
    spans, at = [], 0
    for phrase, role in marks:
        begin = reasoning.index(phrase, at)
        at = begin + len(phrase)
        spans.append([begin, at, role])
    found = {"questionType": kind, "label": label, "reasoning": reasoning, "spans": spans, "box": box}
    found.update(subject=subject, question=question)
    return {**found, "items": items} if items else found


TWO = [{"label": "suction", "box": SUCTION}, {"label": "stapler", "box": STAPLER}]
TOLD = "The suction lies in the upper left, the stapler in the lower right."
PLACES = [("The", "presence"), (" upper left", "place"), (" lower right", "place")]
RECORDS = {
    "instruments": record("instruments", "suction, stapler", TOLD, PLACES, items=TWO),
    "count": record("count", "2", f"{TOLD} That makes two.", [*PLACES, (" two", "label")], items=TWO),
    "description": record(
        "description",
        "kidney, suction, stapler",
        f"The organ is a bean. This is the kidney. {TOLD[:-1]}. Besides, smoke can be seen.",
        [("The", "presence"), (" is a bean", "cue"), (" kidney", "label"), *PLACES[1:], (" smoke", "cue")],
        items=[{"label": "kidney", "box": ORGAN}, *TWO],
        subject="frame",
    ),
    "several": record(
        "presence",
        "yes",
        "The blood is seen in the upper left and in the lower right.",
        [("The", "presence"), (" blood", "label"), *PLACES[1:]],
        items=[{"label": "blood", "box": SUCTION}, {"label": "blood", "box": STAPLER}],
        subject="blood",
    ),
    "yes": record(
        "presence", "yes", "The thread is seen in the upper left.", PLACES[:2], box=[1, 2, 30, 40], subject="thread"
    ),
    "no": record("presence", "no", "No smoke is seen in this view.", [("No", "presence")], subject="smoke"),
    "relation": record(
        "relation",
        "stapler",
        "The stapler is the nearest to the blood. It lies in the lower right.",
        [("The", "presence"), (" stapler", "label"), (" lower right", "place")],
        box=STAPLER,
        subject="blood",
    ),
    "refusal": record(
        "refusal",
        "cannot be told from this picture",
        "That is about the operation, and no picture tells it.",
        [("That", "presence"), (" no picture", "cue")],
        subject="picture",
    ),
}


class Drawn:
    """What Batches asks of frames, for one frame whose pixels are those of its source."""

    colourless = {}

    def shape(self, _):
        return 280, 336

    def scale(self, _, box):
        return torch.tensor(box, dtype=torch.float32).numpy()


def batches():
    made = Batches.__new__(Batches)
    made.frames, made.cache, made.config, made.units = Drawn(), {}, {"step": 4}, {}
    made.lists = True
    return made


def pointed(name):
    """What each named piece of an answer is about: [(text, slot)] of names, places and coordinates."""
    import numpy as np

    made, wanted = batches(), RECORDS[name]
    boxes, weights = np.zeros((SLOTS + 1 + OTHERS, 4), np.float32), np.zeros((SLOTS + 1 + OTHERS, 120), np.float32)
    slots = {"suction": 0, "stapler": 1, "kidney": SLOTS}
    found, taken = made.place_things(wanted, 0, "280x336", False, slots, boxes, weights)
    parts = chat.answer_parts(wanted, [[4, 8, 12, 16] for _ in found])
    roles = (chat.NAMED, chat.PLACE_ROLE, chat.NAME_LABEL, chat.COORDINATE)
    return {
        "boxes": [boxes[slot].tolist() for slot in taken if slot > SLOTS],
        "weighed": [float(weights[slot].max()) for slot in taken if slot > SLOTS],
        "parts": [[text, taken[thing] if thing >= 0 else -1] for text, role, thing in parts if role in roles],
    }


def weights_by_kind():
    made = batches()
    made.kind_weights, made.rarity = {"count": 2.0, "absent": 0.5, "state": 1.0}, {}
    absent = {**RECORDS["no"], "questionType": "state", "label": chat.ABSENT}
    found = [made.weight(RECORDS[name]) for name in ("count", "refusal")] + [made.weight(absent)]
    made.lists = False
    return found + [made.weight(RECORDS["count"])]


def told(tokenizer):
    """Chances of a list's label: of a count its head alone, of names all of them."""
    found = {}
    for name in ("count", "instruments", "no"):
        record = RECORDS[name]
        writing = Writing(tokenizer)
        for text, _, _ in chat.answer_parts(record, [[0, 4, 8, 12] for _ in chat.things_of(record)]):
            for token in tokenizer.encode(text):
                writing.add(token, -1.0)
        found[name] = {"label": writing.chance().label, "reasoning": writing.chance().reasoning}
        names = [record["label"]] if name != "instruments" else [item["label"] for item in TWO]
        found[name]["tokens"] = sum(len(tokenizer.encode(text)) for text in names)
    return found


def grow(folder):
    with open(os.path.join(folder, "tokenizer.json"), encoding="utf8") as file:
        data = json.load(file)
    before, model = Tokenizer(data), load_model(folder)
    texts = {"How many haemostats are nearest the ureter?": 3, "Is there bleeding": 9}
    after = Tokenizer(grown(data, texts, chat.SPECIAL, chat.PLAIN))
    larger = resize_embedding(model, before, after)
    old = "What is the state of suction?<|im_end|>\n<think>The suction lies in the upper left.</think>"
    new = "Is there bleeding nearest the ureter"
    rows, wide = model.model.embed_tokens.weight, larger.model.embed_tokens.weight
    piece = after.encode(" ureter")[0]
    hidden = torch.randn(3, rows.shape[1], generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        narrow = model.logits(hidden)[:, before.encode(old)]
        same = larger.logits(hidden)[:, after.encode(old)]
    return {
        "grown": after.size - before.size,
        "text": [before.decode([i], False) for i in before.encode(old)] == [after.decode([i], False) for i in after.encode(old)],
        "words": [after.decode([token]) for token in after.encode(new)],
        "mean": float((wide[piece] - rows[before.encode(" ureter")].mean(0)).abs().max()),
        "logits": float((narrow - same).abs().max()),
        "config": larger.config["vocab_size"] == after.size == len(wide),
    }


def main():
    tokenizer = Tokenizer.load(os.path.join(sys.argv[1], "tokenizer.json"))
    report = {"texts": {}, "whole": {}, "parsed": {}}
    for name, wanted in RECORDS.items():
        boxes = [[0, 4, 8, 12] for _ in chat.things_of(wanted)]
        text = chat.answer_text(wanted, boxes)
        pieces = [tokenizer.encode(part) for part, _, _ in chat.answer_parts(wanted, boxes)]
        report["texts"][name] = text.replace("<|im_end|>", "")
        report["whole"][name] = sum(pieces, []) == tokenizer.encode(text)
        report["parsed"][name] = parse(report["texts"][name])
    report["pointed"] = {name: pointed(name) for name in ("count", "description", "several", "yes", "relation")}
    report["weights"] = weights_by_kind()
    report["chances"] = told(tokenizer)
    said = {"label": "stapler, suction", "box": None, "items": list(reversed(TWO))}
    report["overlaps"] = [
        overlap_of(said, RECORDS["instruments"]),
        overlap_of({**said, "items": TWO[:1]}, RECORDS["count"]),
        overlap_of({"label": "stapler", "box": SUCTION}, RECORDS["relation"]),
        overlap_of({"label": "no", "box": None}, RECORDS["no"]),
        overlap_of(None, RECORDS["yes"]),
    ]
    labels = {"tools": ["stapler", "suction"], "organs": ["kidney"], "presence": ["no", "yes"], "counts": ["1", "2", "3"]}
    labels.update(refusals=["cannot be told from this picture"], listed=["blood", "kidney", "suction"])
    report["labels"] = [richer_labels(labels), richer_labels({"tools": [], "organs": []})]
    report["grown"] = grow(sys.argv[1])
    print(json.dumps(report))


main()
