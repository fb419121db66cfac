"""Frames in the EndoVis-18-VQLA layout with scene ground truth: packing, batches of packed questions, targets."""
import argparse
import glob
import json
import os
import queue
import threading

import numpy as np
import torch
from PIL import Image

import grammar as g
from image_processing import lookup_table, resize, to_patches


def read_scene(path):
    with open(path) as file:
        return json.load(file)


def frames_of(folder):
    """(image, scene JSON, label file) of every complete frame, in a fixed order."""
    found = []
    for scene in sorted(glob.glob(os.path.join(folder, "seq_*", "scene", "frame*.json"))):
        sequence, name = os.path.dirname(os.path.dirname(scene)), os.path.basename(scene)[:-5]
        label = os.path.join(sequence, "vqla", "label", f"{name}_QAL.txt")
        for extension in ("jpg", "png"):
            image = os.path.join(sequence, "left_frames", f"{name}.{extension}")
            if os.path.exists(image) and os.path.exists(label):
                found.append((image, scene, label))
                break
    return found


def pack(folder, out, processor, limit=None):
    """Resizes every frame once into out/images.u8 [frames, height, width, 3]; out/index.json holds the truth.

    The pixels are those of inference: Pillow's bicubic at smart_resize's size. Boxes are kept in source pixels.
    Frames of another size than the first are refused, because a batch has one grid.
    """
    os.makedirs(out, exist_ok=True)
    frames = frames_of(folder)[:limit]
    if not frames:
        raise SystemExit(f"{folder}: no frames in the EndoVis-18-VQLA layout with scene/*.json beside them")
    records, target = [], None
    with open(os.path.join(out, "images.u8"), "wb") as file:
        for image, scene, label in frames:
            try:
                truth = read_scene(scene)
                pixels = resize(Image.open(image), processor)
            except (OSError, json.JSONDecodeError) as error:
                print(f"skipped {image}: {error}")
                continue
            if target is None:
                target = pixels.shape
            if pixels.shape != target:
                raise SystemExit(f"{image}: resized to {pixels.shape}, the first frame to {target}")
            file.write(pixels.tobytes())
            with open(label) as lines:
                rows = [line.strip().split("|") for line in lines if line.strip()]
            records.append({"image": os.path.relpath(image, folder), "scene": truth, "rows": rows})
    with open(os.path.join(out, "index.json"), "w") as file:
        json.dump({"shape": list(target), "records": records}, file)
    return len(records)


class Frames:
    """A packed folder: pixels by memory map, truth as arrays in pixels of the resized image."""

    def __init__(self, folder):
        with open(os.path.join(folder, "index.json")) as file:
            index = json.load(file)
        self.records = index["records"]
        self.height, self.width, _ = index["shape"]
        count = len(self.records)
        self.images = np.memmap(os.path.join(folder, "images.u8"), np.uint8, "r", shape=(count, *index["shape"]))
        self.organ_boxes = np.stack([self.scale(r["scene"], r["scene"]["organ"]["box"]) for r in self.records])

    def __len__(self):
        return len(self.records)

    def scale(self, scene, box):
        """Box of a scene in pixels of the resized image."""
        x, y = self.width / scene["width"], self.height / scene["height"]
        return np.array([box[0] * x, box[1] * y, box[2] * x, box[3] * y], np.float32)


def quantise(box, step, width, height):
    """Box as the model writes it: multiples of step within the resized image."""
    limits = (width, height, width, height)
    return [int(min(max(round(float(v) / step) * step, 0), limit)) for v, limit in zip(box, limits)]


def mirror_place(place):
    side, height = place.split("-")
    return f"{'right' if side == 'left' else 'left'}-{height}"


class Batches:
    """Draws batches: images, and `questions` packed questions for each, with roles and targets.

    All arrays are ready for the losses in objectives.py:
    patches [B, P, 588] uint8 in window order; ids, roles [B, N, T]; looks [B, N] = object index of the question
    (0..2 instrument, 3 organ, -1 absent); boxes [B, 4, 4] of those objects; tokens' owners [B, units] (3 = organ or
    background) and weights [B, 4, units]; tools, states, places [B, 3].
    """

    def __init__(self, frames, tokenizer, config, plan, seed):
        self.frames, self.tokenizer, self.config = frames, tokenizer, config
        self.order = plan["patch_order"].cpu().numpy()
        self.random = np.random.default_rng(seed)
        self.cache, self.pad = {}, tokenizer.added["<|endoftext|>"]
        rows, columns = frames.height // 28, frames.width // 28
        self.centres_y = (np.repeat(np.arange(rows), columns) + 0.5) * 28
        self.centres_x = (np.tile(np.arange(columns), rows) + 0.5) * 28
        self.queue = []

    def next_indices(self, count):
        while len(self.queue) < count:
            self.queue += self.random.permutation(len(self.frames)).tolist()
        taken, self.queue = self.queue[:count], self.queue[count:]
        return sorted(taken)

    def encode(self, text):
        if text not in self.cache:
            self.cache[text] = self.tokenizer.encode(text)
        return self.cache[text]

    def gaussian(self, box, floor):
        """Weight of each merged unit for a box: a Gaussian about its centre, as wide as the box."""
        x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        wide, high = max((box[2] - box[0]) * 0.3, floor), max((box[3] - box[1]) * 0.3, floor)
        return np.exp(-0.5 * (((self.centres_x - x) / wide) ** 2 + ((self.centres_y - y) / high) ** 2))

    def choose(self, instruments):
        """(kind, object index) of the questions asked of one image."""
        random, config = self.random, self.config
        asked = [(kind, index) for index in range(len(instruments)) for kind in ("state", "location")]
        random.shuffle(asked)
        chosen = []
        if random.random() < config["organ"]:
            chosen.append(("organ", 3))
        if random.random() < config["absent"]:
            chosen.append(("absent", -1))
        while len(chosen) < config["questions"]:
            kind, index = asked.pop() if asked else ("state", int(random.integers(len(instruments))))
            chosen.append((kind, int(index)))
        return chosen

    def question(self, kind, tool):
        """Spelling of a question: the data set's own half of the time, else a paraphrase."""
        templates = g.QUESTIONS["organ" if kind == "organ" else kind]
        first = self.random.random() < 0.5
        template = templates[0] if first else templates[int(self.random.integers(len(templates)))]
        style = int(self.random.choice(3, p=[0.5, 0.4, 0.1]))
        return g.spell(template, tool, style)

    def block(self, kind, tool, item, box):
        asked = kind if kind != "absent" else ("state", "location")[int(self.random.integers(2))]
        ids = list(self.encode(g.question_block(self.question(asked, tool))))
        roles = [-1] * len(ids)
        written = None if kind == "absent" else quantise(box, self.config["step"], self.frames.width, self.frames.height)
        parts = g.answer_parts(kind, tool, item.get("state"), item.get("place"), item.get("organ"), written)
        for text, role in parts:
            piece = self.encode(text)
            ids += piece
            roles += [role] * len(piece)
        return ids, roles

    def draw(self, count):
        indices = self.next_indices(count)
        frames, config = self.frames, self.config
        images = np.array(frames.images[indices])
        units, asked = len(self.centres_x), config["questions"]
        batch = {
            "boxes": np.zeros((count, 4, 4), np.float32),
            "owners": np.full((count, units), 3),
            "weights": np.zeros((count, 4, units), np.float32),
            "tools": np.full((count, 3), -1),
            "states": np.full((count, 3), -1),
            "places": np.full((count, 3), -1),
            "looks": np.zeros((count, asked), np.int64),
        }
        blocks = []
        for row, index in enumerate(indices):
            scene = frames.records[index]["scene"]
            flip = config["mirror"] and self.random.random() < 0.5
            items = [dict(item) for item in scene["instruments"][:3]]
            boxes = [frames.scale(scene, item["box"]) for item in items] + [frames.organ_boxes[index].copy()]
            if flip:
                images[row] = images[row, :, ::-1].copy()
                for item in items:
                    item["place"] = mirror_place(item["place"])
                for box in boxes:
                    box[0], box[2] = frames.width - box[2], frames.width - box[0]
            for slot, item in enumerate(items):
                batch["weights"][row, slot] = self.gaussian(boxes[slot], 12.0)
                batch["boxes"][row, slot] = boxes[slot]
                batch["tools"][row, slot] = g.TOOLS.index(item["tool"])
                batch["states"][row, slot] = g.STATES.index(item["state"])
                batch["places"][row, slot] = g.PLACES.index(item["place"])
            batch["boxes"][row, 3] = boxes[-1]
            best = batch["weights"][row, :3].argmax(0)
            owned = batch["weights"][row, :3].max(0) > 0.3
            batch["owners"][row] = np.where(owned, best, 3)
            for slot in range(3):
                batch["weights"][row, slot] *= owned & (best == slot)
            batch["weights"][row, 3] = self.gaussian(boxes[-1], 40.0) * ~owned + 1e-4
            if not asked:
                continue
            present = [item["tool"] for item in items]
            for number, (kind, look) in enumerate(self.choose(items)):
                batch["looks"][row, number] = look
                if kind == "absent":
                    missing = [tool for tool in g.TOOLS if tool not in present]
                    tool, item, box = missing[int(self.random.integers(len(missing)))], {}, None
                elif kind == "organ":
                    tool, item, box = "", {"organ": scene["organ"]["label"]}, boxes[-1]
                else:
                    tool, item, box = items[look]["tool"], items[look], boxes[look]
                blocks.append(self.block(kind, tool, item, box))
        patches = to_patches(images).reshape(count, -1, 588)[:, self.order]
        batch["patches"] = np.ascontiguousarray(patches)
        if asked:
            length = max(len(ids) for ids, _ in blocks)
            batch["ids"] = np.full((count * asked, length), self.pad)
            batch["roles"] = np.full((count * asked, length), -1)
            for row, (ids, roles) in enumerate(blocks):
                batch["ids"][row, : len(ids)] = ids
                batch["roles"][row, : len(roles)] = roles
            batch["ids"] = batch["ids"].reshape(count, asked, length)
            batch["roles"] = batch["roles"].reshape(count, asked, length)
        return {name: torch.from_numpy(array) for name, array in batch.items()}


def normalise(patches, processor):
    """uint8 [..., 588] of one frame -> float32, by the same table as inference."""
    table = torch.from_numpy(lookup_table(processor)).to(patches.device)
    scale = (table[:, 255] - table[:, 0]) / 255
    shape = patches.shape
    values = patches.reshape(*shape[:-1], 3, shape[-1] // 3).float()
    return (values * scale[:, None] + table[:, :1]).reshape(shape)


def prefetch(batches, count, depth=3):
    """Endless batches drawn by one more thread."""
    ready = queue.Queue(depth)

    def work():
        while True:
            ready.put(batches.draw(count))

    threading.Thread(target=work, daemon=True).start()
    while True:
        yield ready.get()


def main():
    parser = argparse.ArgumentParser(description="Resize the frames of a folder once, for training and evaluation.")
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--model", required=True, help="folder with preprocessor_config.json")
    parser.add_argument("--limit", type=int)
    arguments = parser.parse_args()
    with open(os.path.join(arguments.model, "preprocessor_config.json")) as file:
        processor = json.load(file)
    print(pack(arguments.data, arguments.out, processor, arguments.limit), "frames packed")


if __name__ == "__main__":
    main()
