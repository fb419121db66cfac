"""What a run of stage 2 starts from: its configuration, the weights of stage 1, and stage 1's losses if they go on."""
import hashlib
import json
import os

import numpy as np

import chat
import checkpoint
import lora
from batches import Batches
from build import processor_config, vocabulary_of
from objectives import Probes
from qwen25vl import load_model
from sft import Run as FirstStage


def read_json(path, what):
    try:
        with open(path, encoding="utf8") as file:
            return json.load(file)
    except FileNotFoundError:
        raise SystemExit(f"{path}: no such {what}.") from None
    except json.JSONDecodeError as error:
        raise SystemExit(f"{path}: not JSON ({error}).") from None


def check_settings(settings, known, path, prefix=""):
    """Every key of the shipped configuration must be there, and no other; objects are checked within."""
    for name in settings:
        if name not in known:
            near = ", ".join(sorted(known))
            raise SystemExit(f"{path}: unknown key {prefix}{name}. Known here: {near}.")
    for name, value in known.items():
        if name not in settings:
            raise SystemExit(f"{path}: the key {prefix}{name} is missing. models/training/rft.json has all of them.")
        if isinstance(value, dict) and name != "weights":
            if not isinstance(settings[name], dict):
                raise SystemExit(f"{path}: {prefix}{name} is to be an object, got {json.dumps(settings[name])}.")
            check_settings(settings[name], value, path, f"{prefix}{name}.")


def open_initial(path, frames, configuration, device):
    """The state to start from, in the shape of stage 1's checkpoint: of a run or of a model folder.

    A model folder has no training settings: they are those of `configuration` (stage 1's file), which the weights
    must fit; its labels are those of the frames.
    """
    if not os.path.exists(os.path.join(path, "config.json")):
        state = checkpoint.load(path, device)
        return {**state, "model": lora.merged_tensors(state["model"], state["settings"].get("lora"))}
    labels = frames.labels()
    tokenizer = read_json(os.path.join(path, "tokenizer.json"), "tokenizer")
    model = load_model(path)
    settings = read_json(configuration, "configuration")
    return {"model": model.state_dict(), "settings": settings, "labels": labels, "tokenizer": tokenizer}


def digest(tensors):
    """SHA-256 over names and values: tells whether two sets of weights are the same."""
    found = hashlib.sha256()
    for name in sorted(tensors):
        found.update(name.encode())
        found.update(tensors[name].detach().cpu().contiguous().numpy().tobytes())
    return found.hexdigest()


class Supervision:
    """Stage 1's losses on the model of stage 2, for the share of them that `sft` of the configuration asks for."""

    losses = FirstStage.losses

    def __init__(self, model, frames, tokenizer, initial, count, seed, path):
        if "probes" not in initial:
            raise SystemExit(f"{path}: a model folder has no probes, which sft above 0 needs. Give a run of stage 1.")
        self.settings, labels = initial["settings"], initial["labels"]
        self.model, self.device, self.count, self.seed = model, model.model.embed_tokens.weight.device, count, seed
        self.processor = processor_config(self.settings)
        self.before, self.after = tokenizer.encode(chat.PREFIX_BEFORE), tokenizer.encode(chat.PREFIX_AFTER)
        vocabulary = vocabulary_of(tokenizer, labels, self.settings["coordinates"])
        self.vocabulary = {name: tensor.to(self.device) for name, tensor in vocabulary.items()}
        size = self.settings["model"]["hidden_size"]
        self.probes = Probes(size, len(labels["tools"]), len(labels["places"])).to(self.device).requires_grad_(False)
        checkpoint.load_weights(self.probes, {**self.probes.state_dict(), **initial["probes"]}, path)
        draw = {**self.settings["questions"], "questions": self.settings["stages"][-1]["questions"]}
        draw["step"] = self.settings["coordinates"]["step"]

        def plan(rows, columns):
            return model.visual.plan(rows, columns, self.device)

        self.batches = Batches(frames, tokenizer, labels, draw, plan, seed)

    def batch(self, step, part):
        """The batch of a step and part, whatever was drawn before."""
        self.batches.random = np.random.default_rng([self.seed, 3, step, part])
        self.batches.queues = {size: [] for size in self.batches.queues}
        return self.batches.draw(self.count)

    def loss(self, batch):
        losses, _ = self.losses(batch)
        return sum(self.settings["lossWeights"].get(name, 0.0) * loss for name, loss in losses.items())
