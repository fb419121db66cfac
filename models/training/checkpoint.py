"""Checkpoints of the training stages: one file with weights, labels, tokenizer, progress and the stage's own state.

A checkpoint is whole or absent: it is written beside the last one and takes its place when it is complete, so that
an interrupt or a full disk costs the minutes since the last one and no more.
"""
import os
import signal

import torch

NAME = "checkpoint.pt"


def save(folder, state):
    """Writes folder/checkpoint.pt; a failure to write leaves the last one as it is and ends the run with advice."""
    path = os.path.join(folder, NAME)
    partial = f"{path}.partial"
    try:
        torch.save(state, partial)
        os.replace(partial, path)
    except (OSError, RuntimeError) as error:
        # torch reports a full disk as a RuntimeError of its zip writer.
        if os.path.exists(partial):
            os.remove(partial)
        kept = "The last checkpoint is kept" if os.path.exists(path) else "There is no earlier checkpoint"
        raise SystemExit(f"{path}: could not be written ({error}). {kept}. Make room, then go on with --resume.") from None


def load(path, device="cpu"):
    """The state of a checkpoint file, or of the checkpoint.pt in a folder."""
    path = os.path.join(path, NAME) if os.path.isdir(path) else path
    try:
        state = torch.load(path, map_location=device)
    except FileNotFoundError:
        raise SystemExit(f"{path}: no such checkpoint. Give the folder of a run, or start without --resume.") from None
    except Exception as error:  # noqa: BLE001 - torch raises many kinds for a damaged file
        raise SystemExit(f"{path}: not a readable checkpoint ({error}).") from None
    if not isinstance(state, dict) or "model" not in state or "settings" not in state:
        raise SystemExit(f"{path}: not a checkpoint of this training code.")
    return state


def load_weights(module, tensors, path):
    """Loads tensors by name into a module; the first that does not fit is named with both shapes."""
    own = module.state_dict()
    for name, tensor in own.items():
        if name not in tensors:
            raise SystemExit(f"{path}: the tensor {name} is missing. The checkpoint is of another model.")
        if tensors[name].shape != tensor.shape:
            raise SystemExit(
                f"{path}: the tensor {name} has the shape {list(tensors[name].shape)}, this configuration needs "
                f"{list(tensor.shape)}. Use the configuration that the checkpoint was trained with."
            )
    extra = sorted(set(tensors) - set(own))
    if extra:
        raise SystemExit(f"{path}: the tensor {extra[0]} is not part of this model.")
    module.load_state_dict(tensors)


class Interrupt:
    """Turns SIGINT and SIGTERM into a flag that a training loop looks at between steps."""

    def __init__(self):
        self.raised = False
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, self._raise)

    def _raise(self, *_):
        if self.raised:
            raise KeyboardInterrupt
        self.raised = True
