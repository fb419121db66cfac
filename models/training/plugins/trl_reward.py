"""Reward functions for TRL's GRPOTrainer: `GRPOTrainer(reward_funcs=[surgery_r1_reward], ...)`.

TRL calls a reward function with keyword arguments: prompts, completions (texts, or lists of messages where the data
is conversational), completion_ids, trainer_state and a list for every further column of the data set; it wants a list
of floats. https://huggingface.co/docs/trl/grpo_trainer#using-a-custom-reward-function

`surgery_r1_reward` is the weighted total. The others are its parts, unweighted, for a run that wants them logged
apart and gives `reward_weights` itself. What a row must hold: surgery_r1_columns.py.
"""
import os
import sys

sys.path.append(os.path.dirname(os.path.abspath(__file__)))
from surgery_r1_columns import scores  # noqa: E402


def surgery_r1_reward(prompts, completions, **columns):
    """The weighted total of each completion."""
    return [each["total"] for each in scores(completions, columns)]


def format_reward(prompts, completions, **columns):
    return [each["format"] for each in scores(completions, columns)]


def answer_reward(prompts, completions, **columns):
    return [each["answer"] for each in scores(completions, columns)]


def box_reward(prompts, completions, **columns):
    return [each["box"] for each in scores(completions, columns)]


def words_reward(prompts, completions, **columns):
    return [each["words"] for each in scores(completions, columns)]


def coherence_reward(prompts, completions, **columns):
    return [each["coherence"] for each in scores(completions, columns)]
