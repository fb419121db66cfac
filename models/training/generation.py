"""Batched greedy answers with a key-value cache, and the figures that training validates with.

The figures that are reported come from `cli evaluate` (models/evaluation), which reads the answers written here.
"""
import re
from typing import NamedTuple

import numpy as np
import torch

import chat
from batches import normalise
from image_processing import to_patches
from objectives import run_prefix

# Kinds of question that an annotation answers: what all of a report is about; the others stand by kind.
ANNOTATED = ("organ", "state", "location", "grounding")

_NUMBERS = r"(?:null|\[\d+,\d+,\d+,\d+\])"
_ONE = re.compile(r'\{"label": "([^"]*)", "bbox_2d": (?:null|\[(\d+),(\d+),(\d+),(\d+)\])\}')
_OBJECT = r'\{"label": "[^"]*", "bbox_2d": ' + _NUMBERS + r"\}"
_ANSWER = re.compile(
    r"^<think>(?P<reasoning>[^<]+)</think>"
    rf"<answer>(?P<objects>{_OBJECT}|\[{_OBJECT}(?:, {_OBJECT})*\])</answer>$"
)


class Chance(NamedTuple):
    """Natural logarithms of what the model gave its own tokens: all of its reasoning's, all of its label's."""

    reasoning: float
    label: float


def parse(text):
    """{label, box or None, reasoning, items of a list} of a whole well-formed answer; None of any other text.

    As the workstation reads it: of a list the first object is its label where it has no box, else all the names are; a
    list of one is that one.
    """
    found = _ANSWER.search(text)
    if not found:
        return None
    objects = []
    for label, *corners in _ONE.findall(found.group("objects")):
        box = [int(corner) for corner in corners] if corners[0] else None
        if box and (box[0] >= box[2] or box[1] >= box[3]):
            return None
        objects.append({"label": label, "box": box})
    reasoning, (first, *others) = found.group("reasoning"), objects
    if not others:
        return {**first, "reasoning": reasoning}
    items = others if first["box"] is None else objects
    label = first["label"] if first["box"] is None else ", ".join(item["label"] for item in items)
    return {"label": label, "box": None, "reasoning": reasoning, "items": items}


class Writing:
    """Keeps the logarithms of what a model gave the tokens of its reasoning and of its labels, as it writes."""

    def __init__(self, tokenizer):
        self.opening, self.no_box = tokenizer.added[chat.LABEL_OPEN], tokenizer.added[chat.NO_BOX]
        self.closing = {tokenizer.added[chat.BOX_OPEN], self.no_box}
        self.reasoning, self.labels, self.inside, self.headed = 0.0, [], False, False

    def add(self, token, chance):
        if token in self.closing:
            self.headed = self.headed or (len(self.labels) == 1 and token == self.no_box)
            self.inside = False
        if self.inside:
            self.labels[-1] += chance
        if token == self.opening:
            self.labels.append(0.0)
            self.inside = True
        if not self.labels:
            self.reasoning += chance

    def chance(self):
        """Of a list the label is what stands before its things, or else their names together."""
        return Chance(self.reasoning, self.labels[0] if self.headed else sum(self.labels))


@torch.no_grad()
def answer(model, tokenizer, processor, images, questions, limit=200):
    """Greedy answers: images uint8 [B, height, width, 3], questions [(image row, text)], all in the questions' order.

    Returns texts, and for each its Chance.
    """
    device = model.model.embed_tokens.weight.device
    height, width = images.shape[1:3]
    patches = torch.from_numpy(to_patches(images).reshape(len(images), -1, 588)).to(device)
    features = model.visual(normalise(patches, processor), height // 14, width // 14)
    before, after = tokenizer.encode(chat.PREFIX_BEFORE), tokenizer.encode(chat.PREFIX_AFTER)
    layers = model.model.layers
    states, _, start = run_prefix(model, features, before, after, height // 28, width // 28, len(layers))
    prefix = states[0][1].shape[2]
    texts = [tokenizer.encode(chat.question_block(text)) for _, text in questions]
    rows = torch.tensor([row for row, _ in questions], device=device)
    lengths = torch.tensor([len(ids) for ids in texts], device=device)
    longest = int(lengths.max())
    ids = torch.tensor([text + [0] * (longest - len(text)) for text in texts], device=device)
    past = [(key[rows], value[rows]) for _, key, value in states]
    total = prefix + longest
    place = torch.arange(total + limit, device=device)
    # A row's padding lies between its question and its answer, and is never looked at.
    hidden_key = (place >= prefix + lengths[:, None]) & (place < total)
    positions = (start + torch.arange(longest, device=device)).expand(3, len(rows), -1)
    own = torch.arange(longest, device=device)
    mask = torch.zeros(len(rows), 1, longest, total, device=device)
    mask[:, :, :, prefix:].masked_fill_(own[None, :] > own[:, None], float("-inf"))
    x = model.model.embed_tokens(ids)
    end, out = tokenizer.added["<|im_end|>"], [[] for _ in questions]
    writing = [Writing(tokenizer) for _ in questions]
    running = torch.ones(len(rows), dtype=torch.bool, device=device)
    # The question of each row that is still written.
    asked = list(range(len(questions)))
    for step in range(limit):
        cos, sin = model.model.rotary(positions)
        for index, layer in enumerate(layers):
            x, past[index] = layer(x, cos, sin, mask, past[index])
        last = x[torch.arange(len(rows)), lengths - 1] if step == 0 else x[:, 0]
        chance, token = torch.log_softmax(model.logits(last), -1).max(-1)
        for row in running.nonzero()[:, 0].tolist():
            written = int(token[row])
            out[asked[row]].append(written)
            writing[asked[row]].add(written, float(chance[row]))
        running = running & (token != end)
        if not running.any():
            break
        if int(running.sum()) * 2 <= len(running):
            # Answers that have ended cost no more: one that runs on would have all wait for it.
            kept = running.nonzero()[:, 0]
            past = [(key[kept], value[kept]) for key, value in past]
            token, lengths, hidden_key, running = token[kept], lengths[kept], hidden_key[kept], running[kept]
            asked = [asked[row] for row in kept.tolist()]
        x = model.model.embed_tokens(token)[:, None]
        positions = (start + lengths + step).expand(3, -1)[..., None]
        visible = ~hidden_key[:, : total + step + 1]
        mask = torch.zeros(visible.shape, device=device).masked_fill(~visible, float("-inf"))[:, None, None]
    return [tokenizer.decode(tokens) for tokens in out], [one.chance() for one in writing]


def box_iou(a, b):
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    inner = width * height
    return inner / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - inner)


def overlap_of(found, record):
    """Mean overlap of the true boxes with those said of the same name; None where the truth has none."""
    things = chat.things_of(record)
    if not things:
        return None
    said = (found or {}).get("items") or ([found] if found else [])
    if len(things) == 1 and len(said) == 1:
        return box_iou(said[0]["box"], things[0][1]) if said[0]["box"] else 0.0
    best = [
        max((box_iou(one["box"], box) for one in said if one["box"] and one["label"] == name), default=0.0)
        for name, box in things
    ]
    return float(np.mean(best))


def macro_f(truth, guess):
    scores = []
    for label in sorted(set(truth) | set(guess)):
        hit = sum(t == g_ == label for t, g_ in zip(truth, guess))
        scores.append(2 * hit / (truth.count(label) + guess.count(label)))
    return float(np.mean(scores)) if scores else 0.0


def blind_table(frames):
    """Most frequent answer for each question's text: what is known without looking."""
    counts = {}
    for records in frames.records:
        for record in records:
            found = counts.setdefault(record["question"], {})
            found[record["label"]] = found.get(record["label"], 0) + 1
    return {question: max(sorted(labels), key=lambda label: labels[label]) for question, labels in counts.items()}


def answers(model, tokenizer, processor, frames, numbers=None, wordings=("dataset",), batch=16):
    """Yields (record, parsed answer or None, text, Chance) for the asked records of the frames.

    wordings: which are asked (dataset, paraphrase, held-out). Boxes of parsed answers are in source pixels.
    """
    wanted = range(len(frames)) if numbers is None else numbers
    for size in sorted(frames.by_size):
        own = [number for number in wanted if frames.frames[number]["size"] == size]
        for begin in range(0, len(own), batch):
            part = own[begin : begin + batch]
            asked = [(row, r) for row, n in enumerate(part) for r in frames.records[n] if r["wording"] in wordings]
            if not asked:
                continue
            questions = [(row, record["question"]) for row, record in asked]
            texts, chances = answer(model, tokenizer, processor, frames.pixels(part), questions)
            for (row, record), text, chance in zip(asked, texts, chances):
                found = parse(text)
                for thing in [found, *found.get("items", ())] if found else []:
                    if thing["box"]:
                        thing["box"] = frames.unscale(part[row], thing["box"])
                yield record, found, text, chance


def evaluate(model, tokenizer, processor, frames, count=None, blind=None):
    """Figures of greedy answers to the dataset-worded questions of `count` frames, spread evenly over all.

    Those of all are over the kinds that an annotation answers; byType has the others too.

    blind: the table of blind_table, from the training frames; without it the floor is these frames' own best table.
    """
    model.eval()
    count = min(count or len(frames), len(frames))
    numbers = [index * len(frames) // count for index in range(count)]
    blind = blind or blind_table(frames)
    rows, absent, sample = [], [], []
    for record, found, text, _ in answers(model, tokenizer, processor, frames, numbers):
        said = found["label"] if found else "unknown"
        if record["label"] == chat.ABSENT:
            absent.append(said == chat.ABSENT and found["box"] is None)
            continue
        overlap = overlap_of(found, record)
        guess = blind.get(record["question"])
        rows.append((record["questionType"], record["label"], said, overlap, guess, found is not None))
        if len(sample) < 8:
            truth = {"label": record["label"], "box": record["box"]}
            sample.append({"question": record["question"], "truth": truth, "text": text, "iou": overlap})
    report = {"frames": count, "absent": len(absent)}

    def figures(part):
        return {
            "questions": len(part),
            "accuracy": round(float(np.mean([r[1] == r[2] for r in part])), 4),
            "miou": round(float(np.mean([r[3] for r in part if r[3] is not None] or [0.0])), 4),
            "illusions": round(float(np.mean([r[1] == r[2] and r[3] is not None and r[3] < 0.5 for r in part])), 4),
            "blindFloor": round(float(np.mean([r[1] == r[4] for r in part])), 4),
        }

    annotated = [r for r in rows if r[0] in ANNOTATED]
    report.update(figures(annotated))
    report["macroF"] = round(macro_f([r[1] for r in annotated], [r[2] for r in annotated]), 4)
    report["wellFormed"] = round(float(np.mean([r[5] for r in rows])), 4)
    if absent:
        report["absentRecognised"] = round(float(np.mean(absent)), 4)
    kinds = sorted({r[0] for r in rows})
    report["byType"] = {kind: figures([r for r in rows if r[0] == kind]) for kind in kinds}
    states = sorted({r[1] for r in rows if r[0] == "state"})
    report["byState"] = {
        state: [len(part), round(float(np.mean([r[2] == state for r in part])), 3)]
        for state in states
        if (part := [r for r in rows if r[0] == "state" and r[1] == state])
    }
    model.train()
    return report, sample
