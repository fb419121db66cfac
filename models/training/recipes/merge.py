"""From what a trainer left to a checkpoint that every next step reads: trainers, vLLM, and `models import`.

    python3 models/training/recipes/merge.py --model Qwen/Qwen2.5-VL-3B-Instruct --adapter run/sft-3b-lora \\
      --max-pixels 1003520 --out run/sft-3b-merged --name "EndoVis 3B, SFT" --licence "Qwen Research License"

Merges the LoRA adapter, where one is given, into its base (PEFT's merge_and_unload,
https://huggingface.co/docs/peft/main/en/developer_guides/lora), and saves bfloat16 safetensors, the tokenizer and
preprocessor_config.json with the largest image of the training, which transformers 5 leaves out and the import reads.
manifest.json says what the model was taught on; its hashes are checked by the import. Needs transformers and peft;
runs without a GPU, in about twice the memory of the weights.
"""
import argparse
import hashlib
import json
import os

# What a checkpoint of any size consists of. chat_template.jinja and the like are carried along, not listed.
LISTED = ("config.json", "generation_config.json", "preprocessor_config.json", "tokenizer.json", "tokenizer_config.json")
LONGEST_ANSWER = 256


def describe(path):
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"sha256": digest, "bytes": os.path.getsize(path)}


def write_json(path, value):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(value, file, indent=2, ensure_ascii=False)
        file.write("\n")


def preprocessor(image_processor, min_pixels, max_pixels):
    """preprocessor_config.json in the form of Qwen2.5-VL's own release, from whichever transformers is installed."""
    return {
        "image_processor_type": "Qwen2VLImageProcessor",
        "processor_class": "Qwen2_5_VLProcessor",
        "min_pixels": min_pixels,
        "max_pixels": max_pixels,
        "size": {"shortest_edge": min_pixels, "longest_edge": max_pixels},
        "patch_size": image_processor.patch_size,
        "temporal_patch_size": image_processor.temporal_patch_size,
        "merge_size": image_processor.merge_size,
        "image_mean": list(image_processor.image_mean),
        "image_std": list(image_processor.image_std),
    }


def manifest(out, arguments):
    names = sorted(name for name in os.listdir(out) if name in LISTED or name.endswith(".safetensors"))
    return {
        "formatVersion": 1,
        "kind": "checkpoint",
        "id": arguments.id or os.path.basename(os.path.normpath(out)),
        "name": arguments.name,
        "version": arguments.version,
        "architecture": "Qwen2_5_VLForConditionalGeneration",
        "licence": arguments.licence,
        "domain": arguments.domain,
        "domainNote": arguments.domain_note,
        "coordinateSpace": "resized-pixels",
        "answerFormat": "think-answer-json",
        "maxNewTokens": LONGEST_ANSWER,
        "files": {name: describe(os.path.join(out, name)) for name in names},
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="base of the adapter, or a checkpoint trained whole")
    parser.add_argument("--adapter", help="folder with adapter_config.json and adapter_model.safetensors")
    parser.add_argument("--max-pixels", type=int, required=True, help="the same as in training")
    parser.add_argument("--min-pixels", type=int, default=3136)
    parser.add_argument("--out", required=True)
    parser.add_argument("--id", help="letters, digits, . _ -; by default the name of --out")
    parser.add_argument("--name", required=True)
    parser.add_argument("--version", default="1")
    parser.add_argument("--licence", required=True, help="of the base model, which the result inherits")
    parser.add_argument("--domain", default="surgical", choices=["surgical", "synthetic", "general", "unknown"])
    parser.add_argument("--domain-note", default="Fine-tuned on EndoVis-18-VQLA. For research; not a medical device.")
    arguments = parser.parse_args()
    if os.path.isdir(arguments.out) and os.listdir(arguments.out):
        raise SystemExit(f"{arguments.out} exists and is not empty. Choose another folder, or remove this one.")
    if arguments.adapter and not os.path.isfile(os.path.join(arguments.adapter, "adapter_config.json")):
        raise SystemExit(f"{arguments.adapter} has no adapter_config.json. Give the folder that the trainer saved.")

    import torch
    from transformers import AutoModelForImageTextToText, AutoProcessor

    model = AutoModelForImageTextToText.from_pretrained(arguments.model, torch_dtype=torch.bfloat16)
    if arguments.adapter:
        from peft import PeftModel

        model = PeftModel.from_pretrained(model, arguments.adapter).merge_and_unload(safe_merge=True)
    pixels = {"min_pixels": arguments.min_pixels, "max_pixels": arguments.max_pixels}
    processor = AutoProcessor.from_pretrained(arguments.model, **pixels)
    model.save_pretrained(arguments.out, max_shard_size="5GB")
    processor.save_pretrained(arguments.out)
    write_json(
        os.path.join(arguments.out, "preprocessor_config.json"), preprocessor(processor.image_processor, **pixels)
    )
    write_json(os.path.join(arguments.out, "manifest.json"), manifest(arguments.out, arguments))
    print(f"{arguments.out}: {sum(parameter.numel() for parameter in model.parameters()):,} parameters")


if __name__ == "__main__":
    main()
