"""Batches for supervised training: images of one size, packed questions with roles, and dense targets."""
import queue
import threading
from collections import Counter

import numpy as np
import torch

import chat
from augment import augment
from dataset import place_of, quantise
from image_processing import lookup_table, to_patches

# Instruments a frame can have; the slot after them is the organ's (and every unowned token's). The slots after that
# are of whatever else the answers of a frame place: they own no token.
SLOTS, OTHERS = 4, 6


class Batches:
    """Draws batches of `questions` packed questions for each image, with roles and targets.

    All arrays are ready for the losses in objectives.py; one batch has frames of one size.
    patches [B, P, 588] uint8 in window order; grid (rows, columns) of patches; ids, roles [B, N, T];
    looks [B, N, T] = slot of the thing that a token is about (0..3 instrument, 4 organ, then others, -1 none);
    boxes [B, 11, 4] of the slots; image tokens' owners [B, units] and weights [B, 11, units]; tools, names, places
    [B, 5] as label indices, -1 where unknown (a name is an instrument's state or the organ's label).
    """

    def __init__(self, frames, tokenizer, labels, config, plan, seed):
        """plan(rows, columns) gives the vision tower's plan of a grid; config is "questions" of the configuration.

        config["augmentation"], where it is given, holds the shares of augment.py. With config["alternateLists"] only
        every other pair of batches asks for lists: all blocks of a batch are as long as its longest.
        """
        self.frames, self.tokenizer, self.config, self.plan = frames, tokenizer, config, plan
        self.tools, self.places = labels["tools"], labels["places"]
        self.names = [*labels["states"], *labels["organs"]]
        self.random = np.random.default_rng(seed)
        self.cache, self.pad = {}, tokenizer.added["<|endoftext|>"]
        self.queues, self.units = {size: [] for size in frames.by_size}, {}
        self.sizes = sorted(frames.by_size)
        counts = np.array([len(frames.by_size[size]) for size in self.sizes], float)
        self.share = counts / counts.sum()
        self.augmentation = config.get("augmentation")
        self.drawn, self.lists = 0, True
        self.kind_weights = config["weights"]
        counts = Counter(
            record["label"] for records in frames.records for record in records if record["questionType"] == "state"
        )
        common = max(counts.values(), default=1)
        self.rarity = {label: (common / count) ** config["rarity"] for label, count in counts.items()}

    def next_numbers(self, size, count):
        waiting = self.queues[size]
        while len(waiting) < count:
            waiting += self.random.permutation(self.frames.by_size[size]).tolist()
        taken, self.queues[size] = waiting[:count], waiting[count:]
        return sorted(taken)

    def centres(self, size):
        """Centres of the merged image tokens in pixels: (x, y), each [units]."""
        if size not in self.units:
            height, width = self.frames.shape(size)
            rows, columns = height // 28, width // 28
            self.units[size] = (
                (np.tile(np.arange(columns), rows) + 0.5) * 28,
                (np.repeat(np.arange(rows), columns) + 0.5) * 28,
            )
        return self.units[size]

    def encode(self, text):
        if text not in self.cache:
            if len(self.cache) > 200_000:
                self.cache.clear()
            self.cache[text] = self.tokenizer.encode(text)
        return self.cache[text]

    def gaussian(self, size, box, floor):
        """Weight of each merged token for a box: a Gaussian about its centre, as wide as the box."""
        centres_x, centres_y = self.centres(size)
        x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        wide, high = max((box[2] - box[0]) * 0.3, floor), max((box[3] - box[1]) * 0.3, floor)
        return np.exp(-0.5 * (((centres_x - x) / wide) ** 2 + ((centres_y - y) / high) ** 2))

    def weight(self, record):
        """How much a record is wanted: by its kind of question, more for rare states and for what difficulty.py chose."""
        if record.get("items") and not self.lists:
            return 0.0
        kind = "absent" if record["label"] == chat.ABSENT else record["questionType"]
        rare = self.rarity.get(record["label"], 1.0) if kind == "state" else 1.0
        return self.kind_weights.get(kind, 0.0) * rare * record.get("wanted", 1.0)

    def choose(self, number):
        """Records asked of one frame: weighted, different ones, different wordings of one question only if need be."""
        records = [record for record in self.frames.records[number] if record["reasoning"] and self.weight(record) > 0]
        keys = self.random.random(len(records)) ** (1 / np.array([self.weight(record) for record in records]))
        order, chosen, seen = np.argsort(-keys), [], set()
        for again in (False, True):
            for place in order:
                record = records[place]
                topic = (record["questionType"], record["subject"])
                if len(chosen) < self.config["questions"] and (again or topic not in seen):
                    seen.add(topic)
                    chosen.append(record)
        while len(chosen) < self.config["questions"]:
            chosen.append(chosen[len(chosen) % max(1, len(records))])
        return chosen

    def block(self, record, boxes, size, flip, recoloured):
        """Ids and roles of a question with its answer, and which of its things each token is about.

        boxes: of the record's things, in resized pixels. Roles of the question are -1. Of a frame whose colours were
        changed the reasoning says no colour.
        """
        spell = chat.mirrored if flip else str
        ids = list(self.encode(chat.question_block(spell(record["question"]))))
        roles, things = [-1] * len(ids), [chat.NOTHING] * len(ids)
        height, width = self.frames.shape(size)
        written = [quantise(box, self.config["step"], width, height) for box in boxes]
        colourless = self.frames.colourless if recoloured else {}
        for text, role, thing in chat.answer_parts(record, written):
            look = colourless.get(text.strip())
            text = text if look is None else f" {look}"
            piece = self.encode(spell(text))
            ids += piece
            roles += [role] * len(piece)
            things += [thing] * len(piece)
        return ids, roles, things

    def place_things(self, record, number, size, flip, slots, boxes, weights):
        """Boxes of a record's things in resized pixels, and their slots; what has none gets one of the others.

        slots: {name, or (name, box): slot} of the frame, which this adds to; boxes [11, 4] and weights [11, units] too.
        """
        width, found, taken = self.frames.shape(size)[1], [], []
        for name, source in chat.things_of(record):
            box = self.frames.scale(number, source)
            if flip:
                box[0], box[2] = width - box[2], width - box[0]
            slot = slots.get(name, slots.get((name, tuple(source))))
            if slot is None:
                others = sum(taken > SLOTS for taken in slots.values())
                slot = SLOTS + 1 + min(others, OTHERS - 1)
                slots[name, tuple(source)] = slot
                boxes[slot], weights[slot] = box, self.gaussian(size, box, 12.0)
            found.append(box)
            taken.append(slot)
        return found, taken

    def objects(self, number, flip):
        """Slots of a frame: [(slot, item, box in resized pixels)], mirrored when asked."""
        frame = self.frames.frames[number]
        width = self.frames.shape(frame["size"])[1]
        height = self.frames.shape(frame["size"])[0]
        found = list(enumerate(frame["instruments"][:SLOTS]))
        if frame["organ"]:
            found.append((SLOTS, frame["organ"]))
        out = []
        for slot, item in found:
            box = self.frames.scale(number, item["box"])
            if flip:
                box[0], box[2] = width - box[2], width - box[0]
            out.append((slot, {**item, "place": place_of(box, width, height)}, box))
        return out

    def draw(self, count):
        config, random = self.config, self.random
        self.lists = not config.get("alternateLists") or self.drawn // 2 % 2 == 0
        self.drawn += 1
        size = self.sizes[int(random.choice(len(self.sizes), p=self.share))]
        numbers = self.next_numbers(size, count)
        images = self.frames.pixels(numbers)
        recoloured = np.zeros(count, bool)
        if self.augmentation:
            images, recoloured = augment(images, random, self.augmentation)
        width = images.shape[2]
        units, asked = len(self.centres(size)[0]), config["questions"]
        batch = {
            "boxes": np.zeros((count, SLOTS + 1 + OTHERS, 4), np.float32),
            "owners": np.full((count, units), SLOTS),
            "weights": np.zeros((count, SLOTS + 1 + OTHERS, units), np.float32),
            "tools": np.full((count, SLOTS + 1), -1),
            "names": np.full((count, SLOTS + 1), -1),
            "places": np.full((count, SLOTS + 1), -1),
        }
        blocks = []
        for row, number in enumerate(numbers):
            flip = config["mirror"] and random.random() < 0.5
            if flip:
                images[row] = images[row, :, ::-1].copy()
            slots, weights = {}, batch["weights"][row]
            for slot, item, box in self.objects(number, flip):
                organ = slot == SLOTS
                slots[item["subject"]] = slot
                weights[slot] = self.gaussian(size, box, 40.0 if organ else 12.0)
                batch["boxes"][row, slot] = box
                name = item["subject"] if organ else item.get("state")
                batch["names"][row, slot] = self.names.index(name) if name in self.names else -1
                if not organ:
                    batch["tools"][row, slot] = self.tools.index(item["subject"])
                    batch["places"][row, slot] = self.places.index(item["place"])
            best = weights[:SLOTS].argmax(0)
            owned = weights[:SLOTS].max(0) > 0.3
            batch["owners"][row] = np.where(owned, best, SLOTS)
            for slot in range(SLOTS):
                weights[slot] *= owned & (best == slot)
            weights[SLOTS] = (weights[SLOTS] + 1e-4) * ~owned if SLOTS in slots.values() else 0.0
            for record in self.choose(number) if asked else []:
                found, taken = self.place_things(record, number, size, flip, slots, batch["boxes"][row], weights)
                ids, roles, things = self.block(record, found, size, flip, recoloured[row])
                blocks.append((ids, roles, [taken[thing] if thing >= 0 else -1 for thing in things]))
        rows, columns = images.shape[1] // 14, width // 14
        order = self.plan(rows, columns)["patch_order"].cpu().numpy()
        patches = to_patches(images).reshape(count, -1, 588)[:, order]
        batch["patches"] = np.ascontiguousarray(patches)
        if asked:
            length = max(len(ids) for ids, _, _ in blocks)
            for place, (name, empty) in enumerate((("ids", self.pad), ("roles", -1), ("looks", -1))):
                batch[name] = np.full((count * asked, length), empty)
                for row, block in enumerate(blocks):
                    batch[name][row, : len(block[place])] = block[place]
                batch[name] = batch[name].reshape(count, asked, length)
        return {**{name: torch.from_numpy(array) for name, array in batch.items()}, "grid": (rows, columns)}


def normalise(patches, processor):
    """uint8 [..., 588] of one frame -> float32, by the same table as inference."""
    table = torch.from_numpy(lookup_table(processor)).to(patches.device)
    scale = (table[:, 255] - table[:, 0]) / 255
    shape = patches.shape
    values = patches.reshape(*shape[:-1], 3, shape[-1] // 3).float()
    return (values * scale[:, None] + table[:, :1]).reshape(shape)


def prefetch(batches, count, depth=3):
    """Endless batches drawn by one more thread; what it fails with is raised here."""
    ready = queue.Queue(depth)

    def work():
        try:
            while True:
                ready.put(batches.draw(count))
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits
            ready.put(error)

    threading.Thread(target=work, daemon=True).start()
    while True:
        batch = ready.get()
        if isinstance(batch, BaseException):
            raise batch
        yield batch
