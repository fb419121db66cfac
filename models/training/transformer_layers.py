"""Layers that the vision tower and the text model of Qwen2.5-VL share: normalisation, rotary embedding, attention and MLP.

Attention is written out because torch 1.13 has no fused one.
"""
import torch
import torch.nn.functional as F
from torch import nn


class _Normalise(torch.autograd.Function):
    """RMSNorm with its gradient written out: half the passes over memory of the traced form."""

    @staticmethod
    def forward(ctx, x, weight, eps):
        scale = torch.linalg.vector_norm(x, dim=-1, keepdim=True).square_().div_(x.shape[-1]).add_(eps).rsqrt_()
        ctx.save_for_backward(x, weight, scale)
        return (x * scale).mul_(weight)

    @staticmethod
    def backward(ctx, gradient):
        x, weight, scale = ctx.saved_tensors
        unit = x * scale
        weight_gradient = (gradient * unit).flatten(0, -2).sum(0)
        inner = gradient * weight
        mean = (inner * unit).mean(-1, keepdim=True)
        return inner.sub_(unit.mul_(mean)).mul_(scale), weight_gradient, None


class RMSNorm(nn.Module):
    def __init__(self, size, eps=1e-6):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x):
        return _Normalise.apply(x, self.weight, self.eps)


class _Rotate(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, cos, sin):
        ctx.save_for_backward(cos, sin)
        half = x.shape[-1] // 2
        out = x * cos
        out[..., :half].addcmul_(x[..., half:], sin[..., :half], value=-1)
        out[..., half:].addcmul_(x[..., :half], sin[..., half:])
        return out

    @staticmethod
    def backward(ctx, gradient):
        cos, sin = ctx.saved_tensors
        half = gradient.shape[-1] // 2
        out = gradient * cos
        out[..., :half].addcmul_(gradient[..., half:], sin[..., half:])
        out[..., half:].addcmul_(gradient[..., :half], sin[..., :half], value=-1)
        return out, None, None


def rotate(x, cos, sin):
    """Rotary embedding of x [..., tokens, head_dim]; cos and sin broadcast to it and get no gradient."""
    return _Rotate.apply(x, cos, sin)


def attend(query, key, value, mask=None, keep=None):
    """Attention over [..., heads, tokens, head_dim]; mask is added to the scores.

    When `keep` is a list, the log-probabilities' scores (after the mask) are appended to it, for attention targets.
    """
    scores = torch.matmul(query * query.shape[-1] ** -0.5, key.transpose(-1, -2))
    if mask is not None:
        scores = scores + mask
    if keep is not None:
        keep.append(scores)
    return torch.matmul(torch.softmax(scores, -1), value)


class GatedMLP(nn.Module):
    def __init__(self, size, inner, bias):
        super().__init__()
        self.gate_proj = nn.Linear(size, inner, bias=bias)
        self.up_proj = nn.Linear(size, inner, bias=bias)
        self.down_proj = nn.Linear(inner, size, bias=bias)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))
