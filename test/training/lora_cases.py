"""LoRA on the real architecture at toy size: fresh, wrapped, merged, through files, refusals. Prints JSON.

    lora_cases.py FOLDER   (an empty folder to work in)
"""
import copy
import json
import os
import sys

import torch

ROOT = os.path.join(os.path.dirname(__file__), "../../models/training")
sys.path.insert(0, ROOT)
import lora  # noqa: E402
from qwen25vl import Qwen25VL  # noqa: E402
from safetensors_io import load_file  # noqa: E402

CONFIG = {"rank": 4, "alpha": 8, "targets": ["q_proj", "v_proj", "down_proj", "attn.qkv"], "dropout": 0}


def tiny_model():
    torch.manual_seed(0)
    text = {
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "rms_norm_eps": 1e-6,
        "vocab_size": 50,
        "rope_theta": 100.0,
        "rope_scaling": {"mrope_section": [1, 1, 2]},
        "tie_word_embeddings": True,
        "image_token_id": 49,
    }
    vision = {"depth": 2, "hidden_size": 32, "intermediate_size": 48, "num_heads": 2, "out_hidden_size": 32}
    return Qwen25VL({**text, "vision_config": {**vision, "window_size": 112, "fullatt_block_indexes": [1]}})


@torch.no_grad()
def outputs(model):
    """Image features and text logits of one fixed input."""
    generator = torch.Generator().manual_seed(1)
    features = model.visual(torch.randn(1, 16, 588, generator=generator), 4, 4)
    embeds = torch.cat((features, model.model.embed_tokens(torch.arange(7)[None])), 1)
    hidden, _ = model.model(embeds, torch.arange(embeds.shape[1]).expand(3, 1, -1))
    return torch.cat((features.flatten(), model.logits(hidden).flatten()))


def difference(a, b):
    return float((a - b).abs().max())


def train_a_little(model, trainable):
    optimizer = torch.optim.SGD([parameter for _, parameter in trainable], lr=0.02)
    for _ in range(20):
        embeds = model.model.embed_tokens(torch.arange(12)[None])
        seen = model.visual(torch.ones(1, 16, 588), 4, 4).mean()
        hidden, _ = model.model(embeds + seen, torch.arange(12).expand(3, 1, -1))
        loss = torch.nn.functional.cross_entropy(model.logits(hidden)[0], torch.arange(12).flip(0))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def refusal(work):
    try:
        work()
    except SystemExit as error:
        return str(error)


def main():
    folder = sys.argv[1]
    model = tiny_model()
    before, plain = outputs(model), copy.deepcopy(model.state_dict())
    trainable = lora.apply(model, CONFIG)
    fresh = outputs(model)
    train_a_little(model, trainable)
    trained = outputs(model)
    frozen = max(
        difference(module.base.weight, plain[f"{name}.weight"]) for name, module in lora.adapted(model)
    )
    lora.save(model, folder, CONFIG, "models/nano")
    merged_by_name = tiny_model()
    merged_by_name.load_state_dict(lora.merged_tensors(model.state_dict(), CONFIG))
    loaded = tiny_model()
    lora.load(loaded, folder)
    merged = lora.merge(copy.deepcopy(model))
    tensors = load_file(os.path.join(folder, "adapter_model.safetensors"))
    newer = {name.replace(".model.layers", ".model.language_model.layers"): t for name, t in tensors.items()}
    renamed = tiny_model()
    lora.apply(renamed, CONFIG)
    lora.load_tensors(renamed, newer, "newer")
    other = {**CONFIG, "rank": 2}

    def wrong_rank():
        target = tiny_model()
        lora.apply(target, other)
        lora.load_tensors(target, tensors, "adapter")

    with open(os.path.join(folder, "adapter_config.json")) as file:
        described = json.load(file)
    report = {
        "trainable": [name for name, _ in trainable],
        "fresh": difference(fresh, before),
        "learnt": difference(trained, before),
        "frozen": frozen,
        "merged": difference(outputs(merged), trained),
        "mergedByName": difference(outputs(merged_by_name), trained),
        "mergedNames": sorted(merged.state_dict()) == sorted(plain),
        "throughFiles": difference(outputs(loaded), trained),
        "newerNames": difference(outputs(renamed), trained),
        "tensors": {name: list(tensor.shape) for name, tensor in sorted(tensors.items())},
        "described": described,
        "noLayer": refusal(lambda: lora.apply(tiny_model(), {**CONFIG, "targets": ["gate"]})),
        "wrongRank": refusal(wrong_rank),
        "unknownKey": refusal(lambda: lora.apply(tiny_model(), {**CONFIG, "r": 4})),
    }
    print(json.dumps(report))


main()
