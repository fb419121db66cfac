"""Byte-level BPE: training on the domain's text, and the encoder and decoder of a tokenizer.json.

The file has Hugging Face's format and loads in their libraries. The split pattern is Qwen2's with one change: up to
three digits stay together, so that a coordinate is one token. Python's `re` has no \\p{..}; the pattern below is the
same on letters and decimal digits, which is all the domain's text has (checked against the JavaScript library).
"""
import json
import re
import unicodedata
from collections import Counter

PATTERN = r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_LETTER, _OTHER = r"[^\W\d_]", r"(?:[^\w\s]|_)"
_SPLIT = re.compile(
    rf"(?:[^\w\r\n]|_)?{_LETTER}+|\d{{1,3}}| ?{_OTHER}+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
)


def byte_alphabet():
    """GPT-2's map of each byte to a printable character."""
    keep = [*range(33, 127), *range(161, 173), *range(174, 256)]
    table, extra = {}, 0
    for byte in range(256):
        if byte in keep:
            table[byte] = chr(byte)
        else:
            table[byte] = chr(256 + extra)
            extra += 1
    return table


BYTES = byte_alphabet()
CHARACTERS = {character: byte for byte, character in BYTES.items()}


def split_words(text):
    """Pre-tokens of a text, each in the byte alphabet."""
    return ["".join(BYTES[b] for b in word.encode()) for word in _SPLIT.findall(text)]


def number_merges(largest, step):
    """Merges that make every multiple of step up to largest one token: first pairs of digits, then a third digit."""
    merges = [(str(first), str(second)) for first in range(1, 10) for second in range(10)]
    ranks = {pair: rank for rank, pair in enumerate(merges)}
    for digits in (str(value) for value in range(0, largest + 1, step) if value > 99):
        # The encoder joins the pair of lower rank first: 312 becomes 3 and 12.
        first, second = (digits[0], digits[1]), (digits[1], digits[2])
        left = ranks.get(first, 1 << 30) <= ranks.get(second, 1 << 30)
        merges.append((digits[:2], digits[2]) if left else (digits[0], digits[1:]))
    return merges


def learn_merges(pieces, counts):
    """Merges, in order of pair frequency, until each word of pieces {word: parts} is one token; counts {word: how often}."""
    merges, pieces = [], {word: parts for word, parts in pieces.items() if len(parts) > 1}
    while pieces:
        pairs = Counter()
        for word, parts in pieces.items():
            for pair in zip(parts, parts[1:]):
                pairs[pair] += counts[word]
        best = max(pairs.items(), key=lambda item: (item[1], item[0]))[0]
        merges.append(best)
        for word, parts in list(pieces.items()):
            if best[0] in parts:
                pieces[word] = merge(parts, best)
                if len(pieces[word]) == 1:
                    del pieces[word]
    return merges


def train(texts, largest, step):
    """Merges for the multiples of step, then for every word of the texts."""
    counts = Counter(word for text in texts for word in split_words(text) if not word.isdigit())
    return number_merges(largest, step) + learn_merges({word: list(word) for word in counts}, counts)


def merge(parts, pair):
    out, index = [], 0
    while index < len(parts):
        if index + 1 < len(parts) and (parts[index], parts[index + 1]) == pair:
            out.append(parts[index] + parts[index + 1])
            index += 2
        else:
            out.append(parts[index])
            index += 1
    return out


def build(merges, special, plain):
    """tokenizer.json as a dict. special: control tokens; plain: added tokens that are ordinary text of an answer."""
    vocabulary = {character: index for index, character in enumerate(sorted(BYTES.values()))}
    for first, second in merges:
        vocabulary.setdefault(first + second, len(vocabulary))
    added = []
    for content in [*special, *plain]:
        added.append(
            {
                "id": len(vocabulary) + len(added),
                "content": content,
                "single_word": False,
                "lstrip": False,
                "rstrip": False,
                "normalized": False,
                "special": content in special,
            }
        )
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added,
        "normalizer": {"type": "NFC"},
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [
                {"type": "Split", "pattern": {"Regex": PATTERN}, "behavior": "Isolated", "invert": False},
                byte_level,
            ],
        },
        "post_processor": byte_level,
        "decoder": byte_level,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": "",
            "end_of_word_suffix": "",
            "fuse_unk": False,
            "byte_fallback": False,
            "vocab": vocabulary,
            "merges": [f"{first} {second}" for first, second in merges],
        },
    }


class Tokenizer:
    def __init__(self, data):
        self.vocabulary = data["model"]["vocab"]
        self.ranks = {tuple(m.split(" ")): rank for rank, m in enumerate(data["model"]["merges"])}
        self.added = {entry["content"]: entry["id"] for entry in data["added_tokens"]}
        self.special = {entry["id"] for entry in data["added_tokens"] if entry["special"]}
        longest_first = sorted(self.added, key=len, reverse=True)
        self.splitter = re.compile("(" + "|".join(re.escape(content) for content in longest_first) + ")")
        self.names = {index: token for token, index in self.vocabulary.items()}
        self.contents = {index: content for content, index in self.added.items()}
        self.cache = {}

    @classmethod
    def load(cls, path):
        with open(path, encoding="utf8") as file:
            return cls(json.load(file))

    @property
    def size(self):
        return len(self.vocabulary) + len(self.added)

    def word(self, word):
        if word not in self.cache:
            parts = list(word)
            while len(parts) > 1:
                best = min(zip(parts, parts[1:]), key=lambda pair: self.ranks.get(pair, 1 << 30))
                if best not in self.ranks:
                    break
                parts = merge(parts, best)
            self.cache[word] = [self.vocabulary[part] for part in parts]
        return self.cache[word]

    def encode(self, text):
        """Ids of a text in which added tokens may stand as text."""
        ids = []
        for part in self.splitter.split(text):
            if part in self.added:
                ids.append(self.added[part])
            elif part:
                for word in split_words(unicodedata.normalize("NFC", part)):
                    ids += self.word(word)
        return ids

    def decode(self, ids, skip_special=True):
        out = bytearray()
        for index in ids:
            if index in self.contents:
                if not (skip_special and index in self.special):
                    out += self.contents[index].encode()
            else:
                out += bytes(CHARACTERS[character] for character in self.names[index])
        return out.decode("utf8", errors="replace")
