"""Writes what a data set states that it teaches into the manifest of a model that was taught with it, without training.

    python3 models/training/restate.py --model models/nano --dataset DATASET [--without KIND] [--version VERSION]

For a data set that was built again since: the kinds must be those that the manifest states, since the weights stay as they are; what
may differ is the classifier that tells what a question asks (`taught.sense`), and which words its kinds have.
"""
import argparse
import json
import os

from build import write_json
from export import read_taught


def kinds_of(taught):
    return sorted(kind["kind"] for kind in (taught or {}).get("kinds", []))


def restate(model, taught, without=(), version=None):
    """Replaces `taught` in the manifest of a model's folder, and its version if one is given; every other field stays as it is."""
    path = os.path.join(model, "manifest.json")
    with open(path, encoding="utf8") as file:
        manifest = json.load(file)
    left = {**taught, "kinds": [kind for kind in taught["kinds"] if kind["kind"] not in without]}
    stated, found = kinds_of(manifest.get("taught")), kinds_of(left)
    if stated != found:
        raise SystemExit(f"{path} states {', '.join(stated) or 'no kinds'}; the data set teaches {', '.join(found)}.")
    write_json(path, {**manifest, "taught": left, "version": version or manifest["version"]})
    return path


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="model folder, whose manifest is written")
    parser.add_argument("--dataset", required=True, help="folder of `cli data build` with what the model was taught")
    parser.add_argument("--without", action="append", default=[], metavar="KIND", help="kind that is not stated")
    parser.add_argument("--version", help="of the model with its new statement; as it was unless said")
    arguments = parser.parse_args()
    path = restate(arguments.model, read_taught(arguments.dataset), arguments.without, arguments.version)
    print(f"{path}: written")


if __name__ == "__main__":
    main()
