"""The policy gradient of a box over all values of its coordinates, instead of the sampled ones alone.

A rule pays for a box, so what it would pay is known for every value of a coordinate. With the other three held at
what was sampled, the expected reward of coordinate k of an answer is

    J_k = sum over values b of  pi(b | what was written before) R(x with x_k = b)

and its gradient is that of GRPO's surrogate on this token without the noise of drawing b (expected policy gradients,
Ciosek and Whiteson, arXiv 1801.03326). The effect of a coordinate on the ones after it is left out: they are read
from the picture, hardly from each other. R is the whole reward of rewards.py: format, answer, IoU and coherence with
the words that this answer wrote.
"""
import torch

from coherence import MIDDLE_TOLERANCE, absence_said, place_of_label, places_said
from objectives import iou
from rewards import is_silent, parse


def bounds_of(places, width, height):
    """Where the centre of a box may lie by what was said: (x low, x high, y low, y high) in pixels.

    places: coherence.Place; a centre within the tolerance of a middle line agrees with both of its sides.
    """
    low_x, high_x, low_y, high_y = 0.0, float(width), 0.0, float(height)
    across, down = MIDDLE_TOLERANCE * width, MIDDLE_TOLERANCE * height
    for place in places:
        if place.horizontal == "left":
            high_x = min(high_x, width / 2 + across)
        elif place.horizontal == "right":
            low_x = max(low_x, width / 2 - across)
        if place.vertical == "top":
            high_y = min(high_y, height / 2 + down)
        elif place.vertical == "bottom":
            low_y = max(low_y, height / 2 - down)
    return low_x, high_x, low_y, high_y


def stance(reasoning, label, truth):
    """What an answer's words demand of its box: (bounds of its centre, whether the reasoning names no place, as it should).

    Words that say that nothing is in sight go with no box at all: then no centre lies within the bounds. A box is held
    against a true label that is a place, too, as in rewards.py.
    """
    question, width, height = truth["question"], truth["width"], truth["height"]
    said, silent = places_said(reasoning, question), is_silent(reasoning, question)
    if absence_said(reasoning, question):
        return (float(width), 0.0, float(height), 0.0), silent
    named = [place for place in (place_of_label(label), place_of_label(truth["label"])) if place]
    return bounds_of([*said, *named], width, height), silent


def prepare(answers, judged, opening, values):
    """What the boxes of sampled answers are paid by, or None where no answer has one where there is something.

    answers: token ids [B, M, T]; judged: [B][M] of dicts with the truth ("label", "box", "width", "height",
    "question"), "reasoning", "label", "right" and "words" of the answer, or None for an answer whose format is not valid.
    opening: id of the token before the first coordinate; values: {token id: coordinate}. Coordinates stand at the
    first, third, fifth and seventh place behind it. Returns rows [K] (image, place), times [K, 4] and tensors.
    """
    found = {"image": [], "place": [], "times": [], "sampled": [], "truth": [], "size": [], "right": []}
    found.update(bounds=[], silent=[], known=[], words=[])
    for image, row in enumerate(answers.tolist()):
        for place, tokens in enumerate(row):
            facts = judged[image][place] if place < len(judged[image]) else None
            if facts is None or opening not in tokens:
                continue
            known = facts["truth"]["box"] is not None
            if not known and not facts["truth"].get("boxUnknown"):
                continue
            times = [tokens.index(opening) + 1 + 2 * slot for slot in range(4)]
            if times[3] >= len(tokens) or any(tokens[time] not in values for time in times):
                continue
            truth = facts["truth"]
            bounds, silent = stance(facts["reasoning"], facts["label"], truth)
            found["image"].append(image)
            found["place"].append(place)
            found["times"].append(times)
            found["sampled"].append([values[tokens[time]] for time in times])
            found["truth"].append(truth["box"] if known else [0.0, 0.0, 0.0, 0.0])
            found["known"].append(float(known))
            found["size"].append([truth["width"], truth["height"]])
            found["right"].append(float(facts["right"]))
            found["bounds"].append(bounds)
            found["silent"].append(float(silent))
            found["words"].append(float(facts["words"]))
    if not found["image"]:
        return None
    whole = ("image", "place", "times")
    kinds = {name: torch.long if name in whole else torch.float32 for name in found}
    return {name: torch.tensor(rows, dtype=kinds[name]) for name, rows in found.items()}


def nearness(boxes, truth, overlap):
    """(1 + GIoU) / 2 [...] of boxes and truth [..., 4] whose IoU is `overlap`: rewards.nearness, of many."""
    corners = torch.maximum(boxes, truth), torch.minimum(boxes, truth)
    hull = (corners[0][..., 2:] - corners[1][..., :2]).clamp(min=0).prod(-1)
    areas = sum((box[..., 2:] - box[..., :2]).clamp(min=0).prod(-1) for box in (boxes, truth))
    return (1 + overlap - (hull - areas / (1 + overlap)) / hull.clamp(min=1e-6)) / 2


def pays(truth, config):
    """Whether boxes of this truth can be paid differently: an absent thing has none, an unmarked one has its words."""
    if truth["box"] is not None:
        return config["box"]["weight"] > 0 or config["coherence"]["weight"] > 0
    return bool(truth.get("boxUnknown")) and config["coherence"]["weight"] > 0


def needed(found, truths, scores, opening, policy, config):
    """Which answers [B, N] of a rollout are trained on even if their groups are paid alike.

    The KL term moves every token. With `allActions` a box learns from what its other values would be paid: a group
    that agrees in a wrong box is the very one to learn from. truths, scores [B][N].
    """
    if policy["kl"] or not policy["allActions"]:
        return torch.full(found.lengths.shape, bool(policy["kl"]))
    boxed = (found.tokens == opening).any(-1).tolist()
    rows = zip(boxed, truths, scores)
    return torch.tensor([[a and s["valid"] and pays(t, config) for a, t, s in zip(*row)] for row in rows])


def judged_of(sampled, texts, truths, scores, config):
    """What `prepare` reads of the answers that are trained on: sampled [B][M] (-1: none), the others [B][N]."""
    judged = []
    for answers, said, known, scored in zip(sampled, texts, truths, scores):
        row = []
        for answer in answers:
            facts = None
            if answer >= 0 and scored[answer]["valid"]:
                truth, score = known[answer], scored[answer]
                _, reasoning, label, _ = parse(said[answer], truth["width"], truth["height"], config)
                facts = {"truth": truth, "reasoning": reasoning, "label": label}
                facts.update(right=score["right"], words=score["words"])
            row.append(facts)
        judged.append(row)
    return judged


def rewards_of(boxes, truth, size, right, bounds, silent, known, words, config):
    """Total rewards [...] of boxes [..., 4] (pixels): rewards.py's, for answers that are valid but for their box.

    A box that is not valid is paid nothing, also where the configuration is not gated: none should be learnt.

    truth [..., 4], size [..., 2] (width, height), right [...] (1 or 0), bounds [..., 4] and silent [...] of `stance`,
    known [...]: 0 where nobody marked the true box, so that only the words are held against a box; words [...]: the
    reward of the words, which no box changes.
    """
    rules = config["coherence"]
    inside = (boxes[..., :2] < boxes[..., 2:]).all(-1) & (boxes[..., 2:] <= size).all(-1)
    overlap = iou(boxes, truth.expand_as(boxes)) * known
    centre_x, centre_y = (boxes[..., 0] + boxes[..., 2]) / 2, (boxes[..., 1] + boxes[..., 3]) / 2
    agrees = (centre_x >= bounds[..., 0]) & (centre_x <= bounds[..., 1])
    agrees = agrees & (centre_y >= bounds[..., 2]) & (centre_y <= bounds[..., 3])
    missed = (overlap < rules["overlap"]) & (known > 0)
    paid = torch.where(known > 0, overlap, torch.ones_like(overlap)) if rules["graded"] else torch.ones_like(overlap)
    if rules["requirePlaceWords"]:
        paid = paid * (1 - silent)
    penalty = -rules["illusionPenalty"] * missed - rules["wordPenalty"] * ~agrees
    blamed = right if rules["penalise"] == "right" else torch.ones_like(right)
    coherence = torch.where(~missed & agrees, right * paid, blamed * penalty)
    valid = inside.to(overlap.dtype)
    near = config["box"]["near"]
    placed = (1 - near) * overlap + near * nearness(boxes, truth.expand_as(boxes), overlap) * known if near else overlap
    task = config["answer"]["weight"] * right + config["box"]["weight"] * placed + config["words"]["weight"] * words
    task = task + config["coherence"]["weight"] * coherence
    return (config["format"]["weight"] + task) * valid


def coordinate_losses(log_probs, boxes, bins, config):
    """-J of each coordinate: log_probs [K, 4, C] of the policy over coordinate values bins [C] -> [K, 4].

    boxes: of `prepare`. The policy is taken among coordinate values, and the mean reward is taken off, which changes
    no gradient.
    """
    count, slots, values = log_probs.shape
    tried = boxes["sampled"][:, None, None].expand(count, slots, values, 4).clone()
    for slot in range(slots):
        tried[:, slot, :, slot] = bins
    spread = {name: boxes[name][:, None, None] for name in ("truth", "size", "bounds")}
    right, silent, known, words = (
        boxes[name][:, None, None].expand(count, slots, values) for name in ("right", "silent", "known", "words")
    )
    given = (spread["truth"], spread["size"], right, spread["bounds"], silent, known, words)
    paid = rewards_of(tried, *given, config)
    chances = torch.softmax(log_probs, -1)
    return -(chances * (paid - (chances.detach() * paid).sum(-1, keepdim=True))).sum(-1)
