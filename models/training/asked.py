"""What stage 2 asks: frames of one size, the questions to each, and what the rewards may know of the truth."""
import numpy as np

import chat
from batches import Batches


def trusted(number, share):
    """Whether the rewards know the boxes of a frame: the same frames in every run, and among them those of less."""
    return (number * 2654435761 % 2**32) / 2**32 < share


class Asked:
    """Draws frames and their questions as stage 1 does: by the weights of the kinds and of the records."""

    def __init__(self, frames, tokenizer, labels, settings, step):
        """settings: of the second stage; step: of stage 1's coordinates."""
        self.frames = frames
        questions = {name: settings[name] for name in ("questions", "weights", "rarity", "mirror")}
        self.chooser = Batches(frames, tokenizer, labels, {**questions, "step": step}, None, 0)

    def draw(self, random, seed, count, share=1.0):
        """`count` frames of one size: their number, seed (that given and their place), ids of questions and truths.

        share: of the frames whose boxes the truths hold; of the others they say `boxUnknown`.
        """
        chooser = self.chooser
        size = chooser.sizes[int(random.choice(len(chooser.sizes), p=chooser.share))]
        own = self.frames.by_size[size]
        numbers = sorted(random.choice(own, min(count, len(own)), replace=False).tolist())
        drawn = [self.of_frame(number, random, share) for number in numbers]
        return [{**item, "seed": [*seed, slot]} for slot, item in enumerate(drawn)]

    def of_frame(self, number, random, share=1.0):
        """Questions drawn for one frame: its records, their ids and truths."""
        self.chooser.random = random
        records, truths = self.chooser.choose(number), []
        height, width = self.frames.shape(self.frames.frames[number]["size"])
        for record in records:
            box = None if record["box"] is None else [float(v) for v in self.frames.scale(number, record["box"])]
            truth = {"label": record["label"], "box": box, "question": record["question"]}
            if box is not None and not trusted(number, share):
                truth.update(box=None, boxUnknown=True)
            truths.append({**truth, "width": width, "height": height})
        ids = [self.chooser.encode(chat.question_block(record["question"])) for record in records]
        return {"number": number, "records": records, "ids": ids, "truths": truths}


class Watch:
    """The same questions with the same luck every so many steps: what moves between two looks is the policy.

    A training batch is another one at each step, so that its rewards rise and fall with what was drawn. Here the truths
    hold every box, whatever the rewards of training may know.
    """

    def __init__(self, frames, tokenizer, labels, settings, step):
        # The seed of the run has no say: runs of several seeds are to be compared.
        drawn = Asked(frames, tokenizer, labels, settings, step).draw(
            np.random.default_rng([0, 4]), [0, 4], settings["watchImages"]
        )
        self.frames, self.part = frames, drawn

    def figures(self, scores):
        """Shares of all sampled answers, by what is wrong or right with them, and the rewards' means."""
        flat = [score for row in scores for score in row]
        boxed = [score for score in flat if score["overlap"] is not None]
        told = [score for score in flat if score["said"] is not None]

        def mean(rows, name):
            return round(float(np.mean([row[name] for row in rows])), 4) if rows else None

        def share(word):
            return round(float(np.mean([row["said"] == word for row in told])), 4) if told else None

        return {
            **{name: mean(flat, name) for name in ("format", "answer", "box", "words", "coherence", "total")},
            "iou": mean(boxed, "overlap"),
            "missed": mean(boxed, "missed"),
            "illusion": mean(boxed, "illusion"),
            "wordsAgainstBox": mean(flat, "disagree"),
            "wordsRight": share("right"),
            "wordsWrong": share("conflict"),
            "wordsSilent": share("silent"),
        }
