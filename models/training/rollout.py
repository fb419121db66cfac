"""Sampling groups of answers with a key-value cache, and the training forward over what was sampled.

B images, N = questions x group answers for each. The image's prefix is held once an image and a question's keys once
a question; only what an answer wrote itself is held for each answer.
"""
import numpy as np
import torch

import chat
from batches import normalise
from image_processing import to_patches
from objectives import run_blocks, run_prefix
from qwen25vl import causal_mask
from rewards import PARTS

# The parts of the reward, and their weighted sum.
REWARDS = (*PARTS, "total")


class Rollout:
    """What was sampled: tokens [B, N, T] (zeros after the end), lengths [B, N] with the end token, log-probabilities
    and entropies [B, N, T] under the sampling policy; answer n of an image belongs to its question n // group."""

    def __init__(self, tokens, lengths, log_probs, entropies, group):
        self.tokens, self.lengths, self.log_probs, self.entropies = tokens, lengths, log_probs, entropies
        self.group = group


def encode_images(model, tokenizer, processor, images):
    """uint8 [B, height, width, 3] -> per layer (input, key, value) of the prefix, and the next position."""
    height, width = images.shape[1:3]
    device = model.model.embed_tokens.weight.device
    patches = torch.from_numpy(to_patches(images).reshape(len(images), -1, 588)).to(device)
    features = model.visual(normalise(patches, processor), height // 14, width // 14)
    before, after = tokenizer.encode(chat.PREFIX_BEFORE), tokenizer.encode(chat.PREFIX_AFTER)
    layers = len(model.model.layers)
    states, _, start = run_prefix(model, features, before, after, height // 28, width // 28, layers)
    return states, start


def pad_blocks(rows, pad):
    """rows [B][N] of id lists -> ids [B, N, T] and lengths [B, N]."""
    if len({len(row) for row in rows}) != 1:
        raise ValueError(f"blocks an image differ: {sorted({len(row) for row in rows})}")
    longest = max(len(ids) for row in rows for ids in row)
    ids = torch.tensor([[block + [pad] * (longest - len(block)) for block in row] for row in rows])
    return ids, torch.tensor([[len(block) for block in row] for row in rows])


def nucleus(probabilities, top_p):
    """Probabilities [..., V] with all but the smallest set of tokens that holds top_p of the mass put to zero."""
    ordered, order = probabilities.sort(-1, descending=True)
    # A token stays when less than top_p lies before it, so that the most likely one always stays.
    ordered = ordered * (ordered.cumsum(-1) - ordered < top_p)
    return torch.zeros_like(probabilities).scatter(-1, order, ordered)


def choose(logits, uniform, temperature, top_p):
    """Samples by the inverse of the cumulative distribution: logits [..., V], uniform [...] in [0, 1).

    Returns tokens [...], and their log-probabilities and the entropy [...] under softmax(logits / temperature), which
    is the policy that training moves; top_p limits only what can be drawn.
    """
    log_probs = torch.log_softmax(logits / temperature, -1)
    probabilities = log_probs.exp()
    drawn = nucleus(probabilities, top_p) if top_p < 1 else probabilities
    cumulative = drawn.double().cumsum(-1)
    target = uniform.double()[..., None] * cumulative[..., -1:]
    token = torch.searchsorted(cumulative, target, right=True)[..., 0]
    # Rounding may put the target at the very end, behind the last token that has any probability.
    last = (drawn > 0).long().mul(torch.arange(drawn.shape[-1], device=drawn.device)).amax(-1)
    token = torch.minimum(token, last)
    entropy = -(probabilities * log_probs).sum(-1)
    return token, log_probs.gather(-1, token[..., None])[..., 0], entropy


class _Cache:
    """Keys and values of one layer: the prefix [B, H, P, d], the questions [B, H, Q, L, d], the answers' own so far."""

    def __init__(self, prefix, question, answers, limit):
        self.prefix_key, self.prefix_value = prefix
        self.question_key, self.question_value = question
        batch, heads, _, size = self.prefix_key.shape
        self.own_key = self.prefix_key.new_empty(batch, heads, answers, limit, size)
        self.own_value = torch.empty_like(self.own_key)

    def attend(self, query, key, value, step, hidden):
        """query, key, value [B, H, N, d] of the token at `step` of every answer -> mixed values [B, H, N, d]."""
        batch, heads, answers, size = query.shape
        questions, length = self.question_key.shape[2:4]
        self.own_key[:, :, :, step], self.own_value[:, :, :, step] = key, value
        query = query * size**-0.5
        shared = query.view(batch, heads, questions, answers // questions, size)
        far = torch.matmul(query, self.prefix_key.transpose(-1, -2))
        asked = (torch.matmul(shared, self.question_key.transpose(-1, -2)) + hidden).view(batch, heads, answers, length)
        own_key, own_value = self.own_key[:, :, :, : step + 1], self.own_value[:, :, :, : step + 1]
        # One query for each set of keys: a sum of products is several times faster than a product of tiny matrices.
        own = (own_key * query[:, :, :, None]).sum(-1)
        weights = torch.softmax(torch.cat((far, asked, own), -1), -1)
        far, asked, own = weights.split((far.shape[-1], length, step + 1), -1)
        asked = asked.reshape(batch, heads, questions, answers // questions, length)
        out = torch.matmul(far, self.prefix_value)
        out = out + torch.matmul(asked, self.question_value).view(batch, heads, answers, size)
        return out + (own[..., None] * own_value).sum(3)


def _repeat_heads(attention, *tensors):
    repeat = attention.heads // attention.kv_heads
    return tensors if repeat == 1 else tuple(tensor.repeat_interleave(repeat, 1) for tensor in tensors)


@torch.no_grad()
def sample(model, states, start, questions, group, settings, uniforms, stops, opening):
    """Samples `group` answers to each question of each image.

    states, start: of encode_images. questions [B][Q] of id lists (question_block). settings: temperature, topP,
    limit (new tokens). uniforms [B, Q * group, limit] in [0, 1): the randomness, drawn by the caller from a seeded
    generator of each image, so that an image's answers do not depend on the rest of its batch. stops: ids that end
    an answer; opening: id of the token that opens the box. Returns a Rollout.
    """
    text, limit = model.model, settings["limit"]
    device = text.embed_tokens.weight.device
    ids, lengths = (tensor.to(device) for tensor in pad_blocks(questions, 0))
    batch, asked, longest = ids.shape
    answers = asked * group
    kept = []
    hidden, _ = run_blocks(model, ids, states, start, keep_states=kept)
    caches = []
    for layer, (_, key, value), question in zip(text.layers, states, kept):
        prefix = _repeat_heads(layer.self_attn, key, value)
        caches.append(_Cache(prefix, question, answers, limit))
    behind = torch.arange(longest, device=device) >= lengths[..., None]
    hidden_key = torch.zeros(behind.shape, device=device).masked_fill(behind, float("-inf"))[:, None, :, None]
    last = hidden.gather(2, (lengths - 1)[..., None, None].expand(-1, -1, 1, hidden.shape[-1]))[:, :, 0]
    x = last.repeat_interleave(group, 1)
    own_lengths = lengths.repeat_interleave(group, 1)
    uniforms = uniforms.to(device)
    stop = torch.tensor(sorted(stops), device=device)
    tokens = torch.zeros(batch, answers, limit, dtype=torch.long, device=device)
    log_probs = torch.zeros(batch, answers, limit, device=device)
    entropies = torch.zeros_like(log_probs)
    running = torch.ones(batch, answers, dtype=torch.bool, device=device)
    ends = torch.zeros(batch, answers, dtype=torch.long, device=device)
    heat = torch.full((batch, answers, 1), settings["temperature"], device=device)
    for step in range(limit):
        token, log_prob, entropy = choose(model.logits(x), uniforms[:, :, step], heat, settings["topP"])
        heat = heat.masked_fill((token == opening)[..., None], settings["boxTemperature"])
        tokens[:, :, step] = torch.where(running, token, torch.zeros_like(token))
        log_probs[:, :, step] = log_prob * running
        entropies[:, :, step] = entropy * running
        ends += running
        running = running & ~torch.isin(token, stop)
        if step + 1 == limit or not running.any():
            break
        x = text.embed_tokens(token)
        cos, sin = text.rotary((start + own_lengths + step).expand(3, -1, -1))
        for layer, cache in zip(text.layers, caches):
            attention = layer.self_attn
            query, key, value = attention.project(layer.input_layernorm(x), cos, sin)
            key, value = _repeat_heads(attention, key, value)
            out = cache.attend(query, key, value, step, hidden_key)
            x = x + attention.o_proj(out.transpose(1, 2).flatten(2))
            x = x + layer.mlp(layer.post_attention_layernorm(x))
    size = int(ends.max())
    return Rollout(tokens[:, :, :size], ends, log_probs[:, :, :size], entropies[:, :, :size], group)


def uniforms(seeds, answers, limit):
    """Randomness [B, answers, limit] of images with these seeds (lists of whole numbers), one generator each."""
    return torch.from_numpy(np.stack([np.random.default_rng(seed).random((answers, limit)) for seed in seeds]))


def run_answers(model, ids, states, start, question_states, question_lengths):
    """Packed answers [B, M, T] to questions that ran before: each sees its image, its question and itself.

    question_states: per layer (key, value) [B, H, M, L, d] of each answer's question, of which the first
    question_lengths [B, M] tokens are real. Returns hidden [B, M, T, size], as run_blocks would for the answer's part.
    """
    text = model.model
    batch, answers, length = ids.shape
    asked = question_states[0][0].shape[3]
    x = text.embed_tokens(ids).view(batch, answers * length, -1)
    own = torch.arange(length, device=ids.device)
    positions = (start + question_lengths[..., None] + own).view(batch, -1)
    cos, sin = text.rotary(positions.expand(3, -1, -1))
    behind = torch.arange(asked, device=ids.device) >= question_lengths[..., None]
    hidden_key = torch.zeros(behind.shape, device=ids.device).masked_fill(behind, float("-inf"))
    mask = torch.cat(
        (
            hidden_key[:, None, :, None].expand(-1, -1, -1, length, -1),
            causal_mask(length, length, ids.device).expand(batch, 1, answers, -1, -1),
        ),
        -1,
    )
    for layer, (_, prefix_key, prefix_value), question in zip(text.layers, states, question_states):
        attention = layer.self_attn
        query, key, value = attention.project(layer.input_layernorm(x), cos, sin)
        key, value, prefix_key, prefix_value = _repeat_heads(attention, key, value, prefix_key, prefix_value)
        query = query * attention.head**-0.5
        shape = (batch, attention.heads, answers, length, attention.head)
        key = torch.cat((question[0], key.reshape(shape)), 3)
        value = torch.cat((question[1], value.reshape(shape)), 3)
        far = torch.matmul(query, prefix_key.transpose(-1, -2)).view(*shape[:4], -1)
        near = torch.matmul(query.reshape(shape), key.transpose(-1, -2)) + mask
        weights = torch.softmax(torch.cat((far, near), -1), -1)
        far, near = weights.split((far.shape[-1], asked + length), -1)
        out = torch.matmul(far.reshape(batch, attention.heads, answers * length, -1), prefix_value)
        out = out + torch.matmul(near, value).view(batch, attention.heads, answers * length, -1)
        x = x + attention.o_proj(out.transpose(1, 2).flatten(2))
        x = x + layer.mlp(layer.post_attention_layernorm(x))
    return x.view(batch, answers, length, -1)


def behind(answers, opening):
    """Which tokens [..., T] of answers [..., T] come after the one that opens the box."""
    return (answers == opening).long().cumsum(-1) - (answers == opening).long() > 0


def by_token(advantages, answers, opening):
    """Advantages [..., T] of the tokens of answers [..., T]: of [..., 2] the first until the box opens, then the second."""
    return torch.where(behind(answers, opening), advantages[..., 1:], advantages[..., :1])


def temperatures(answers, settings, opening):
    """The temperature [..., T, 1] that each token of answers [..., T] was drawn at (see `sample`)."""
    inside = behind(answers, opening)
    heat = torch.full(answers.shape, settings["temperature"], device=answers.device)
    return heat.masked_fill(inside, settings["boxTemperature"])[..., None]


def log_probabilities(model, states, start, questions, batch, temperature, rows=None):
    """Log-probabilities [B, M, T] of the answers of a training batch, in one packed forward with gradients.

    questions [B][Q] of id lists. A question runs once, however many answers it has. temperature: a number or one for
    each token (`temperatures`). With rows, three index tensors
    (image, answer, time) of one shape [...], also the log-probabilities [..., V] of all tokens there.
    """
    ids, lengths = (tensor.to(batch["answers"].device) for tensor in pad_blocks(questions, 0))
    kept = []
    hidden, _ = run_blocks(model, ids, states, start, keep_states=kept)
    asked, size = batch["asked"], hidden.shape[-1]
    last = hidden.gather(2, (lengths - 1)[..., None, None].expand(-1, -1, 1, size))[:, :, 0]
    first = last.gather(1, asked[..., None].expand(-1, -1, size))[:, :, None]
    answers = batch["answers"]
    if answers.shape[2] > 1:
        own = []
        for pair in kept:
            index = asked[:, None, :, None, None].expand(-1, pair[0].shape[1], -1, *pair[0].shape[3:])
            own.append(tuple(tensor.gather(2, index) for tensor in pair))
        rest = run_answers(model, answers[:, :, :-1], states, start, own, lengths.gather(1, asked))
        first = torch.cat((first, rest), 2)
    log_probs = torch.log_softmax(model.logits(first) / temperature, -1)
    chosen = log_probs.gather(-1, answers[..., None])[..., 0]
    return chosen if rows is None else (chosen, log_probs[rows])


def most_spread(advantages, keep):
    """Which of a group's answers to train on: `keep` of them with the largest variance of advantages.

    Advantages [G] -> sorted indices. The subset of largest variance takes the highest and the lowest from both ends
    (PODS, arXiv 2504.13818): all splits are tried.
    """
    order = torch.argsort(advantages, stable=True).tolist()
    if keep >= len(order):
        return sorted(order)
    choices = [order[:low] + order[len(order) - keep + low :] for low in range(keep + 1)]
    return sorted(max(choices, key=lambda chosen: float(advantages[chosen].var(unbiased=False))))


def training_batch(questions, rollout, advantages, keep, needed):
    """Packs a rollout for `log_probabilities`, equal answers of a group held once.

    questions [B][Q] of id lists, advantages [B, N, 2] of words and box (equal answers have equal ones). keep: answers of a group to train
    on (see most_spread). needed [B, N]: of the answers whose advantages are 0 those that are trained on all the same, since
    more than the advantage moves their tokens. Returns answers, mask and old (log-probabilities of sampling) [B, M, T], asked (each answer's
    question), advantages, repeats and sampled (which answer of the rollout) [B, M], padded to one M by rows with an empty mask, or None when nothing is left;
    and the lengths of all that were kept, the left out among them, which the loss is averaged over.
    """
    lengths, kept, counted, group = rollout.lengths.tolist(), [], [], rollout.group
    for image in range(len(questions)):
        found = {}
        for question in range(len(questions[image])):
            begin = question * group
            for answer in most_spread(advantages[image, begin : begin + group].sum(-1), keep):
                length = lengths[image][begin + answer]
                counted.append(length)
                tokens = rollout.tokens[image, begin + answer, :length].tolist()
                key = (question, tuple(tokens))
                if key in found:
                    found[key]["repeats"] += 1
                elif needed[image, begin + answer] or bool((advantages[image, begin + answer] != 0).any()):
                    found[key] = {"answer": begin + answer, "tokens": tokens, "repeats": 1}
        kept.append([{"asked": key[0], **row} for key, row in found.items()])
    most = max(len(rows) for rows in kept)
    if most == 0:
        return None, counted
    longest, device = max(len(row["tokens"]) for rows in kept for row in rows), rollout.tokens.device
    shape = (len(questions), most)
    out = {
        "answers": torch.zeros(*shape, longest, dtype=torch.long),
        "asked": torch.zeros(shape, dtype=torch.long),
        "mask": torch.zeros(*shape, longest, dtype=torch.bool),
        "old": torch.zeros(*shape, longest),
        "advantages": torch.zeros(*shape, 2),
        "repeats": torch.zeros(shape),
        "sampled": torch.full(shape, -1),
    }
    for image, rows in enumerate(kept):
        for place, row in enumerate(rows):
            length = len(row["tokens"])
            out["answers"][image, place, :length] = torch.tensor(row["tokens"])
            out["asked"][image, place] = row["asked"]
            out["mask"][image, place, :length] = True
            out["old"][image, place, :length] = rollout.log_probs[image, row["answer"], :length].cpu()
            out["advantages"][image, place] = advantages[image, row["answer"]]
            out["repeats"][image, place] = row["repeats"]
            out["sampled"][image, place] = row["answer"]
    return {name: tensor.to(device) for name, tensor in out.items()}, counted


def busy_images(batch):
    """Which images [B] of a training batch have an answer to train on; the others move no weight."""
    return batch["mask"].flatten(1).any(1)


def of_images(batch, chosen):
    """A training batch of the chosen images [B] alone, with no more answers and tokens than theirs."""
    left = {name: tensor[chosen] for name, tensor in batch.items()}
    places, times = left["mask"].any(2).any(0), left["mask"].any(1).any(0)
    places, times = int(places.nonzero().max()) + 1, int(times.nonzero().max()) + 1
    whole = ("answers", "mask", "old")
    return {name: tensor[:, :places, :times] if name in whole else tensor[:, :places] for name, tensor in left.items()}


def sampling_figures(sampled, scores):
    """Means over all sampled answers: each part of the reward, IoU and illusions of those with a true box, lengths."""
    flat = [score for part in scores for row in part for score in row]
    figures = {name: float(np.nanmean([score[name] for score in flat])) for name in REWARDS}
    boxed = [score for score in flat if score["overlap"] is not None]
    figures["iou"] = float(np.mean([score["overlap"] for score in boxed])) if boxed else float("nan")
    figures["illusion"] = float(np.mean([score["illusion"] for score in boxed])) if boxed else float("nan")
    figures["valid"] = float(np.mean([score["valid"] for score in flat]))
    tokens = sum(int(found.lengths.sum()) for found, _ in sampled)
    answers = sum(found.lengths.numel() for found, _ in sampled)
    entropy = sum(float(found.entropies.sum()) for found, _ in sampled)
    return {**figures, "length": tokens / answers, "entropy": entropy / tokens, "rewardsSkipped": 0}
