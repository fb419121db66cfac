"""Sampled answers that a rule lets pass, as a packed folder for stage 1: the rule of stage 2 as a filter.

    python3 models/training/filtered.py --config models/training/planted-rft.json --data PACKED --model RUN --out FILTERED
      [--frames N] [--seed 1]

The control of a reward: the same model, the same questions, the same sampling (those of stage 2's configuration) and
the same knowledge, that is labels and no box; but what passes is learnt by heart (rejection sampling, as RAFT, arXiv
2304.06767) instead of being weighed against what fails. An answer passes whose form is valid, whose label is right, whose
reasoning names a place, and whose words agree with the answer's own box; one that says rightly that nothing is in sight
passes as well. FILTERED holds frames with such answers as their records: box and reasoning are the model's own. What is
where in a frame is left out of it, so that no loss of stage 1 learns a true box there.
"""
import argparse
import os
import time

import numpy as np
import torch

import chat
import rewards
import rollout
from asked import Asked
from coherence import places_said
from dataset import Frames, write_subset
from evaluate import load
from rft_start import check_settings, read_json

HERE = os.path.dirname(os.path.abspath(__file__))


def passes(text, truth, config):
    """(label, box, reasoning) of an answer that the rule lets pass, or None. The truth's box is not looked at."""
    known = {**truth, "box": None, "boxUnknown": truth["box"] is not None}
    judged = rewards.judge(text, known, config)
    if not judged["valid"] or not judged["right"] or judged["disagree"]:
        return None
    _, reasoning, label, box = rewards.parse(text, truth["width"], truth["height"], config)
    if box is not None and not places_said(reasoning, truth["question"]):
        return None
    return label, box, reasoning


def record_of(record, passed, unscale):
    """A record with the words and the box of an answer that passed; what its places are is told by their words."""
    label, box, reasoning = passed
    spans = record["spans"]
    if reasoning != record["reasoning"]:
        spans, at = [], 0
        for place in places_said(reasoning, record["question"]):
            begin = reasoning.find(place.text, at)
            at = begin + len(place.text)
            spans.append([begin, at, "place"])
    return {**record, "label": label, "box": box and unscale(box), "reasoning": reasoning, "spans": spans}


def sampled(model, tokenizer, processor, frames, settings, labels, count, seed, report=print):
    """{frame: records that passed}, and the count of answers sampled; `count` frames, spread evenly."""
    opening, config = tokenizer.added[chat.BOX_OPEN], rewards.load_config()
    known = [label for names in labels.values() for label in names]
    config["labels"] = tuple(dict.fromkeys([*config["labels"], *known]))
    stops = [tokenizer.added["<|im_end|>"], tokenizer.added["<|endoftext|>"]]
    # Which coordinates a box may have plays no part in what is asked.
    asked, sampling = Asked(frames, tokenizer, labels, settings, 1), settings["sampling"]
    wanted = {index * len(frames) // count for index in range(count)}
    found, answers, said, done = {}, 0, time.time(), 0
    for size in sorted(frames.by_size):
        own = [number for number in frames.by_size[size] if number in wanted]
        for begin in range(0, len(own), settings["images"]):
            numbers = own[begin : begin + settings["images"]]
            part = [asked.of_frame(number, np.random.default_rng([seed, 5, number])) for number in numbers]
            with torch.no_grad():
                states, start = rollout.encode_images(model, tokenizer, processor, frames.pixels(numbers))
            every = settings["questions"] * sampling["group"]
            luck = rollout.uniforms([[seed, 6, number] for number in numbers], every, sampling["limit"])
            ids = [item["ids"] for item in part]
            drawn = rollout.sample(model, states, start, ids, sampling["group"], sampling, luck, stops, opening)
            for row, item in enumerate(part):
                kept = {}
                for place in range(every):
                    text = tokenizer.decode(drawn.tokens[row, place, : int(drawn.lengths[row, place])].tolist())
                    asking = place // sampling["group"]
                    passed = passes(text, item["truths"][asking], config)
                    if passed:
                        # Equal answers to one question teach what one of them does.
                        unscale = lambda box: frames.unscale(item["number"], box)  # noqa: E731
                        kept[asking, text] = record_of(item["records"][asking], passed, unscale)
                answers += every
                if kept:
                    found[item["number"]] = list(kept.values())
            done += len(numbers)
            if time.time() - said > 30:
                said = time.time()
                report(f"{done} of {len(wanted)} frames, {answers} answers, {sum(map(len, found.values()))} passed")
    return found, answers


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", required=True, help="of stage 2: what is asked, and how it is sampled")
    parser.add_argument("--data", required=True, help="folder packed by dataset.py")
    parser.add_argument("--model", required=True, help="stage 1's checkpoint.pt, or a model folder")
    parser.add_argument("--out", required=True, help="folder to write, which must not exist")
    parser.add_argument("--frames", type=int, help="so many frames, spread evenly")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if os.path.exists(arguments.out):
        parser.error(f"{arguments.out} exists. Give a new folder.")
    settings = read_json(arguments.config, "configuration")
    check_settings(settings, read_json(os.path.join(HERE, "rft.json"), "configuration"), arguments.config)
    model, tokenizer, processor = load(arguments.model)
    model.eval()
    frames = Frames(arguments.data)
    count = min(arguments.frames or len(frames), len(frames))
    found, answers = sampled(
        model, tokenizer, processor, frames, settings, frames.labels(), count, arguments.seed
    )
    if not found:
        raise SystemExit(f"{arguments.model}: none of {answers} answers passed. Is it a model of these questions?")
    numbers = sorted(found)
    nothing = {"instruments": [], "organ": None}
    write_subset(
        frames, numbers, arguments.out, found.get, lambda number: {**frames.frames[number], **nothing}
    )
    kept = sum(map(len, found.values()))
    print(f"{kept} different answers of {answers} passed, to questions on {len(found)} of {count} frames")


if __name__ == "__main__":
    main()
