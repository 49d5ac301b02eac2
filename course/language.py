"""The course's language model: one layer, 512 ReLU neurons, trained on text whose contexts are known.

Introduced in notebook 08. The shape is that of "Towards Monosemanticity" (Bricken et al. 2023). Recipes:
``course.recipes.corpus`` for the text, ``course.recipes.language_model`` for tokens and training.
"""
from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from . import CourseError, data, whole
from .transformer import Transformer

END = 0  #: the token between two documents
LONGEST = 400_000  #: characters of a text to read; at a million spaces tiktoken gives up
NEURONS = "neurons 0"  #: where the neurons are among the points of the transformer
SHAPE = dict(vocabulary=4096, d_model=128, heads=4, mlp=512, layers=1, length=128)
# How text is cut before pairs are merged: the pattern of GPT-2 (Radford et al. 2019).
_CUT = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def _with_bytes(raw: bytes) -> str:
    return re.sub("[\udc80-\udcff]+", lambda found: f"‹{found[0].encode(errors='surrogateescape').hex(' ').upper()}›",
                  raw.decode(errors="surrogateescape"))


class Tokens:
    """Byte-level byte-pair encoding: any text becomes token numbers, and back without loss.

    ``pieces``: the bytes of every token but END, in the order of their numbers; 1 to 256 are the single bytes.
    """

    def __init__(self, pieces: Sequence[bytes]):
        from tiktoken import Encoding

        self.pieces = [b"", *pieces]
        self._encoding = Encoding("course", pat_str=_CUT, mergeable_ranks={p: k for k, p in enumerate(pieces, 1)},
                                  special_tokens={"<|end|>": END})

    def __len__(self):
        return len(self.pieces)

    def encode(self, text: str) -> list[int]:
        """The token numbers of ``text``; raises :class:`CourseError` if it is not text."""
        if not isinstance(text, str):
            raise CourseError(f"The model reads text, and this is {type(text).__name__}.")
        if len(text) > LONGEST:
            raise CourseError(f"This text has {len(text):,} characters. Give the model at most {LONGEST:,}.")
        return self._encoding.encode_ordinary(text)

    def decode(self, numbers: Iterable[int]) -> str:
        """The text of token numbers. Bytes that are no character, as a token may be, stand as ‹E6 97›."""
        return _with_bytes(b"".join(self.pieces[n] for n in numbers))

    def shown(self, numbers: Iterable[int]) -> list[str]:
        """The text of each token, in a row; different tokens differ. A character in several tokens stands with its
        last one, and those before it show their bytes."""
        pieces, found, waiting = [self.pieces[n] for n in numbers], [], b""
        letters = list(b"".join(pieces).decode(errors="surrogateescape"))[::-1]
        for piece in pieces:
            whole, size = b"", len(waiting + piece)
            while letters and len(whole) + len(byte := letters[-1].encode(errors="surrogateescape")) <= size:
                whole, _ = whole + byte, letters.pop()
            rest = (waiting + piece)[len(whole):]  # begins a character that the next token ends
            found.append(_with_bytes(whole + rest[-len(piece):]) if piece else "‹end›")
            waiting = rest
        return found

    def find(self, text: str) -> int:
        """The number of the token that is exactly ``text``; raises :class:`CourseError` if there is none."""
        numbers = self.encode(text)
        if len(numbers) != 1:
            raise CourseError(f"{text!r} is not one token of this model but {len(numbers)}.")
        return numbers[0]


class Language:
    """A trained model with its tokens; get it with :func:`load`."""

    def __init__(self, model: Transformer, tokens: Tokens):
        self.model, self.tokens = model.eval().requires_grad_(False), tokens

    def read(self, text: str) -> torch.Tensor:
        """The token numbers of ``text``, (1, length), with END before them, cut to what the model can see."""
        numbers = [END, *self.tokens.encode(text)]
        return torch.tensor([numbers[:self.length]])

    @cached_property
    def length(self) -> int:
        """How many tokens the model can see at once."""
        return self.model.position.num_embeddings

    def neurons(self, numbers: torch.Tensor) -> torch.Tensor:
        """What the neurons say after their ReLU, (batch, length, 512), at token ``numbers`` (batch, length)."""
        pieces = {}
        self.model(numbers, pieces=pieces, places=slice(0, 0))
        return pieces[NEURONS]

    def logits(self, numbers: torch.Tensor, neurons: Callable | None = None, places: slice = slice(None)):
        """Logits of the next token, (batch, length, 4096); ``neurons`` is a function that changes the neurons."""
        return self.model(numbers, change={NEURONS: neurons} if neurons else None, places=places)

    def loss(self, numbers: torch.Tensor, neurons: Callable | None = None, chunk: int = 32) -> float:
        """Mean −log p of every token but the first of each row, in nats; ``neurons`` as for :meth:`logits`."""
        total, count = 0.0, 0
        for part in numbers.split(chunk):
            logits = self.logits(part[:, :-1], neurons)
            total += float(cross_entropy(logits.flatten(0, 1), part[:, 1:].flatten(), reduction="sum"))
            count += part[:, 1:].numel()
        return total / count

    def write(self, text: str, count: int = 40, **how) -> str:
        """``count`` tokens that the model writes after ``text``; more settings as for :meth:`write_many`."""
        return self.write_many(text, 1, count, **how)[0]

    def write_many(self, text: str, samples: int, count: int = 40, *, temperature: float = 0.8, seed: int = 0,
                   neurons: Callable | None = None) -> list[str]:
        """``samples`` continuations of ``text``, of ``count`` tokens each; ``neurons`` as for :meth:`logits`."""
        samples, count = whole(samples, "number of texts to write"), whole(count, "number of tokens to write")
        if not temperature >= 0:
            raise CourseError("The temperature is a number, and not below 0.")
        draw, begun = torch.Generator().manual_seed(seed), torch.tensor([[END, *self.tokens.encode(text)]])
        numbers = begun.repeat(samples, 1)
        for _ in range(count):
            logits = self.logits(numbers[:, -self.length:], neurons, slice(-1, None))[:, 0]  # (samples, tokens)
            logits[:, END] = -torch.inf  # one document, not the next one
            best = logits.argmax(1, keepdim=True)
            if temperature:
                best = torch.multinomial((logits / temperature).softmax(1), 1, generator=draw)
            numbers = torch.cat([numbers, best], 1)
        return [self.tokens.decode(row[begun.shape[1]:].tolist()) for row in numbers]

    def upward(self, directions: torch.Tensor) -> torch.Tensor:
        """What directions of the neurons (count, 512) add to the logits directly, (count, 4096), mean 0.

        Through the MLP's output and the unembedding; the last norm's mean is taken off, its length is left out.
        """
        written = directions @ self.model.layers[0]["down"].weight.T
        written = (written - written.mean(1, keepdim=True)) * self.model.norm.weight
        logits = written @ self.model.unembedding.weight.T
        return logits - logits.mean(1, keepdim=True)


def tokens() -> Tokens:
    """The course's tokens, out of ``tokens.npz``."""
    stored = data.load_npz("tokens.npz")
    ends = np.cumsum(stored["lengths"])
    raw = stored["bytes"].tobytes()
    return Tokens([raw[end - size:end] for size, end in zip(stored["lengths"], ends, strict=True)])


def load() -> Language:
    """The trained model."""
    model = Transformer(**SHAPE)
    stored = data.load_npz("language_model.npz")
    model.load_state_dict({key: torch.from_numpy(value).float() for key, value in stored.items()})
    return Language(model, tokens())


def twin(seed: int = 1000) -> Language:
    """The same model with random weights, never trained: a control for all that is found in the trained one."""
    torch.manual_seed(seed)
    return Language(Transformer(**SHAPE), tokens())
