"""What the plug-ins share: rewards.py loaded by its path, the configuration, and truths from a data set's columns.

A row's truth comes in one column `solution`, as JSON text or an object,

    {"label": "Idle", "box": [x1, y1, x2, y2] or null, "width": 1288, "height": 1036, "question": "..."}

or in columns of those names. `box`, `width` and `height` are in the pixels in which the model writes its box: for
Qwen2.5-VL those of the resized image. `question` may be left out. A `box` of null says that there is nothing to be seen;
where there is something and nobody has marked it, `boxUnknown` beside it is true. The configuration is rewards.json beside
rewards.py, or the file that the environment variable SURGERY_R1_REWARDS names.
"""
import importlib.util
import json
import os
import sys
from functools import lru_cache

TRAINING = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
NEEDED = ("label", "box", "width", "height")
KEYS = (*NEEDED, "question", "boxUnknown")


def _load_rewards():
    """rewards.py under a name of its own. Its folder is on the path for that moment only: it holds modules with
    names such as evaluate and dataset, which would hide libraries of the trainer."""
    name = "surgery_r1_rewards"
    if name in sys.modules:
        return sys.modules[name]
    specification = importlib.util.spec_from_file_location(name, os.path.join(TRAINING, "rewards.py"))
    module = importlib.util.module_from_spec(specification)
    sys.path.insert(0, TRAINING)
    try:
        specification.loader.exec_module(module)
    finally:
        sys.path.remove(TRAINING)
    sys.modules[name] = module
    return module


rewards = _load_rewards()


@lru_cache(maxsize=None)
def configuration(path):
    return rewards.load_config(path)


def truth_of(solution):
    """The truth in a `solution`, JSON text or object."""
    if isinstance(solution, str):
        try:
            solution = json.loads(solution)
        except ValueError as error:
            raise ValueError(f"The truth of a row is not JSON: {solution[:80]!r} ({error}).") from error
    if not isinstance(solution, dict):
        raise ValueError(f"The truth of a row is not an object: {solution!r}.")
    return solution


def truths_of(columns, count):
    """The truths of `count` rows from a trainer's columns, each a list with one value a row."""
    if columns.get("solution") is not None:
        truths = [truth_of(solution) for solution in columns["solution"]]
    else:
        missing = [key for key in NEEDED if columns.get(key) is None]
        if missing:
            raise ValueError(
                f"The data set has neither a column solution nor {', '.join(missing)}; it has "
                f"{', '.join(sorted(columns)) or 'no columns'}. Write the set anew for this trainer."
            )
        given = [key for key in KEYS if columns.get(key) is not None]
        truths = [dict(zip(given, values)) for values in zip(*(columns[key] for key in given))]
    if len(truths) != count:
        raise ValueError(f"{count} completions came with {len(truths)} truths.")
    return truths


def text_of(completion):
    """The text of a completion: itself, or the content of the last message of a conversation."""
    if isinstance(completion, str):
        return completion
    content = completion[-1]["content"]
    if isinstance(content, str):
        return content
    return "".join(part["text"] for part in content if part.get("type") == "text")


def score(text, truth):
    return rewards.score(text, truth, configuration(os.environ.get("SURGERY_R1_REWARDS")))


def scores(completions, columns):
    """The rewards of every completion, as rewards.score gives them."""
    truths = truths_of(columns, len(completions))
    return [score(text_of(completion), truth) for completion, truth in zip(completions, truths)]
