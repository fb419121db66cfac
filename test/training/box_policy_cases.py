"""box_policy.py against rewards.py and against itself at work; prints one JSON object."""
import json
import os
import sys

import numpy as np
import torch

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../models/training"))
import box_policy  # noqa: E402
import rewards  # noqa: E402

WIDTH, HEIGHT = 336, 280
CASES = [
    ("The suction lies in the upper left. A pool of blood lies at its tip.", "Suction", "Suction", [40, 40, 120, 100]),
    ("The suction lies in the lower right.", "Idle", "Suction", [200, 180, 300, 250]),
    ("The suction is seen right of the middle and above the middle.", "right-top", "right-top", [180, 20, 260, 90]),
    ("The organ lies in the middle.", "kidney", "kidney", [60, 50, 280, 240]),
    ("A pool of blood lies at its tip.", "Suction", "Suction", [40, 40, 120, 100]),
    ("The suction is not visible.", "Suction", "Suction", [40, 40, 120, 100]),
]


def truth_of(label, box):
    question = "What is the state of suction?"
    return {"label": label, "box": box, "width": WIDTH, "height": HEIGHT, "question": question}


def totals(config, marked=True):
    """The largest difference between the vectorised rewards and rewards.py's, over random boxes.

    marked: whether the truth knows the box, or only that there is something.
    """
    draw, worst, count = np.random.default_rng(5), 0.0, 0
    for reasoning, said, label, box in CASES:
        truth = truth_of(label, box) if marked else {**truth_of(label, None), "boxUnknown": True}
        boxes = draw.integers(0, [WIDTH, HEIGHT, WIDTH + 30, HEIGHT + 30], (150, 4))
        # Half of them near the truth, so that every branch is met.
        boxes[::2] = np.array(box) + draw.integers(-25, 26, (75, 4))
        boxes = np.maximum(boxes, 0)
        bounds, silent = box_policy.stance(reasoning, said, truth["question"], WIDTH, HEIGHT)
        found = box_policy.rewards_of(
            torch.tensor(boxes, dtype=torch.float32),
            torch.tensor(box, dtype=torch.float32),
            torch.tensor([WIDTH, HEIGHT], dtype=torch.float32),
            torch.tensor(float(said == label)),
            torch.tensor(bounds),
            torch.tensor(float(silent)),
            torch.tensor(float(marked)),
            config,
        )
        for corners, total in zip(boxes.tolist(), found.tolist()):
            answer = json.dumps({"label": said, "bbox_2d": corners})
            text = f"<think>{reasoning}</think><answer>{answer}</answer>"
            judged = rewards.judge(text, truth, config)
            worst = max(worst, abs((judged["total"] if judged["valid"] else 0.0) - total))
            count += judged["valid"]
    return {"worst": worst, "count": count}


def learnt():
    """Logits over coordinate values that follow the gradient: the box that they end with, and its reward before."""
    bins = torch.arange(0, 340, 4).float()
    boxes = {
        "sampled": torch.tensor([[60.0, 60.0, 140.0, 130.0]]),
        "truth": torch.tensor([[40.0, 40.0, 120.0, 100.0]]),
        "size": torch.tensor([[float(WIDTH), float(HEIGHT)]]),
        "bounds": torch.tensor([[0.0, 174.0, 0.0, 145.0]]),
        "right": torch.tensor([1.0]),
        "silent": torch.tensor([0.0]),
        "known": torch.tensor([1.0]),
    }
    config = rewards.load_config()
    start = boxes["sampled"].clone()
    logits = (-0.5 * ((boxes["sampled"][..., None] - bins) / 16) ** 2).requires_grad_()
    optimizer = torch.optim.Adam([logits], lr=0.3)
    for _ in range(150):
        boxes["sampled"] = bins[logits.detach().argmax(-1)]
        loss = box_policy.coordinate_losses(torch.log_softmax(logits, -1), boxes, bins, config).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return {"start": start[0].tolist(), "end": boxes["sampled"][0].tolist()}


def prepared():
    """Which answers are taken: a whole box where the truth has one, and no others."""
    opening, values = 9, {100 + step: 4.0 * step for step in range(50)}
    box = [9, 101, 7, 102, 7, 110, 7, 112, 8]
    answers = torch.tensor([[[1, *box], [1, 9, 101, 7, 3, 7, 110, 7, 112, 8], [1, *box], [1, *box]]])
    facts = {"truth": truth_of("Idle", [4, 8, 40, 48]), "reasoning": "It lies in the upper left.", "label": "Idle"}
    absent = {**facts, "truth": truth_of("not visible", None)}
    unmarked = {**facts, "truth": {**truth_of("Idle", None), "boxUnknown": True}}
    rows = [{**facts, "right": True}, {**facts, "right": True}, {**absent, "right": False}, {**unmarked, "right": True}]
    found = box_policy.prepare(answers, [rows], opening, values)
    nothing = box_policy.prepare(answers[:, 1:3], [rows[1:3]], opening, values)
    return {"found": {name: tensor.tolist() for name, tensor in found.items()}, "nothing": nothing}


plain = rewards.load_config()
graded = rewards.make_config({"gated": False, "coherence": {"graded": True, "weight": 2.0}})
words = rewards.make_config({"coherence": {"requirePlaceWords": True, "penalise": "right"}})
marked = [totals(plain), totals(graded), totals(words)]
unmarked = [totals(config, marked=False) for config in (plain, graded, words)]
print(json.dumps({"totals": [*marked, *unmarked], "learnt": learnt(), "prepared": prepared()}))
