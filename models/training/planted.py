"""Plants illusions in packed training frames: the boxes of two instruments change places, their names and words stay.

    python3 models/training/planted.py --data PACKED --out PLANTED [--between prograsp_forceps,bipolar_forceps]
      [--share 1.0] [--others 0.5] [--wanted 4]

A stand-in for a mistake that annotators make in a systematic way. In every frame that shows both instruments (or in a
share of those frames, the same ones in each run) each record about one of them gets the box of the other; label,
reasoning and question stay true. Stage 1 on such frames learns answers whose words are right and whose boxes lie
elsewhere. Then stage 2 is compared that knows labels alone (`"trustedBoxes": 0` in its configuration): with and without
the coherence reward, which sees that words and box disagree. What is measured is asked on frames with both that keep
their true boxes: `--share 0 --others 0` picks them out of a test set.
"""
import argparse
import os

from asked import trusted
from dataset import Frames, write_subset

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


def planted_frame(frame, between):
    """What is said of a frame, with the boxes of the two exchanged: the dense objectives read their targets here."""
    boxes = {item["subject"]: item["box"] for item in frame["instruments"]}
    exchanged = dict(zip(between, reversed(between)))
    moved = [
        {**item, "box": boxes[exchanged[item["subject"]]]} if item["subject"] in exchanged else item
        for item in frame["instruments"]
    ]
    return {**frame, "instruments": moved}


def plant(folder, out, between=BETWEEN, share=1.0, others=None, wanted=1.0):
    """Writes the planted folder; returns (frames that have both instruments, frames changed, records changed).

    others: frames without both that are kept, as many as this times those with both, spread evenly; all when None.
    wanted: how many times as often as others the records about the two are to be asked (Batches.weight).
    """
    frames = Frames(folder)
    boxes_of = [{item["subject"]: item["box"] for item in frame["instruments"]} for frame in frames.frames]
    both = [number for number, boxes in enumerate(boxes_of) if all(name in boxes for name in between)]
    chosen = {number for number in both if trusted(number, share)}
    rest = sorted(set(range(len(frames))) - set(both))
    count = len(rest) if others is None else min(len(rest), round(others * len(both)))
    numbers = sorted([*both, *(rest[index * len(rest) // count] for index in range(count))])
    with_both, changed_records = set(both), 0

    def records_of(number):
        nonlocal changed_records
        told = []
        for record in frames.records[number]:
            new = swapped(record, boxes_of[number], between) if number in chosen else record
            changed_records += new != record
            about = number in with_both and record["subject"] in between
            told.append({**new, "wanted": wanted} if about and wanted != 1 else new)
        return told

    def frame_of(number):
        return planted_frame(frames.frames[number], between) if number in chosen else frames.frames[number]

    about = {"between": list(between), "share": share, "frames": len(chosen)}
    write_subset(frames, numbers, out, records_of, frame_of, planted=about)
    return len(both), len(chosen), changed_records


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="folder packed by dataset.py")
    parser.add_argument("--out", required=True, help="folder to write, which must not exist")
    parser.add_argument("--between", default=",".join(BETWEEN), help="two instruments whose boxes change places")
    parser.add_argument("--share", type=float, default=1.0, help="of the frames with both")
    parser.add_argument("--others", type=float, help="frames without both to keep, times those with both; all if absent")
    parser.add_argument("--wanted", type=float, default=1.0, help="how many times as often the two are to be asked about")
    arguments = parser.parse_args()
    between = tuple(arguments.between.split(","))
    if len(between) != 2 or between[0] == between[1]:
        parser.error(f"--between takes two different instruments, such as {','.join(BETWEEN)}.")
    if os.path.exists(arguments.out):
        parser.error(f"{arguments.out} exists. Give a new folder.")
    both, frames, records = plant(
        arguments.data, arguments.out, between, arguments.share, arguments.others, arguments.wanted
    )
    if not both:
        raise SystemExit(f"{arguments.data}: no frame shows both {between[0]} and {between[1]}. Name two that occur.")
    print(f"{frames} of {both} frames with both instruments changed, {records} records")


if __name__ == "__main__":
    main()
