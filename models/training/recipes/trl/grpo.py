"""Stage 2, reinforcement fine-tuning of a Qwen2.5-VL checkpoint by GRPO with TRL 1.13.0.

    accelerate launch --config_file models/training/recipes/trl/accelerate_zero2.yaml --num_processes 4 \\
      models/training/recipes/trl/grpo.py --config models/training/recipes/trl/qwen2_5_vl_3b.yaml

Documentation: https://huggingface.co/docs/trl/v1.13.0/grpo_trainer (GRPOTrainer, GRPOConfig, vision-language models,
custom reward functions) and https://huggingface.co/docs/trl/v1.13.0/vllm_integration (colocate and server mode).

The rows are those of `data convert --format trl-grpo`: `prompt`, `images` and columns that TRL hands to the reward
functions of models/training/plugins/trl_reward.py. The checkpoint is a merged one (../merge.py), whose
preprocessor_config.json holds the largest image size: trainer, vLLM and workstation all read it there. With LoRA the
reference policy of the KL term is the same checkpoint with its adapter switched off, so it costs no memory.
"""
import argparse
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
PLUGINS = os.path.normpath(os.path.join(HERE, "..", "..", "plugins"))
SECTIONS = {"model", "data", "rewards", "lora", "grpo"}


def read_config(path, overrides):
    """The YAML file as a dictionary, with `section.key=value` replaced; exits with the name of what is wrong."""
    import yaml

    with open(path, encoding="utf-8") as file:
        config = yaml.safe_load(file)
    for override in overrides:
        place, equals, value = override.partition("=")
        section, dot, key = place.partition(".")
        if not equals or not dot or section not in config:
            raise SystemExit(f"{override}: not section.key=value with a section of {', '.join(sorted(config))}.")
        config[section][key] = yaml.safe_load(value)
    unknown = set(config) - SECTIONS
    if unknown or SECTIONS - {"lora"} - set(config):
        raise SystemExit(f"{path}: expected the sections {', '.join(sorted(SECTIONS))}; got {', '.join(config)}.")
    return config


def load_rows(path):
    """The rows of a JSONL file; their images are opened when they are asked for."""
    from datasets import Image, List, load_dataset

    if not os.path.isfile(path):
        raise SystemExit(f"{path}: no such file. Write it with `data convert --format trl-grpo`.")
    rows = load_dataset("json", data_files=path, split="train")
    first = rows[0]["images"][0]
    if not os.path.isfile(first):
        raise SystemExit(f"{path}: its first image, {first}, is not there. Convert the data set anew on this machine.")
    return rows.cast_column("images", List(Image(mode="RGB")))


def reward_functions(names):
    """Functions of models/training/plugins/trl_reward.py by name."""
    sys.path.insert(0, PLUGINS)
    import trl_reward

    missing = [name for name in names if not callable(getattr(trl_reward, name, None))]
    if missing:
        raise SystemExit(f"{trl_reward.__file__} has no {', '.join(missing)}. Correct rewards.functions.")
    return [getattr(trl_reward, name) for name in names]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", required=True)
    parser.add_argument("overrides", nargs="*", metavar="section.key=value")
    arguments = parser.parse_args()
    config = read_config(arguments.config, arguments.overrides)

    from transformers import AutoProcessor
    from trl import GRPOConfig, GRPOTrainer

    if config["rewards"].get("config"):
        # Read by the plug-in; without it, models/training/rewards.json.
        os.environ["SURGERY_R1_REWARDS"] = os.path.abspath(config["rewards"]["config"])
    peft_config = None
    if config.get("lora"):
        from peft import LoraConfig

        peft_config = LoraConfig(**config["lora"])
    # GRPOTrainer wants prompts padded on the left.
    processor = AutoProcessor.from_pretrained(config["model"]["path"], padding_side="left")
    data = config["data"]
    trainer = GRPOTrainer(
        model=config["model"]["path"],
        args=GRPOConfig(reward_weights=config["rewards"].get("weights"), **config["grpo"]),
        reward_funcs=reward_functions(config["rewards"]["functions"]),
        train_dataset=load_rows(data["train"]),
        eval_dataset=load_rows(data["validation"]) if data.get("validation") else None,
        processing_class=processor,
        peft_config=peft_config,
    )
    trainer.train(resume_from_checkpoint=config["model"].get("resume"))
    trainer.save_model()


if __name__ == "__main__":
    main()
