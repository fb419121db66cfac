"""Stage 2: reinforcement fine-tuning by GRPO. Answers are sampled in groups, rewarded by rule, compared in the group.

    python3 models/training/rft.py --config models/training/rft.json --data PACKED --init RUN_OR_MODEL --out RUN
      [--validation PACKED] [--watch PACKED] [--coherence off] [--policy off] [--seed N] [--resume] [--workers 2]

--init is the stage 1 run (its folder or checkpoint.pt) or a model folder; a frozen copy of it is the reference of the
KL term. --data is packed by dataset.py. --out gets checkpoint.pt, which export.py reads like stage 1's, and
log.jsonl. All randomness comes from the seed and the step, so that with one worker a run that was interrupted and
resumed ends with the very weights of one that was not.
"""
import argparse
import copy
import json
import math
import os
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

import box_policy
import chat
import checkpoint
import grpo
import lora
import rewards
import rollout
from asked import Asked, Watch
from averaging import Average
from build import hugging_face_config, processor_config, vocabulary_of
from dataset import Frames
from generation import blind_table, evaluate
from optimizer import Optimizer
from qwen25vl import Qwen25VL
from rft_start import Supervision, check_settings, digest, open_initial, read_json
from tokenizer import Tokenizer

HERE = os.path.dirname(os.path.abspath(__file__))


class Run:
    def __init__(self, arguments, settings):
        self.settings, self.out = settings, arguments.out
        os.makedirs(self.out, exist_ok=True)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.started, self.interrupt, self.workers = time.time(), checkpoint.Interrupt(), arguments.workers
        single = {"initializer": torch.set_num_threads, "initargs": (1,)}
        self.pool = ThreadPoolExecutor(self.workers, **single) if self.workers > 1 else None
        self.frames = Frames(arguments.data)
        self.validation = Frames(arguments.validation) if arguments.validation else None
        self.blind = blind_table(self.frames)
        initial = open_initial(arguments.init, self.frames, arguments.settings, self.device)
        self.initial = {name: initial[name] for name in ("settings", "labels", "tokenizer")}
        self.extra = {name: initial[name] for name in ("probes",) if name in initial}
        self.processor = processor_config(initial["settings"])
        self.tokenizer = Tokenizer(initial["tokenizer"])
        self.opening = self.tokenizer.added[chat.BOX_OPEN]
        self.stops = [self.tokenizer.added["<|im_end|>"], self.tokenizer.added["<|endoftext|>"]]
        torch.manual_seed(settings["seed"])
        self.model = Qwen25VL(hugging_face_config(initial["settings"], self.tokenizer))
        checkpoint.load_weights(self.model, initial["model"], arguments.init)
        self.model.to(self.device).eval()
        self.digest = digest(self.model.state_dict())
        self.reference = copy.deepcopy(self.model).requires_grad_(False) if settings["policy"]["kl"] else None
        named = lora.apply(self.model, settings["lora"]) if settings["lora"] else list(self.model.named_parameters())
        frozen = tuple(settings["freeze"])
        for name, parameter in named:
            parameter.requires_grad_(not name.startswith(frozen) if frozen else True)
        named = [(name, parameter) for name, parameter in named if parameter.requires_grad]
        if not named:
            raise SystemExit("freeze: nothing is left to train.")
        kind = settings["optimizer"]
        self.optimizer = Optimizer(named, kind["name"] == "muon", kind["rate"], kind["decay"])
        self.parameters = [parameter for _, parameter in named]
        self.rewards = rewards.load_config(os.path.join(HERE, settings["rewards"]))
        known = [label for names in initial["labels"].values() for label in names]
        self.rewards["labels"] = tuple(dict.fromkeys([*self.rewards["labels"], *known]))
        if arguments.coherence == "off":
            self.rewards["coherence"]["weight"] = 0.0
        vocabulary = vocabulary_of(self.tokenizer, initial["labels"], initial["settings"]["coordinates"])
        self.vocabulary = {name: tensor.to(self.device) for name, tensor in vocabulary.items()}
        self.values = dict(zip(vocabulary["numbers"].tolist(), vocabulary["bins"].tolist()))
        given = (self.tokenizer, initial["labels"], settings, initial["settings"]["coordinates"]["step"])
        self.asked = Asked(self.frames, *given)
        watched = Frames(arguments.watch) if arguments.watch else self.validation or self.frames
        self.watched = Watch(watched, *given) if settings["watchSteps"] else None
        self.supervision = None
        if settings["sft"]:
            count = max(1, settings["images"] // self.workers)
            self.supervision = Supervision(
                self.model, self.frames, self.tokenizer, initial, count, settings["seed"], arguments.init
            )
        self.reinforced, self.alone = arguments.policy == "on", [(None, None)] * self.workers
        if not self.reinforced and not self.supervision:
            raise SystemExit(f"{arguments.config}: --policy off leaves nothing to train on where sft is 0.")
        self.average = Average(self.parameters, settings["steps"] * (1 - settings["average"]) + 1)
        self.progress = {"step": 0, "seconds": 0.0}
        if arguments.resume:
            self.resume()

    def resume(self):
        path = os.path.join(self.out, checkpoint.NAME)
        state = checkpoint.load(self.out, self.device)
        if state.get("initial") != self.digest:
            raise SystemExit(f"{path}: begun from other weights than --init holds now. Give the same --init.")
        if self.settings["lora"]:
            lora.load_tensors(self.model, state["adapter"], path)
        else:
            checkpoint.load_weights(self.model, state["model"], path)
        self.optimizer.load_state_dict(state["optimizer"])
        self.average.load_state_dict(state["average"])
        self.progress = state["progress"]
        self.log(event="resumed", **self.progress)

    def save(self):
        config = self.settings["lora"]
        adapter = {"adapter": lora.adapter_tensors(self.model)} if config else {}
        tensors = lora.merged_tensors(self.model.state_dict(), config)
        state = {"model": tensors, "optimizer": self.optimizer.state_dict(), **adapter}
        state["average"] = self.average.state_dict()
        state.update(progress=self.progress, rft=self.settings, rewards=self.rewards, initial=self.digest)
        checkpoint.save(self.out, {**self.initial, **self.extra, **state})

    def log(self, **entry):
        with open(os.path.join(self.out, "log.jsonl"), "a") as file:
            file.write(json.dumps(entry) + "\n")
        print(json.dumps(entry), flush=True)

    def map(self, work, parts):
        return list(self.pool.map(work, parts)) if self.pool else [work(part) for part in parts]

    # ------------------------------------------------------------ one step

    def choose(self, step):
        """Frames of one size and the records asked of each, the same for the same seed and step."""
        seed, count = self.settings["seed"], self.settings["images"]
        random = np.random.default_rng([seed, 1, step])
        chosen = self.asked.draw(random, [seed, 2, step], count, self.settings["trustedBoxes"])
        return [chosen[begin :: self.workers] for begin in range(self.workers) if chosen[begin :: self.workers]]

    def watch(self):
        """Logs how the answers to one and the same batch fare now."""
        if self.watched is None:
            return
        part = self.watched.part
        _, texts = self.sample(part, self.watched.frames)
        self.log(event="watched", step=self.progress["step"], **self.watched.figures(self.score(part, texts)))

    def images(self, part, frames=None):
        return (frames or self.frames).pixels([item["number"] for item in part])

    def sample(self, part, frames=None):
        """Answers of a part of the batch: its rollout and the texts [B][N]; of other frames where they are given."""
        settings = self.settings["sampling"]
        images = self.images(part, frames)
        with torch.no_grad():
            states, start = rollout.encode_images(self.model, self.tokenizer, self.processor, images)
        answers = self.settings["questions"] * settings["group"]
        uniforms = rollout.uniforms([item["seed"] for item in part], answers, settings["limit"])
        questions = [item["ids"] for item in part]
        found = rollout.sample(
            self.model, states, start, questions, settings["group"], settings, uniforms, self.stops, self.opening
        )
        texts = [
            [self.tokenizer.decode(ids[:length]) for ids, length in zip(rows, lengths)]
            for rows, lengths in zip(found.tokens.tolist(), found.lengths.tolist())
        ]
        return found, texts

    def score(self, part, texts):
        """Judgements [B][N] of the sampled texts (rewards.judge)."""
        group = self.settings["sampling"]["group"]
        return [
            [rewards.judge(text, item["truths"][answer // group], self.rewards) for answer, text in enumerate(row)]
            for item, row in zip(part, texts)
        ]

    def probabilities(self, model, part, batch, rows=None):
        states, start = rollout.encode_images(model, self.tokenizer, self.processor, self.images(part))
        temperature = rollout.temperatures(batch["answers"], self.settings["sampling"], self.opening)
        ids = [item["ids"] for item in part]
        return rollout.log_probabilities(model, states, start, ids, batch, temperature, rows)

    def policy_loss(self, part, batch, reference, divisor):
        """The GRPO loss of a part; with `allActions`, coordinates are paid over all of their values."""
        policy, boxes = self.settings["policy"], batch.get("boxes")
        advantages = rollout.by_token(batch["advantages"], batch["answers"], self.opening)
        inputs = [batch["old"], reference, advantages, batch["mask"], policy, divisor, batch["repeats"]]
        if boxes is None:
            return grpo.objective(self.probabilities(self.model, part, batch), *inputs)
        times = boxes["times"]
        rows = (boxes["image"][:, None].expand_as(times), boxes["place"][:, None].expand_as(times), times)
        log_probs, over = self.probabilities(self.model, part, batch, rows)
        losses = box_policy.coordinate_losses(
            over[..., self.vocabulary["numbers"]], boxes, self.vocabulary["bins"], self.rewards
        )
        return grpo.objective(log_probs, *inputs, instead=(rows, losses))

    def gradients(self, parts, batches, references, taught, divisor):
        """One pass over the sampled batch: gradients summed over the parts, and the figures.

        taught: a supervised batch for each part, or None.
        """

        def work(inputs):
            part, batch, reference, taught = inputs
            loss, figures = (0.0, {}) if batch is None else self.policy_loss(part, batch, reference, divisor)
            figures["loss"] = float(loss)
            if taught is not None:
                supervised = self.supervision.loss(taught) / len(parts)
                figures["supervised"] = float(supervised)
                loss = loss + self.settings["sft"] * supervised
            return torch.autograd.grad(loss, self.parameters, allow_unused=True), figures

        results = self.map(work, list(zip(parts, batches, references, taught)))
        for index, parameter in enumerate(self.parameters):
            found = [gradients[index] for gradients, _ in results if gradients[index] is not None]
            parameter.grad = sum(found[1:], found[0]).contiguous() if found else None
        return {name: sum(figures[name] for _, figures in results) for name in results[0][1]}

    def factor(self):
        """Share of the full rate: warm-up steps, then cosine down to rateEnd at the last step."""
        kind, step = self.settings["optimizer"], self.progress["step"]
        warm = min(1.0, (step + 1) / max(1, kind["warmupSteps"]))
        done = min(1.0, step / self.settings["steps"])
        return warm * (kind["rateEnd"] + (1 - kind["rateEnd"]) * 0.5 * (1 + math.cos(math.pi * done)))

    def step(self):
        """One step of the run; returns its figures."""
        began, factor = time.time(), self.factor()
        figures = self.reinforce(factor) if self.reinforced else self.train(self.alone, 1, factor)
        self.progress["step"] += 1
        self.progress["seconds"] += time.time() - began
        self.average.add(self.progress["step"])
        return {**figures, "rate": self.optimizer.rate * factor}

    def reinforce(self, factor):
        """Samples, rewards, trains; returns the figures of it."""
        settings, policy = self.settings, self.settings["policy"]
        group, began = settings["sampling"]["group"], time.time()
        parts = self.choose(self.progress["step"])
        sampled = self.map(self.sample, parts)
        after_sampling = time.time()
        scores = [self.score(part, texts) for part, (_, texts) in zip(parts, sampled)]
        after_rewards = time.time()
        figures = rollout.sampling_figures(sampled, scores)
        flat = [row for part_scores in scores for row in part_scores]
        paid = {name: torch.tensor([[score[name] for score in row] for row in flat]) for name in rewards.PARTS}
        paid = {name: reward.view(len(flat), -1, group) for name, reward in paid.items()}
        weights = {name: self.rewards[name]["weight"] for name in rewards.PARTS}
        totals = sum(weights[name] * reward for name, reward in paid.items())
        spreads = totals.amax(-1) - totals.amin(-1)
        figures["rewardsSkipped"] = int((~torch.isfinite(totals)).sum())
        figures["spread"], figures["groupsEqual"] = float(spreads.mean()), float((spreads == 0).float().mean())
        advantages = grpo.advantages(paid, weights, policy).flatten(1, 2).split([len(part) for part in parts])
        keep = policy["keep"] or group
        packed, lengths = [], []
        for part, (found, texts), part_scores, advantage in zip(parts, sampled, scores, advantages):
            ids = [item["ids"] for item in part]
            truths = [[item["truths"][answer // group] for answer in range(len(row))] for item, row in zip(part, texts)]
            needed = box_policy.needed(found, truths, part_scores, self.opening, policy, self.rewards)
            batch, counted = rollout.training_batch(ids, found, advantage, keep, needed)
            lengths += counted
            if batch is not None:
                if not self.supervision:
                    # A picture none of whose answers is trained on would be encoded, forth and back, for nothing.
                    busy = rollout.busy_images(batch)
                    batch = rollout.of_images(batch, busy)
                    lists = (part, texts, truths, part_scores)
                    part, texts, truths, part_scores = (
                        [row for row, on in zip(rows, busy.tolist()) if on] for rows in lists
                    )
                if policy["allActions"]:
                    judged = box_policy.judged_of(batch["sampled"].tolist(), texts, truths, part_scores, self.rewards)
                    boxes = box_policy.prepare(batch["answers"], judged, self.opening, self.values)
                    batch["boxes"] = boxes and {name: tensor.to(self.device) for name, tensor in boxes.items()}
                packed.append((part, batch))
        divisor = grpo.denominator(lengths, policy["aggregation"], settings["sampling"]["limit"])
        if packed or self.supervision:
            figures.update(self.train(packed or self.alone, divisor, factor))
        figures.update(sampling=after_sampling - began, rewarding=after_rewards - after_sampling)
        return {**figures, "training": time.time() - after_rewards}

    def train(self, packed, divisor, factor):
        """Inner epochs over what was sampled (None: stage 1's losses alone); figures of the last one."""
        policy, norm_limit = self.settings["policy"], self.settings["optimizer"]["norm"]
        parts, batches = [part for part, _ in packed], [batch for _, batch in packed]
        references = [None] * len(parts)
        if self.reference is not None and batches[0] is not None:

            def refer(inputs):
                with torch.no_grad():
                    return self.probabilities(self.reference, *inputs)

            references = self.map(refer, packed)
        taught = [None] * len(parts)
        if self.supervision:
            taught = [self.supervision.batch(self.progress["step"], part) for part in range(len(parts))]
        for _ in range(policy["epochs"]):
            sums = self.gradients(parts, batches, references, taught, divisor)
            norm = float(torch.nn.utils.clip_grad_norm_(self.parameters, norm_limit))
            if math.isfinite(norm):
                self.optimizer.step(factor)
            else:
                self.log(event="skipped", step=self.progress["step"], reason="gradient not finite")
        figures = {name: sums[name] for name in ("loss", "supervised") if name in sums}
        per_token = {name: sums[name] / max(1.0, sums["tokens"]) for name in ("kl", "clipped") if name in sums}
        return {**figures, **per_token, "norm": norm}

    # ------------------------------------------------------------ the run

    def validate(self):
        if self.validation is None:
            return
        began, count = time.time(), self.settings["validationFrames"]
        report, _ = evaluate(self.model, self.tokenizer, self.processor, self.validation, count, blind=self.blind)
        self.model.eval()
        self.log(event="validation", step=self.progress["step"], took=round(time.time() - began, 1), **report)

    def run(self):
        settings, progress, sums = self.settings, self.progress, {}
        trained = sum(parameter.numel() for parameter in self.parameters)
        self.log(event="start", stage="rft", parameters=trained, frames=len(self.frames), device=str(self.device))
        if progress["step"] == 0:
            self.watch()
            if settings["validationSteps"]:
                self.validate()
        while progress["step"] < settings["steps"]:
            if self.interrupt.raised:
                self.save()
                raise SystemExit(f"{self.out}: interrupted at step {progress['step']}; go on with --resume.")
            for name, value in self.step().items():
                sums.setdefault(name, []).append(value)
            step = progress["step"]
            if step == settings["steps"]:
                self.average.swap()
            if step % settings["logSteps"] == 0 or step == settings["steps"]:
                # Where no true box is known there is no overlap to tell of: nothing, as JSON knows no NaN.
                known = {name: [value for value in values if value == value] for name, values in sums.items()}
                means = {name: round(float(np.mean(values)), 6) if values else None for name, values in known.items()}
                self.log(stage="rft", step=step, minutes=round(progress["seconds"] / 60, 2), **means)
                sums = {}
            if settings["watchSteps"] and (step % settings["watchSteps"] == 0 or step == settings["steps"]):
                self.watch()
            if step % settings["checkpointSteps"] == 0:
                self.save()
            if settings["validationSteps"] and step % settings["validationSteps"] == 0:
                self.validate()
        self.save()
        if not settings["validationSteps"] or progress["step"] % settings["validationSteps"]:
            self.validate()
        self.log(event="end", wall=round((time.time() - self.started) / 60, 1), **progress)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--init", required=True, help="run of stage 1, its checkpoint, or a model folder")
    parser.add_argument("--out", required=True)
    parser.add_argument("--validation")
    parser.add_argument("--watch", help="packed frames of which a batch is watched; --validation or --data if absent")
    parser.add_argument("--settings", default=os.path.join(HERE, "nano.json"), help="stage 1's, for a model folder")
    parser.add_argument("--coherence", choices=["on", "off"], default="on", help="off: without the coherence reward")
    parser.add_argument("--policy", choices=["on", "off"], default="on", help="off: stage 1's losses alone, as control")
    parser.add_argument("--seed", type=int, help="instead of the configuration's")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--workers", type=int, default=1, help="threads that each take a part of the batch")
    parser.add_argument("--threads", type=int, default=2, help="threads within an operator, of each worker")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    settings = read_json(arguments.config, "configuration")
    check_settings(settings, read_json(os.path.join(HERE, "rft.json"), "configuration"), arguments.config)
    if arguments.seed is not None:
        settings["seed"] = arguments.seed
    Run(arguments, settings).run()


if __name__ == "__main__":
    main()
