"""Changes of a training frame's look that leave its truth as it is: colour, exposure, optics, smoke, cover, noise.

Another camera, another light or a smoky moment changes every pixel and no label or box. Stage 1 without these knew
one look only: with the hue turned by 45 degrees its answers were word salad. Each frame of a batch is changed anew,
so no look is seen twice. Evaluation changes looks by code of its own (corruptions.py), so that it does not test what
was learnt by heart.
"""
import io
import math

import numpy as np
from PIL import Image, ImageFilter

LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def colour_matrix(angle, saturation, gains):
    """[3, 3]: turns hue by `angle` radians about the grey axis, scales saturation, then multiplies each channel."""
    third, root = 1 / 3, math.sqrt(1 / 3)
    cos, sin = math.cos(angle), math.sin(angle)
    same, left, right = cos + (1 - cos) * third, (1 - cos) * third - root * sin, (1 - cos) * third + root * sin
    turn = np.array([[same, left, right], [right, same, left], [left, right, same]], np.float32)
    grey = np.tile(LUMA, (3, 1))
    return np.diag(np.asarray(gains, np.float32)) @ (grey + saturation * (turn - grey))


def field(random, height, width, cells):
    """A smooth random field [height, width] within 0..1: values of a coarse grid, blended by bicubic resizing."""
    rows = max(2, round(cells * height / max(height, width)) + 1)
    coarse = Image.fromarray((random.random((rows, cells + 1)) * 255).astype(np.uint8))
    return np.asarray(coarse.resize((width, height), Image.BICUBIC), np.float32) / 255


def recolour(pixels, random):
    """Hue, saturation, white balance, exposure, gamma and contrast: another camera, or another light.

    Returns also whether colours are others now, so that words of colour are no longer true.
    """
    angle = random.uniform(-math.pi, math.pi) if random.random() < 0.45 else random.normal(0, 0.15)
    saturation = random.uniform(0.25, 1.6)
    gains = np.exp(random.normal(0, 0.12, 3)) * math.exp(random.uniform(-0.8, 0.4))
    pixels = pixels @ colour_matrix(angle, saturation, gains).T
    gamma, contrast = math.exp(random.normal(0, 0.25)), math.exp(random.uniform(-1.3, 0.4))
    pixels = 255 * (np.clip(pixels, 0, 255) / 255) ** gamma
    mean = pixels.mean()
    return mean + contrast * (pixels - mean), abs(angle) > 0.35 or saturation < 0.4


def smoke(pixels, random):
    """A veil of smoke, nearly even or in clouds, of grey to bluish or yellowish white."""
    height, width = pixels.shape[:2]
    cloud = 0.6 * field(random, height, width, int(random.integers(2, 5)))
    cloud += 0.4 * field(random, height, width, int(random.integers(5, 12)))
    most, even = random.uniform(0.15, 0.85), random.uniform(0.3, 1)
    alpha = most * (even + (1 - even) * cloud)
    shade = random.uniform(130, 240) + random.normal(0, 8, 3)
    return pixels + alpha[..., None] * (shade.astype(np.float32) - pixels)


def cover(pixels, random, other):
    """Patches that hide part of the view: a cloth, a gauze, a thumb, a logo; flat, or cut from another frame."""
    height, width = pixels.shape[:2]
    left = random.uniform(0.02, 0.4)
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    for _ in range(int(random.integers(1, 5))):
        share = left * random.uniform(0.4, 1)
        left -= share
        stretch = math.exp(random.normal(0, 0.4))
        high = min(height, math.sqrt(share * height * width / stretch))
        wide = min(width, share * height * width / high)
        y, x = random.uniform(0, height - high + 1), random.uniform(0, width - wide + 1)
        if random.random() < 0.5:
            inside = (rows >= y) & (rows < y + high) & (columns >= x) & (columns < x + wide)
        else:
            inside = ((rows - y - high / 2) / high) ** 2 + ((columns - x - wide / 2) / wide) ** 2 < 0.25
        kind = random.random()
        if kind < 0.4:
            pixels = np.where(inside[..., None], random.uniform(0, 255, 3).astype(np.float32), pixels)
        elif kind < 0.6:
            noise = random.uniform(0, 255, pixels.shape).astype(np.float32)
            pixels = np.where(inside[..., None], noise, pixels)
        else:
            pixels = np.where(inside[..., None], other[::-1, ::-1].astype(np.float32), pixels)
    return pixels


def glare(pixels, random):
    """Specular spots and the drops on a lens: small blobs, bright or dark, with soft edges."""
    height, width = pixels.shape[:2]
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    for _ in range(int(random.integers(1, 9))):
        y, x, radius = random.uniform(0, height), random.uniform(0, width), math.exp(random.uniform(1.0, 3.4))
        near = np.exp(-(((rows - y) ** 2 + ((columns - x) * math.exp(random.normal(0, 0.3))) ** 2) / radius**2))
        shade = 250.0 if random.random() < 0.7 else random.uniform(0, 120)
        pixels = pixels + (near * random.uniform(0.3, 1))[..., None] * (shade - pixels)
    return pixels


def optics(pixels, random):
    """Out of focus, or the sharpening of a camera's own processing; a loss of resolution."""
    picture = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    kind = random.random()
    if kind < 0.55:
        picture = picture.filter(ImageFilter.GaussianBlur(math.exp(random.uniform(-0.2, 2.6))))
    elif kind < 0.8:
        factor = math.exp(random.uniform(0.3, 2.1))
        small = (max(16, round(picture.width / factor)), max(16, round(picture.height / factor)))
        picture = picture.resize(small, Image.BILINEAR).resize(picture.size, Image.BILINEAR)
    else:
        picture = picture.filter(ImageFilter.UnsharpMask(random.uniform(0.6, 2.5), int(random.integers(50, 260)), 0))
    return np.asarray(picture, np.float32)


def compress(pixels, random):
    """Noise of the sensor, and the blocks of JPEG."""
    if random.random() < 0.6:
        pixels = pixels + random.normal(0, random.uniform(2, 30), pixels.shape[:2] + (1 if random.random() < 0.5 else 3,))
    if random.random() < 0.5:
        file = io.BytesIO()
        picture = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
        picture.save(file, "JPEG", quality=int(random.integers(8, 60)))
        pixels = np.asarray(Image.open(file), np.float32)
    return pixels


def augment(images, random, shares):
    """uint8 [n, height, width, 3] -> (the same shape, each frame changed by itself; bool [n]: colours are others).

    shares: {"clean": share of frames left as they are, and of the others the chance of each change: "colour",
    "smoke", "cover", "glare", "optics", "noise"}. random: a numpy Generator, from which alone the changes come.
    """
    out, recoloured = np.empty_like(images), np.zeros(len(images), bool)
    for row, image in enumerate(images):
        if random.random() < shares["clean"]:
            out[row] = image
            continue
        pixels = image.astype(np.float32)
        if random.random() < shares["cover"]:
            pixels = cover(pixels, random, images[int(random.integers(len(images)))])
        if random.random() < shares["glare"]:
            pixels = glare(pixels, random)
        if random.random() < shares["smoke"]:
            pixels = smoke(pixels, random)
        if random.random() < shares["optics"]:
            pixels = optics(pixels, random)
        if random.random() < shares["colour"]:
            pixels, recoloured[row] = recolour(pixels, random)
        if random.random() < shares["noise"]:
            pixels = compress(pixels, random)
        out[row] = np.clip(np.rint(pixels), 0, 255).astype(np.uint8)
    return out, recoloured
