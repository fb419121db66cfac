"""Plants illusions in packed training frames: the boxes of two instruments change places, their names and words stay.

    python3 models/training/planted.py --data PACKED --out PLANTED [--between prograsp_forceps,bipolar_forceps]
      [--share 1.0]

A stand-in for a mistake that annotators make in a systematic way. In every frame that shows both instruments (or in a
share of those frames, the same ones in each run) each record about one of them gets the box of the other; label,
reasoning and question stay true. Stage 1 on such frames learns answers whose words are right and whose boxes lie
elsewhere. Then stage 2 is compared that knows labels alone (`"trustedBoxes": 0` in its configuration): with and without
the coherence reward, which sees that words and box disagree. Frames for validation and testing stay as they are.
Packed pixels are linked, not copied.
"""
import argparse
import json
import os

from dataset import Frames
from rft import trusted

BETWEEN = ("prograsp_forceps", "bipolar_forceps")


def swapped(record, boxes, between):
    """A record with the boxes of two instruments exchanged: its own, and those of what it lists."""
    other = {between[0]: between[1], between[1]: between[0]}

    def box_of(name, box):
        # A box that is not an instrument's own, such as that of smoke, stays.
        return boxes[other[name]] if name in other and box == boxes[name] else box

    changed = dict(record)
    if record["box"] is not None:
        named = [name for name in (record["subject"], record["label"]) if name in other]
        if named:
            changed["box"] = box_of(named[0], record["box"])
    if record.get("items"):
        changed["items"] = [{**item, "box": box_of(item["label"], item["box"])} for item in record["items"]]
    return changed


def plant(folder, out, between=BETWEEN, share=1.0):
    """Writes the planted folder; returns (frames that have both instruments, frames changed, records changed)."""
    frames = Frames(folder)
    os.makedirs(out)
    with open(os.path.join(folder, "index.json"), encoding="utf8") as file:
        index = json.load(file)
    both, changed_frames, changed_records = 0, 0, 0
    with open(os.path.join(out, "records.jsonl"), "w", encoding="utf8") as lines:
        for number, records in enumerate(frames.records):
            boxes = {item["subject"]: item["box"] for item in frames.frames[number]["instruments"]}
            has_both = all(name in boxes for name in between)
            both += has_both
            chosen = has_both and trusted(number, share)
            changed_frames += chosen
            for record in records:
                new = swapped(record, boxes, between) if chosen else record
                changed_records += new != record
                lines.write(json.dumps(new, separators=(",", ":")) + "\n")
            if chosen:
                # The dense objectives read their targets here: an annotator's mistake is theirs too.
                exchanged = dict(zip(between, reversed(between)))
                for item in index["frames"][number]["instruments"]:
                    if item["subject"] in exchanged:
                        item["box"] = boxes[exchanged[item["subject"]]]
    for size in index["sizes"]:
        name = f"images-{size}.u8"
        os.link(os.path.join(folder, name), os.path.join(out, name))
    with open(os.path.join(out, "index.json"), "w", encoding="utf8") as file:
        json.dump({**index, "planted": {"between": list(between), "share": share, "frames": changed_frames}}, file)
    return both, changed_frames, changed_records


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="folder packed by dataset.py")
    parser.add_argument("--out", required=True, help="folder to write, which must not exist")
    parser.add_argument("--between", default=",".join(BETWEEN), help="two instruments whose boxes change places")
    parser.add_argument("--share", type=float, default=1.0, help="of the frames with both")
    arguments = parser.parse_args()
    between = tuple(arguments.between.split(","))
    if len(between) != 2 or between[0] == between[1]:
        parser.error(f"--between takes two different instruments, such as {','.join(BETWEEN)}.")
    if os.path.exists(arguments.out):
        parser.error(f"{arguments.out} exists. Give a new folder.")
    both, frames, records = plant(arguments.data, arguments.out, between, arguments.share)
    if not frames:
        raise SystemExit(f"{arguments.data}: no frame shows both {between[0]} and {between[1]}. Name two that occur.")
    print(f"{frames} of {both} frames with both instruments changed, {records} records")


if __name__ == "__main__":
    main()
