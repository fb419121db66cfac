"""Changes of look in training and in evaluation, on a drawn picture. Prints JSON.

    augment_cases.py
"""
import json
import os
import sys

import numpy as np
from PIL import Image, ImageDraw

ROOT = os.path.join(os.path.dirname(__file__), "../../models/training")
sys.path.insert(0, ROOT)
import augment  # noqa: E402
from batches import Batches  # noqa: E402
from corruptions import CORRUPTIONS, corrupt  # noqa: E402

NOTHING = {"clean": 0, "colour": 0, "smoke": 0, "cover": 0, "glare": 0, "optics": 0, "noise": 0}


def picture():
    drawn = Image.new("RGB", (112, 84), (160, 60, 50))
    draw = ImageDraw.Draw(drawn)
    draw.rectangle((10, 10, 40, 60), fill=(40, 90, 200))
    draw.ellipse((60, 20, 100, 70), fill=(220, 210, 190))
    return drawn


def changed(images, **shares):
    return augment.augment(images, np.random.default_rng(5), {**NOTHING, **shares})


def grey_turned(angle):
    """How far grey pixels move when the hue is turned: not at all."""
    grey = np.full((4, 3), 90, np.float32)
    return float(np.abs(grey @ augment.colour_matrix(angle, 1, [1, 1, 1]).T - grey).max())


def turned_red():
    """Pure red turned by a third of the circle."""
    red = np.array([255, 0, 0], np.float32)
    return (red @ augment.colour_matrix(2 * np.pi / 3, 1, [1, 1, 1]).T).round().tolist()


class Told:
    """What Batches.block asks of frames and tokenizer, with words for tokens."""

    colourless = {"is purple and smooth": "is smooth"}
    added = {"<|endoftext|>": "."}

    def shape(self, _):
        return 84, 112


def reasoning(recoloured):
    batches = Batches.__new__(Batches)
    batches.frames, batches.cache, batches.config = Told(), {}, {"step": 4}
    batches.encode = lambda text: [text]
    text = "The organ is purple and smooth. This is the spleen."
    spans = [[9, 30, "cue"]]
    record = {"question": "?", "questionType": "organ", "reasoning": text, "spans": spans, "label": "spleen", "box": None}
    return "".join(batches.block(record, [], "84x112", False, recoloured)[0])


def main():
    image = np.asarray(picture())
    images = np.stack([image, image[:, ::-1], image[::-1]])
    one, same = changed(images, colour=1)[0], changed(images, colour=1)[0]
    kinds = {}
    for kind in ("colour", "smoke", "cover", "glare", "optics", "noise"):
        out, recoloured = changed(images, **{kind: 1})
        kinds[kind] = {
            "shape": list(out.shape),
            "type": str(out.dtype),
            "moved": float(np.abs(out.astype(int) - images).mean()),
            "recoloured": bool(recoloured.any()),
        }
    clean, recoloured = changed(images, clean=1, colour=1, smoke=1)
    corrupted = {}
    for name in CORRUPTIONS:
        out = corrupt(picture(), name, "a.png")
        again, other = corrupt(picture(), name, "a.png"), corrupt(picture(), name, "b.png")
        corrupted[name] = {
            "size": list(out.size),
            "moved": float(np.abs(np.asarray(out, int) - image).mean()),
            "again": out.tobytes() == again.tobytes(),
            "other": out.tobytes() == other.tobytes(),
        }
    print(
        json.dumps(
            {
                "reproducible": bool((one == same).all()),
                "apart": bool((one[0] != one[2][::-1]).any()),
                "clean": bool((clean == images).all()) and not recoloured.any(),
                "kinds": kinds,
                "greyTurned": grey_turned(1.1),
                "turnedRed": turned_red(),
                "plain": reasoning(False),
                "colourless": reasoning(True),
                "corrupted": corrupted,
            }
        )
    )


if __name__ == "__main__":
    main()
