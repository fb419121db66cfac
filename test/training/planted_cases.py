"""planted.py on a packed folder that is made up: two frames, one of which shows both instruments. Prints JSON."""
import json
import os
import sys
import tempfile

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../models/training"))
import planted  # noqa: E402
from dataset import FORMAT, FORMAT_VERSION, Frames  # noqa: E402

A, B, C = "prograsp_forceps", "bipolar_forceps", "suction"
BOXES = {A: [1.0, 2.0, 30.0, 40.0], B: [50.0, 60.0, 80.0, 90.0], C: [5.0, 5.0, 9.0, 9.0]}


def record(frame, kind, subject, label, box, **more):
    words = {"question": f"About {subject}?", "wording": "dataset", "reasoning": "It lies in the upper left."}
    base = {"frame": frame, "id": f"{frame}/{kind}/{subject}", "kind": "chain-of-thought", "questionType": kind}
    return {**base, "subject": subject, "label": label, "box": box, "spans": [], **words, **more}


def folder_of(place):
    item = {"source": "s", "width": 56, "height": 56, "size": "28x28", "organ": None}
    seen = [[A, B, C], [A, C]]
    frames = [
        {**item, "image": f"{n}.jpg", "row": n, "instruments": [{"subject": s, "box": BOXES[s]} for s in names]}
        for n, names in enumerate(seen)
    ]
    records = [record(n, "state", s, "Idle", BOXES[s]) for n, names in enumerate(seen) for s in names]
    records.append(record(0, "relation", "left", A, BOXES[A]))
    records.append(record(0, "presence", "smoke", "yes", [0.0, 0.0, 3.0, 3.0]))
    records.append(record(0, "presence", "stapler", "no", None))
    listed = [{"label": s, "box": BOXES[s]} for s in seen[0]]
    records.append(record(0, "instruments", "instruments", ", ".join(seen[0]), None, items=listed))
    os.makedirs(place)
    np.zeros((2, 28, 28, 3), np.uint8).tofile(os.path.join(place, "images-28x28.u8"))
    with open(os.path.join(place, "records.jsonl"), "w") as file:
        file.writelines(json.dumps(one) + "\n" for one in records)
    index = {"format": FORMAT, "formatVersion": FORMAT_VERSION, "split": "train", "sizes": {"28x28": 2}, "frames": frames}
    with open(os.path.join(place, "index.json"), "w") as file:
        json.dump(index, file)


def main():
    with tempfile.TemporaryDirectory() as folder:
        before, after = os.path.join(folder, "packed"), os.path.join(folder, "planted")
        folder_of(before)
        counts = planted.plant(before, after, (A, B))
        old, new = Frames(before), Frames(after)
        same = [
            {name: value for name, value in one.items() if name not in ("box", "items")}
            == {name: value for name, value in other.items() if name not in ("box", "items")}
            for one, other in zip(sum(old.records, []), sum(new.records, []))
        ]
        boxes = [one["box"] if one["box"] else one.get("items") for one in sum(new.records, [])]
        dense = [[item["box"] for item in frame["instruments"]] for frame in new.frames]
        # Frames with both alone, their boxes true, their questions wanted more; and one frame beside each of them.
        true, beside = os.path.join(folder, "true"), os.path.join(folder, "beside")
        planted.plant(before, true, (A, B), share=0.0, others=0, wanted=3.0)
        planted.plant(before, beside, (A, B), others=1)
        kept = Frames(true)
        subset = {
            "counts": [len(kept), len(Frames(beside))],
            "boxes": all(a["box"] == b["box"] for a, b in zip(kept.records[0], old.records[0])),
            "wanted": sorted({record["subject"] for record in kept.records[0] if record.get("wanted") == 3.0}),
            "pixels": bool((kept.pixels([0]) == old.pixels([0])).all()),
        }
        print(json.dumps({"subset": subset, "counts": counts, "same": all(same), "boxes": boxes, "dense": dense, "given": BOXES}))


if __name__ == "__main__":
    main()
