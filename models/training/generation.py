"""Batched greedy answers with a key-value cache, and figures over questions: what the reports and validation use."""
import re

import numpy as np
import torch

import grammar as g
from dataset import normalise
from image_processing import to_patches
from objectives import run_prefix

_ANSWER = re.compile(r'<answer>\{"label": "([^"]*)", "bbox_2d": (null|\[(\d+),(\d+),(\d+),(\d+)\])\}</answer>')


def parse(text):
    """(label, box or None), or (None, None) when the text has no well-formed answer."""
    found = _ANSWER.search(text)
    if not found:
        return None, None
    box = None if found.group(2) == "null" else [int(found.group(i)) for i in range(3, 7)]
    return found.group(1), box


@torch.no_grad()
def answer(model, tokenizer, processor, images, questions, limit=64):
    """images uint8 [B, height, width, 3]; questions [(image row, text)] -> texts, in the questions' order."""
    device = model.model.embed_tokens.weight.device
    height, width = images.shape[1:3]
    patches = torch.from_numpy(to_patches(images).reshape(len(images), -1, 588)).to(device)
    features = model.visual(normalise(patches, processor), height // 14, width // 14)
    before, after = tokenizer.encode(g.PREFIX_BEFORE), tokenizer.encode(g.PREFIX_AFTER)
    layers = model.model.layers
    states, _, start = run_prefix(model, features, before, after, height // 28, width // 28, len(layers))
    prefix = states[0][1].shape[2]
    texts = [tokenizer.encode(g.question_block(text)) for _, text in questions]
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
    running = torch.ones(len(rows), dtype=torch.bool, device=device)
    for step in range(limit):
        cos, sin = model.model.rotary(positions)
        for index, layer in enumerate(layers):
            x, past[index] = layer(x, cos, sin, mask, past[index])
        last = x[torch.arange(len(rows)), lengths - 1] if step == 0 else x[:, 0]
        token = model.logits(last).argmax(-1)
        for row in running.nonzero()[:, 0].tolist():
            out[row].append(int(token[row]))
        running = running & (token != end)
        if not running.any():
            break
        x = model.model.embed_tokens(token)[:, None]
        positions = (start + lengths + step).expand(3, -1)[..., None]
        visible = ~hidden_key[:, : total + step + 1]
        mask = torch.zeros(visible.shape, device=device).masked_fill(~visible, float("-inf"))[:, None, None]
    return [tokenizer.decode(tokens) for tokens in out]


def box_iou(a, b):
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    inner = width * height
    return inner / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - inner)


def macro_f(truth, guess):
    scores = []
    for label in sorted(set(truth) | set(guess)):
        hit = sum(t == g_ == label for t, g_ in zip(truth, guess))
        scores.append(2 * hit / (truth.count(label) + guess.count(label)))
    return float(np.mean(scores)) if scores else 0.0


def kind_of(question):
    return "organ" if "organ" in question else "location" if question.startswith("Where") else "state"


def blind_table(frames):
    """Most frequent answer for each question's text: what is known without looking."""
    counts = {}
    for record in frames.records:
        for question, label, _ in record["rows"]:
            counts.setdefault(question, {}).setdefault(label, 0)
            counts[question][label] += 1
    return {question: max(labels, key=lambda label: labels[label]) for question, labels in counts.items()}


def evaluate(model, tokenizer, processor, frames, count=None, batch=20, absent=True, blind=None):
    """Greedy answers to every question of the first `count` frames. Boxes are compared in source pixels.

    blind: the table of blind_table, from the training frames; without it the floor is these frames' own best table.
    """
    model.eval()
    count = min(count or len(frames), len(frames))
    blind = blind or blind_table(frames)
    rows, asked_absent, right_absent, sample = [], 0, 0, []
    for begin in range(0, count, batch):
        part = range(begin, min(begin + batch, count))
        questions, truths = [], []
        for row, index in enumerate(part):
            record = frames.records[index]
            for question, label, box in record["rows"]:
                # Labels on disk count pixels from 1, inclusive.
                x1, y1, x2, y2 = (int(v) for v in box.split(","))
                questions.append((row, question))
                truths.append((index, question, label, [x1 - 1, y1 - 1, x2, y2]))
            if absent:
                present = {item["tool"] for item in record["scene"]["instruments"]}
                missing = [tool for tool in g.TOOLS if tool not in present]
                tool = missing[index % len(missing)]
                form = ("state", "location")[index % 2]
                questions.append((row, g.QUESTIONS[form][0].format(tool=tool)))
                truths.append((index, None, g.ABSENT, None))
        texts = answer(model, tokenizer, processor, np.array(frames.images[begin : part.stop]), questions)
        for (_, asked), (index, question, label, box), text in zip(questions, truths, texts):
            said, place = parse(text)
            if question is None:
                asked_absent += 1
                right_absent += said == g.ABSENT and place is None
                continue
            scene = frames.records[index]["scene"]
            overlap = 0.0
            if place:
                x, y = scene["width"] / frames.width, scene["height"] / frames.height
                overlap = box_iou([place[0] * x, place[1] * y, place[2] * x, place[3] * y], box)
            rows.append((kind_of(question), label, said or "unknown", overlap, blind.get(question), said is not None))
            if len(sample) < 6:
                sample.append({"question": asked, "truth": [label, box], "text": text, "iou": round(overlap, 3)})
    report = {"frames": count, "questions": len(rows)}

    def figures(part):
        return {
            "questions": len(part),
            "accuracy": round(float(np.mean([r[1] == r[2] for r in part])), 4),
            "miou": round(float(np.mean([r[3] for r in part])), 4),
            "blindFloor": round(float(np.mean([r[1] == r[4] for r in part])), 4),
        }

    report.update(figures(rows))
    report["macroF"] = round(macro_f([r[1] for r in rows], [r[2] for r in rows]), 4)
    report["wellFormed"] = round(float(np.mean([r[5] for r in rows])), 4)
    if asked_absent:
        report["absentRecognised"] = round(right_absent / asked_absent, 4)
    report["byType"] = {kind: figures([r for r in rows if r[0] == kind]) for kind in ("organ", "state", "location")}
    report["byState"] = {
        state: [len(part), round(float(np.mean([r[2] == state for r in part])), 3)]
        for state in g.STATES
        if (part := [r for r in rows if r[0] == "state" and r[1] == state])
    }
    model.train()
    return report, sample
