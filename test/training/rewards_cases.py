"""Runs models/training/rewards.py over cases given on standard input; prints one JSON object.

{"answers": [golden case], "places": [{text, question}], "labels": [{text, labels}], "configs": [object]}
"""
import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../models/training"))
from coherence import places_said  # noqa: E402
from rewards import judge, load_config, make_config, map_label, parse, score  # noqa: E402


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


def unfair(given, marked=True):
    """[(words, box, wrong label)] for which a right label is paid less than a wrong one, all else equal.

    The wrong answer has the same words and the same box, or is a false "not visible" without one. marked: whether the
    truth has the box, or says that nobody marked it.
    """
    config, found = make_config(given), []
    truth = {"label": "Idle", "box": [40, 40, 120, 100], "width": 448, "height": 360, "question": "?"}
    if not marked:
        truth.update(box=None, boxUnknown=True)
    boxes = [[40, 40, 120, 100], [60, 50, 140, 110], [300, 200, 400, 300], [0, 0, 448, 360], [200, 10, 260, 60]]
    words = ["The suction lies in the upper left.", "The suction lies in the lower right.", "It rests."]

    def total(reasoning, label, box):
        answer = json.dumps({"label": label, "bbox_2d": box})
        return score(f"<think>{reasoning}</think><answer>{answer}</answer>", truth, config)["total"]

    for reasoning in words:
        for box in boxes:
            right = total(reasoning, "Idle", box)
            wrong = [(label, total(reasoning, label, box)) for label in ("Cutting", "left-top", "right-bottom", "?")]
            wrong.append(("not visible", total("No suction is seen in this view.", "not visible", None)))
            found += [[reasoning, box, label] for label, paid in wrong if paid > right + 1e-9]
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
