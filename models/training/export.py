"""Writes the embedded model's folder from a checkpoint of sft.py or rft.py, in Hugging Face's layout, with a manifest.

    python3 models/training/export.py --checkpoint RUN/checkpoint.pt --out models/nano
      [--log sft=RUN/log.jsonl --log rft=RUN/log.jsonl] [--dataset DATASET [--without KIND]] [--identity FILE]

--dataset is the folder of `cli data build` that the model was taught with: its statement of the questions that are in
it goes into the manifest, so that the workstation can tell a question of another kind. Each log goes beside the weights as training-log-NAME.jsonl, byte for byte.
"""
import argparse
import hashlib
import json
import os

import torch

import chat
from build import hugging_face_config, processor_config, write_json
from tokenizer import Tokenizer
import checkpoint
import lora
from safetensors_io import save_file

FILES = [
    "model.safetensors",
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "preprocessor_config.json",
    "generation_config.json",
]


def describe(path):
    with open(path, "rb") as file:
        content = file.read()
    return {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}


def richer_labels(labels):
    """What answers of the richer kinds are made of, where the model was taught such: see Frames.labels."""
    found = {}
    if labels.get("presence"):
        found["presence"] = {"yes": "yes", "no": "no"}
    if labels.get("refusals"):
        found["refusals"] = labels["refusals"]
    if labels.get("listed"):
        asked = {*labels["tools"], *labels["organs"]}
        counts = labels["counts"]
        # The organ and as many instruments as can be counted.
        most = 1 + max((int(count) for count in counts), default=1)
        names = [name for name in labels["listed"] if name not in asked]
        stated = [] if labels.get("unstatedCounts") else counts
        found["lists"] = {"names": names, "counts": stated, "most": most}
    return found


def without(taught, labels, kinds):
    """What is stated of a model that was taught these kinds of question and did not learn them well enough."""
    known = {kind["kind"] for kind in taught["kinds"]}
    for kind in kinds:
        if kind not in known:
            raise SystemExit(f"--without {kind}: the data set teaches {', '.join(sorted(known))}.")
    left = {**taught, "kinds": [kind for kind in taught["kinds"] if kind["kind"] not in kinds]}
    return left, {**labels, "unstatedCounts": "count" in kinds}


NANO = {
    "id": "surgery-r1-nano",
    "name": "Surgery-R1 nano",
    "version": "0.7.1",
    "licence": "Apache-2.0",
    "domain": "synthetic",
    "domainNote": "Trained on synthetic scenes only. Not for real operations.",
}


def read_identity(path):
    """What a model is called and what it is for, from a JSON file with the fields of NANO."""
    try:
        with open(path, encoding="utf8") as file:
            identity = json.load(file)
    except (OSError, ValueError) as error:
        raise SystemExit(f"{path}: cannot be read ({error}). Give a JSON file with {', '.join(NANO)}.") from None
    if not isinstance(identity, dict) or set(identity) != set(NANO):
        raise SystemExit(f"{path}: give {', '.join(NANO)}, and no more.")
    return identity


def manifest(folder, settings, labels, taught, identity):
    return {
        "formatVersion": 1,
        "kind": "checkpoint",
        **{name: identity[name] for name in ("id", "name", "version")},
        "architecture": "Qwen2_5_VLForConditionalGeneration",
        **{name: identity[name] for name in ("licence", "domain", "domainNote")},
        "coordinateSpace": "resized-pixels",
        "coordinateStep": settings["coordinates"]["step"],
        "answerFormat": "think-answer-json",
        "labels": {
            "organ": labels["organs"],
            "state": labels["states"],
            "location": labels["places"],
            "grounding": [*labels["tools"], *labels["organs"]],
            "absent": chat.ABSENT,
            **richer_labels(labels),
        },
        **({"taught": taught} if taught else {}),
        "maxNewTokens": 256 if labels.get("listed") else 96,
        "files": {name: describe(os.path.join(folder, name)) for name in FILES},
    }


def read_log(argument):
    """(file name in the model's folder, bytes) of a log given as NAME=FILE; every line must be a JSON object."""
    name, separator, path = argument.partition("=")
    if not separator or not name.isalnum():
        raise SystemExit(f"--log {argument}: give NAME=FILE, such as rft=runs/rft/log.jsonl.")
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError as error:
        raise SystemExit(f"{path}: cannot be read ({error.strerror}). Give a run's log.jsonl.") from None
    for number, line in enumerate(content.splitlines(), 1):
        try:
            entry = json.loads(line)
        except ValueError as error:
            raise SystemExit(f"{path}:{number}: not JSON ({error}). Give a run's log.jsonl.") from None
        if not isinstance(entry, dict):
            raise SystemExit(f"{path}:{number}: not an object. Give a run's log.jsonl.")
    return f"training-log-{name}.jsonl", content


def read_taught(folder):
    """The statement of taught questions in a data set's dataset.json."""
    path = os.path.join(folder, "dataset.json")
    try:
        with open(path, encoding="utf8") as file:
            taught = json.load(file).get("taught")
    except (OSError, ValueError) as error:
        raise SystemExit(f"{path}: cannot be read ({error}). Give a folder of npm run -s cli -- data build.") from None
    if not taught:
        raise SystemExit(f"{path}: does not state what it teaches. Build the data set again, with a train split.")
    return taught


def export(state, out, dtype, taught=None, identity=NANO):
    settings = state["settings"]
    data = state["tokenizer"]
    tokenizer = Tokenizer(data)
    os.makedirs(out, exist_ok=True)

    def write(name, value):
        write_json(os.path.join(out, name), value)

    merged = lora.merged_tensors(state["model"], settings.get("lora"))
    tensors = {name: tensor.float() for name, tensor in merged.items()}
    save_file(tensors, os.path.join(out, "model.safetensors"), dtype, {"format": "pt"})
    config = hugging_face_config(settings, tokenizer)
    config["torch_dtype"] = {"F32": "float32", "BF16": "bfloat16", "F16": "float16"}[dtype]
    write("config.json", config)
    with open(os.path.join(out, "tokenizer.json"), "w", encoding="utf8") as file:
        json.dump(data, file, indent=1, ensure_ascii=False)
        file.write("\n")
    tokens = {
        str(entry["id"]): {key: value for key, value in entry.items() if key != "id"} for entry in data["added_tokens"]
    }
    write(
        "tokenizer_config.json",
        {
            "tokenizer_class": "Qwen2Tokenizer",
            "added_tokens_decoder": tokens,
            "additional_special_tokens": chat.SPECIAL[1:],
            "bos_token": None,
            "eos_token": "<|im_end|>",
            "pad_token": "<|endoftext|>",
            "unk_token": None,
            "add_bos_token": False,
            "add_prefix_space": False,
            "clean_up_tokenization_spaces": False,
            "split_special_tokens": False,
            "errors": "replace",
            "model_max_length": config["max_position_embeddings"],
            "chat_template": chat.CHAT_TEMPLATE,
        },
    )
    write("preprocessor_config.json", processor_config(settings))
    write(
        "generation_config.json",
        {
            "do_sample": False,
            "max_new_tokens": 256 if state["labels"].get("listed") else 96,
            "bos_token_id": config["bos_token_id"],
            "eos_token_id": [config["eos_token_id"], config["pad_token_id"]],
            "pad_token_id": config["pad_token_id"],
        },
    )
    write("manifest.json", manifest(out, settings, state["labels"], taught, identity))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--dtype", default="BF16", choices=["F32", "BF16", "F16"])
    parser.add_argument("--dataset", help="data set that the model was taught with")
    parser.add_argument(
        "--without", action="append", default=[], metavar="KIND", help="kind that was not learnt well enough to be stated"
    )
    parser.add_argument("--log", action="append", default=[], metavar="NAME=FILE", help="a stage's log.jsonl")
    parser.add_argument("--identity", metavar="FILE", help="JSON file with the model's name and what it is for")
    arguments = parser.parse_args()
    identity = read_identity(arguments.identity) if arguments.identity else NANO
    taught = read_taught(arguments.dataset) if arguments.dataset else None
    logs = [read_log(argument) for argument in arguments.log]
    state = checkpoint.load(arguments.checkpoint)
    if arguments.without:
        taught, state["labels"] = without(taught, state["labels"], arguments.without)
    export(state, arguments.out, arguments.dtype, taught, identity)
    for name, content in logs:
        with open(os.path.join(arguments.out, name), "wb") as file:
            file.write(content)
    print(f"{arguments.out}: written")


if __name__ == "__main__":
    main()
