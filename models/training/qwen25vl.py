"""Qwen2.5-VL in plain PyTorch: the text model with M-RoPE, and the whole model with its vision tower.

Parameters carry Hugging Face's tensor names (`visual.*`, `model.*`, `lm_head.weight`), so that a state dict of this
module is a checkpoint. Runs on torch 1.13 and newer, on CPU and CUDA. Held to the golden numbers by golden.py.
"""
import json
import os

import torch
import torch.nn.functional as F
from torch import nn

from qwen25vl_vision import VisionTower
from safetensors_io import load_checkpoint
from transformer_layers import GatedMLP, RMSNorm, attend, rotate


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
