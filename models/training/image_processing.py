"""Image preprocessing of Qwen2-VL and Qwen2.5-VL: smart_resize, Pillow bicubic, normalisation, patch order."""
import math

import numpy as np
from PIL import Image


def smart_resize(height, width, factor=28, min_pixels=3136, max_pixels=12845056):
    """Size (height, width), both multiples of factor, as upstream since 2025-06-10.

    Python's round is half to even, which the sizes depend on.
    """
    if max(height, width) / min(height, width) > 200:
        raise ValueError(f"{width}x{height}: the sides' ratio must be at most 200")
    resized_height = round(height / factor) * factor
    resized_width = round(width / factor) * factor
    if resized_height * resized_width > max_pixels:
        beta = math.sqrt((height * width) / max_pixels)
        resized_height = max(factor, math.floor(height / beta / factor) * factor)
        resized_width = max(factor, math.floor(width / beta / factor) * factor)
    elif resized_height * resized_width < min_pixels:
        beta = math.sqrt(min_pixels / (height * width))
        resized_height = math.ceil(height * beta / factor) * factor
        resized_width = math.ceil(width * beta / factor) * factor
    return resized_height, resized_width


def size_of(config, height, width):
    """smart_resize with the limits of a preprocessor_config.json."""
    factor = config["patch_size"] * config["merge_size"]
    return smart_resize(height, width, factor, config["min_pixels"], config["max_pixels"])


def resize(image, config):
    """Pillow image -> uint8 [height, width, 3] at the model's size (antialiased bicubic, as upstream)."""
    image = image.convert("RGB")
    height, width = size_of(config, image.height, image.width)
    if (width, height) != image.size:
        image = image.resize((width, height), Image.BICUBIC)
    return np.asarray(image)


def lookup_table(config):
    """float32 [3, 256]: the normalised value of each byte, rescaled in float64 and normalised in float32."""
    rescaled = (np.arange(256, dtype=np.float64) * (1 / 255)).astype(np.float32)
    mean = np.asarray(config["image_mean"], np.float32)[:, None]
    deviation = np.asarray(config["image_std"], np.float32)[:, None]
    return (rescaled[None] - mean) / deviation


def to_patches(pixels, patch=14, merge=2):
    """uint8 or float [..., height, width, 3] -> [..., patches, 3, patch, patch], rows in merge-block order."""
    lead, (height, width) = pixels.shape[:-3], pixels.shape[-3:-1]
    rows, columns = height // (patch * merge), width // (patch * merge)
    blocks = pixels.reshape(*lead, rows, merge, patch, columns, merge, patch, 3)
    axes = len(lead)
    order = list(range(axes)) + [axes + i for i in (0, 3, 1, 4, 6, 2, 5)]
    return blocks.transpose(order).reshape(*lead, rows * columns * merge * merge, 3, patch, patch)


def pixel_values(pixels, config):
    """uint8 [height, width, 3] -> float32 [patches, 1176] (channel, frame, y, x) and the grid (1, rows, columns)."""
    patch, merge = config["patch_size"], config["merge_size"]
    patches = to_patches(pixels, patch, merge)
    values = lookup_table(config)[np.arange(3)[None, :, None, None], patches]
    values = np.repeat(values[:, :, None], config["temporal_patch_size"], axis=2)
    grid = (1, pixels.shape[0] // patch, pixels.shape[1] // patch)
    return np.ascontiguousarray(values.reshape(len(patches), -1), np.float32), grid
