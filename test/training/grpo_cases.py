"""Values of grpo.py's functions for the cases of grpo.test.ts, and policies that learn a rewarded token. JSON."""
import json
import math
import os
import sys

import torch

ROOT = os.path.join(os.path.dirname(__file__), "../../models/training")
sys.path.insert(0, ROOT)
import grpo  # noqa: E402

NAN = float("nan")


def advantages():
    tensor = torch.tensor([[1.0, 0.0, 0.0, 1.0], [0.1, 0.1, 0.1, 0.1], [1.0, NAN, 0.0, NAN]])
    return {
        "divided": grpo.group_advantages(tensor).tolist(),
        "centred": grpo.group_advantages(tensor, deviation=False).tolist(),
    }


def blamed():
    """Advantages of words and box for one group of three and one whose rewards are equal, by each way to compare."""
    rewards = {
        "format": torch.tensor([[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]),
        "answer": torch.tensor([[1.0, 0.0, 1.0], [0.0, 0.0, 0.0]]),
        "box": torch.tensor([[0.2, 0.8, 0.5], [0.5, 0.5, 0.5]]),
        "words": torch.tensor([[1.0, 1.0, -0.5], [0.0, 0.0, 0.0]]),
        "coherence": torch.tensor([[-0.5, 0.0, 1.0], [0.0, 0.0, 0.0]]),
    }
    weights = {"format": 0.5, "answer": 1.0, "box": 1.0, "words": 0.5, "coherence": 2.0}

    def of(way, normalise):
        policy = {"advantages": way, "normalise": normalise, "deviation": False}
        return grpo.advantages(rewards, weights, policy).tolist()

    scaled = {name: reward * (100 if name == "coherence" else 1) for name, reward in rewards.items()}
    policy = {"advantages": "whole", "normalise": "each", "deviation": False}
    return {
        "whole": of("whole", "total"),
        "parts": of("parts", "total"),
        "each": of("whole", "each"),
        "eachScaled": grpo.advantages(scaled, weights, policy).tolist(),
    }


def surrogate():
    """Ratio 1.5 and 0.5, each with a positive and a negative advantage; gradients by log-probability."""
    old = torch.zeros(4, 1)
    log_probs = torch.tensor([[1.5], [1.5], [0.5], [0.5]]).log().requires_grad_(True)
    loss, clipped = grpo.surrogate(log_probs, old, torch.tensor([1.0, -1.0, 1.0, -1.0]), 0.2, 0.3)
    loss.sum().backward()
    return {
        "loss": loss.flatten().tolist(),
        "clipped": clipped.flatten().tolist(),
        "gradient": log_probs.grad.flatten().tolist(),
    }


def kl():
    log_probs = torch.tensor([0.5, 0.25, 0.3]).log()
    return grpo.kl_to_reference(log_probs, torch.tensor([0.25, 0.5, 0.3]).log()).tolist()


def aggregated():
    values = torch.tensor([[1.0, 2.0, 50.0], [3.0, 50.0, 50.0]])
    mask = torch.tensor([[True, True, False], [True, False, False]])
    once = {kind: grpo.aggregate(values, mask, kind, grpo.denominator([2, 1], kind, 4)) for kind in grpo.AGGREGATIONS}
    repeats = torch.tensor([1.0, 2.0])
    twice = {
        kind: grpo.aggregate(values, mask, kind, grpo.denominator([2, 1, 1], kind, 4), repeats)
        for kind in grpo.AGGREGATIONS
    }
    return {name: {kind: float(v) for kind, v in found.items()} for name, found in (("once", once), ("twice", twice))}


def bandit(coefficient):
    """Six tokens, token 3 is rewarded; returns its probability, the KL to the start, and the first step's KL."""
    generator = torch.Generator().manual_seed(3)
    logits = torch.zeros(6, requires_grad=True)
    optimizer = torch.optim.SGD([logits], lr=1.0)
    settings = {"clipLow": 0.2, "clipHigh": 0.28, "kl": coefficient, "aggregation": "sequence"}
    divisor, first = grpo.denominator([1] * 16, "sequence", 1), None
    for _ in range(60):
        tokens = torch.multinomial(logits.detach().softmax(-1), 16, True, generator=generator)
        advantages = grpo.group_advantages((tokens == 3).float())
        log_probs = logits.log_softmax(-1)[tokens][:, None]
        reference = torch.full_like(log_probs, -math.log(6)).detach()
        loss, figures = grpo.objective(
            log_probs, log_probs.detach(), reference, advantages, torch.ones(16, 1, dtype=torch.bool), settings, divisor
        )
        first = figures["kl"] if first is None else first
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    found = logits.detach().softmax(-1)
    return {"rewarded": float(found[3]), "kl": float((found * (found * 6).log()).sum()), "firstKl": first}


def refusal():
    try:
        grpo.denominator([1], "median", 1)
    except ValueError as error:
        return str(error)


print(
    json.dumps(
        {
            "advantages": advantages(),
            "blamed": blamed(),
            "surrogate": surrogate(),
            "kl": kl(),
            "aggregated": aggregated(),
            "free": bandit(0.0),
            "tied": bandit(2.0),
            "refusal": refusal(),
        }
    )
)
