"""Group Relative Policy Optimisation as pure functions: advantages, clipped surrogate, KL estimate, aggregation.

Sources: GRPO is DeepSeekMath (arXiv 2402.03300, section 4.1, equations 3 and 4). Clipping with a higher upper bound
and the mean over all tokens are DAPO (arXiv 2503.14476). Advantages without the division by the group's deviation
and a sum over tokens divided by a constant are Dr. GRPO (arXiv 2503.20783).

With o_1..o_G sampled for one question by the policy of the moment (old), rewards r_i, and t a token of o_i:

    A_i  = (r_i - mean(r)) / (std(r) + eps)
    s_it = pi(o_it) / pi_old(o_it)
    J    = mean over i, t of  min(s_it A_i, clip(s_it, 1 - low, 1 + high) A_i) - beta KL_it
    KL_it = pi_ref(o_it) / pi(o_it) - log(pi_ref(o_it) / pi(o_it)) - 1

The loss is -J. In all functions the last dimensions are as named; natural logarithms throughout.
"""
import torch

AGGREGATIONS = ("sequence", "token", "constant")


def group_advantages(rewards, deviation=True, eps=1e-4):
    """rewards [..., G] of the samples of one question each -> advantages [..., G], zero on average in each group.

    deviation: divide by the group's standard deviation (of a sample, G - 1), as GRPO; without it, as Dr. GRPO.
    A group whose rewards are all equal gets exactly 0, so that only the KL term moves its tokens. A reward that is
    not finite counts as absent: its sample gets 0 and the others are compared among themselves.
    """
    known = torch.isfinite(rewards)
    count = known.sum(-1, keepdim=True).clamp(min=1)
    values = torch.where(known, rewards, torch.zeros_like(rewards))
    centred = torch.where(known, values - values.sum(-1, keepdim=True) / count, torch.zeros_like(values))
    lowest = torch.where(known, rewards, torch.full_like(rewards, float("inf"))).amin(-1, keepdim=True)
    highest = torch.where(known, rewards, torch.full_like(rewards, float("-inf"))).amax(-1, keepdim=True)
    # Equal rewards differ from their own mean by rounding, which a small deviation would blow up.
    centred = centred * (highest > lowest)
    if not deviation:
        return centred
    spread = (centred.square().sum(-1, keepdim=True) / (count - 1).clamp(min=1)).sqrt()
    return centred / (spread + eps)


# The parts of the reward that words answer for, and those that the box does (`advantages`).
OF_WORDS, OF_BOX = ("format", "answer", "words"), ("format", "box", "coherence")


def advantages(rewards, weights, policy):
    """Advantages [..., G, 2] of an answer's words and of its box, from its rewards {part: [..., G]}.

    policy: `deviation`; `normalise`: "total" compares the weighted sum within the group; "each" compares every part,
    each divided by its own deviation, adds them up by weight and divides by the batch's deviation, so that a part that
    varies little is not drowned by one that varies much (GDPO, arXiv 2601.05242); `advantages`: "whole" gives every token
    the advantage of the whole answer; "parts" blames words for format, answer and words, and the box for format, box and
    coherence, so that words are not trained on the luck of the box.
    """

    def compared(names):
        if policy["normalise"] == "total":
            return group_advantages(sum(weights[name] * rewards[name] for name in names), policy["deviation"])
        total = sum(weights[name] * group_advantages(rewards[name]) for name in names)
        return total / (total.std(unbiased=False) + 1e-4)

    if policy["advantages"] == "whole":
        whole = compared(tuple(rewards))
        return torch.stack((whole, whole), -1)
    return torch.stack((compared(OF_WORDS), compared(OF_BOX)), -1)


def surrogate(log_probs, old, advantages, low=0.2, high=0.2):
    """Clipped policy loss of each token, and whether clipping took its gradient away.

    log_probs, old [..., T] of the sampled tokens; advantages [...] of their sequences, or [..., T]. Returns loss [..., T], which is
    -min(s A, clip(s, 1 - low, 1 + high) A), and the boolean mask of clipped tokens.
    """
    if advantages.dim() < log_probs.dim():
        advantages = advantages[..., None]
    ratio = (log_probs - old).exp()
    limited = ratio.clamp(1 - low, 1 + high)
    clipped = ((ratio > 1 + high) & (advantages > 0)) | ((ratio < 1 - low) & (advantages < 0))
    return -torch.minimum(ratio * advantages, limited * advantages), clipped


def kl_to_reference(log_probs, reference):
    """KL(policy || reference) estimated at each sampled token (the estimator k3): never negative, 0 where equal."""
    difference = reference - log_probs
    return torch.expm1(difference) - difference


def denominator(lengths, aggregation, limit):
    """What `aggregate` divides by for a whole batch: its sequences, its tokens, or sequences times the limit.

    lengths: those of the sampled answers, in tokens; limit: the most new tokens, the constant of Dr. GRPO. Taken over
    the whole batch before it is split among workers, so that the split changes nothing.
    """
    if aggregation not in AGGREGATIONS:
        raise ValueError(f"aggregation {aggregation!r}: expected one of {', '.join(AGGREGATIONS)}")
    if aggregation == "token":
        return max(1, sum(lengths))
    return max(1, len(lengths)) * (limit if aggregation == "constant" else 1)


def aggregate(values, mask, aggregation, divisor, repeats=None):
    """Sum of values [..., T] over sampled tokens, divided so that the parts of a batch add up to its mean.

    "sequence": the mean over sequences of each one's mean over tokens (GRPO); "token": the mean over all tokens
    (DAPO); "constant": the sum over tokens, divided by sequences times the limit (Dr. GRPO). repeats [...]: how often
    each sequence was sampled, when equal ones are held once; then the denominator counts them all too.
    """
    mask = mask.to(values.dtype)
    total = (values * mask).sum(-1)
    if aggregation == "sequence":
        total = total / mask.sum(-1).clamp(min=1)
    if repeats is not None:
        total = total * repeats
    return total.sum() / divisor


def objective(log_probs, old, reference, advantages, mask, settings, divisor, repeats=None, instead=None):
    """The GRPO loss of (a part of) a batch, to be minimised, and its figures as sums over the part's tokens.

    log_probs, old, reference [..., T]; reference may be None where the KL coefficient is 0. settings: clipLow,
    clipHigh, kl, aggregation. instead: (index tensors of tokens, their policy losses), for tokens whose loss is not
    that of the sample (box_policy.py). Figures: tokens, clipped and kl, each a float summed over the sampled tokens.
    """
    loss, clipped = surrogate(log_probs, old, advantages, settings["clipLow"], settings["clipHigh"])
    if instead is not None:
        loss = loss.index_put(*instead)
    weight = mask.to(log_probs.dtype) if repeats is None else mask.to(log_probs.dtype) * repeats[..., None]
    figures = {"tokens": float(weight.sum()), "clipped": float((clipped * weight).sum()), "kl": 0.0}
    if reference is not None:
        kl = kl_to_reference(log_probs, reference)
        loss = loss + settings["kl"] * kl
        figures["kl"] = float((kl.detach() * weight).sum())
    return aggregate(loss, mask, settings["aggregation"], divisor, repeats), figures
