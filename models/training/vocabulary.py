"""A vocabulary that grows: a model that can read and write is taught more words.

The merges of before stay, and new ones follow them, so that every text of before has the tokens that it had. A new
token's embedding begins as the mean of those of its pieces, which is what the model read in its place before.
"""
import copy

import torch
from torch import nn

from tokenizer import Tokenizer, build, learn_merges, split_words


def grown(data, texts, special, plain):
    """tokenizer.json's content with one token for each word of the texts, after all that `data` has."""
    before = Tokenizer(data)
    merges = [tuple(entry.split(" ")) for entry in data["model"]["merges"]]
    counts = {}
    for text, count in texts.items():
        for part in before.splitter.split(text):
            for word in [] if part in before.added else split_words(part):
                if not word.isdigit():
                    counts[word] = counts.get(word, 0) + count
    pieces = {word: [before.names[index] for index in before.word(word)] for word in counts}
    return build([*merges, *learn_merges(pieces, counts)], special, plain)


def resize_embedding(model, before, after):
    """The model with rows for the tokens of another tokenizer that holds all of the one before, as a new model.

    before, after: Tokenizers. A model with an output projection of its own is refused.
    """
    if not model.config["tie_word_embeddings"]:
        raise SystemExit("This model writes with other rows than it reads: its vocabulary cannot grow here.")
    old = model.model.embed_tokens.weight.detach()
    rows = torch.empty(after.size, old.shape[1])
    for token, index in after.vocabulary.items():
        rows[index] = old[before.word(token)].mean(0)
    for content, index in after.added.items():
        rows[index] = old[before.added[content]]
    model = copy.deepcopy(model)
    model.config = {**model.config, "vocab_size": after.size}
    model.model.config = model.config
    model.model.embed_tokens = nn.Embedding.from_pretrained(rows, freeze=False)
    return model
