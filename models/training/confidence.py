"""How well a stated probability tells right answers from wrong ones: AUROC, AURC and ECE.

The same definitions as models/evaluation/metrics: ties count half; risk against coverage, the surest kept first;
ten bins of equal width, each open below.
"""
import numpy as np


def auroc(stated, right):
    """Chance that a right answer is stated above a wrong one; None where there are none of one kind."""
    stated, right = np.asarray(stated, float), np.asarray(right, bool)
    above, below = int(right.sum()), int((~right).sum())
    if above == 0 or below == 0:
        return None
    _, place, counts = np.unique(stated, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks = (ends - counts + 1 + ends) / 2
    return float((ranks[place][right].sum() - above * (above + 1) / 2) / (above * below))


def aurc(stated, right):
    """Mean share of wrong answers among the surest ones, over every share that is kept; equals are kept together."""
    order = np.argsort(-np.asarray(stated, float), kind="stable")
    values, wrong = np.asarray(stated, float)[order], (~np.asarray(right, bool))[order].astype(float)
    _, starts, counts = np.unique(-values, return_index=True, return_counts=True)
    for start, count in zip(starts, counts):
        wrong[start : start + count] = wrong[start : start + count].mean()
    return float((np.cumsum(wrong) / np.arange(1, len(wrong) + 1)).mean())


def ece(stated, right, bins=10):
    """Mean difference of the stated probability from the share that is right, over bins."""
    stated, right = np.asarray(stated, float), np.asarray(right, float)
    place = np.clip(np.ceil(stated * bins).astype(int) - 1, 0, bins - 1)
    parts = [place == index for index in range(bins)]
    gaps = [abs(stated[part].mean() - right[part].mean()) * part.sum() for part in parts if part.any()]
    return float(sum(gaps) / len(stated))


def report(stated, right):
    """The three, rounded, with how many answers they are of."""
    area = auroc(stated, right)
    found = {"answers": len(stated), "auroc": None if area is None else round(area, 4)}
    return {**found, "aurc": round(aurc(stated, right), 4), "ece": round(ece(stated, right), 4)}
