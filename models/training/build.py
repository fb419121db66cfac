"""Builds a new model from a configuration: config.json in Hugging Face's shape, tokenizer, first weights."""
import json
import math
import os

import torch
from torch import nn

import chat
from qwen25vl import Qwen25VL
from tokenizer import Tokenizer, build, train


def make_tokenizer(texts, labels, coordinates):
    """tokenizer.json's content for the texts of a dataset (see Frames.texts) and its labels."""
    names = [name for kind in sorted(labels) for name in labels[kind]]
    merges = train(chat.corpus(texts, names), coordinates["largest"], coordinates["step"])
    return build(merges, chat.SPECIAL, chat.PLAIN)


def hugging_face_config(settings, tokenizer):
    model, ids = settings["model"], tokenizer.added
    vision = {
        "hidden_act": "silu",
        "in_chans": 3,
        "in_channels": 3,
        "patch_size": 14,
        "spatial_patch_size": 14,
        "spatial_merge_size": 2,
        "temporal_patch_size": 2,
        "tokens_per_second": 2,
        "out_hidden_size": model["hidden_size"],
        **model["vision"],
    }
    text = {key: value for key, value in model.items() if key not in ("vision", "mrope_section")}
    return {
        "architectures": ["Qwen2_5_VLForConditionalGeneration"],
        "model_type": "qwen2_5_vl",
        **text,
        "vocab_size": tokenizer.size,
        "hidden_act": "silu",
        "attention_dropout": 0.0,
        "tie_word_embeddings": True,
        "use_cache": True,
        "use_sliding_window": False,
        "sliding_window": 2048,
        "max_window_layers": model["num_hidden_layers"],
        "initializer_range": 0.02,
        "torch_dtype": "float32",
        "rope_scaling": {"type": "mrope", "mrope_section": model["mrope_section"]},
        "bos_token_id": ids["<|endoftext|>"],
        "eos_token_id": ids["<|im_end|>"],
        "pad_token_id": ids["<|endoftext|>"],
        "vision_start_token_id": ids["<|vision_start|>"],
        "vision_end_token_id": ids["<|vision_end|>"],
        "vision_token_id": ids["<|vision_pad|>"],
        "image_token_id": ids["<|image_pad|>"],
        "video_token_id": ids["<|video_pad|>"],
        "vision_config": vision,
    }


def processor_config(settings):
    return {
        "image_processor_type": "Qwen2VLImageProcessor",
        "processor_class": "Qwen2_5_VLProcessor",
        "do_convert_rgb": True,
        "do_resize": True,
        "do_rescale": True,
        "do_normalize": True,
        "resample": 3,
        "rescale_factor": 1 / 255,
        **settings["processor"],
        "patch_size": 14,
        "temporal_patch_size": 2,
        "merge_size": 2,
        "image_mean": [0.48145466, 0.4578275, 0.40821073],
        "image_std": [0.26862954, 0.26130258, 0.27577711],
    }


def vocabulary_of(tokenizer, labels, coordinates):
    """Ids that the losses need: coordinate tokens with their values, and the first token of each name's label.

    Names are the states, then the organs: what the dense objectives read from an image token.
    """
    bins = list(range(0, coordinates["largest"] + 1, coordinates["step"]))
    numbers = [tokenizer.encode(str(value)) for value in bins]
    if any(len(ids) != 1 for ids in numbers):
        raise ValueError("a coordinate is not one token")
    names = [tokenizer.encode(name)[0] for name in (*labels["states"], *labels["organs"])]
    if len(set(names)) != len(names):
        raise ValueError("two labels begin with the same token")
    return {
        "bins": torch.tensor(bins, dtype=torch.float32),
        "numbers": torch.tensor([ids[0] for ids in numbers]),
        "names": torch.tensor(names),
    }


def initialise(model, vocabulary, seed, patches=None):
    """First weights. Output projections start small; coordinate tokens start as a smooth code of their value;
    the patch embedding starts as whitened principal components of real patches [n, 588] when given."""
    generator = torch.Generator().manual_seed(seed)
    depth = {"visual": len(model.visual.blocks), "model.": len(model.model.layers)}
    for name, parameter in model.named_parameters():
        if parameter.ndim < 2:
            if name.endswith("bias"):
                nn.init.zeros_(parameter)
            continue
        fan_in = parameter[0].numel()
        scale = 1.0 / math.sqrt(fan_in)
        if name.endswith(("attn.proj.weight", "o_proj.weight", "down_proj.weight")):
            scale /= math.sqrt(2 * depth[name[:6]])
        if "embed_tokens" in name:
            scale = 0.03
        with torch.no_grad():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * scale)
    with torch.no_grad():
        bins = vocabulary["bins"]
        waves = 2 * math.pi / (1000.0 * 0.82 ** torch.arange(24.0))
        angles = bins[:, None] * waves
        code = torch.cat((angles.cos(), angles.sin()), 1)
        size = model.model.embed_tokens.weight.shape[1]
        basis = torch.linalg.qr(torch.randn(size, size, generator=generator))[0][: code.shape[1]]
        code = code @ basis
        model.model.embed_tokens.weight[vocabulary["numbers"]] = code / code.std() * 0.04
        if patches is not None:
            weight = model.visual.patch_embed.proj.weight
            _, values, vectors = torch.linalg.svd(patches - patches.mean(0), full_matrices=False)
            deviation = values / math.sqrt(len(patches))
            count = min(len(weight), len(vectors))
            filters = vectors[:count] / (deviation[:count, None] + 0.3 * deviation[count - 1])
            filters = filters.view(count, 3, 1, 14, 14) / 2
            weight[:count] = filters.expand(-1, -1, 2, -1, -1)


def new_model(settings, tokenizer, labels, patches=None):
    model = Qwen25VL(hugging_face_config(settings, tokenizer))
    initialise(model, vocabulary_of(tokenizer, labels, settings["coordinates"]), settings["seed"], patches)
    return model


def write_json(path, value):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "w", encoding="utf8") as file:
        json.dump(value, file, indent=2, ensure_ascii=False)
        file.write("\n")
