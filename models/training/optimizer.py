"""Muon for the matrices of the transformer blocks, AdamW for everything else, as one optimiser with a state dict.

Muon (Keller Jordan, 2024): momentum, then the update's singular values are brought to about one by a quintic
Newton-Schulz iteration; scaled to AdamW's update size (0.2 * sqrt(larger side)), so that both share one rate.
"""
import torch


def orthogonalise(matrix, steps=5):
    """[rows, columns] -> about the nearest (semi-)orthogonal matrix."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = matrix / (matrix.norm() + 1e-7)
    tall = x.shape[0] > x.shape[1]
    if tall:
        x = x.T
    for _ in range(steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if tall else x


class Optimizer:
    def __init__(self, named, use_muon, rate, decay):
        """named: [(name, parameter)]. Matrices under blocks, layers and the merger take Muon when use_muon."""
        self.rate, self.decay = rate, decay
        self.muon, rest = {}, {True: [], False: []}
        for name, parameter in named:
            block = "blocks." in name or "layers." in name or "merger.mlp" in name
            if use_muon and parameter.ndim == 2 and block:
                self.muon[name] = (parameter, torch.zeros_like(parameter))
            else:
                rest[parameter.ndim > 1 and "embed" not in name].append(parameter)
        self.adam = torch.optim.AdamW(
            [{"params": rest[True], "weight_decay": decay}, {"params": rest[False], "weight_decay": 0.0}],
            lr=rate,
            betas=(0.9, 0.98),
            eps=1e-9,
        )

    @torch.no_grad()
    def step(self, factor):
        """One update at rate * factor."""
        for group in self.adam.param_groups:
            group["lr"] = self.rate * factor
        self.adam.step()
        for name, (parameter, momentum) in self.muon.items():
            if parameter.grad is None:
                continue
            momentum.mul_(0.95).add_(parameter.grad, alpha=0.05)
            update = parameter.grad.lerp(momentum, 0.95)
            # Query, key and value share one matrix in the vision tower; each is made orthogonal by itself.
            parts = update.chunk(3, 0) if "qkv" in name else (update,)
            update = torch.cat([orthogonalise(part) * 0.2 * max(part.shape) ** 0.5 for part in parts])
            parameter.mul_(1 - self.rate * factor * self.decay)
            parameter.add_(update, alpha=-self.rate * factor)

    def state_dict(self):
        return {"adam": self.adam.state_dict(), "muon": {name: m for name, (_, m) in self.muon.items()}}

    def load_state_dict(self, state):
        self.adam.load_state_dict(state["adam"])
        for name, momentum in state["muon"].items():
            self.muon[name][1].copy_(momentum)
