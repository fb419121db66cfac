"""Reward functions for ms-swift: `--external_plugins .../swift_reward.py --reward_funcs surgery_r1`.

ms-swift makes one object of the class and calls it with the completions (texts) and a list for every column of the
data set. https://swift.readthedocs.io/en/latest/Instruction/GRPO/DeveloperGuide/reward_function.html

`surgery_r1` is the weighted total; surgery_r1_format, _answer, _box, _words and _coherence are its parts, unweighted, for a
run that wants them logged apart and gives `--reward_weights` itself. What a row must hold: surgery_r1_columns.py.
"""
import os
import sys

try:
    from swift.rewards import ORM, orms
except ImportError:
    # Up to version 3 the plug-in interface had another place.
    from swift.plugin import ORM, orms

sys.path.append(os.path.dirname(os.path.abspath(__file__)))
from surgery_r1_columns import scores  # noqa: E402


class SurgeryR1(ORM):
    """The weighted total of each completion."""

    part = "total"

    def __call__(self, completions, **columns):
        return [each[self.part] for each in scores(completions, columns)]


class SurgeryR1Format(SurgeryR1):
    part = "format"


class SurgeryR1Answer(SurgeryR1):
    part = "answer"


class SurgeryR1Box(SurgeryR1):
    part = "box"


class SurgeryR1Words(SurgeryR1):
    part = "words"


class SurgeryR1Coherence(SurgeryR1):
    part = "coherence"


for reward in (SurgeryR1, SurgeryR1Format, SurgeryR1Answer, SurgeryR1Box, SurgeryR1Words, SurgeryR1Coherence):
    orms["surgery_r1" if reward is SurgeryR1 else f"surgery_r1_{reward.part}"] = reward
