"""Which frames stage 2 should see: those with questions that stage 1 gets wrong, or whose boxes it misses.

    python3 models/training/difficulty.py --data PACKED --model RUN_OR_MODEL --out SELECTED
      [--overlap 0.65] [--easy 0.25] [--wanted 4] [--frames N] [--seed 1]

A group whose answers are all paid the same teaches GRPO nothing, and a good stage 1 leaves little else. So of each
frame of PACKED one question about each thing in it, drawn by the seed, is answered greedily. A thing is hard where
the answer is not valid, wrong, a positional illusion (its words against its own box, too), or has a box that overlaps
the true one by less than --overlap. SELECTED is a packed folder of the frames with a hard thing, and of some without one, as many as --easy
times those, so that what is known is not forgotten. In its records all questions about hard things carry "wanted":
how many times as often as others they are to be asked (Batches.weight).
"""
import argparse
import json
import os
import time

import numpy as np
import torch

import chat
import rewards
import rollout
from dataset import Frames, write_subset
from evaluate import load

GREEDY = {"temperature": 1e-4, "boxTemperature": 1e-4, "topP": 1.0, "limit": 96}


def one_of_each(records, random):
    """One record of each subject, its question and wording drawn."""
    found = {}
    for record in records:
        if record["reasoning"]:
            found.setdefault(record["subject"], []).append(record)
    return [records[int(random.integers(len(records)))] for _, records in sorted(found.items())]


def is_hard(judged, overlap):
    missed = judged["overlap"] is not None and judged["overlap"] < overlap
    return not judged["valid"] or not judged["right"] or missed or bool(judged["illusion"])


def hard_subjects(model, tokenizer, processor, frames, numbers, overlap, seed, batch=16, report=print):
    """{frame: set of hard subjects} of the frames with these numbers, and the count of questions asked."""
    opening, config = tokenizer.added[chat.BOX_OPEN], rewards.load_config()
    known = [label for names in frames.labels().values() for label in names]
    config["labels"] = tuple(dict.fromkeys([*config["labels"], *known]))
    stops = [tokenizer.added["<|im_end|>"], tokenizer.added["<|endoftext|>"]]
    found, asked, done, said = {}, 0, 0, time.time()
    wanted = {number for number in numbers if any(record["reasoning"] for record in frames.records[number])}
    for size in sorted(frames.by_size):
        height, width = frames.shape(size)
        own = [number for number in frames.by_size[size] if number in wanted]
        for begin in range(0, len(own), batch):
            part = own[begin : begin + batch]
            chosen = [one_of_each(frames.records[number], np.random.default_rng([seed, number])) for number in part]
            most = max(len(records) for records in chosen)
            ids = [[tokenizer.encode(chat.question_block(record["question"])) for record in records] for records in chosen]
            ids = [(row * most)[:most] for row in ids]
            with torch.no_grad():
                states, start = rollout.encode_images(model, tokenizer, processor, frames.pixels(part))
            uniforms = torch.full((len(part), most, GREEDY["limit"]), 0.5)
            answers = rollout.sample(model, states, start, ids, 1, GREEDY, uniforms, stops, opening)
            for row, (number, records) in enumerate(zip(part, chosen)):
                for place, record in enumerate(records):
                    text = tokenizer.decode(answers.tokens[row, place, : int(answers.lengths[row, place])].tolist())
                    box = None if record["box"] is None else [float(v) for v in frames.scale(number, record["box"])]
                    truth = {"label": record["label"], "box": box, "question": record["question"]}
                    if is_hard(rewards.judge(text, {**truth, "width": width, "height": height}, config), overlap):
                        found.setdefault(number, set()).add(record["subject"])
                asked += len(records)
            done += len(part)
            if time.time() - said > 30:
                said = time.time()
                report(f"{done} of {len(wanted)} frames, {asked} questions, {sum(map(len, found.values()))} hard")
    return found, asked


def select(frames, numbers, hard, easy, wanted, seed, out):
    """Writes the packed folder `out`; returns the numbers of the frames that it holds, out of `numbers`."""
    others = [number for number in numbers if number not in hard]
    count = min(len(others), round(easy * len(hard)))
    extra = np.random.default_rng([seed, 1]).choice(others, count, replace=False).tolist() if count else []
    numbers = sorted([*hard, *extra])
    if not numbers:
        raise SystemExit("No hard question was found: raise --overlap, or give more frames.")

    def marked(number):
        known = hard.get(number, ())
        return [{**record, "wanted": wanted} if record["subject"] in known else record for record in frames.records[number]]

    write_subset(frames, numbers, out, marked)
    return numbers


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="folder packed by dataset.py")
    parser.add_argument("--model", required=True, help="stage 1's checkpoint.pt, or a model folder")
    parser.add_argument("--out", required=True)
    parser.add_argument("--overlap", type=float, default=0.65)
    parser.add_argument("--easy", type=float, default=0.25)
    parser.add_argument("--wanted", type=float, default=4.0)
    parser.add_argument("--frames", type=int, help="so many frames, spread evenly")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    model, tokenizer, processor = load(arguments.model)
    model.eval()
    frames = Frames(arguments.data)
    count = min(arguments.frames or len(frames), len(frames))
    numbers = [index * len(frames) // count for index in range(count)]
    hard, asked = hard_subjects(model, tokenizer, processor, frames, numbers, arguments.overlap, arguments.seed)
    kept = select(frames, numbers, hard, arguments.easy, arguments.wanted, arguments.seed, arguments.out)
    found = sum(len(subjects) for subjects in hard.values())
    print(f"{found} of {asked} questions are hard, in {len(hard)} of {count} frames; {len(kept)} frames kept")


if __name__ == "__main__":
    main()
