"""Named changes of a test picture's look, for measuring how answers hold; the truth of the picture stays.

Each takes a Pillow image at the size of its source and gives one; what is random depends on the picture's name alone,
so every model meets the same pictures. Training changes looks by other code (augment.py).
"""
import colorsys
import hashlib
import io

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter


def _random(name):
    return np.random.default_rng(int.from_bytes(hashlib.sha256(name.encode("utf8")).digest()[:8], "big"))


def hue(degrees):
    """Turns the hue of every pixel in HSV, as an editor does."""

    def change(picture, _):
        parts = np.array(picture.convert("HSV"))
        parts[..., 0] = (parts[..., 0].astype(np.int32) + round(degrees / 360 * 256)) % 256
        return Image.fromarray(parts, "HSV").convert("RGB")

    return change


def smoke(alpha):
    """A light grey veil of this mean opacity, denser and thinner in places: three octaves of value noise."""

    def change(picture, random):
        width, height = picture.size
        veil, weight = np.zeros((height, width)), 1.0
        for cells in (3, 6, 12):
            coarse = Image.fromarray((random.random((cells, cells)) * 255).astype(np.uint8))
            veil += weight * np.asarray(coarse.resize((width, height), Image.BILINEAR), float) / 255
            weight /= 2
        veil = np.clip(alpha + 0.1 * (veil - veil.mean()) / max(veil.std(), 1e-6), 0, 0.97)[..., None]
        pixels = np.asarray(picture, float)
        return Image.fromarray(np.uint8(np.rint(pixels * (1 - veil) + 205 * veil)))

    return change


def blur(radius):
    return lambda picture, _: picture.filter(ImageFilter.GaussianBlur(radius))


def patch(share):
    """One dark rectangle over this share of the picture, somewhere."""

    def change(picture, random):
        width, height = picture.size
        side = share**0.5
        x, y = random.uniform(0, width * (1 - side)), random.uniform(0, height * (1 - side))
        shade = tuple(int(255 * part) for part in colorsys.hsv_to_rgb(random.random(), 0.3, 0.35))
        picture = picture.copy()
        ImageDraw.Draw(picture).rectangle((x, y, x + width * side, y + height * side), fill=shade)
        return picture

    return change


def contrast(factor):
    return lambda picture, _: ImageEnhance.Contrast(picture).enhance(factor)


def brightness(factor):
    return lambda picture, _: ImageEnhance.Brightness(picture).enhance(factor)


def noise(deviation):
    def change(picture, random):
        pixels = np.asarray(picture, float)
        return Image.fromarray(np.uint8(np.clip(np.rint(pixels + random.normal(0, deviation, pixels.shape)), 0, 255)))

    return change


def jpeg(quality):
    def change(picture, _):
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=quality)
        return Image.open(file).convert("RGB")

    return change


def downscale(factor):
    def change(picture, _):
        small = (max(1, picture.width // factor), max(1, picture.height // factor))
        return picture.resize(small, Image.BILINEAR).resize(picture.size, Image.BILINEAR)

    return change


CORRUPTIONS = {
    "hue-15": hue(15),
    "hue-45": hue(45),
    "hue-120": hue(120),
    "smoke-25": smoke(0.25),
    "smoke-50": smoke(0.5),
    "smoke-75": smoke(0.75),
    "blur-6": blur(6),
    "blur-12": blur(12),
    "patch-5": patch(0.05),
    "patch-15": patch(0.15),
    "patch-30": patch(0.3),
    "contrast-30": contrast(0.3),
    "dark-60": brightness(0.4),
    "bright-40": brightness(1.4),
    "noise-20": noise(20),
    "jpeg-20": jpeg(20),
    "downscale-8": downscale(8),
}


def corrupt(picture, corruption, name):
    """The picture changed by a named corruption; `name` is the picture's own, from which the chance is drawn."""
    return CORRUPTIONS[corruption](picture.convert("RGB"), _random(f"{corruption}/{name}"))
