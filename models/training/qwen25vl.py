"""Qwen2.5-VL in plain PyTorch: the vision tower with window attention, the merger and the M-RoPE text model.

Parameters carry Hugging Face's tensor names (`visual.*`, `model.*`, `lm_head.weight`), so that a state dict of this
module is a checkpoint. Runs on torch 1.13 and newer, on CPU and CUDA; attention is written out because torch 1.13
has no fused one. Held to the golden numbers by golden.py.
"""
import json
import os

import torch
import torch.nn.functional as F
from torch import nn

from safetensors_io import load_checkpoint


class _Normalise(torch.autograd.Function):
    """RMSNorm with its gradient written out: half the passes over memory of the traced form."""

    @staticmethod
    def forward(ctx, x, weight, eps):
        scale = torch.linalg.vector_norm(x, dim=-1, keepdim=True).square_().div_(x.shape[-1]).add_(eps).rsqrt_()
        ctx.save_for_backward(x, weight, scale)
        return (x * scale).mul_(weight)

    @staticmethod
    def backward(ctx, gradient):
        x, weight, scale = ctx.saved_tensors
        unit = x * scale
        weight_gradient = (gradient * unit).flatten(0, -2).sum(0)
        inner = gradient * weight
        mean = (inner * unit).mean(-1, keepdim=True)
        return inner.sub_(unit.mul_(mean)).mul_(scale), weight_gradient, None


class RMSNorm(nn.Module):
    def __init__(self, size, eps=1e-6):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x):
        return _Normalise.apply(x, self.weight, self.eps)


class _Rotate(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, cos, sin):
        ctx.save_for_backward(cos, sin)
        half = x.shape[-1] // 2
        out = x * cos
        out[..., :half].addcmul_(x[..., half:], sin[..., :half], value=-1)
        out[..., half:].addcmul_(x[..., :half], sin[..., half:])
        return out

    @staticmethod
    def backward(ctx, gradient):
        cos, sin = ctx.saved_tensors
        half = gradient.shape[-1] // 2
        out = gradient * cos
        out[..., :half].addcmul_(gradient[..., half:], sin[..., half:])
        out[..., half:].addcmul_(gradient[..., :half], sin[..., :half], value=-1)
        return out, None, None


def rotate(x, cos, sin):
    """Rotary embedding of x [..., tokens, head_dim]; cos and sin broadcast to it and get no gradient."""
    return _Rotate.apply(x, cos, sin)


def attend(query, key, value, mask=None, keep=None):
    """Attention over [..., heads, tokens, head_dim]; mask is added to the scores.

    When `keep` is a list, the log-probabilities' scores (after the mask) are appended to it, for attention targets.
    """
    scores = torch.matmul(query * query.shape[-1] ** -0.5, key.transpose(-1, -2))
    if mask is not None:
        scores = scores + mask
    if keep is not None:
        keep.append(scores)
    return torch.matmul(torch.softmax(scores, -1), value)


# ---------------------------------------------------------------- vision


def window_order(rows, columns, window):
    """Order of merged units by window of one image, and each window's number of units.

    rows, columns: merged grid; window: units a side. Windows run in raster order, units in raster order within;
    windows at the edge are ragged. Same as upstream's get_window_index after unique_consecutive.
    """
    order, lengths = [], []
    for top in range(0, rows, window):
        for left in range(0, columns, window):
            units = [
                row * columns + column
                for row in range(top, min(top + window, rows))
                for column in range(left, min(left + window, columns))
            ]
            order += units
            lengths.append(len(units))
    return torch.tensor(order), lengths


def vision_positions(rows, columns, merge):
    """[patches, 2] (y, x) of each patch in merge-block order; rows and columns count patches."""
    y = torch.arange(rows)[:, None].expand(rows, columns)
    x = torch.arange(columns)[None].expand(rows, columns)
    both = torch.stack((y, x), -1).reshape(rows // merge, merge, columns // merge, merge, 2)
    return both.permute(0, 2, 1, 3, 4).reshape(-1, 2)


class VisionAttention(nn.Module):
    def __init__(self, size, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(size, size * 3)
        self.proj = nn.Linear(size, size)

    def forward(self, x, cos, sin, runs):
        """x [batch, patches, size]; runs: (begin, windows, length) of consecutive equal windows."""
        batch, patches, size = x.shape
        # unbind and split rather than slices: the gradient of a slice is a whole tensor of zeros.
        heads = self.qkv(x).view(batch, patches, 3, self.heads, size // self.heads).permute(2, 0, 3, 1, 4)
        query, key, value = heads.unbind(0)
        query, key = rotate(query, cos, sin), rotate(key, cos, sin)
        sizes = [windows * length for _, windows, length in runs]
        out = []
        for run, *parts in zip(runs, query.split(sizes, 2), key.split(sizes, 2), value.split(sizes, 2)):
            shape = (batch, self.heads, run[1], run[2], size // self.heads)
            q, k, v = (part.reshape(shape) for part in parts)
            out.append(attend(q, k, v).reshape(batch, self.heads, run[1] * run[2], -1))
        joined = out[0] if len(out) == 1 else torch.cat(out, 2)
        return self.proj(joined.transpose(1, 2).reshape(batch, patches, size))


class GatedMLP(nn.Module):
    def __init__(self, size, inner, bias):
        super().__init__()
        self.gate_proj = nn.Linear(size, inner, bias=bias)
        self.up_proj = nn.Linear(size, inner, bias=bias)
        self.down_proj = nn.Linear(inner, size, bias=bias)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class VisionBlock(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.norm1 = RMSNorm(config["hidden_size"])
        self.norm2 = RMSNorm(config["hidden_size"])
        self.attn = VisionAttention(config["hidden_size"], config["num_heads"])
        self.mlp = GatedMLP(config["hidden_size"], config["intermediate_size"], True)

    def forward(self, x, cos, sin, runs):
        x = x + self.attn(self.norm1(x), cos, sin, runs)
        return x + self.mlp(self.norm2(x))


class PatchEmbed(nn.Module):
    def __init__(self, config):
        super().__init__()
        patch, frames = config["patch_size"], config["temporal_patch_size"]
        shape = (frames, patch, patch)
        self.proj = nn.Conv3d(config["in_chans"], config["hidden_size"], shape, shape, bias=False)

    def forward(self, patches):
        """[..., 1176], or [..., 588] for one frame of a still image, whose two frames are equal."""
        weight = self.proj.weight
        if patches.shape[-1] != weight[0].numel():
            weight = weight.sum(2)
        return F.linear(patches, weight.flatten(1))


class Merger(nn.Module):
    def __init__(self, config):
        super().__init__()
        inner = config["hidden_size"] * config["spatial_merge_size"] ** 2
        self.ln_q = RMSNorm(config["hidden_size"])
        self.mlp = nn.Sequential(nn.Linear(inner, inner), nn.GELU(), nn.Linear(inner, config["out_hidden_size"]))

    def forward(self, x):
        batch, patches, size = x.shape
        unit = self.mlp[0].in_features // size
        return self.mlp(self.ln_q(x).view(batch, patches // unit, unit * size))


class VisionTower(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        self.patch_embed = PatchEmbed(config)
        self.blocks = nn.ModuleList(VisionBlock(config) for _ in range(config["depth"]))
        self.merger = Merger(config)
        self.plans = {}

    def plan(self, rows, columns, device):
        """Constants of one grid (in patches): unit order, its inverse, patch order, cos, sin and window runs."""
        if (rows, columns, device) in self.plans:
            return self.plans[(rows, columns, device)]
        merge, patch = self.config["spatial_merge_size"], self.config["patch_size"]
        order, lengths = window_order(rows // merge, columns // merge, self.config["window_size"] // merge // patch)
        unit = merge * merge
        patch_order = (order[:, None] * unit + torch.arange(unit)).flatten()
        head = self.config["hidden_size"] // self.config["num_heads"]
        frequency = 1.0 / 10000.0 ** (torch.arange(0, head // 2, 2).float() / (head // 2))
        angles = (vision_positions(rows, columns, merge)[..., None].float() * frequency).flatten(1)[patch_order]
        angles = torch.cat((angles, angles), -1)
        runs, begin = [], 0
        for length in lengths:
            if runs and runs[-1][2] == length * unit:
                runs[-1] = (runs[-1][0], runs[-1][1] + 1, length * unit)
            else:
                runs.append((begin, 1, length * unit))
            begin += length * unit
        plan = {
            "order": order.to(device),
            "inverse": torch.argsort(order).to(device),
            "patch_order": patch_order.to(device),
            "cos": angles.cos().to(device),
            "sin": angles.sin().to(device),
            "windows": runs,
            "full": [(0, 1, rows * columns)],
        }
        self.plans[(rows, columns, device)] = plan
        return plan

    def forward(self, patches, rows, columns, in_window_order=False):
        """patches [batch, rows*columns, 1176 or 588] in merge-block order -> [batch, merged units, out_hidden_size]."""
        plan = self.plan(rows, columns, patches.device)
        if not in_window_order:
            patches = patches[:, plan["patch_order"]]
        x = self.patch_embed(patches)
        for index, block in enumerate(self.blocks):
            full = index in self.config["fullatt_block_indexes"]
            x = block(x, plan["cos"], plan["sin"], plan["full" if full else "windows"])
        return self.merger(x)[:, plan["inverse"]]


# ---------------------------------------------------------------- text


class TextAttention(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.heads, self.kv_heads = config["num_attention_heads"], config["num_key_value_heads"]
        size = config["hidden_size"]
        self.head = size // self.heads
        self.q_proj = nn.Linear(size, size)
        self.k_proj = nn.Linear(size, self.kv_heads * self.head)
        self.v_proj = nn.Linear(size, self.kv_heads * self.head)
        self.o_proj = nn.Linear(size, size, bias=False)

    def project(self, x, cos, sin):
        """x [batch, tokens, size] -> query, key (rotated) and value [batch, heads or kv_heads, tokens, head_dim]."""
        batch, tokens, _ = x.shape
        query = self.q_proj(x).view(batch, tokens, self.heads, self.head).transpose(1, 2)
        key = self.k_proj(x).view(batch, tokens, self.kv_heads, self.head).transpose(1, 2)
        value = self.v_proj(x).view(batch, tokens, self.kv_heads, self.head).transpose(1, 2)
        return rotate(query, cos, sin), rotate(key, cos, sin), value

    def mix(self, query, key, value, mask, keep=None):
        """Attention with key and value heads repeated, and the output projection: [batch, tokens, size]."""
        if self.kv_heads != self.heads:
            key = key.repeat_interleave(self.heads // self.kv_heads, 1)
            value = value.repeat_interleave(self.heads // self.kv_heads, 1)
        out = attend(query, key, value, mask, keep)
        return self.o_proj(out.transpose(1, 2).flatten(2))


class DecoderLayer(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.self_attn = TextAttention(config)
        self.mlp = GatedMLP(config["hidden_size"], config["intermediate_size"], False)
        self.input_layernorm = RMSNorm(config["hidden_size"], config["rms_norm_eps"])
        self.post_attention_layernorm = RMSNorm(config["hidden_size"], config["rms_norm_eps"])

    def forward(self, x, cos, sin, mask, past=None, keep=None):
        """x [batch, tokens, size]; past (key, value) of earlier tokens. Returns x and the (key, value) to keep."""
        query, key, value = self.self_attn.project(self.input_layernorm(x), cos, sin)
        if past is not None:
            key, value = torch.cat((past[0], key), 2), torch.cat((past[1], value), 2)
        x = x + self.self_attn.mix(query, key, value, mask, keep)
        return x + self.mlp(self.post_attention_layernorm(x)), (key, value)


class TextModel(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        self.embed_tokens = nn.Embedding(config["vocab_size"], config["hidden_size"])
        self.layers = nn.ModuleList(DecoderLayer(config) for _ in range(config["num_hidden_layers"]))
        self.norm = RMSNorm(config["hidden_size"], config["rms_norm_eps"])
        head = config["hidden_size"] // config["num_attention_heads"]
        self.section = config["rope_scaling"]["mrope_section"]
        self.frequency = 1.0 / config["rope_theta"] ** (torch.arange(0, head, 2).float() / head)

    def rotary(self, positions):
        """M-RoPE: positions [3, batch, tokens] -> cos, sin [batch, 1, tokens, head_dim]."""
        angles = positions[..., None].float() * self.frequency.to(positions.device)
        parts = angles.split(self.section, -1)
        angles = torch.cat([part[axis] for axis, part in enumerate(parts)], -1)
        angles = torch.cat((angles, angles), -1)[:, None]
        return angles.cos(), angles.sin()

    def forward(self, embeds, positions, past=None):
        """Causal pass over [batch, tokens, size]; returns hidden states before the final norm, and the new past."""
        cos, sin = self.rotary(positions)
        length = embeds.shape[1]
        total = length + (past[0][0].shape[2] if past else 0)
        mask = causal_mask(length, total, embeds.device)
        kept, x = [], embeds
        for index, layer in enumerate(self.layers):
            x, state = layer(x, cos, sin, mask, past[index] if past else None)
            kept.append(state)
        return x, kept


def causal_mask(length, total, device):
    """[length, total]: 0 where query i (at total-length+i) may look, minus infinity elsewhere."""
    mask = torch.full((length, total), float("-inf"), device=device)
    return torch.triu(mask, total - length + 1)


def mrope_positions(input_ids, grids, config):
    """M-RoPE positions [3, 1, tokens] and the delta of one sequence (list of ids) with still images.

    grids: (1, rows, columns) in patches. Text: t=h=w=position. An image that begins at p: t=p, h=p+row, w=p+column;
    the text after it goes on at p + max(rows, columns) of the merged grid.
    """
    merge, image = config["vision_config"]["spatial_merge_size"], config["image_token_id"]
    out, position, index, grids = [], 0, 0, list(grids)
    while index < len(input_ids):
        if input_ids[index] != image:
            out.append((position,) * 3)
            position, index = position + 1, index + 1
            continue
        _, rows, columns = grids.pop(0)
        rows, columns = rows // merge, columns // merge
        out += [(position, position + row, position + column) for row in range(rows) for column in range(columns)]
        position, index = position + max(rows, columns), index + rows * columns
    return torch.tensor(out).T[:, None], position - len(input_ids)


# ---------------------------------------------------------------- whole


class Qwen25VL(nn.Module):
    def __init__(self, config):
        super().__init__()
        vision = {"temporal_patch_size": 2, "in_chans": 3, "patch_size": 14, "spatial_merge_size": 2}
        vision.update(config["vision_config"])
        self.config = {**config, "vision_config": vision}
        self.visual = VisionTower(vision)
        self.model = TextModel(config)
        if not config["tie_word_embeddings"]:
            self.lm_head = nn.Linear(config["hidden_size"], config["vocab_size"], bias=False)

    def logits(self, hidden):
        """Final norm and vocabulary projection."""
        tied = self.config["tie_word_embeddings"]
        return F.linear(self.model.norm(hidden), self.model.embed_tokens.weight if tied else self.lm_head.weight)

    def embed(self, input_ids, pixel_values=None, grids=()):
        """ids [tokens] (list) and pixel_values [patches, 1176] of all images -> inputs_embeds, image_features."""
        ids = torch.tensor([input_ids])
        embeds, features, begin = self.model.embed_tokens(ids), [], 0
        for _, rows, columns in grids:
            part = pixel_values[begin : begin + rows * columns]
            features.append(self.visual(part[None], rows, columns)[0])
            begin += rows * columns
        if not features:
            return embeds, None
        features = torch.cat(features)
        places = ids == self.config["image_token_id"]
        if int(places.sum()) != len(features):
            raise ValueError(f"{int(places.sum())} image tokens in the text, {len(features)} from the images")
        embeds = embeds.clone()
        embeds[places] = features
        return embeds, features

    def greedy(self, embeds, positions, delta, count):
        """Greedy ids with a key-value cache; returns the prompt's logits [1, tokens, vocabulary] and the ids."""
        hidden, past = self.model(embeds, positions)
        first = self.logits(hidden)
        token, ids, step = int(first[0, -1].argmax()), [], embeds.shape[1]
        while True:
            ids.append(token)
            if len(ids) == count:
                return first, ids
            here = torch.full((3, 1, 1), step + delta)
            hidden, past = self.model(self.model.embed_tokens(torch.tensor([[token]])), here, past)
            token, step = int(self.logits(hidden)[0, -1].argmax()), step + 1


def load_model(folder):
    """Model of a checkpoint folder (config.json and safetensors, sharded or not), in float32, in eval mode."""
    with open(os.path.join(folder, "config.json")) as file:
        config = json.load(file)
    tensors = {}
    for name, tensor in load_checkpoint(folder).items():
        name = name.replace("model.visual.", "visual.").replace("model.language_model.", "model.")
        tensors[name] = tensor.float()
    if config["tie_word_embeddings"]:
        tensors.pop("lm_head.weight", None)
    model = Qwen25VL(config)
    model.load_state_dict(tensors, strict=True)
    return model.eval()
