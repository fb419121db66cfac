"""Losses: dense objectives on image tokens, the packed language loss, and the attention target.

The text model's reading layer (config "readLayer") has heads with a job: heads 0 to 3 read x1, y1, x2, y2, head 4
reads the name of what is seen (an instrument's state, or which organ), head 5 the place and which instrument it is.
The dense objectives train those heads' value and output projections on every image token, through the final norm and the tied vocabulary, so that the language loss only has to point the heads
at the right token; the attention target teaches the pointing.
"""
import torch
import torch.nn.functional as F
from torch import nn

import chat
from batches import SLOTS
from qwen25vl import causal_mask

EDGES, NAME_HEAD, PLACE_HEAD = 4, 4, 5


class Probes(nn.Module):
    """Linear read-outs that training uses and the exported model lacks."""

    def __init__(self, size, tools, places):
        super().__init__()
        self.tool = nn.Linear(size, tools + 1)
        self.place = nn.Linear(size, places)
        self.named = nn.Linear(size, tools + 1)


def run_prefix(model, features, before, after, rows, columns, layers):
    """Runs the prefix (tokens before, image, tokens after) through the first `layers` text layers.

    features [B, units, size]. Returns per layer (input, key, value), the last output, and the next position.
    """
    text, batch = model.model, len(features)
    device = features.device
    left = text.embed_tokens(torch.tensor(before, device=device)).expand(batch, -1, -1)
    right = text.embed_tokens(torch.tensor(after, device=device)).expand(batch, -1, -1)
    x = torch.cat((left, features, right), 1)
    begin = len(before)
    grid_y = torch.arange(rows).repeat_interleave(columns) + begin
    grid_x = torch.arange(columns).repeat(rows) + begin
    image = torch.stack((torch.full_like(grid_y, begin), grid_y, grid_x))
    resume = begin + max(rows, columns)
    positions = torch.cat(
        (torch.arange(begin).expand(3, -1), image, (resume + torch.arange(len(after))).expand(3, -1)), 1
    )
    cos, sin = text.rotary(positions[:, None].to(device))
    mask = causal_mask(x.shape[1], x.shape[1], device)
    states = []
    for layer in text.layers[:layers]:
        entry = x
        x, (key, value) = layer(x, cos, sin, mask)
        states.append((entry, key, value))
    return states, x, resume + len(after)


def run_blocks(model, ids, states, start, keep_layer=None, keep_states=None):
    """Packed questions: ids [B, N, T]; each sees its image's prefix and itself. Positions restart for each.

    Returns hidden [B, N, T, size] and the kept layer's scores (prefix part, own part) before the softmax. When
    keep_states is a list, each layer's (key, value) [B, heads, N, T, head_dim] is appended, for decoding on.
    """
    text = model.model
    batch, asked, length = ids.shape
    heads = text.layers[0].self_attn.heads
    x = text.embed_tokens(ids).view(batch, asked * length, -1)
    positions = (start + torch.arange(length, device=ids.device)).repeat(asked).expand(3, 1, -1)
    cos, sin = text.rotary(positions)
    mask = causal_mask(length, length, ids.device)
    kept = None
    for index, layer in enumerate(text.layers):
        attention = layer.self_attn
        query, key, value = attention.project(layer.input_layernorm(x), cos, sin)
        _, prefix_key, prefix_value = states[index]
        if attention.kv_heads != heads:
            repeat = heads // attention.kv_heads
            key, value = key.repeat_interleave(repeat, 1), value.repeat_interleave(repeat, 1)
            prefix_key = prefix_key.repeat_interleave(repeat, 1)
            prefix_value = prefix_value.repeat_interleave(repeat, 1)
        query = query * attention.head**-0.5
        shape = (batch, heads, asked, length, attention.head)
        if keep_states is not None:
            keep_states.append((key.reshape(shape), value.reshape(shape)))
        far = torch.matmul(query, prefix_key.transpose(-1, -2)).view(batch, heads, asked, length, -1)
        near = torch.matmul(query.reshape(shape), key.reshape(shape).transpose(-1, -2)) + mask
        scores = torch.cat((far, near), -1)
        if index == keep_layer:
            kept = scores
        weights = torch.softmax(scores, -1)
        far, near = weights.split((far.shape[-1], length), -1)
        out = torch.matmul(far.reshape(batch, heads, asked * length, -1), prefix_value)
        out = out + torch.matmul(near, value.reshape(shape)).view(batch, heads, asked * length, -1)
        x = x + attention.o_proj(out.transpose(1, 2).flatten(2))
        x = x + layer.mlp(layer.post_attention_layernorm(x))
    return x.view(batch, asked, length, -1), kept


def head_output(layer, normed, head):
    """What head `head` adds to the residual stream if it looks at one token only: normed [..., size]."""
    attention = layer.self_attn
    group = head // (attention.heads // attention.kv_heads)
    rows = slice(group * attention.head, (group + 1) * attention.head)
    value = F.linear(normed, attention.v_proj.weight[rows], attention.v_proj.bias[rows])
    return F.linear(value, attention.o_proj.weight[:, head * attention.head : (head + 1) * attention.head])


def soft_bins(values, bins, sigma):
    """Distance-aware target over coordinate tokens: values [...], bins [K] -> [..., K], sigma in pixels."""
    return torch.softmax(-0.5 * ((values[..., None] - bins) / sigma) ** 2, -1)


def soft_cross_entropy(logits, target):
    return -(target * F.log_softmax(logits, -1)).sum(-1)


def masked_mean(loss, weight):
    """Weighted mean; 0 where nothing has weight."""
    return (loss * weight).sum() / weight.sum().clamp(min=1e-6)


def dense_losses(model, probes, entry, batch, vocabulary, config):
    """Dense objectives on the reading layer's input at the image tokens: entry [B, units, size].

    Each unit of an instrument answers for it (tool, state, place, four edges); every other unit answers for the
    organ (its name, four edges). What an annotation lacks (index -1) has no loss.
    """
    layer = model.model.layers[config["readLayer"]]
    normed = layer.input_layernorm(entry)
    owners, embedding = batch["owners"], model.model.embed_tokens.weight
    weight = batch["weights"].gather(1, owners[:, None]).squeeze(1)
    instrument = owners < SLOTS
    tools = batch["tools"].gather(1, owners)
    nothing = torch.full_like(tools, probes.tool.out_features - 1)
    tool = F.cross_entropy(
        probes.tool(normed).flatten(0, 1), torch.where(tools >= 0, tools, nothing).flatten(), reduction="none"
    )
    losses = {"tool": masked_mean(tool, torch.where(instrument, weight, torch.full_like(weight, 0.05)).flatten())}

    figures = {}
    # A site's own annotation may know neither states nor organs: then there is no name to be read.
    if len(vocabulary["names"]):
        names = batch["names"].gather(1, owners)
        logits = F.linear(
            model.model.norm(head_output(layer, normed, NAME_HEAD)), embedding[vocabulary["names"]]
        )
        loss = F.cross_entropy(logits.flatten(0, 1), names.clamp(min=0).flatten(), reduction="none").view_as(weight)
        known = weight * (names >= 0)
        losses["state"] = masked_mean(loss, known * instrument)
        losses["organName"] = masked_mean(loss, known * ~instrument)
        correct = (logits.argmax(-1) == names).float()
        figures = {
            "dense_state": float(masked_mean(correct, known * instrument)),
            "dense_organ": float(masked_mean(correct, known * ~instrument)),
        }

    places = batch["places"].gather(1, owners)
    read = head_output(layer, normed, PLACE_HEAD)
    loss = F.cross_entropy(
        probes.place(read).flatten(0, 1), places.clamp(min=0).flatten(), reduction="none"
    ).view_as(weight)
    losses["place"] = masked_mean(loss, weight * (places >= 0))
    named = F.cross_entropy(
        probes.named(read).flatten(0, 1), torch.where(tools >= 0, tools, nothing).flatten(), reduction="none"
    )
    losses["named"] = masked_mean(named, torch.where(instrument, weight, torch.full_like(weight, 0.05)).flatten())

    edges = torch.stack([head_output(layer, normed, head) for head in range(EDGES)], 2)
    logits = F.linear(model.model.norm(edges), embedding[vocabulary["numbers"]])
    boxes = batch["boxes"].gather(1, owners[..., None].expand(-1, -1, 4))
    loss = soft_cross_entropy(logits, soft_bins(boxes, vocabulary["bins"], config["sigma"])).mean(-1)
    losses["edges"] = masked_mean(loss, weight * instrument)
    losses["organ"] = masked_mean(loss, weight * ~instrument)
    with torch.no_grad():
        overlap = iou(vocabulary["bins"][logits.argmax(-1)], boxes)
        figures["dense_iou"] = float(masked_mean(overlap, weight * instrument))
        figures["dense_organ_iou"] = float(masked_mean(overlap, weight * ~instrument))
    return losses, figures


def iou(a, b):
    """True intersection over union of boxes [..., 4]."""
    low, high = torch.maximum(a[..., :2], b[..., :2]), torch.minimum(a[..., 2:], b[..., 2:])
    overlap = (high - low).clamp(min=0).prod(-1)
    area = (a[..., 2:] - a[..., :2]).clamp(min=0).prod(-1) + (b[..., 2:] - b[..., :2]).clamp(min=0).prod(-1)
    return overlap / (area - overlap).clamp(min=1e-6)


# Weight of a token in the language loss by its role (chat.py): plain, presence, place, cue, name label, place label,
# a name to be found, what follows from what was said. Coordinates have a loss of their own.
ROLE_WEIGHTS = (0.2, 1.0, 1.0, 1.0, 2.0, 1.0, 1.5, 2.0, 0.0, 0.0, 0.0, 0.0)


def language_losses(model, hidden, scores, batch, vocabulary, config, image_begin):
    """Words, coordinates (distance-aware) and the attention target, over hidden [B, N, T, size]."""
    ids, roles = batch["ids"][:, :, 1:], batch["roles"][:, :, 1:]
    where = (roles >= 0).nonzero(as_tuple=True)
    role, target = roles[where], ids[where]
    logits = model.logits(hidden[where])
    logp = F.log_softmax(logits, -1)
    coordinate = role >= chat.COORDINATE
    weights = torch.tensor(ROLE_WEIGHTS, device=logits.device)[role]
    losses = {"words": -(logp.gather(1, target[:, None])[:, 0] * weights).sum() / weights.sum()}
    image, question, _ = where
    look = batch["looks"][:, :, 1:][where]
    edge_rows = coordinate.nonzero()[:, 0]
    slot = role[edge_rows] - chat.COORDINATE
    values = batch["boxes"][image[edge_rows], look[edge_rows], slot]
    soft = soft_bins(values, vocabulary["bins"], config["sigma"])
    coordinates = -(soft * logp[edge_rows][:, vocabulary["numbers"]]).sum(-1)
    losses["coordinates"] = coordinates.mean()
    right = logits.argmax(-1) == target
    figures = {
        "name_label": float(right[role == chat.NAME_LABEL].float().mean()),
        "place_label": float(right[role == chat.PLACE_LABEL].float().mean()),
        "presence": float(right[role == chat.PRESENCE].float().mean()),
        "named_right": float(right[role == chat.NAMED].float().mean()),
        "said_right": float(right[role == chat.SAID].float().mean()),
    }

    # Attention target: who looks where when the token is predicted. Kind 0: the object; kind 1: the sink (token 0).
    rows, heads, kinds = [], [], []

    def aim(mask, head, rests=False):
        """Where there is nothing to look at, or `rests`, a head looks at the sink."""
        found = mask.nonzero()[:, 0]
        rows.append(found)
        heads.append(torch.full_like(found, head))
        kinds.append(torch.ones_like(found) if rests else (look[found] < 0).long())

    for edge in range(EDGES):
        aim(role == chat.COORDINATE + edge, edge)
        aim(coordinate & (role != chat.COORDINATE + edge), edge, rests=True)
    aim((role == chat.CUE_ROLE) | (role == chat.NAME_LABEL), NAME_HEAD)
    aim(coordinate | (role == chat.NAMED), NAME_HEAD, rests=True)
    aim((role == chat.PLACE_ROLE) | (role == chat.PLACE_LABEL) | (role == chat.NAMED), PLACE_HEAD)
    aim(coordinate, PLACE_HEAD, rests=True)
    aim(role == chat.PRESENCE, PLACE_HEAD)
    rows, heads, kinds = torch.cat(rows), torch.cat(heads), torch.cat(kinds)
    line = scores[image[rows], heads, question[rows], where[2][rows]]
    total = torch.logsumexp(line, -1)
    units = batch["owners"].shape[1]
    aimed = batch["weights"][image[rows], look[rows].clamp(min=0)].clamp(min=1e-8).log()
    found = torch.logsumexp(line[:, image_begin : image_begin + units] + aimed, -1) - total
    sink = line[:, 0] - total
    loss = -torch.where(kinds == 0, found, sink)
    # Pointing counts most; idle heads are told to rest with less weight.
    importance = torch.where(kinds == 0, torch.ones_like(loss), torch.full_like(loss, 0.25))
    losses["attention"] = (loss * importance).sum() / importance.sum()
    figures["looks_right"] = float((found[kinds == 0].exp()).mean())
    return losses, figures
