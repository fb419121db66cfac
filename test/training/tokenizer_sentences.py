"""Writes tokenizer_sentences.json: sentences with their ids by the Python encoder, for tokenizer.test.ts.

    python3 test/training/tokenizer_sentences.py models/nano DATASET > test/training/tokenizer_sentences.json

DATASET is a folder of `cli data build`: its test split gives the sentences of the domain.
"""
import json
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../models/training"))
import chat  # noqa: E402
from tokenizer import Tokenizer  # noqa: E402

FREE = [
    "Is the kidney bleeding?",
    "what do you see at 12:34, frame 1024?",
    "  leading and trailing spaces  ",
    "line one\nline two\r\n\n\nline five",
    "It's the surgeon's 2nd try; don't stop!",
    "Naïve café, Ångström, 腎臓, почка, 🩺",
    "tabs\tand   runs of   spaces",
    "<|im_start|>user\nnested <|image_pad|> text<|im_end|>",
    "",
    "0 4 8 12 100 104 312 336 448 449 1234567",
    '{"label": "Idle", "bbox_2d": [1,2,3,4]}',
    "x_y__z-left-top_bottom",
]


def main():
    tokenizer = Tokenizer.load(os.path.join(sys.argv[1], "tokenizer.json"))
    draw, texts = random.Random(3), list(FREE)
    with open(os.path.join(sys.argv[2], "test.jsonl"), encoding="utf8") as file:
        records = [record for record in map(json.loads, file) if record["reasoning"]]
    for record in draw.sample(records, 200 - len(FREE)):
        boxes = [[draw.randrange(0, 113) * 4 for _ in range(4)] for _ in chat.things_of(record)]
        question = chat.question_block(record["question"])
        texts.append(
            chat.PREFIX_BEFORE + "<|image_pad|>" + chat.PREFIX_AFTER + question + chat.answer_text(record, boxes)
        )
    rows = [{"text": text, "ids": tokenizer.encode(text)} for text in texts]
    for row in rows:
        if tokenizer.decode(row["ids"], skip_special=False) != row["text"]:
            raise SystemExit(f"not round: {row['text']!r}")
    print(json.dumps(rows, indent=0))


main()
