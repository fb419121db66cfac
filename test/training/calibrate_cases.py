"""The calibration's arithmetic on answers that are made up. Prints JSON.

    calibrate_cases.py
"""
import json
import os
import sys

import numpy as np

ROOT = os.path.join(os.path.dirname(__file__), "../../models/training")
sys.path.insert(0, ROOT)
import calibrate  # noqa: E402
import confidence  # noqa: E402


def made(slope, intercept, count):
    """Log-probabilities, and answers that are right as often as a calibration with these numbers says."""
    random = np.random.default_rng(3)
    logs = -random.exponential(1.0, count)
    chance = calibrate.calibrated(logs, {"slope": slope, "intercept": intercept})
    return logs, random.random(count) < chance


def refused(logs, right):
    try:
        calibrate.fit(logs, right)
    except SystemExit as error:
        return str(error)
    return None


def main():
    given = {"slope": 0.6, "intercept": 0.8}
    logs, right = made(0.6, 0.8, 40_000)
    overconfident = np.concatenate((np.arange(400) % 4 > 0, np.arange(400) % 4 == 0))
    random = np.random.default_rng(5)
    told = np.concatenate((random.random(400).round(2), [0.0, 0.1, 0.1, 1.0, 1.0]))
    held = random.random(len(told)) < told
    points = [-1e-12, -0.0001, -0.02, -0.5, -3.0, -40.0, -900.0]
    print(
        json.dumps(
            {
                "fitted": calibrate.fit(logs, right),
                "overconfident": calibrate.fit(np.repeat([-1e-6, -2.0], 400), overconfident),
                "points": [[x, float(calibrate.calibrated(x, given))] for x in points],
                "given": given,
                "told": [[float(p), bool(r)] for p, r in zip(told, held)],
                "report": confidence.report(told, held),
                "nothingWrong": confidence.report([0.5, 0.7], [True, True]),
                "allRight": refused(logs, np.ones(len(logs), bool)),
                "turned": refused(logs, ~right),
            }
        )
    )


if __name__ == "__main__":
    main()
