"""The rows of `data convert --format verl` as the Parquet files that verl reads.

    python3 models/training/recipes/verl/to_parquet.py --data run/data/verl --max-pixels 1003520

verl's RLHFDataset (verl/utils/dataset/rl_dataset.py, 0.6.0) loads Parquet, and hands each entry of `images` to
qwen_vl_utils' fetch_image, which resizes before the model's processor does. Its own limit is far larger than ours, and
resizing twice would give 1092x896 instead of 1120x896: so every image carries our limits, and both steps agree.
Needs pyarrow, which verl brings.
"""
import argparse
import json
import os


def prepared(row, root, min_pixels, max_pixels):
    """The row with absolute image paths and their limits; anything else stays."""
    images = []
    for image in row["images"]:
        path = image["image"] if isinstance(image, dict) else image
        path = os.path.abspath(os.path.join(root, path.removeprefix("file://")))
        images.append({"image": path, "min_pixels": min_pixels, "max_pixels": max_pixels})
    return {**row, "images": images}


def read_rows(path, *settings):
    rows = []
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            try:
                row = prepared(json.loads(line), *settings)
            except (ValueError, KeyError, TypeError) as error:
                raise SystemExit(f"{path}:{number}: not a row of `data convert --format verl` ({error!r}).") from error
            missing = [image["image"] for image in row["images"] if not os.path.isfile(image["image"])]
            if missing:
                raise SystemExit(f"{path}:{number}: there is no image {missing[0]}. Give its folder as --images.")
            rows.append(row)
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="folder of train.jsonl, validation.jsonl, test.jsonl")
    parser.add_argument("--images", default=".", help="what relative image paths are relative to")
    parser.add_argument("--max-pixels", type=int, required=True, help="the same as in stage 1")
    parser.add_argument("--min-pixels", type=int, default=3136)
    arguments = parser.parse_args()
    import pyarrow
    import pyarrow.parquet

    written = 0
    for split in ("train", "validation", "test"):
        source = os.path.join(arguments.data, f"{split}.jsonl")
        if not os.path.isfile(source):
            continue
        rows = read_rows(source, arguments.images, arguments.min_pixels, arguments.max_pixels)
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), source.replace(".jsonl", ".parquet"))
        print(f"{split}: {len(rows)} rows")
        written += 1
    if not written:
        raise SystemExit(f"{arguments.data} has no train.jsonl. Write it with `data convert --format verl`.")


if __name__ == "__main__":
    main()
