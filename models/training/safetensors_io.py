"""Reader and writer of the safetensors container (F32, F16, BF16 and the integer types), one file or shards.

Layout after https://github.com/huggingface/safetensors: eight bytes of header length (little endian), a JSON
header {name: {dtype, shape, data_offsets}}, then the tensors' bytes.
"""
import json
import os
import struct

import numpy as np
import torch

_NUMPY = {"F32": "<f4", "F16": "<f2", "F64": "<f8", "I64": "<i8", "I32": "<i4", "U8": "u1", "BOOL": "?"}


def read_header(path):
    """Header of one file and the offset at which its data begins."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
    header.pop("__metadata__", None)
    return header, 8 + length


def load_file(path):
    """Every tensor of one file as a torch tensor. BF16 is widened to float32, exactly."""
    header, begin = read_header(path)
    with open(path, "rb") as file:
        data = file.read()
    tensors = {}
    for name, entry in header.items():
        first, last = entry["data_offsets"]
        raw = data[begin + first : begin + last]
        if entry["dtype"] == "BF16":
            array = (np.frombuffer(raw, "<u2").astype("<u4") << 16).view("<f4")
        elif entry["dtype"] in _NUMPY:
            array = np.frombuffer(raw, _NUMPY[entry["dtype"]])
        else:
            raise ValueError(f"{path}: tensor {name} has the unsupported type {entry['dtype']}")
        tensors[name] = torch.from_numpy(array.reshape(entry["shape"]).copy())
    return tensors


def load_checkpoint(folder):
    """Tensors of a checkpoint folder: model.safetensors, or the shards named in model.safetensors.index.json."""
    single = os.path.join(folder, "model.safetensors")
    if os.path.exists(single):
        return load_file(single)
    index = os.path.join(folder, "model.safetensors.index.json")
    if not os.path.exists(index):
        raise FileNotFoundError(f"{folder}: neither model.safetensors nor model.safetensors.index.json")
    with open(index) as file:
        shards = sorted(set(json.load(file)["weight_map"].values()))
    tensors = {}
    for shard in shards:
        tensors.update(load_file(os.path.join(folder, shard)))
    return tensors


def to_bfloat16_bits(tensor):
    """Float32 tensor -> its bfloat16 bits as uint16, rounded to nearest, ties to even."""
    bits = tensor.detach().to(torch.float32).contiguous().cpu().numpy().view("<u4")
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("<u2")


def save_file(tensors, path, dtype="F32", metadata=None):
    """Writes tensors {name: tensor} as F32, F16 or BF16, in sorted order so that equal weights give equal bytes."""
    header, chunks, offset = {}, [], 0
    if metadata:
        header["__metadata__"] = metadata
    for name in sorted(tensors):
        tensor = tensors[name]
        if dtype == "BF16":
            raw = to_bfloat16_bits(tensor).tobytes()
        else:
            raw = tensor.detach().cpu().numpy().astype(_NUMPY[dtype]).tobytes()
        header[name] = {"dtype": dtype, "shape": list(tensor.shape), "data_offsets": [offset, offset + len(raw)]}
        chunks.append(raw)
        offset += len(raw)
    head = json.dumps(header, separators=(",", ":")).encode()
    head += b" " * (-len(head) % 8)
    partial = path + ".partial"
    with open(partial, "wb") as file:
        file.write(struct.pack("<Q", len(head)))
        file.write(head)
        for chunk in chunks:
            file.write(chunk)
    os.replace(partial, path)
