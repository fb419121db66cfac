"""Runs models/training/rewards.py over cases given on standard input; prints one JSON object.

{"answers": [golden case], "places": [{text, question}], "labels": [{text, labels}], "configs": [object]}
"""
import glob
import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../models/training"))
from coherence import places_said  # noqa: E402
from rewards import judge, load_config, make_config, map_label, parse, score  # noqa: E402


TRAINING = os.path.join(os.path.dirname(__file__), "../../models/training")
SHIPPED = sorted(glob.glob(os.path.join(TRAINING, "*rewards.json")))


def load(path):
    with open(path) as file:
        return json.load(file)


def text_of(case):
    if "text" in case:
        return case["text"]
    answer = json.dumps({"label": case["label"], "bbox_2d": case["box"]})
    return f"<think>{case['reasoning']}</think><answer>{answer}</answer>"


def run(case):
    size = case.get("size", {"width": 448, "height": 360})
    config = make_config(case["config"]) if "config" in case else load_config()
    truth = {**case["truth"], **size, "question": case.get("question")}
    text = text_of(case)
    judged = judge(text, truth, config)
    valid, reasoning, label, box = parse(text, size["width"], size["height"], config)
    return {
        "reasoning": reasoning,
        "label": label,
        "box": box,
        "valid": valid,
        "illusion": judged["illusion"],
        "findings": [finding._asdict() for finding in judged["findings"]],
        "rewards": score(text, truth, config),
    }


def refusal(given):
    try:
        make_config(given, "rewards.json")
    except SystemExit as error:
        return str(error)
    return None


SIZE = {"width": 448, "height": 360}
TRUE_BOX = [40, 40, 120, 100]
BOXES = {
    "hit": TRUE_BOX,
    "near": [60, 50, 140, 110],
    "beside": [130, 40, 210, 100],
    "missed": [300, 200, 400, 300],
    "whole": [0, 0, 448, 360],
    "other half": [200, 10, 260, 60],
    "none": None,
}
WORDS = {
    "agree": "The suction lies in the upper left.",
    "conflict": "The suction lies in the lower right.",
    "silent": "It rests.",
    "denied": "No suction is seen in this view.",
}
LABELS = ("Idle", "Cutting", "left-top", "right-top", "right-bottom", "kidney", "not visible", "?")


def unfair(given, marked=True):
    """[(true label, words, box, wrong label)] for which a right label is paid less than a wrong one, all else equal.

    Every combination of a label that is a state or a place, words that agree with the truth, that conflict with it, say
    nothing or deny it, and a box that is hit, near, missed or absent; a wrong answer has the same words and the same box, or
    is a false "not visible" without one. marked: whether the truth has the box, or says that nobody marked it.
    """
    config, found = make_config(given), []

    def total(truth, reasoning, label, box):
        answer = json.dumps({"label": label, "bbox_2d": box})
        return score(f"<think>{reasoning}</think><answer>{answer}</answer>", truth, config)["total"]

    for true_label in ("Idle", "left-top"):
        truth = {"label": true_label, "box": TRUE_BOX if marked else None, "question": "Where is suction?", **SIZE}
        truth["boxUnknown"] = not marked
        denial = total(truth, WORDS["denied"], "not visible", None)
        for said, reasoning in WORDS.items():
            for where, box in BOXES.items():
                right = total(truth, reasoning, true_label, box)
                paid = {label: total(truth, reasoning, label, box) for label in LABELS if label != true_label}
                if box is None:
                    # Without a box a label has no valid form, and "not visible" has: nothing else is equal there.
                    del paid["not visible"]
                else:
                    paid["denial"] = denial
                found += [[true_label, said, where, label] for label, wrong in paid.items() if wrong > right + 1e-9]
    return found


def ordered(given):
    """The box rewards of a hit, a near one, one beside, one across the picture and none, in this order."""
    config, truth = make_config(given), {"label": "Idle", "box": TRUE_BOX, "question": "?", **SIZE}
    boxes = [BOXES[name] for name in ("hit", "near", "beside", "missed", "none")]
    answers = [json.dumps({"label": "Idle", "bbox_2d": box}) for box in boxes]
    text = "<think>It rests.</think><answer>{}</answer>"
    return [judge(text.format(answer), truth, {**config, "gated": False})["box"] for answer in answers]


def words():
    """What is said of the truth, and its reward: by words, with the box marked, not marked, and nothing to be seen."""
    config, found = make_config({}), {}
    truths = {
        "marked": {"label": "Idle", "box": TRUE_BOX},
        "unmarked": {"label": "Idle", "box": None, "boxUnknown": True},
        "unmarked place": {"label": "left-top", "box": None, "boxUnknown": True},
        "absent": {"label": "not visible", "box": None},
    }
    for name, truth in truths.items():
        truth = {**truth, "question": "What is the state of suction?", **SIZE}
        # The answer's own box lies elsewhere: words are held against the truth.
        texts = [f'<think>{said}</think><answer>{{"label": "Idle", "bbox_2d": [300, 200, 400, 300]}}</answer>' for said in WORDS.values()]
        judged = [judge(text, truth, config) for text in texts]
        found[name] = [[one["said"], one["words"]] for one in judged]
    return found


def unmarked():
    """What is paid where nobody marked the box: words that agree with the answer's own box, that do not, and no box."""
    truth = {"label": "Idle", "box": None, "boxUnknown": True, "width": 448, "height": 360, "question": "?"}
    words = "The suction lies in the upper left."
    answers = [("Idle", [40, 40, 120, 100]), ("Idle", [300, 200, 400, 300]), ("Idle", None), ("Cutting", [40, 40, 120, 100])]
    found = []
    for label, box in answers:
        text = f'<think>{words}</think><answer>{json.dumps({"label": label, "bbox_2d": box})}</answer>'
        judged = judge(text, truth, make_config({"gated": False}))
        found.append({name: judged[name] for name in ("answer", "box", "coherence", "illusion")})
    return found


def seconds_of_a_step(cases):
    """Seconds to score 256 answers, as many as a training step draws."""
    config, batch = load_config(), (cases * 256)[:256]
    truths = [{"width": 448, "height": 360, **case["truth"]} for case in batch]
    texts = [text_of(case) for case in batch]
    began = time.process_time()
    for text, truth in zip(texts, truths):
        score(text, truth, config)
    return time.process_time() - began


def main():
    given = json.load(sys.stdin)
    places = [places_said(place["text"], place.get("question", "")) for place in given["places"]]
    print(
        json.dumps(
            {
                "answers": [run(case) for case in given["answers"]],
                "places": [[place._asdict() for place in said] for said in places],
                "labels": [map_label(case["text"], tuple(case["labels"])) for case in given["labels"]],
                "shipped": {os.path.basename(path): [unfair(load(path)), unfair(load(path), False)] for path in SHIPPED},
                "ordered": [ordered({"box": {"near": near}}) for near in (0.0, 0.3)],
                "words": words(),
                "unfair": [unfair(config) for config in given["fairness"]],
                "unfairUnmarked": [unfair(config, marked=False) for config in given["fairness"]],
                "unmarked": unmarked(),
                "configs": [refusal(config) for config in given["configs"]],
                "seconds": seconds_of_a_step(given["answers"]) if given["answers"] else 0,
            }
        )
    )


if __name__ == "__main__":
    main()
