"""Supervised fine-tuning of the embedded model, in stages.

    python3 models/training/sft.py --config models/training/nano.json --data DIR --out DIR [--validation DIR] [--resume]

--data and --validation are folders packed by dataset.py. --out gets checkpoint.pt (weights, optimiser, progress),
log.jsonl. A stage lasts `minutes` of training time or `steps`, whichever the configuration names; with `steps` and
one worker a run is reproducible, with `minutes` it fits the time there is.
"""
import argparse
import json
import math
import os
import random
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

import grammar as g
from build import make_tokenizer, new_model, processor_config, vocabulary_of
from dataset import Batches, Frames, normalise, prefetch
from generation import blind_table, evaluate
from image_processing import to_patches
from objectives import Probes, dense_losses, language_losses, run_blocks, run_prefix
from optimizer import Optimizer


class Run:
    def __init__(self, arguments, settings):
        self.settings, self.out = settings, arguments.out
        os.makedirs(self.out, exist_ok=True)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.started = time.time()
        self.workers = arguments.workers
        # The count of threads is kept by thread: one within the workers, the given count in the optimiser.
        single = {"initializer": torch.set_num_threads, "initargs": (1,)}
        self.pool = ThreadPoolExecutor(self.workers, **single) if self.workers > 1 else None
        self.frames = Frames(arguments.data)
        self.validation = Frames(arguments.validation) if arguments.validation else None
        self.blind = blind_table(self.frames)
        _, self.tokenizer = make_tokenizer(settings["coordinates"])
        self.processor = processor_config(settings)
        self.vocabulary = vocabulary_of(self.tokenizer, settings["coordinates"])
        self.vocabulary = {name: tensor.to(self.device) for name, tensor in self.vocabulary.items()}
        torch.manual_seed(settings["seed"])
        random.seed(settings["seed"])
        self.model = new_model(settings, self.tokenizer, self.sample_patches()).to(self.device)
        self.probes = Probes(settings["model"]["hidden_size"], len(g.TOOLS), len(g.PLACES)).to(self.device)
        named = [*self.model.named_parameters(), *(("probe." + n, p) for n, p in self.probes.named_parameters())]
        kind = settings["optimizer"]
        self.optimizer = Optimizer(named, kind["name"] == "muon", kind["rate"], kind["decay"])
        self.parameters = [parameter for _, parameter in named]
        self.progress = {"stage": 0, "stageStep": 0, "stageSeconds": 0.0, "step": 0, "seconds": 0.0}
        self.before, self.after = self.tokenizer.encode(g.PREFIX_BEFORE), self.tokenizer.encode(g.PREFIX_AFTER)
        self.grid = (self.frames.height // 14, self.frames.width // 14)
        if arguments.resume:
            self.load()

    def sample_patches(self, count=20000):
        """Random patches of the training frames, for the first weights of the patch embedding."""
        generator = np.random.default_rng(self.settings["seed"])
        chosen = sorted(generator.choice(len(self.frames), min(len(self.frames), 400), replace=False))
        plan = torch.from_numpy(self.patches_of(chosen).reshape(-1, 588))
        keep = torch.from_numpy(generator.choice(len(plan), min(count, len(plan)), replace=False))
        return normalise(plan[keep], self.processor)

    def patches_of(self, indices):
        return to_patches(np.array(self.frames.images[indices]))

    def path(self, name):
        return os.path.join(self.out, name)

    def log(self, **entry):
        with open(self.path("log.jsonl"), "a") as file:
            file.write(json.dumps(entry) + "\n")
        print(json.dumps(entry), flush=True)

    def save(self):
        state = {
            "model": self.model.state_dict(),
            "probes": self.probes.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "progress": self.progress,
            "settings": self.settings,
        }
        torch.save(state, self.path("checkpoint.partial"))
        os.replace(self.path("checkpoint.partial"), self.path("checkpoint.pt"))

    def load(self):
        state = torch.load(self.path("checkpoint.pt"), map_location=self.device)
        self.model.load_state_dict(state["model"])
        self.probes.load_state_dict(state["probes"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.progress = state["progress"]
        self.log(event="resumed", **self.progress)

    def losses(self, batch):
        settings = self.settings
        batch = {name: tensor.to(self.device) for name, tensor in batch.items()}
        features = self.model.visual(normalise(batch["patches"], self.processor), *self.grid, in_window_order=True)
        speaks = "ids" in batch
        read = settings["readLayer"]
        layers = len(self.model.model.layers) if speaks else read
        rows, columns = self.grid[0] // 2, self.grid[1] // 2
        states, last, start = run_prefix(self.model, features, self.before, self.after, rows, columns, layers)
        entry = states[read][0] if speaks else last
        image = slice(len(self.before), len(self.before) + features.shape[1])
        dense = {"readLayer": read, "sigma": settings["coordinates"]["sigma"]}
        losses, figures = dense_losses(self.model, self.probes, entry[:, image], batch, self.vocabulary, dense)
        if speaks:
            hidden, scores = run_blocks(self.model, batch["ids"][:, :, :-1], states, start, read)
            more, seen = language_losses(
                self.model, hidden, scores, batch, self.vocabulary, dense, image_begin=len(self.before)
            )
            losses.update(more)
            figures.update(seen)
        return losses, figures

    def gradients(self, parts, weights):
        """Mean gradients over the parts of a batch, each computed by one thread with single-threaded operators.

        On a busy machine this is faster than threads within operators, which wait for each other at each of them.
        """

        def work(batch):
            losses, figures = self.losses(batch)
            total = sum(weights[name] * loss for name, loss in losses.items())
            gradients = torch.autograd.grad(total, self.parameters, allow_unused=True)
            return gradients, {"loss": float(total), **{n: float(v) for n, v in losses.items()}, **figures}

        results = list(self.pool.map(work, parts)) if self.pool else [work(part) for part in parts]
        for index, parameter in enumerate(self.parameters):
            found = [gradients[index] for gradients, _ in results if gradients[index] is not None]
            parameter.grad = sum(found[1:], found[0]) / len(results) if found else None
        names = results[0][1]
        return {name: float(np.nanmean([figures[name] for _, figures in results])) for name in names}

    def factor(self, stage, done):
        """Share of the full rate: warm-up steps at the beginning of a run, then cosine down to the stage's end."""
        end = stage.get("rateEnd", 0.02)
        begin = stage.get("rateBegin", 1.0)
        warm = min(1.0, (self.progress["stageStep"] + 1) / max(1, stage.get("warmupSteps", 50)))
        return warm * (end + (begin - end) * 0.5 * (1 + math.cos(math.pi * min(1.0, done))))

    def validate(self, stage):
        if self.validation is None or not stage["questions"]:
            return
        began = time.time()
        report, sample = evaluate(
            self.model,
            self.tokenizer,
            self.processor,
            self.validation,
            self.settings["validationFrames"],
            blind=self.blind,
        )
        self.log(event="validation", step=self.progress["step"], took=round(time.time() - began, 1), **report)
        with open(self.path("samples.json"), "w") as file:
            json.dump(sample, file, indent=1)

    def run_stage(self, stage):
        settings, progress = self.settings, self.progress
        plan = self.model.visual.plan(*self.grid, self.device)
        draw = {**settings["questions"], "questions": stage["questions"], "step": settings["coordinates"]["step"]}
        seed = settings["seed"] + 1000 * progress["stage"] + progress["stageStep"]
        batches = prefetch(Batches(self.frames, self.tokenizer, draw, plan, seed), stage["batch"] // self.workers)
        weights = settings["lossWeights"]
        saved = checked = last = time.time()
        sums, count = {}, 0
        while True:
            done = (
                progress["stageStep"] / stage["steps"]
                if "steps" in stage
                else progress["stageSeconds"] / 60 / stage["minutes"]
            )
            if done >= 1:
                break
            entry = self.gradients([next(batches) for _ in range(self.workers)], weights)
            norm = float(torch.nn.utils.clip_grad_norm_(self.parameters, 2.0))
            factor = self.factor(stage, done)
            if math.isfinite(norm):
                self.optimizer.step(factor)
            else:
                self.log(event="skipped", step=progress["step"], reason="gradient not finite")
            now = time.time()
            progress["stageStep"] += 1
            progress["step"] += 1
            progress["stageSeconds"] += now - last
            progress["seconds"] += now - last
            last, count = now, count + 1
            entry["norm"] = norm
            for name, value in entry.items():
                sums.setdefault(name, []).append(value)
            if count == settings.get("logSteps", 25):
                rounded = {name: round(float(np.nanmean(values)), 4) for name, values in sums.items()}
                self.log(
                    stage=stage["name"],
                    step=progress["step"],
                    minutes=round(progress["seconds"] / 60, 2),
                    rate=round(self.optimizer.rate * factor, 6),
                    **rounded,
                )
                sums, count = {}, 0
            if now - checked > settings["validationMinutes"] * 60:
                self.validate(stage)
                checked = last = time.time()
            if now - saved > settings["checkpointMinutes"] * 60:
                self.save()
                saved = last = time.time()
        progress.update(stage=progress["stage"] + 1, stageStep=0, stageSeconds=0.0)
        self.save()
        self.validate(stage)

    def run(self):
        parameters = sum(parameter.numel() for parameter in self.model.parameters())
        self.log(event="start", parameters=parameters, frames=len(self.frames), device=str(self.device))
        while self.progress["stage"] < len(self.settings["stages"]):
            self.run_stage(self.settings["stages"][self.progress["stage"]])
        self.log(event="end", wall=round((time.time() - self.started) / 60, 1), **self.progress)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--validation")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--workers", type=int, default=1, help="threads that each take a part of the batch")
    parser.add_argument("--threads", type=int, default=2, help="threads within an operator, of each worker")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    with open(arguments.config) as file:
        settings = json.load(file)
    Run(arguments, settings).run()


if __name__ == "__main__":
    main()
