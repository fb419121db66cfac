"""The conversation that the embedded model is trained on: its chat template, special tokens and the answer's form.

What is asked and reasoned comes from the dataset (models/data/dataset); here is only how a record becomes tokens:

    <|im_start|>user
    <|vision_start|><|image_pad|>...<|vision_end|>{question}<|im_end|>
    <|im_start|>assistant
    <think>{reasoning}</think><answer>{"label": "{label}", "bbox_2d": [x1,y1,x2,y2]}</answer><|im_end|>

An answer of several things is a list of such objects; its label stands first, without a box, where it says more than
the names of the things, such as a count.
"""

import re

ABSENT = "not visible"

SPECIAL = [
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|vision_pad|>",
    "<|image_pad|>",
    "<|video_pad|>",
]
LABEL_OPEN, BOX_OPEN, NO_BOX, BOX_CLOSE = '{"label": "', '", "bbox_2d": [', '", "bbox_2d": null}', "]}"
PLAIN = ["<think>", "</think>", "<answer>", "</answer>", LABEL_OPEN, BOX_OPEN, NO_BOX, BOX_CLOSE]

PREFIX_BEFORE = "<|im_start|>user\n<|vision_start|>"
PREFIX_AFTER = "<|vision_end|>"
CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}"
    "{% else %}{% for part in message['content'] %}"
    "{% if part['type'] == 'image' or 'image' in part or 'image_url' in part %}"
    "<|vision_start|><|image_pad|><|vision_end|>"
    "{% elif 'text' in part %}{{ part['text'] }}{% endif %}{% endfor %}{% endif %}"
    "<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

# What a token of an answer is for; training weighs tokens and directs attention by it. NAMED is the name of an
# instrument that the answer has to find, SAID what follows from the question and from the words before.
PLAIN_ROLE, PRESENCE, PLACE_ROLE, CUE_ROLE, NAME_LABEL, PLACE_LABEL, NAMED, SAID, COORDINATE = range(9)
_SPAN_ROLES = {"presence": PRESENCE, "place": PLACE_ROLE, "cue": CUE_ROLE, "label": CUE_ROLE}
# Kinds whose answers name what the question does not.
NAMING = ("instruments", "count", "description", "relation")
NOTHING = -1

_NEXT_WORD = re.compile(r" ?\w+|\W")
_SIDES = re.compile(r"\b(left|right|Left|Right)\b")
_OTHER_SIDE = {"left": "right", "right": "left", "Left": "Right", "Right": "Left"}


def mirrored(text):
    """The text of the mirrored picture: left and right change places wherever they stand as words."""
    return _SIDES.sub(lambda found: _OTHER_SIDE[found.group()], text)


def question_block(question):
    """What follows the image: the question, the end of the user's turn and the opening of the answer."""
    return f"{question}<|im_end|>\n<|im_start|>assistant\n"


def things_of(record):
    """What a record's answer places: [(name, box in source pixels)]; one thing, several, or none."""
    if record.get("items"):
        return [(item["label"], item["box"]) for item in record["items"]]
    if record["box"] is None:
        return []
    named = record["label"] if record["questionType"] in ("organ", "relation") else record["subject"]
    return [(named, record["box"])]


def spans_of(record):
    """[(begin, end, role, thing)] of a record's reasoning in order; thing counts those of `things_of`, or is NOTHING.

    Of several things each is named by its words, and placed by the next place that is said.
    """
    text, kind, things = record["reasoning"], record["questionType"], things_of(record)
    found, several, placed, at = [], bool(record.get("items")), 0, 0
    organ_first = kind == "description"
    for begin, end, name in sorted(record["spans"]):
        role = _SPAN_ROLES[name]
        if kind == "location" and name == "label":
            role = PLACE_ROLE
        if kind == "relation" and name == "label":
            role = NAMED
        if kind == "count" and name == "label":
            role = SAID
        thing = 0 if things else NOTHING
        if several and name == "place":
            thing = min(placed + organ_first, len(things) - 1)
            placed += 1
        elif organ_first and placed and name == "cue":
            # What else is seen has no box in the answer.
            thing = NOTHING
        found.append((begin, end, role, thing))
    if several and kind in NAMING:
        for thing, (name, _) in enumerate(things):
            words = f" {name.replace('_', ' ')}"
            begin = text.find(words, at)
            if begin < 0 or (organ_first and thing == 0):
                continue
            at = begin + len(words)
            found.append((begin, at, NAMED, thing))
    if kind == "count":
        begin, _, _, _ = next(span for span in found if span[2] == SAID)
        # What tells a count from a list of the same things.
        found.append((text.rfind(".", 0, begin) + 1, begin, SAID, NOTHING))
    if several:
        # Whether one more thing follows is decided behind each place.
        for _, end, role, _ in list(found):
            more = _NEXT_WORD.match(text, end) if role == PLACE_ROLE else None
            if more:
                found.append((*more.span(), SAID, NOTHING))
    return sorted(found)


def reasoning_parts(record):
    """The reasoning of a dataset record as [(text, role, thing)], cut at its spans."""
    text, parts, at = record["reasoning"], [], 0
    none = NOTHING if record.get("items") or not things_of(record) else 0
    for begin, end, role, thing in spans_of(record):
        begin = max(begin, at)
        if begin > at:
            parts.append((text[at:begin], PLAIN_ROLE, none))
        if end > begin:
            parts.append((text[begin:end], role, thing))
        at = max(at, end)
    return parts + ([(text[at:], PLAIN_ROLE, none)] if at < len(text) else [])


def label_role(record):
    """What the label has to be read from: the look of the object, its place, or the question and the words before."""
    kind = record["questionType"]
    if kind in ("organ", "state"):
        return PLAIN_ROLE if record["label"] == ABSENT else NAME_LABEL
    if kind == "location":
        return PLAIN_ROLE if record["label"] == ABSENT else PLACE_LABEL
    return PLAIN_ROLE if kind == "grounding" else NAMED if kind == "relation" else SAID


def object_parts(label, role, box, thing):
    """One object of an answer as [(text, role, thing)]; box: as it is written, or None."""
    parts = [(LABEL_OPEN, PLAIN_ROLE, thing), (label, role, thing)]
    if box is None:
        return [*parts, (NO_BOX, PLAIN_ROLE, thing)]
    parts.append((BOX_OPEN, PLAIN_ROLE, thing))
    for slot, value in enumerate(box):
        parts += [(str(value), COORDINATE + slot, thing), ("," if slot < 3 else BOX_CLOSE, PLAIN_ROLE, thing)]
    return parts


def answer_parts(record, boxes):
    """The whole answer as [(text, role, thing)]; joined texts are the answer.

    record: of the dataset, with reasoning. boxes: of each of `things_of`, four coordinates of the resized image as they
    are written. Cuts lie between words, so that the parts' tokens joined are the tokens of the whole. Roles COORDINATE
    to COORDINATE + 3 are x1, y1, x2, y2. thing: which of the things a part is about, or NOTHING.
    """
    parts = [("<think>", PLAIN_ROLE, NOTHING), *reasoning_parts(record)]
    # Where a list of things ends, and no count follows, is a decision as well.
    ends = SAID if record.get("items") else PLAIN_ROLE
    parts += [("</think>", ends, NOTHING), ("<answer>", PLAIN_ROLE, NOTHING)]
    if not record.get("items"):
        box, thing = (boxes[0], 0) if boxes else (None, NOTHING)
        parts += object_parts(record["label"], label_role(record), box, thing)
    else:
        names = [name for name, _ in things_of(record)]
        listed = []
        if record["label"] != ", ".join(names):
            listed.append(object_parts(record["label"], SAID, None, NOTHING))
        for thing, (name, box) in enumerate(zip(names, boxes)):
            organ = record["questionType"] == "description" and thing == 0
            role = SAID if record["questionType"] == "presence" else NAME_LABEL if organ else NAMED
            listed.append(object_parts(name, role, box, thing))
        parts.append(("[", SAID, NOTHING))
        for place, part in enumerate(listed):
            parts += [*([(", ", SAID, NOTHING)] if place else []), *part]
        parts.append(("]", SAID, NOTHING))
    return parts + [("</answer>", PLAIN_ROLE, NOTHING), ("<|im_end|>", PLAIN_ROLE, NOTHING)]


def answer_text(record, boxes):
    return "".join(text for text, _, _ in answer_parts(record, boxes))


def corpus(texts, labels):
    """What the tokenizer is trained on: every distinct text of the training records, and the labels by themselves."""
    out = [CHAT_TEMPLATE, "user system assistant You are a helpful assistant. What is seen here? Describe the view."]
    added = re.compile("|".join(re.escape(content) for content in [*SPECIAL, *PLAIN]))
    out += sorted(texts)
    out = [added.sub("\n", text) for text in out]
    for label in [*sorted(labels), ABSENT]:
        out += [f'"{label}"', f" {label}", label]
    out.append("[4,8,12,16]")
    return out
