"""Stage 1: supervised fine-tuning, in steps of its own (a visual warm-up, then speech).

    python3 models/training/sft.py --config models/training/nano.json --data PACKED --out RUN
      [--validation PACKED] [--init MODEL_FOLDER_OR_RUN] [--resume] [--workers 2]

--data and --validation are folders packed by dataset.py. --out gets checkpoint.pt (weights, optimiser, progress) and
log.jsonl. --init starts from a model folder (its tokenizer with it) or from another run's checkpoint instead of from
nothing; with "newWords" in the configuration every word of the data becomes a token first. With "lora" in it only
adapters are trained. A step lasts `minutes` of training time or `steps`, whichever the
configuration names; with `steps` and one worker a run is reproducible, with `minutes` it fits the time there is. An
interrupt writes a checkpoint first; --resume goes on from it.
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

import chat
import checkpoint
import lora
from batches import Batches, normalise, prefetch
from build import hugging_face_config, make_tokenizer, new_model, processor_config, vocabulary_of
from dataset import Frames
from generation import blind_table, evaluate
from image_processing import to_patches
from objectives import Probes, dense_losses, language_losses, run_blocks, run_prefix
from optimizer import Optimizer
from qwen25vl import Qwen25VL, load_model
from tokenizer import Tokenizer
from vocabulary import grown, resize_embedding


def as_json(entry):
    """The entry as JSON, which knows no NaN: a figure of questions that did not come up is null."""
    return json.dumps({name: None if value != value else value for name, value in entry.items()})


class Start:
    """What a run begins with: a model folder, or a run's folder or checkpoint, which has probes too."""

    def __init__(self, path):
        self.probes = None
        if os.path.exists(os.path.join(path, "config.json")):
            self.model = load_model(path)
            with open(os.path.join(path, "tokenizer.json"), encoding="utf8") as file:
                self.tokenizer_data = json.load(file)
            self.tokenizer = Tokenizer(self.tokenizer_data)
            return
        state = checkpoint.load(path)
        self.tokenizer_data, self.probes = state["tokenizer"], state.get("probes")
        self.tokenizer = Tokenizer(self.tokenizer_data)
        self.model = Qwen25VL(hugging_face_config(state["settings"], self.tokenizer))
        checkpoint.load_weights(self.model, state["model"], path)

    def give_probes(self, probes):
        """Those that fit: another data set may have other instruments, and later code other probes."""
        with torch.no_grad():
            for name, tensor in probes.state_dict().items():
                if self.probes and name in self.probes and self.probes[name].shape == tensor.shape:
                    tensor.copy_(self.probes[name])


class Run:
    def __init__(self, arguments, settings):
        self.settings, self.out = settings, arguments.out
        os.makedirs(self.out, exist_ok=True)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.started, self.interrupt = time.time(), checkpoint.Interrupt()
        self.workers = arguments.workers
        # The count of threads is kept by thread: one within the workers, the given count in the optimiser.
        single = {"initializer": torch.set_num_threads, "initargs": (1,)}
        self.pool = ThreadPoolExecutor(self.workers, **single) if self.workers > 1 else None
        self.frames = Frames(arguments.data)
        self.validation = Frames(arguments.validation) if arguments.validation else None
        self.blind = blind_table(self.frames)
        torch.manual_seed(settings["seed"])
        random.seed(settings["seed"])
        self.processor = processor_config(settings)
        state = checkpoint.load(self.out, self.device) if arguments.resume else None
        self.labels = state["labels"] if state else self.frames.labels()
        first = Start(arguments.init) if arguments.init else None
        self.tokenizer_data = state["tokenizer"] if state else self.first_tokenizer(first)
        self.tokenizer = Tokenizer(self.tokenizer_data)
        vocabulary = vocabulary_of(self.tokenizer, self.labels, settings["coordinates"])
        self.vocabulary = {name: tensor.to(self.device) for name, tensor in vocabulary.items()}
        if first:
            self.model = first.model
            if self.tokenizer.size != first.tokenizer.size:
                self.model = resize_embedding(self.model, first.tokenizer, self.tokenizer)
            self.model.requires_grad_(True)
        else:
            patches = None if state else self.sample_patches()
            self.model = new_model(settings, self.tokenizer, self.labels, patches)
        self.model = self.model.to(self.device)
        size = settings["model"]["hidden_size"]
        self.probes = Probes(size, len(self.labels["tools"]), len(self.labels["places"])).to(self.device)
        if first:
            first.give_probes(self.probes)
        named = [*self.model.named_parameters(), *(("probe." + n, p) for n, p in self.probes.named_parameters())]
        if settings.get("lora"):
            named = lora.apply(self.model, settings["lora"])
        kind = settings["optimizer"]
        self.optimizer = Optimizer(named, kind["name"] == "muon", kind["rate"], kind["decay"])
        self.parameters = [parameter for _, parameter in named]
        self.progress = {"stage": 0, "stageStep": 0, "stageSeconds": 0.0, "step": 0, "seconds": 0.0}
        self.before, self.after = self.tokenizer.encode(chat.PREFIX_BEFORE), self.tokenizer.encode(chat.PREFIX_AFTER)
        if state:
            path = os.path.join(self.out, checkpoint.NAME)
            checkpoint.load_weights(self.model, state["model"], path)
            checkpoint.load_weights(self.probes, state["probes"], path)
            self.optimizer.load_state_dict(state["optimizer"])
            self.progress = state["progress"]
            self.log(event="resumed", **self.progress)

    def first_tokenizer(self, first):
        if first is None:
            return make_tokenizer(self.frames.texts(), self.labels, self.settings["coordinates"])
        if not self.settings.get("newWords"):
            return first.tokenizer_data
        return grown(first.tokenizer_data, self.frames.texts(), chat.SPECIAL, chat.PLAIN)

    def sample_patches(self, count=20000):
        """Random patches of the training frames, for the first weights of the patch embedding."""
        generator, found = np.random.default_rng(self.settings["seed"]), []
        for size in sorted(self.frames.by_size):
            numbers = self.frames.by_size[size]
            chosen = sorted(generator.choice(numbers, min(len(numbers), 300), replace=False))
            found.append(to_patches(self.frames.pixels(chosen)).reshape(-1, 588))
        plan = torch.from_numpy(np.concatenate(found))
        keep = torch.from_numpy(generator.choice(len(plan), min(count, len(plan)), replace=False))
        return normalise(plan[keep], self.processor)

    def log(self, **entry):
        with open(os.path.join(self.out, "log.jsonl"), "a") as file:
            file.write(as_json(entry) + "\n")
        print(as_json(entry), flush=True)

    def save(self):
        checkpoint.save(
            self.out,
            {
                "model": self.model.state_dict(),
                "probes": self.probes.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "progress": self.progress,
                "settings": self.settings,
                "labels": self.labels,
                "tokenizer": self.tokenizer_data,
            },
        )

    def losses(self, batch):
        settings = self.settings
        height, width = batch["grid"]
        batch = {name: item.to(self.device) for name, item in batch.items() if name != "grid"}
        features = self.model.visual(normalise(batch["patches"], self.processor), height, width, in_window_order=True)
        speaks = "ids" in batch
        read = settings["readLayer"]
        layers = len(self.model.model.layers) if speaks else read
        states, last, start = run_prefix(
            self.model, features, self.before, self.after, height // 2, width // 2, layers
        )
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
            total = sum(weights.get(name, 0.0) * loss for name, loss in losses.items())
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
        with open(os.path.join(self.out, "samples.json"), "w") as file:
            json.dump(sample, file, indent=1)

    def run_stage(self, stage):
        settings, progress = self.settings, self.progress
        draw = {**settings["questions"], "questions": stage["questions"], "step": settings["coordinates"]["step"]}
        draw["augmentation"] = stage.get("augmentation")
        seed = settings["seed"] + 1000 * progress["stage"] + progress["stageStep"]

        def plan(rows, columns):
            return self.model.visual.plan(rows, columns, self.device)

        batches = Batches(self.frames, self.tokenizer, self.labels, draw, plan, seed)
        batches = prefetch(batches, stage["batch"] // self.workers)
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
            if self.interrupt.raised:
                self.save()
                raise SystemExit(f"{self.out}: interrupted at step {progress['step']}; go on with --resume.")
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
    parser.add_argument("--init", help="model folder, run or checkpoint to start from")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--workers", type=int, default=1, help="threads that each take a part of the batch")
    parser.add_argument("--threads", type=int, default=2, help="threads within an operator, of each worker")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    with open(arguments.config, encoding="utf8") as file:
        settings = json.load(file)
    Run(arguments, settings).run()


if __name__ == "__main__":
    main()
