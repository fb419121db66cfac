"""A checkpoint's greedy answers to a test set, on a GPU, in the form that `evaluate --answers` scores.

    python3 models/training/recipes/answer.py --model run/surgery-3b --rows run/data/trl-grpo/test.jsonl \\
      --out run/surgery-3b.answers.jsonl

Reads the rows of `data convert --format trl-grpo`. The header says which size the pictures were resized to, since
boxes are in its pixels. An interrupted run goes on where it stopped. Needs transformers; uses the GPU if there is one.
"""
import argparse
import json
import os


def read_rows(path):
    try:
        with open(path, encoding="utf-8") as file:
            return [json.loads(line) for line in file]
    except OSError as error:
        raise SystemExit(f"{path}: {error.strerror}. Write it with `data convert --format trl-grpo`.") from error


def answered(path):
    """Ids with a whole line in an earlier file; a line that was cut off by an interrupt is removed."""
    if not os.path.isfile(path):
        return set()
    with open(path, "rb+") as file:
        content = file.read()
        whole = content[: content.rfind(b"\n") + 1]
        file.truncate(len(whole))
    return {json.loads(line)["id"] for line in whole.splitlines()[1:]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="a folder that merge.py wrote")
    parser.add_argument("--rows", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--longest", type=int, default=256, help="tokens of an answer")
    arguments = parser.parse_args()
    rows = read_rows(arguments.rows)

    import torch
    from PIL import Image
    from transformers import AutoModelForImageTextToText, AutoProcessor

    device = "cuda" if torch.cuda.is_available() else "cpu"
    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    model = AutoModelForImageTextToText.from_pretrained(arguments.model, torch_dtype=dtype).to(device).eval()
    processor = AutoProcessor.from_pretrained(arguments.model, padding_side="left")
    patch = processor.image_processor.patch_size
    done = answered(arguments.out)
    open_rows = [row for row in rows if row["id"] not in done]
    size = None
    with open(arguments.out, "a", encoding="utf-8") as out:
        for start in range(0, len(open_rows), arguments.batch):
            batch = open_rows[start : start + arguments.batch]
            texts = [
                processor.apply_chat_template(
                    [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": message["content"]}]}],
                    add_generation_prompt=True,
                )
                for message in (row["prompt"][0] for row in batch)
            ]
            images = [Image.open(row["images"][0]).convert("RGB") for row in batch]
            inputs = processor(text=texts, images=images, padding=True, return_tensors="pt").to(device)
            sizes = {(int(grid[2]) * patch, int(grid[1]) * patch) for grid in inputs["image_grid_thw"]}
            if len(sizes | ({size} if size else set())) > 1:
                raise SystemExit(f"Pictures of several sizes ({sorted(sizes)}): answer each size to a file of its own.")
            if size is None:
                size = sizes.pop()
                if not done:
                    resized = {"width": size[0], "height": size[1]}
                    name = os.path.basename(os.path.normpath(arguments.model))
                    header = {"format": "surgery-r1-answers", "formatVersion": 1, "model": name, "resized": resized}
                    out.write(json.dumps(header) + "\n")
            with torch.inference_mode():
                tokens = model.generate(**inputs, do_sample=False, max_new_tokens=arguments.longest)
            answers = processor.batch_decode(tokens[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
            for row, text in zip(batch, answers):
                out.write(json.dumps({"id": row["id"], "text": text}) + "\n")
            out.flush()
            print(f"{len(done) + start + len(batch)} of {len(rows)}", flush=True)


if __name__ == "__main__":
    main()
