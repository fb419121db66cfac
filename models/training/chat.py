"""The conversation that the embedded model is trained on: its chat template, special tokens and the answer's form.

What is asked and reasoned comes from the dataset (models/data/dataset); here is only how a record becomes tokens:

    <|im_start|>user
    <|vision_start|><|image_pad|>...<|vision_end|>{question}<|im_end|>
    <|im_start|>assistant
    <think>{reasoning}</think><answer>{"label": "{label}", "bbox_2d": [x1,y1,x2,y2]}</answer><|im_end|>
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

# What a token of an answer is for; training weighs tokens and directs attention by it.
PLAIN_ROLE, PRESENCE, PLACE_ROLE, CUE_ROLE, NAME_LABEL, PLACE_LABEL, COORDINATE = 0, 1, 2, 3, 4, 5, 6
_SPAN_ROLES = {"presence": PRESENCE, "place": PLACE_ROLE, "cue": CUE_ROLE, "label": CUE_ROLE}

_SIDES = re.compile(r"\b(left|right|Left|Right)\b")
_OTHER_SIDE = {"left": "right", "right": "left", "Left": "Right", "Right": "Left"}


def mirrored(text):
    """The text of the mirrored picture: left and right change places wherever they stand as words."""
    return _SIDES.sub(lambda found: _OTHER_SIDE[found.group()], text)


def question_block(question):
    """What follows the image: the question, the end of the user's turn and the opening of the answer."""
    return f"{question}<|im_end|>\n<|im_start|>assistant\n"


def reasoning_parts(record):
    """The reasoning of a dataset record as [(text, role)], cut at its spans."""
    text, parts, at = record["reasoning"], [], 0
    place = record["questionType"] == "location"
    for begin, end, name in sorted(record["spans"]):
        if begin < at:
            begin = at
        if begin > at:
            parts.append((text[at:begin], PLAIN_ROLE))
        if end > begin:
            parts.append((text[begin:end], PLACE_ROLE if place and name == "label" else _SPAN_ROLES[name]))
        at = max(at, end)
    return parts + ([(text[at:], PLAIN_ROLE)] if at < len(text) else [])


def label_role(record):
    """What the label has to be read from: the look of the object, its place, or the question itself."""
    if record["label"] == ABSENT or record["questionType"] == "grounding":
        return PLAIN_ROLE
    return PLACE_LABEL if record["questionType"] == "location" else NAME_LABEL


def answer_parts(record, box):
    """The whole answer as [(text, role)]; joined texts are the answer.

    record: of the dataset, with reasoning. box: four coordinates of the resized image as they are written, or None.
    Cuts lie between words, so that the parts' tokens joined are the tokens of the whole. Roles COORDINATE to
    COORDINATE + 3 are x1, y1, x2, y2.
    """
    parts = [("<think>", PLAIN_ROLE), *reasoning_parts(record), ("</think>", PLAIN_ROLE), ("<answer>", PLAIN_ROLE)]
    parts += [(LABEL_OPEN, PLAIN_ROLE), (record["label"], label_role(record))]
    if box is None:
        parts.append((NO_BOX, PLAIN_ROLE))
    else:
        parts.append((BOX_OPEN, PLAIN_ROLE))
        for slot, value in enumerate(box):
            parts += [(str(value), COORDINATE + slot), ("," if slot < 3 else BOX_CLOSE, PLAIN_ROLE)]
    return parts + [("</answer>", PLAIN_ROLE), ("<|im_end|>", PLAIN_ROLE)]


def answer_text(record, box):
    return "".join(text for text, _ in answer_parts(record, box))


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
