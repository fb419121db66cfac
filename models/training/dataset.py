"""The dataset's records with their frames, resized once for training and evaluation.

    python3 models/training/dataset.py --data DATASET --split train --config models/training/nano.json --out PACKED
      [--corrupt NAME]

--corrupt changes the look of every picture (corruptions.py), for measuring how a model holds. DATASET is a folder of `cli data build`. PACKED gets images-{height}x{width}.u8 for each size that smart_resize gives
(frames of several shapes may be mixed), index.json (frames and what is in them) and records.jsonl.
"""
import argparse
import json
import os
import re
from collections import Counter

import numpy as np
from PIL import Image

from chat import ABSENT
from corruptions import CORRUPTIONS, corrupt
from image_processing import resize, size_of

FORMAT = "packed-frames"
FORMAT_VERSION = 1
# A word of questions to be declined is worth a token of its own where so large a share of them has it: the others are
# nonsense and what a user may type once, and are known by their pieces.
COMMON_SHARE = 1 / 400
KEPT = ("id", "kind", "questionType", "subject", "question", "wording", "label", "box", "reasoning", "spans")


def read_records(path):
    """Records of a JSONL file; a line that is none is named."""
    with open(path, encoding="utf8") as file:
        for number, line in enumerate(file, 1):
            try:
                record = json.loads(line)
                missing = [name for name in ("image", "width", "height", *KEPT) if name not in record]
            except json.JSONDecodeError as error:
                raise SystemExit(f"{path}:{number}: not JSON ({error}). Build the dataset again.") from None
            if missing:
                raise SystemExit(f"{path}:{number}: no {', '.join(missing)}. Build the dataset again.")
            yield record


def place_of(box, width, height):
    """The quarter of the frame in which a box has its centre, as the data set names it."""
    side = "left" if box[0] + box[2] < width else "right"
    return f"{side}-{'top' if box[1] + box[3] < height else 'bottom'}"


def objects_of(records, width, height):
    """What the records say is in their frame: [{subject, box, place, state?}] of instruments, then the organ.

    The dense objectives are trained from this; it needs no more than the annotation that the questions came from.
    """
    instruments, organ = {}, None
    for record in records:
        if record["box"] is None:
            continue
        if record["questionType"] == "organ":
            organ = {"subject": record["label"], "box": record["box"]}
        elif record["questionType"] in ("state", "location"):
            item = {"subject": record["subject"], "box": record["box"], "place": place_of(record["box"], width, height)}
            found = instruments.setdefault(record["subject"], item)
            if record["questionType"] == "state":
                found["state"] = record["label"]
    return [instruments[name] for name in sorted(instruments)], organ


def pack(folder, split, out, processor, limit=None, report=print, corruption=None):
    """Packs a split of a dataset folder; returns the count of frames.

    Pixels are those of inference: Pillow's bicubic at smart_resize's size. Boxes stay in source pixels.
    """
    try:
        with open(os.path.join(folder, "dataset.json"), encoding="utf8") as file:
            dataset = json.load(file)
    except OSError:
        raise SystemExit(f"{folder}: no dataset.json. Build the dataset first: npm run -s cli -- data build.") from None
    roots = {source["name"]: source["root"] for source in dataset["sources"]}
    path = os.path.join(folder, f"{split}.jsonl")
    if not os.path.exists(path):
        raise SystemExit(f"{path}: missing. The dataset has no split named {split}.")
    by_image = {}
    for record in read_records(path):
        by_image.setdefault((record["source"], record["image"]), []).append(record)
    os.makedirs(out, exist_ok=True)
    files, counts, frames, skipped = {}, {}, [], 0
    with open(os.path.join(out, "records.jsonl"), "w", encoding="utf8") as lines:
        for (source, image), records in list(by_image.items())[:limit]:
            width, height = records[0]["width"], records[0]["height"]
            file_name = os.path.join(roots[source], image)
            try:
                picture = Image.open(file_name)
                if picture.size != (width, height):
                    raise OSError(f"{picture.size[0]}x{picture.size[1]} pixels, its records say {width}x{height}")
                if corruption:
                    picture = corrupt(picture, corruption, image)
                pixels = resize(picture, processor)
            except OSError as error:
                report(f"skipped {file_name}: {error}")
                skipped += 1
                continue
            size = f"{pixels.shape[0]}x{pixels.shape[1]}"
            if size not in files:
                files[size] = open(os.path.join(out, f"images-{size}.u8"), "wb")
                counts[size] = 0
            files[size].write(pixels.tobytes())
            instruments, organ = objects_of(records, width, height)
            frame = {"source": source, "image": image, "width": width, "height": height, "size": size}
            frames.append({**frame, "row": counts[size], "instruments": instruments, "organ": organ})
            counts[size] += 1
            for record in records:
                kept = {name: record[name] for name in (*KEPT, "items") if name in record}
                lines.write(json.dumps({"frame": len(frames) - 1, **kept}, separators=(",", ":")) + "\n")
    for file in files.values():
        file.close()
    if not frames:
        raise SystemExit(f"{path}: no frame could be read ({skipped} skipped).")
    index = {"format": FORMAT, "formatVersion": FORMAT_VERSION, "split": split, "sizes": counts, "skipped": skipped}
    index["colourless"] = dataset.get("colourless", {})
    with open(os.path.join(out, "index.json"), "w", encoding="utf8") as file:
        json.dump({**index, "frames": frames}, file)
    return len(frames)


def write_subset(frames, numbers, out, records_of=None, frame_of=None, **more):
    """Writes the packed folder `out` of the frames with these numbers; `more` goes into its index.

    records_of(number) gives a frame's records and frame_of(number) what is said of it, where they are to be changed.
    """
    os.makedirs(out, exist_ok=True)
    kept, counts = [], {}
    for size in sorted({frames.frames[number]["size"] for number in numbers}):
        with open(os.path.join(out, f"images-{size}.u8"), "wb") as file:
            for number in numbers:
                if frames.frames[number]["size"] == size:
                    file.write(frames.pixels([number]).tobytes())
                    counts[size] = counts.get(size, 0) + 1
                    said = frame_of(number) if frame_of else frames.frames[number]
                    kept.append((number, {**said, "row": counts[size] - 1}))
    with open(os.path.join(out, "records.jsonl"), "w", encoding="utf8") as lines:
        for place, (number, _) in enumerate(kept):
            for record in records_of(number) if records_of else frames.records[number]:
                lines.write(json.dumps({**record, "frame": place}, separators=(",", ":")) + "\n")
    index = {"format": FORMAT, "formatVersion": FORMAT_VERSION, "split": frames.split, "sizes": counts, "skipped": 0}
    index.update(colourless=frames.colourless, **more)
    with open(os.path.join(out, "index.json"), "w", encoding="utf8") as file:
        json.dump({**index, "frames": [frame for _, frame in kept]}, file)


class Frames:
    """A packed folder: pixels by memory map, records by frame, boxes in source pixels."""

    def __init__(self, folder):
        path = os.path.join(folder, "index.json")
        try:
            with open(path, encoding="utf8") as file:
                index = json.load(file)
        except OSError:
            raise SystemExit(f"{path}: missing. Pack the frames first: python3 models/training/dataset.py.") from None
        if (index.get("format"), index.get("formatVersion")) != (FORMAT, FORMAT_VERSION):
            raise SystemExit(f"{path}: of another version. Pack the frames again.")
        self.folder, self.frames, self.split = folder, index["frames"], index["split"]
        self.records = [[] for _ in self.frames]
        with open(os.path.join(folder, "records.jsonl"), encoding="utf8") as file:
            for line in file:
                record = json.loads(line)
                self.records[record["frame"]].append(record)
        self.colourless = index.get("colourless", {})
        self.images, self.by_size = {}, {}
        for size, count in index["sizes"].items():
            height, width = (int(side) for side in size.split("x"))
            name = os.path.join(folder, f"images-{size}.u8")
            expected = count * height * width * 3
            if os.path.getsize(name) != expected:
                raise SystemExit(f"{name}: {os.path.getsize(name)} bytes, expected {expected}. Pack the frames again.")
            self.images[size] = np.memmap(name, np.uint8, "r", shape=(count, height, width, 3))
        for number, frame in enumerate(self.frames):
            self.by_size.setdefault(frame["size"], []).append(number)

    def __len__(self):
        return len(self.frames)

    def shape(self, size):
        """(height, width) in pixels of a size such as 280x336."""
        return self.images[size].shape[1:3]

    def pixels(self, numbers):
        """uint8 [n, height, width, 3] of frames of one size."""
        frames = [self.frames[number] for number in numbers]
        sizes = {frame["size"] for frame in frames}
        if len(sizes) != 1:
            raise ValueError(f"frames of one size expected, got {sorted(sizes)}")
        return np.array(self.images[sizes.pop()][[frame["row"] for frame in frames]])

    def scale(self, number, box):
        """A box of source pixels in pixels of the resized image, float32 [4]."""
        frame = self.frames[number]
        height, width = self.shape(frame["size"])
        x, y = width / frame["width"], height / frame["height"]
        return np.array([box[0] * x, box[1] * y, box[2] * x, box[3] * y], np.float32)

    def unscale(self, number, box):
        """A box of the resized image in source pixels."""
        frame = self.frames[number]
        height, width = self.shape(frame["size"])
        x, y = frame["width"] / width, frame["height"] / height
        return [box[0] * x, box[1] * y, box[2] * x, box[3] * y]

    def keep(self, kinds):
        """Leaves out the records of other kinds of question."""
        known = {record["questionType"] for records in self.records for record in records}
        unknown = sorted(set(kinds) - known)
        if unknown:
            raise SystemExit(f"{self.folder}: asks nothing of the kind {unknown[0]}; it has {', '.join(sorted(known))}.")
        self.records = [[record for record in own if record["questionType"] in kinds] for own in self.records]

    def keep_subjects(self, subjects):
        """Leaves out the records that are not about one of these."""
        known = {record["subject"] for records in self.records for record in records}
        unknown = sorted(set(subjects) - known)
        if unknown:
            raise SystemExit(f"{self.folder}: asks nothing about {unknown[0]}; it has {', '.join(sorted(known))}.")
        self.records = [[record for record in own if record["subject"] in subjects] for own in self.records]

    def texts(self):
        """{text: count} of questions, reasoning and labels: what the tokenizer is trained on.

        Of questions to be declined only the words that many of them have.
        """
        found, declined, words = Counter(), 0, Counter()
        for records in self.records:
            for record in records:
                found.update((record["label"], record["reasoning"] or ""))
                if record["questionType"] == "refusal":
                    declined += 1
                    words.update(set(re.findall(r" ?[^\W\d_]+", record["question"])))
                else:
                    found[record["question"]] += 1
        return found + Counter({word: count for word, count in words.items() if count >= declined * COMMON_SHARE})

    def labels(self):
        """Names that occur, sorted: tools, states, organs and places, and what richer answers are made of.

        presence: yes and no; refusals; counts; listed: what lists name. Frozen with the model.
        """
        richer = {"presence": "presence", "refusal": "refusals", "count": "counts"}
        names = {"state": "states", "organ": "organs", "location": "places", **richer}
        found = {kind: set() for kind in ("tools", "listed", *names.values())}
        for records in self.records:
            for record in records:
                kind = names.get(record["questionType"])
                if kind and record["label"] != ABSENT:
                    found[kind].add(record["label"])
                if kind in ("states", "places"):
                    found["tools"].add(record["subject"])
                found["listed"].update(item["label"] for item in record.get("items", ()))
        if found["places"]:
            # A few frames may lack a quarter, and a mirrored one may have it.
            found["places"].update(f"{side}-{height}" for side in ("left", "right") for height in ("top", "bottom"))
        return {kind: sorted(values) for kind, values in found.items()}


def quantise(box, step, width, height):
    """Box as the model writes it: multiples of step within the resized image, at least one step wide and high."""
    x1, y1, x2, y2 = (round(float(value) / step) * step for value in box)
    x1, y1 = min(max(x1, 0), width - step), min(max(y1, 0), height - step)
    return [x1, y1, min(max(x2, x1 + step), width), min(max(y2, y1 + step), height)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="folder of cli data build")
    parser.add_argument("--split", default="train")
    parser.add_argument("--out", required=True)
    parser.add_argument("--config", required=True, help="training configuration or preprocessor_config.json")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--corrupt", choices=sorted(CORRUPTIONS), help="change of every picture's look")
    arguments = parser.parse_args()
    with open(arguments.config, encoding="utf8") as file:
        settings = json.load(file)
    if "processor" in settings:
        from build import processor_config

        settings = processor_config(settings)
    size_of(settings, 1024, 1280)
    count = pack(
        arguments.data, arguments.split, arguments.out, settings, arguments.limit, corruption=arguments.corrupt
    )
    print(count, "frames packed")


if __name__ == "__main__":
    main()
