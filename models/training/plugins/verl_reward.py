"""Reward function for verl: `custom_reward_function.path=.../verl_reward.py custom_reward_function.name=compute_score`.

verl calls it once an answer; what it returns is a number, or an object whose `score` is the reward and whose other
numbers are logged. https://verl.readthedocs.io/en/latest/preparation/reward_function.html

`ground_truth` is the row's reward_model.ground_truth: the truth as JSON text or an object, with the keys that
surgery_r1_columns.py names.
"""
import os
import sys

sys.path.append(os.path.dirname(os.path.abspath(__file__)))
from surgery_r1_columns import score, truth_of  # noqa: E402


def compute_score(data_source, solution_str, ground_truth, extra_info=None):
    """{"score": the weighted total, and its parts}; the subject may also come as extra_info["question"]."""
    truth = truth_of(ground_truth)
    if "question" not in truth and extra_info and extra_info.get("question"):
        truth = {**truth, "question": extra_info["question"]}
    parts = score(solution_str, truth)
    return {"score": parts.pop("total"), **parts}
