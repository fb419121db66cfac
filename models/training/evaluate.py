"""Figures of a model folder on packed frames: greedy answers to every question of the data set.

    python3 models/training/evaluate.py --model models/nano --data PACKED --train PACKED_TRAINING_FRAMES [--limit N]
"""
import argparse
import json
import os
import time

import torch

from dataset import Frames
from generation import blind_table, evaluate
from qwen25vl import load_model
from tokenizer import Tokenizer


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--train", help="training frames, for the blind floor; without it the data's own best table")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--samples", action="store_true", help="print some answers too")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    with open(os.path.join(arguments.model, "preprocessor_config.json")) as file:
        processor = json.load(file)
    tokenizer = Tokenizer.load(os.path.join(arguments.model, "tokenizer.json"))
    model, began = load_model(arguments.model), time.time()
    blind = blind_table(Frames(arguments.train)) if arguments.train else None
    report, sample = evaluate(model, tokenizer, processor, Frames(arguments.data), arguments.limit, blind=blind)
    report["seconds"] = round(time.time() - began, 1)
    print(json.dumps(report, indent=2))
    if arguments.samples:
        print(json.dumps(sample, indent=1))


if __name__ == "__main__":
    main()
