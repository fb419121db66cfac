"""The mean of the weights over the last part of a run (stochastic weight averaging, Izmailov et al., arXiv 1803.05407).

A policy gradient of a few dozen questions is mostly noise, and every step throws the weights a little off a good
place; their mean lies nearer to it than the last of them.
"""
import torch


class Average:
    """Running mean of tensors, from step `begin` (counted from 1) on."""

    def __init__(self, parameters, begin):
        self.parameters, self.begin, self.count = parameters, begin, 0
        self.mean = [parameter.detach().clone() for parameter in parameters]

    @torch.no_grad()
    def add(self, step):
        """Takes in the weights after a step."""
        if step < self.begin:
            return
        self.count += 1
        for mean, parameter in zip(self.mean, self.parameters):
            mean.add_((parameter - mean) / self.count)

    @torch.no_grad()
    def swap(self):
        """The mean and the weights change places; nothing happens while there is no mean."""
        if self.count:
            for mean, parameter in zip(self.mean, self.parameters):
                kept = parameter.clone()
                parameter.copy_(mean)
                mean.copy_(kept)

    def state_dict(self):
        return {"count": self.count, "mean": self.mean}

    def load_state_dict(self, state):
        self.count = state["count"]
        for mean, saved in zip(self.mean, state["mean"]):
            mean.copy_(saved)
