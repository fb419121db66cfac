"""An adapter of lora.py for a checkpoint, as PEFT's files, and the checkpoint with the adapter merged in.

    adapter_case.py CHECKPOINT OUT   (OUT/adapter and OUT/merged are made)
"""
import os
import shutil
import sys

import torch

ROOT = os.path.join(os.path.dirname(__file__), "../../models/training")
sys.path.insert(0, ROOT)
import lora  # noqa: E402
from qwen25vl import load_model  # noqa: E402
from safetensors_io import save_file  # noqa: E402

CONFIG = {"rank": 4, "alpha": 8, "targets": ["q_proj", "v_proj", "down_proj", "attn.qkv"], "dropout": 0}

checkpoint, out = sys.argv[1:]
model = load_model(checkpoint)
torch.manual_seed(0)
for _, parameter in lora.apply(model, CONFIG):
    parameter.data = torch.randn(parameter.shape) * 0.05
lora.save(model, os.path.join(out, "adapter"), CONFIG, base=os.path.abspath(checkpoint))
merged = os.path.join(out, "merged")
shutil.copytree(checkpoint, merged)
save_file(lora.merge(model).state_dict(), os.path.join(merged, "model.safetensors"), "F32", {"format": "pt"})
