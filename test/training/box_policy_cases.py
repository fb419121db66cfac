"""box_policy.py against rewards.py and against itself at work; prints one JSON object."""
import argparse
import glob
import itertools
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
    # Wrong labels, places as labels, words against the label, two places at once, another's absence.
    ("The suction lies in the upper left.", "Idle", "Suction", [40, 40, 120, 100]),
    ("The suction lies in the upper left.", "right-bottom", "left-top", [40, 40, 120, 100]),
    ("It rests.", "left-top", "left-top", [40, 40, 120, 100]),
    ("The suction lies in the upper left, not in the lower right.", "left-top", "Idle", [200, 180, 300, 250]),
    ("The suction lies in the lower left. The suction is seen at the right.", "Idle", "Idle", [10, 150, 150, 270]),
    ("No stapler is seen. The suction lies in the lower left.", "Idle", "Idle", [10, 150, 150, 270]),
]


def truth_of(label, box):
    question = "What organ is being operated?" if label == "kidney" else "What is the state of suction?"
    return {"label": label, "box": box, "width": WIDTH, "height": HEIGHT, "question": question}


def totals(config, marked=True):
    """The largest difference between the vectorised rewards and rewards.py's, over random boxes.

    marked: whether the truth knows the box, or only that there is something.
    """
    draw, worst, count = np.random.default_rng(5), 0.0, 0
    for reasoning, said, label, box in CASES:
        truth = truth_of(label, box) if marked else {**truth_of(label, None), "boxUnknown": True}
        boxes = draw.integers(0, [WIDTH, HEIGHT, WIDTH + 30, HEIGHT + 30], (10, 4))
        # Half of them near the truth, so that every branch is met.
        boxes[::2] = np.array(box) + draw.integers(-25, 26, (5, 4))
        boxes = np.maximum(boxes, 0)
        # The reward of the words is the same with every box.
        told = rewards.words_of(reasoning, said, truth)
        words = {"right": 1.0, "conflict": -config["words"]["conflict"]}.get(told, 0.0)
        bounds, silent = box_policy.stance(reasoning, said, truth)
        found = box_policy.rewards_of(
            torch.tensor(boxes, dtype=torch.float32),
            torch.tensor(box, dtype=torch.float32),
            torch.tensor([WIDTH, HEIGHT], dtype=torch.float32),
            torch.tensor(float(said == label)),
            torch.tensor(bounds),
            torch.tensor(float(silent)),
            torch.tensor(float(marked)),
            torch.tensor(words),
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
        "words": torch.tensor([0.0]),
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
    facts = {"truth": truth_of("Idle", [4, 8, 40, 48]), "reasoning": "It lies in the upper left.", "label": "Idle", "words": 1.0}
    absent = {**facts, "truth": truth_of("not visible", None)}
    unmarked = {**facts, "truth": {**truth_of("Idle", None), "boxUnknown": True}}
    rows = [{**facts, "right": True}, {**facts, "right": True}, {**absent, "right": False}, {**unmarked, "right": True}]
    found = box_policy.prepare(answers, [rows], opening, values)
    nothing = box_policy.prepare(answers[:, 1:3], [rows[1:3]], opening, values)
    return {"found": {name: tensor.tolist() for name, tensor in found.items()}, "nothing": nothing}


def configurations():
    """Every shipped file, and all of the switches by which a box or words are paid."""
    training = os.path.join(os.path.dirname(__file__), "../../models/training")
    found = [rewards.load_config(path) for path in sorted(glob.glob(os.path.join(training, "*rewards.json")))]
    for graded, silent, penalise, near, gated in itertools.product((0, 1), (0, 1), ("all", "right"), (0.0, 0.4), (0, 1)):
        coherence = {"graded": bool(graded), "requirePlaceWords": bool(silent), "penalise": penalise, "weight": 1.5}
        parts = {"box": {"near": near}, "words": {"weight": 0.7}, "gated": bool(gated)}
        found.append(rewards.make_config({"coherence": coherence, **parts}))
    return found


def needed():
    """Of answers that are paid alike, which are trained on: [with all actions, box alone, nothing to pay, KL]."""
    found = argparse.Namespace(lengths=torch.ones(1, 4), tokens=torch.tensor([[[1, 9, 2]] * 3 + [[1, 2, 2]]]))
    truths = [[truth_of("Idle", [4, 8, 40, 48]), {**truth_of("Idle", None), "boxUnknown": True}] + [truth_of("Idle", [4, 8, 40, 48])] * 2]
    scores = [[{"valid": True}, {"valid": True}, {"valid": False}, {"valid": True}]]
    switches = [(True, 0.0, {}), (True, 0.0, {"coherence": {"weight": 0}}), (False, 0.0, {}), (False, 0.1, {})]
    return [
        box_policy.needed(found, truths, scores, 9, {"allActions": all_of, "kl": kl}, rewards.make_config(given)).tolist()[0]
        for all_of, kl, given in switches
    ]


totalled = [totals(config, marked) for config in configurations() for marked in (True, False)]
print(json.dumps({"totals": totalled, "learnt": learnt(), "prepared": prepared(), "needed": needed()}))
