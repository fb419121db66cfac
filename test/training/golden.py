"""Compares models/training/qwen25vl.py with the golden numbers; prints one JSON object. Usage: golden.py FOLDER"""
import hashlib
import json
import os
import sys

import numpy as np
import torch
from PIL import Image

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../models/training"))
from image_processing import pixel_values, resize, smart_resize  # noqa: E402
from qwen25vl import load_model, mrope_positions  # noqa: E402
from qwen25vl_vision import vision_positions, window_order  # noqa: E402
from safetensors_io import load_file  # noqa: E402


def difference(ours, theirs):
    return float((ours.double() - theirs.double()).abs().max())


def check(case):
    with open(os.path.join(case, "golden.json")) as file:
        facts = json.load(file)
    tensors = load_file(os.path.join(case, "golden.safetensors"))
    with open(os.path.join(case, "preprocessor_config.json")) as file:
        processor = json.load(file)
    model = load_model(os.path.join(case, facts.get("model_dir", ".")))
    result = {"resized": True, "pixels": True, "windows": True, "imageFeatures": 0.0}
    values, grids = [], []
    for image in facts.get("images", []):
        pixels = resize(Image.open(os.path.join(case, image["file"])), processor)
        result["resized"] &= hashlib.sha256(pixels.tobytes()).hexdigest() == image["resized_rgb_sha256"]
        one, grid = pixel_values(pixels, processor)
        values.append(one)
        grids.append(grid)
    features = None
    with torch.no_grad():
        joined = torch.from_numpy(np.concatenate(values)) if values else None
        if values:
            digest = hashlib.sha256(joined.numpy().tobytes()).hexdigest()
            result["pixels"] = digest == facts["pixel_values_sha256"] and grids == [
                tuple(grid) for grid in tensors["image_grid_thw"].tolist()
            ]
            orders, positions, offset = [], [], 0
            for _, rows, columns in grids:
                order, _ = window_order(rows // 2, columns // 2, 4)
                orders.append(order + offset)
                positions.append(vision_positions(rows, columns, 2))
                offset += len(order)
            result["windows"] = torch.equal(torch.cat(orders), tensors["window_index"]) and torch.equal(
                torch.cat(positions), tensors["vision_pos_ids"].long()
            )
        ids = tensors["input_ids"][0].tolist()
        embeds, features = model.embed(ids, joined, grids)
        if features is not None:
            result["imageFeatures"] = difference(features, tensors["image_features"])
        position_ids, delta = mrope_positions(ids, grids, model.config)
        expected = tensors["generated_ids"].flatten().tolist()
        logits, generated = model.greedy(embeds, position_ids, delta, len(expected))
    result["positions"] = torch.equal(position_ids, tensors["position_ids"]) and delta == int(
        tensors["mrope_position_delta"]
    )
    result["logits"] = difference(logits, tensors["logits"])
    result["tokens"] = generated == expected
    return result


def main():
    torch.set_num_threads(2)
    root = sys.argv[1]
    report = {"cases": {}, "smartResizeWrong": []}
    for name in sorted(os.listdir(root)):
        if os.path.exists(os.path.join(root, name, "golden.json")):
            report["cases"][name] = check(os.path.join(root, name))
    with open(os.path.join(root, "smart_resize.json")) as file:
        sizes = json.load(file)["cases"]
    for size in sizes:
        expected = size["hf_since_2025_06_10"]
        try:
            height, width = smart_resize(size["height"], size["width"], 28, size["min_pixels"], size["max_pixels"])
            ours = {"height": height, "width": width}
        except ValueError:
            ours = "error"
        if ours != expected and not (ours == "error" and "height" not in expected):
            report["smartResizeWrong"].append([size, ours])
    report["smartResizeCases"] = len(sizes)
    print(json.dumps(report))


main()
