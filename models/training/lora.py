"""LoRA (arXiv 2106.09685): low-rank adapters on chosen linear layers, in PEFT's file format.

y = W x + b + (alpha / rank) B A x, with A [rank, in], B [out, rank]; B begins at 0, so that a fresh adapter changes
nothing. Only A and B are trained. The files are those of PEFT (adapter_config.json, adapter_model.safetensors with
names such as base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight), so that adapters go both ways.
"""
import json
import math
import os
import re

import torch
import torch.nn.functional as F
from torch import nn

from safetensors_io import load_file, save_file

PREFIX = "base_model.model."


class LoraLinear(nn.Module):
    """A frozen linear layer with an adapter. `weight` and `bias` are what the two together amount to."""

    def __init__(self, base, rank, alpha, dropout):
        super().__init__()
        self.base, self.rank, self.scale = base, rank, alpha / rank
        self.in_features, self.out_features = base.in_features, base.out_features
        self.dropout = nn.Dropout(dropout)
        options = {"device": base.weight.device, "dtype": base.weight.dtype}
        self.lora_A = nn.Parameter(torch.empty(rank, base.in_features, **options))
        self.lora_B = nn.Parameter(torch.zeros(base.out_features, rank, **options))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))

    @property
    def weight(self):
        return self.base.weight + self.scale * self.lora_B @ self.lora_A

    @property
    def bias(self):
        return self.base.bias

    def forward(self, x):
        low = F.linear(F.linear(self.dropout(x), self.lora_A), self.lora_B)
        return self.base(x) + self.scale * low


def matches(name, targets):
    """PEFT's rule: a list names the last parts of a module's name; a string is a pattern for the whole name."""
    if isinstance(targets, str):
        return re.fullmatch(targets, name) is not None
    return any(name == target or name.endswith(f".{target}") for target in targets)


def adapted(model):
    """[(name, LoraLinear)] of a model, in its own order."""
    return [(name, module) for name, module in model.named_modules() if isinstance(module, LoraLinear)]


def _replace(model, name, module):
    parent, _, own = name.rpartition(".")
    parent = model.get_submodule(parent) if parent else model
    if isinstance(parent, (nn.ModuleList, nn.Sequential)):
        parent[int(own)] = module
    else:
        setattr(parent, own, module)


def apply(model, config):
    """Wraps the linear layers that config names and freezes all else, in place.

    config: {rank, alpha, targets, dropout}. Returns [(name, parameter)] of what is left to train.
    """
    unknown = sorted(set(config) - {"rank", "alpha", "targets", "dropout"})
    if unknown or not {"rank", "alpha", "targets"} <= set(config):
        raise SystemExit(f"lora: expected rank, alpha, targets and dropout, got {', '.join(sorted(config))}.")
    if config["rank"] < 1:
        raise SystemExit(f"lora: the rank is to be at least 1, got {config['rank']}.")
    linear = [name for name, module in model.named_modules() if isinstance(module, nn.Linear)]
    chosen = [name for name in linear if matches(name, config["targets"])]
    if not chosen:
        last = sorted({name.rpartition(".")[2] for name in linear})
        raise SystemExit(f"lora: no linear layer fits {config['targets']}. There are {', '.join(last)}.")
    model.requires_grad_(False)
    for name in chosen:
        base = model.get_submodule(name)
        _replace(model, name, LoraLinear(base, config["rank"], config["alpha"], config.get("dropout", 0)))
    return [(name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]


@torch.no_grad()
def merge(model):
    """Adds the adapters to the weights and puts the plain linear layers back, in place; returns the model."""
    for name, module in adapted(model):
        module.base.weight.copy_(module.weight)
        _replace(model, name, module.base)
    return model


@torch.no_grad()
def merged_tensors(tensors, config):
    """State dict of a wrapped model -> that of the merged one, with the plain names. config as for `apply`, or None.

    A state dict without adapters comes back as it is.
    """
    if not config:
        return tensors
    scale, out = config["alpha"] / config["rank"], {}
    for name, tensor in tensors.items():
        owner, _, own = name.rpartition(".")
        if own in ("lora_A", "lora_B"):
            continue
        if owner.endswith(".base"):
            owner = owner[: -len(".base")]
            name = f"{owner}.{own}"
            if own == "weight":
                tensor = tensor + scale * tensors[f"{owner}.lora_B"] @ tensors[f"{owner}.lora_A"]
        out[name] = tensor
    return out


def adapter_tensors(model):
    """Adapters by PEFT's tensor names."""
    out = {}
    for name, module in adapted(model):
        out[f"{PREFIX}{name}.lora_A.weight"] = module.lora_A.detach()
        out[f"{PREFIX}{name}.lora_B.weight"] = module.lora_B.detach()
    return out


def plain_name(name):
    """A tensor's name without what versions of transformers put between: model.language_model, model.visual."""
    return name.replace("model.visual.", "visual.").replace("model.language_model.", "model.")


@torch.no_grad()
def load_tensors(model, tensors, path):
    """Puts adapters by PEFT's names into a model that `apply` has wrapped; the first that does not fit is named."""
    found = {}
    for name, tensor in tensors.items():
        if not name.startswith(PREFIX):
            raise SystemExit(f"{path}: the tensor {name} does not begin with {PREFIX}; not an adapter of PEFT.")
        found[PREFIX + plain_name(name[len(PREFIX) :])] = tensor
    own = adapter_tensors(model)
    for name, tensor in own.items():
        if name not in found:
            raise SystemExit(f"{path}: the tensor {name} is missing. The adapter is for other layers.")
        if found[name].shape != tensor.shape:
            raise SystemExit(
                f"{path}: the tensor {name} has the shape {list(found[name].shape)}, this model and rank need "
                f"{list(tensor.shape)}."
            )
        tensor.copy_(found[name])
    extra = sorted(set(found) - set(own))
    if extra:
        raise SystemExit(f"{path}: the tensor {extra[0]} belongs to no wrapped layer.")


def save(model, folder, config, base=""):
    """Writes the adapters as PEFT does. config as for `apply`; base: name or folder of the model they belong to."""
    os.makedirs(folder, exist_ok=True)
    save_file(adapter_tensors(model), os.path.join(folder, "adapter_model.safetensors"), "F32", {"format": "pt"})
    description = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": base,
        "r": config["rank"],
        "lora_alpha": config["alpha"],
        "lora_dropout": config.get("dropout", 0),
        "target_modules": config["targets"],
        "bias": "none",
        "fan_in_fan_out": False,
        "inference_mode": True,
        "init_lora_weights": True,
        "modules_to_save": None,
        "use_dora": False,
        "use_rslora": False,
    }
    with open(os.path.join(folder, "adapter_config.json"), "w", encoding="utf8") as file:
        json.dump(description, file, indent=2)
        file.write("\n")


def load(model, folder):
    """Wraps a model with the adapters of a folder in PEFT's format; returns what `apply` returns."""
    path = os.path.join(folder, "adapter_config.json")
    try:
        with open(path, encoding="utf8") as file:
            described = json.load(file)
    except (OSError, json.JSONDecodeError) as error:
        raise SystemExit(f"{path}: not readable ({error}). Give a folder with an adapter of PEFT.") from None
    for name, expected in (("peft_type", "LORA"), ("bias", "none")):
        if described.get(name, expected) != expected:
            raise SystemExit(f"{path}: {name} is {described[name]}; only {expected} is read here.")
    for name in ("use_dora", "use_rslora", "modules_to_save", "fan_in_fan_out", "rank_pattern", "alpha_pattern"):
        if described.get(name):
            raise SystemExit(f"{path}: {name} is set, which is not read here.")
    config = {"rank": described["r"], "alpha": described["lora_alpha"], "targets": described["target_modules"]}
    trainable = apply(model, {**config, "dropout": described.get("lora_dropout", 0)})
    tensors = os.path.join(folder, "adapter_model.safetensors")
    if not os.path.exists(tensors):
        raise SystemExit(f"{tensors}: missing.")
    load_tensors(model, load_file(tensors), tensors)
    return trainable
