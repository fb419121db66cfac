"""The vision tower of Qwen2.5-VL in plain PyTorch: patches to merged features, with attention in windows."""
import torch
import torch.nn.functional as F
from torch import nn

from transformer_layers import GatedMLP, RMSNorm, attend, rotate


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
