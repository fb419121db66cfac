"""arms.py over made-up answers of three runs to four frames of two questions each. Prints JSON."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../models/training"))
import arms  # noqa: E402


class Made:
    """What read_answers needs of a packed folder."""

    folder = "made"
    frames = [{"width": 100, "height": 100}] * 4
    records = [
        [
            {"id": f"{frame}/{name}", "label": label, "box": [10, 10, 30, 30], "question": "Where is suction?"}
            for name, label in (("state", "Idle"), ("location", "left-top"))
        ]
        for frame in range(4)
    ]


def answers(path, missed, wrong=(), words="upper left"):
    """Right labels but of `wrong`; boxes of `missed` lie in the other corner."""
    with open(path, "w") as file:
        file.write(json.dumps({"format": "surgery-r1-answers"}) + "\n")
        for records in Made.records:
            for record in records:
                box = [70, 70, 90, 90] if record["id"] in missed else record["box"]
                label = "Cutting" if record["id"] in wrong else record["label"]
                line = {"id": record["id"], "label": label, "box": box, "reasoning": f"The suction lies in the {words}."}
                file.write(json.dumps(line) + "\n")
    return path


def main():
    folder = sys.argv[1]
    truths = arms.truths_of(Made)

    def read(name, *given, **more):
        return arms.read_answers(answers(os.path.join(folder, name), *given, **more), truths, Made)

    every = [record["id"] for records in Made.records for record in records]
    runs = {
        "off": [read("a", every[:4]), read("b", every[:5])],
        "on": [read("c", every[:1]), read("d", every[:2], (every[1],))],
        "words": [read("e", [], words="lower right")] * 2,
    }
    print(json.dumps(arms.report(runs, "off")))


main()
