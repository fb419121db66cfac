"""The language of the embedded model: questions, the reasoning grammar and the answer's form.

Reasoning is generated from ground truth by these rules (documented in README.md):

    state      The {tool} lies in the {place}. {cue}. This is {state}.
    place      The {tool} lies in the {place}. Its box centre is in that quarter.
    organ      The view is filled by {organ} tissue. The organ is the {organ}.
    absent     No {tool} is seen in this view. The question cannot be answered here.
"""

import re

TOOLS = [
    "bipolar_forceps",
    "prograsp_forceps",
    "large_needle_driver",
    "monopolar_curved_scissors",
    "ultrasound_probe",
    "suction",
    "clip_applier",
    "stapler",
]
STATES = [
    "Idle",
    "Grasping",
    "Retraction",
    "Tissue_Manipulation",
    "Tool_Manipulation",
    "Cutting",
    "Cauterization",
    "Suction",
    "Looping",
    "Suturing",
    "Clipping",
    "Staple",
    "Ultrasound_Sensing",
]
PLACES = ["left-top", "right-top", "left-bottom", "right-bottom"]
ORGANS = ["kidney"]
ABSENT = "not visible"

PLACE_WORDS = {
    "left-top": "upper left",
    "right-top": "upper right",
    "left-bottom": "lower left",
    "right-bottom": "lower right",
}
CUES = {
    "Idle": "Its closed jaws touch nothing",
    "Grasping": "Its jaws pinch a fold of tissue",
    "Retraction": "It pulls a sheet of tissue taut",
    "Tissue_Manipulation": "Its open jaws press into tissue",
    "Tool_Manipulation": "It holds a part of another instrument",
    "Cutting": "A bleeding cut lies at its blades",
    "Cauterization": "Sparks and smoke rise at its tip",
    "Suction": "A pool of blood lies at its tip",
    "Looping": "Thread is wound around its jaws",
    "Suturing": "It holds a curved needle by a wound",
    "Clipping": "A clipped vessel lies between its jaws",
    "Staple": "Rows of staples lie at its jaws",
    "Ultrasound_Sensing": "A film of gel lies around it",
}

# The first of each is the question of the EndoVis-VQLA sets.
QUESTIONS = {
    "organ": [
        "What organ is being operated?",
        "Which organ is being operated on?",
        "What organ is this?",
        "Which organ is shown?",
    ],
    "state": [
        "What is the state of {tool}?",
        "What is the state of the {tool}?",
        "What is the {tool} doing?",
        "Which state is the {tool} in?",
        "What does the {tool} do?",
    ],
    "location": [
        "Where is {tool} located?",
        "Where is the {tool} located?",
        "Where is the {tool}?",
        "In which part of the view is the {tool}?",
        "Where can the {tool} be seen?",
    ],
}

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
PLAIN = ["<think>", "</think>", "<answer>", "</answer>", '{"label": "', '", "bbox_2d": [', '", "bbox_2d": null}', "]}"]

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


def words(tool):
    return tool.replace("_", " ")


def question_block(question):
    """What follows the image: the question, the end of the user's turn and the opening of the answer."""
    return f"{question}<|im_end|>\n<|im_start|>assistant\n"


def spell(template, tool, style):
    """The question with the tool's name as in the data set (style 0) or in words (1), or all in small letters (2)."""
    name = tool if style == 0 else words(tool)
    text = template.format(tool=name)
    return text.lower() if style == 2 else text


# What a token of an answer is for; training weighs tokens and directs attention by it.
PLAIN_ROLE, PRESENCE, PLACE_ROLE, CUE_ROLE, STATE_LABEL, PLACE_LABEL, COORDINATE = 0, 1, 2, 3, 4, 5, 6


def answer_parts(kind, tool=None, state=None, place=None, organ=None, box=None):
    """The whole answer as [(text, role)]; joined texts are the answer. kind: organ, state, location or absent.

    box: four coordinates of the resized image, multiples of the step. Cuts lie between words, so that the parts'
    tokens joined are the tokens of the whole. Roles COORDINATE to COORDINATE + 3 are x1, y1, x2, y2.
    """
    parts = [("<think>", PLAIN_ROLE)]
    if kind == "absent":
        parts += [("No", PRESENCE), (f" {words(tool)} is seen in this view.", PLAIN_ROLE)]
        parts += [(" The question cannot be answered here.", PLAIN_ROLE)]
        label, role = ABSENT, PLAIN_ROLE
    elif kind == "organ":
        parts += [("The", PRESENCE), (f" view is filled by {organ} tissue. The organ is the {organ}.", PLAIN_ROLE)]
        label, role = organ, PLAIN_ROLE
    else:
        parts += [("The", PRESENCE), (f" {words(tool)} lies in the", PLAIN_ROLE)]
        parts += [(f" {PLACE_WORDS[place]}", PLACE_ROLE), (".", PLAIN_ROLE)]
        if kind == "location":
            parts += [(" Its box centre is in that quarter.", PLAIN_ROLE)]
            label, role = place, PLACE_LABEL
        else:
            parts += [(f" {CUES[state]}", CUE_ROLE), (". This is", PLAIN_ROLE)]
            parts += [(f" {state.replace('_', ' ').lower()}", CUE_ROLE), (".", PLAIN_ROLE)]
            label, role = state, STATE_LABEL
    parts += [("</think>", PLAIN_ROLE), ("<answer>", PLAIN_ROLE), ('{"label": "', PLAIN_ROLE), (label, role)]
    if box is None:
        parts += [('", "bbox_2d": null}', PLAIN_ROLE)]
    else:
        parts += [('", "bbox_2d": [', PLAIN_ROLE)]
        for slot, value in enumerate(box):
            parts += [(str(value), COORDINATE + slot), ("," if slot < 3 else "]}", PLAIN_ROLE)]
    return parts + [("</answer>", PLAIN_ROLE), ("<|im_end|>", PLAIN_ROLE)]


def answer_text(kind, **truth):
    return "".join(text for text, _ in answer_parts(kind, **truth))


def corpus():
    """Every sentence of the domain, for the tokenizer."""
    texts = [CHAT_TEMPLATE, "user system assistant You are a helpful assistant. What is seen here? Describe the view."]
    for tool in TOOLS:
        for kind, templates in QUESTIONS.items():
            for template in templates:
                texts += [spell(template, tool, style) for style in (0, 1, 2)]
        for place in PLACES:
            texts.append(answer_text("location", tool=tool, place=place))
        for state in STATES:
            texts.append(answer_text("state", tool=tool, state=state, place="left-top"))
        texts.append(answer_text("absent", tool=tool))
    texts += [answer_text("organ", organ=organ) for organ in ORGANS]
    added = re.compile("|".join(re.escape(content) for content in [*SPECIAL, *PLAIN]))
    texts = [added.sub("\n", text) for text in texts]
    for label in [*STATES, *PLACES, *ORGANS, *TOOLS, ABSENT]:
        texts += [f'"{label}"', f" {label}", label]
    texts.append("[4,8,12,16]")
    return texts
