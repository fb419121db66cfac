"""What sampling is compared with, for rollout_toy.py: greedy answers, and the packed forward pass of training."""
import argparse
import json
import os

import numpy as np
import rft
import rollout
import torch
from generation import answer


def sampling_report(folder):
    """Sampling against the two other ways to the same numbers: greedy answers and the packed forward."""
    arguments = argparse.Namespace(
        out=os.path.join(folder, "probe"), workers=1, data=os.path.join(folder, "packed"), validation=None, watch=None,
        init=os.path.join(folder, "sft"), settings=None, coherence="on", policy="on", resume=False,
    )
    with open(os.path.join(folder, "whole.json")) as file:
        run = rft.Run(arguments, json.load(file))
    part = run.choose(0)[0]
    found, _ = run.sample(part)
    questions = [item["ids"] for item in part]
    group = run.settings["sampling"]["group"]
    every = torch.ones(found.lengths.shape, dtype=torch.bool)
    batch, counted = rollout.training_batch(questions, found, torch.randn(*every.shape, 2), group, every)
    with torch.no_grad():
        states, start = rollout.encode_images(run.model, run.tokenizer, run.processor, run.images(part))
        heat = rollout.temperatures(batch["answers"], run.settings["sampling"], run.opening)
        log_probs = rollout.log_probabilities(run.model, states, start, questions, batch, heat)
        cold = {"temperature": 1e-4, "boxTemperature": 1e-4, "topP": 1.0, "limit": 24}
        uniforms = rollout.uniforms([[index] for index in range(len(part))], 2, 24)
        greedy = rollout.sample(run.model, states, start, questions, 1, cold, uniforms, run.stops, run.opening)
    # Advantages of the last image alone: the others are left out, and its numbers stay.
    only = torch.zeros(*found.lengths.shape, 2)
    only[-1] = torch.arange(only.shape[1], dtype=torch.float32)[:, None] - 1.5
    single, _ = rollout.training_batch(questions, found, only, group, ~every)
    chosen = rollout.busy_images(single)
    least = rollout.of_images(single, chosen)
    with torch.no_grad():
        states, start = rollout.encode_images(run.model, run.tokenizer, run.processor, run.images(part[-1:]))
        heat = rollout.temperatures(least["answers"], run.settings["sampling"], run.opening)
        alone = rollout.log_probabilities(run.model, states, start, questions[-1:], least, heat)
    asked = [(row, truth["question"]) for row, item in enumerate(part) for truth in item["truths"]]
    texts, _ = answer(run.model, run.tokenizer, run.processor, run.images(part), asked, 24)
    cold_texts = [
        run.tokenizer.decode(ids[:length])
        for rows, lengths in zip(greedy.tokens.tolist(), greedy.lengths.tolist())
        for ids, length in zip(rows, lengths)
    ]
    again, _ = run.sample(part)
    logits = torch.tensor([[2.0, 1.0, 0.0, -1.0]]).expand(4000, -1)
    uniform = torch.from_numpy(np.random.default_rng(0).random(4000))
    whole, _, entropy = rollout.choose(logits, uniform, 1.0, 1.0)
    cut, _, _ = rollout.choose(logits, uniform, 1.0, 0.8)
    spread = rollout.most_spread(torch.tensor([0.1, 5.0, 0.2, -4.0, 0.0, 4.0]), 3)
    return {
        "packedForward": float(((log_probs - batch["old"]) * batch["mask"]).abs().max()),
        "busy": chosen.tolist(),
        "alone": float(((alone - least["old"]) * least["mask"]).abs().max()),
        "greedy": cold_texts == texts,
        "again": bool(torch.equal(again.tokens, found.tokens)),
        "counted": [len(counted), sum(counted), int(found.lengths.sum())],
        "repeats": float(batch["repeats"].sum()),
        "frequencies": [float((whole == token).float().mean()) for token in range(4)],
        "nucleus": sorted(set(cut.tolist())),
        "entropy": float(entropy[0]),
        "mostSpread": spread,
    }
