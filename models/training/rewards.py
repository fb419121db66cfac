"""Rewards of the second stage (RFT by GRPO): format, answer, box, words, and Multimodal Coherence.

Surgery-R1 (arXiv 2506.19469) names rule-based rewards and a Multimodal Coherence reward that is paid only when the
textual answer and the predicted region agree; it publishes neither formulas nor weights. So these are ours, after
it, and every number is in rewards.json. For one answer with label l and box b, truth L and B (pixels, or none):

    format      1 if the text is <think>words</think><answer>{"label": text, "bbox_2d": [x1, y1, x2, y2] or null}
                </answer> and nothing else: whole numbers inside the image, x1 < x2, y1 < y2, no box exactly where the
                label is "not visible". `partial` if a label can be read from it all the same, else 0. After the
                format reward of DeepSeek-R1 (arXiv 2501.12948), with the box's rules added: ours.
    answer      1 if l, mapped to the label list, is L, else 0. The mapping is that of models/evaluation/metrics/index.ts.
    box         true intersection over union of b and B, 0..1; 0 without b. Where the truth has no box: 1 if the
                answer is "not visible" without a box, else 0. IoU as a reward: as in Visual-RFT (arXiv 2503.01785).
                `near`: the share of it that is (1 + GIoU) / 2 instead (arXiv 1902.09630), which orders the misses: a
                box beside the true one is paid more than one across the picture.
    words       what the reasoning says, held against B whatever b is: 1 if its place words agree with B, -`conflict`
                if one of them does not, or if reasoning or label deny what is there; 0 if it names no place. Where the
                truth has no box: 1 if the reasoning says that nothing is in sight, -`conflict` if it places something.
                Where nobody marked the box: against the true place, if the question asks for that; else 0.
    coherence   ours:
                  1                    the answer is right, IoU(b, B) >= `overlap`, and the place words of the reasoning
                                       and a label that is a place agree with b (coherence.py); `graded` pays the IoU
                                       in place of 1;
                  - illusionPenalty    IoU(b, B) < `overlap`, or no b: where the answer is right, a positional illusion;
                  - wordPenalty        the words disagree with b, or deny what is there; both penalties add up. A wrong
                                       label is charged for L where that is a place and disagrees with b, or else a right
                                       place beside its box would be paid less than a wrong one.
                `penalise` says of which answers they are taken off: "all", or "right" ones alone. With "right" a right
                label whose box is missed is paid less than a wrong one with the same box, or than a false "not
                visible", so that a policy is taught to be wrong where it cannot place; the shipped run had that.
                Where the truth has no box, "not visible" without a box and with words that place nothing pays 1.
                `requirePlaceWords`: reasoning that names no place where there is a box is paid 0, not 1, or a policy
                would learn to say none. A question that names no instrument, such as one for the organ, asks for none.
                Where nobody marked the box (`boxUnknown` of the truth, and its box null): 1 if the answer is right, has
                a box and its words agree with that; an answer without a box counts as one whose box is missed. The
                box reward is then 0 for every answer.
    total       sum of weight x reward. `gated`: without a valid format only the format reward counts, as in the
                published recipe of task rewards that are paid only when the format is valid. So what a right answer can
                lose by coherence and words has to stay within the weights of format and answer, or no form pays more.

A variant without coherence has `"coherence": {"weight": 0}`; what is left out of a file is as in rewards.json.
"""
import copy
import json
import os
import re
from functools import lru_cache

from coherence import (
    ABSENT,
    absence_said,
    agrees,
    check_coherence,
    instrument_named,
    is_absent_label,
    place_of_label,
    places_said,
    sides_of_box,
)

DEFAULTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "rewards.json")
SPACES = ("resized-pixels", "normalized-1000")
UNKNOWN = "unknown"
# What a reward is made of.
PARTS = ("format", "answer", "box", "words", "coherence")
# Whose misses and contradictions cost something.
PENALISED = ("all", "right")

INSIDE = r"((?:(?!</?think>|</?answer>).)+)"
STRICT = re.compile(rf"\s*<think>{INSIDE}</think>\s*<answer>{INSIDE}</answer>\s*\Z", re.DOTALL)
END_TOKENS = re.compile(r"(?:<\|im_end\|>|<\|endoftext\|>|\s)+\Z")
THINK = re.compile(r"<think>(.*?)(?:</think>|<answer>|\Z)", re.DOTALL)
ANSWER = re.compile(r"<answer>(.*?)(?:</answer>|\Z)", re.DOTALL)
FENCE = re.compile(r"\s*```(?:json)?\s*(.*?)\s*```\s*\Z", re.DOTALL)


def load_config(path=None):
    """The configuration of a JSON file, or of rewards.json; raises SystemExit that names file and key."""
    with open(DEFAULTS, encoding="utf-8") as file:
        defaults = json.load(file)
    if path is None:
        return make_config({}, DEFAULTS, defaults)
    try:
        with open(path, encoding="utf-8") as file:
            given = json.load(file)
    except OSError as error:
        raise SystemExit(f"{path}: cannot be read ({error.strerror}). Give a rewards file, as {DEFAULTS}.") from error
    except json.JSONDecodeError as error:
        raise SystemExit(f"{path}:{error.lineno}: not JSON ({error.msg}). Compare with {DEFAULTS}.") from error
    return make_config(given, path, defaults)


def make_config(given, source="rewards", defaults=None):
    """A whole configuration from the part that is given; `source` names it in errors."""
    if defaults is None:
        with open(DEFAULTS, encoding="utf-8") as file:
            defaults = json.load(file)
    if not isinstance(given, dict):
        raise SystemExit(f"{source}: not an object of rewards. Compare with {DEFAULTS}.")
    config = _merge(defaults, given, source, "")
    if config["coordinateSpace"] not in SPACES:
        raise SystemExit(f"{source}: coordinateSpace {config['coordinateSpace']!r} is none of {', '.join(SPACES)}.")
    labels = config["labels"]
    if not all(isinstance(label, str) for label in labels) or ABSENT not in labels:
        raise SystemExit(f'{source}: labels must be a list of texts with "{ABSENT}" in it.')
    config["labels"] = tuple(labels)
    for group, name in (("format", "partial"), ("box", "near"), ("coherence", "overlap")):
        if not 0 <= config[group][name] <= 1:
            raise SystemExit(f"{source}: {group}.{name} is {config[group][name]}, not within 0..1.")
    if config["coherence"]["penalise"] not in PENALISED:
        raise SystemExit(
            f"{source}: coherence.penalise {config['coherence']['penalise']!r} is none of {', '.join(PENALISED)}."
        )
    for group, name in (("coherence", "illusionPenalty"), ("coherence", "wordPenalty"), ("words", "conflict")):
        if config[group][name] < 0:
            raise SystemExit(f"{source}: {group}.{name} is negative. Give what is taken off, as a positive number.")
    return config


def _merge(defaults, given, source, prefix):
    merged = copy.deepcopy(defaults)
    for key, value in given.items():
        if key not in defaults:
            known = ", ".join(sorted(defaults))
            raise SystemExit(f"{source}: unknown key {prefix + key!r}. Known here: {known}.")
        expected = defaults[key]
        if isinstance(expected, dict) and isinstance(value, dict):
            merged[key] = _merge(expected, value, source, f"{prefix}{key}.")
        elif _kind(expected) != _kind(value):
            raise SystemExit(f"{source}: {prefix}{key} must be a {_kind(expected)}, not {json.dumps(value)}.")
        else:
            merged[key] = value
    return merged


def _kind(value):
    for kind, types in (("true or false", bool), ("number", (int, float)), ("text", str), ("list", (list, tuple))):
        if isinstance(value, types):
            return kind
    return "object" if isinstance(value, dict) else "nothing"


def _bare(text):
    return re.sub(r"^[\"'`]+|[\"'`.]+$", "", text.strip()).strip()


def _joined(text):
    return re.sub(r"[\s_-]+", "_", text)


@lru_cache(maxsize=65536)
def map_label(text, labels):
    """The label of the tuple `labels` that a text means, or "unknown"; restates mapLabel of evaluation/metrics.ts."""
    if text is None:
        return UNKNOWN
    written = _bare(text)
    if written in labels:
        return written
    one = _joined(written)
    same = [label for label in labels if _joined(label) == one]
    if len(same) == 1:
        return same[0]
    folded = [label for label in labels if _joined(label).lower() == one.lower()]
    return folded[0] if len(folded) == 1 else UNKNOWN


def iou(first, second):
    """True intersection over union of two boxes [x1, y1, x2, y2] on continuous coordinates."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = (first[2] - first[0]) * (first[3] - first[1]) + (second[2] - second[0]) * (second[3] - second[1])
    return width * height / (areas - width * height)


def nearness(first, second):
    """(1 + GIoU) / 2 of two boxes: 1 where they are equal, towards 0 the farther they lie apart."""
    hull = (max(first[2], second[2]) - min(first[0], second[0])) * (max(first[3], second[3]) - min(first[1], second[1]))
    areas = (first[2] - first[0]) * (first[3] - first[1]) + (second[2] - second[0]) * (second[3] - second[1])
    overlap = iou(first, second)
    # Of A + B = union + inner and inner = overlap x union.
    union = areas / (1 + overlap)
    return (1 + overlap - (hull - union) / hull) / 2


def words_of(reasoning, label, truth):
    """What an answer's words say of the truth: "right", "conflict" or "silent"; None where there is nothing to tell by."""
    question, box = truth.get("question") or "", truth["box"]
    said, gone = places_said(reasoning, question), absence_said(reasoning, question) is not None
    if box is None and not truth.get("boxUnknown"):
        return "conflict" if said else "right" if gone else "silent"
    place = place_of_label(truth["label"])
    if box is None and place is None:
        return None
    sides = (place.horizontal, place.vertical) if box is None else sides_of_box(box, truth["width"], truth["height"])
    if gone or (label is not None and is_absent_label(label)) or not all(agrees(one, sides) for one in said):
        return "conflict"
    return "right" if said else "silent"


def is_silent(reasoning, question):
    """Whether reasoning names no place that it should have named; a question may be unknown."""
    return not places_said(reasoning, question or "") and not (question and instrument_named(question) is None)


def parse(text, width, height, config):
    """(valid, reasoning, label or None, box or None) of a model's text; the box in pixels of width x height.

    `valid` is the format reward's question. Where it is False, what can be read is given all the same.
    """
    scale_x, scale_y, right, bottom = 1, 1, width, height
    if config["coordinateSpace"] == "normalized-1000":
        scale_x, scale_y, right, bottom = width / 1000, height / 1000, 1000, 1000
    # A decoder may leave the end token in; it is no part of the text.
    text = END_TOKENS.sub("", text)
    match = STRICT.match(text)
    reasoning, body = (match.group(1).strip(), match.group(2)) if match else _loose(text)
    value, clean = _answer_object(body, config["format"]["lenient"])
    if value is None:
        return False, reasoning, None, None
    label, corners = value.get("label"), value.get("bbox_2d")
    label = label.strip() or None if isinstance(label, str) else None
    proper = corners is None or _is_box(corners, right, bottom)
    box = None
    if corners is not None and _is_numbers(corners):
        x1, y1 = max(0, corners[0]), max(0, corners[1])
        x2, y2 = min(right, corners[2]), min(bottom, corners[3])
        if x1 < x2 and y1 < y2:
            box = [x1 * scale_x, y1 * scale_y, x2 * scale_x, y2 * scale_y]
    valid = bool(match and reasoning and clean and label and proper and set(value) == {"label", "bbox_2d"})
    valid = valid and (corners is None) == is_absent_label(label)
    return valid, reasoning, label, box


def _loose(text):
    think, answer = THINK.search(text), ANSWER.search(text)
    reasoning = think.group(1) if think else text[: answer.start()] if answer else ""
    return reasoning.strip(), answer.group(1) if answer else text


def _answer_object(body, lenient):
    """(the JSON object of an answer or None, whether nothing but it stands there)."""
    fence = FENCE.match(body)
    try:
        value = json.loads(fence.group(1) if fence else body)
    except ValueError:
        begin, end = body.find("{"), body.rfind("}")
        try:
            value = json.loads(body[begin : end + 1])
        except ValueError:
            return None, False
        return (value, False) if isinstance(value, dict) else (None, False)
    listed = isinstance(value, list) and len(value) == 1
    if listed:
        value = value[0]
    if not isinstance(value, dict):
        return None, False
    return value, lenient or not (fence or listed)


def _is_numbers(corners):
    return isinstance(corners, list) and len(corners) == 4 and all(type(value) in (int, float) for value in corners)


def _is_box(corners, right, bottom):
    if not _is_numbers(corners) or any(type(value) is not int for value in corners):
        return False
    x1, y1, x2, y2 = corners
    return 0 <= x1 < x2 <= right and 0 <= y1 < y2 <= bottom


def judge(text, truth, config):
    """All that is known of one answer: the rewards of `score`, and `valid`, `right`, `overlap`, `illusion`, `findings`,
    `said` (of words_of), `missed` (a box that the coherence reward takes for missed) and `disagree` (words against the
    answer's own box).

    illusion: a positional illusion, as evaluation counts it: a right label whose box overlaps the true one by less
    than 0.5 or is missing, or whose place words disagree with its own box. overlap: None where the truth has no box.
    """
    width, height, true_box = _truth(truth)
    valid, reasoning, label, box = parse(text, width, height, config)
    labels = config["labels"]
    if truth["label"] not in labels:
        labels = (*labels, truth["label"])
    right = map_label(label, labels) == truth["label"]
    findings = check_coherence(reasoning, label, box, width, height, truth.get("question") or "")
    unmarked = bool(truth.get("boxUnknown"))
    overlap = None if true_box is None else 0.0 if box is None else iou(box, true_box)
    disagree = any(finding.kind != "box-missing" for finding in findings)
    place = None if right or box is None else place_of_label(truth["label"])
    disagree = disagree or bool(place) and not agrees(place, sides_of_box(box, width, height))
    rules = config["coherence"]
    near = config["box"]["near"]
    placed = overlap if overlap is not None else 1.0 if right and box is None and not unmarked else 0.0
    if near and true_box is not None and box is not None:
        placed = (1 - near) * overlap + near * nearness(box, true_box)
    words = words_of(reasoning, label, truth)
    rewards = {
        "format": 1.0 if valid else config["format"]["partial"] if label else 0.0,
        "answer": 1.0 if right else 0.0,
        "box": placed,
        "words": {"right": 1.0, "conflict": -config["words"]["conflict"]}.get(words, 0.0),
        "coherence": 0.0,
    }
    missed = box is None if unmarked else overlap is not None and overlap < rules["overlap"]
    if missed or disagree:
        if right or rules["penalise"] == "all":
            denied = missed and label is not None and is_absent_label(label)
            against = disagree or denied
            rewards["coherence"] = -rules["illusionPenalty"] * missed - rules["wordPenalty"] * against
    elif right and not (rules["requirePlaceWords"] and box and is_silent(reasoning, truth.get("question"))):
        rewards["coherence"] = overlap if rules["graded"] and overlap is not None else 1.0
    if config["gated"] and not valid:
        rewards.update(answer=0.0, box=0.0, words=0.0, coherence=0.0)
    rewards["total"] = sum(config[name]["weight"] * reward for name, reward in rewards.items())
    places = any(finding.kind in ("reasoning-place", "label-place") for finding in findings)
    illusion = right and overlap is not None and (overlap < 0.5 or places)
    told = {"valid": valid, "right": right, "overlap": overlap, "illusion": illusion, "findings": findings}
    return {**rewards, **told, "said": words, "missed": bool(missed), "disagree": disagree}


def score(text, truth, config):
    """{"format", "answer", "box", "words", "coherence", "total"} of one answer.

    truth: {"label", "box" ([x1, y1, x2, y2], or None where there is nothing to be seen), "width", "height"}, in the pixels in which the text's box is
    written (with coordinateSpace normalized-1000: in any pixels); "question" is used if given, to know the subject. With
    "boxUnknown" and no box there is something to be seen, and nobody has marked where.
    config: of load_config or make_config. Raises ValueError where the truth lacks something.
    """
    judged = judge(text, truth, config)
    return {name: judged[name] for name in (*PARTS, "total")}


def _truth(truth):
    missing = [key for key in ("label", "box", "width", "height") if key not in truth]
    if missing:
        raise ValueError(f"The truth of an answer lacks {', '.join(missing)}; it has {', '.join(sorted(truth))}.")
    box = truth["box"]
    if box is not None and truth.get("boxUnknown"):
        raise ValueError("The truth of an answer has a box and says that it is unknown.")
    if box is not None and (len(box) != 4 or not (box[0] < box[2] and box[1] < box[3])):
        raise ValueError(f"The true box {list(box)} is not [x1, y1, x2, y2] with x1 < x2 and y1 < y2.")
    if not (truth["width"] > 0 and truth["height"] > 0):
        raise ValueError(f"The truth's image is {truth['width']} x {truth['height']}; both must be above 0.")
    return truth["width"], truth["height"], box
