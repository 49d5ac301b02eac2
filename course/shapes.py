"""Coloured shapes, networks with two heads, and memorisers: can a pair be named that was never seen?

Introduced in notebook 01. Images are drawn here, so that there are as many as anybody wants, and
so that it is known what is in them: purple is exactly red plus blue.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from . import CourseError
from .threads import one_thread

SIZE = 12  #: height and width of an image in pixels
COLOURS = ("red", "blue", "purple", "green")
SHAPES = ("triangle", "square", "circle", "cross")
_RED, _BLUE = np.array([0.75, 0, 0]), np.array([0, 0, 0.75])
#: Red, green and blue part of each colour, 0 to 1. Grey is not among the colours that are learned.
RGB = {"red": _RED, "blue": _BLUE, "purple": _RED + _BLUE, "green": np.array([0, 0.75, 0]), "grey": np.full(3, 0.75)}


@dataclass(frozen=True)
class Images:
    """Images, and what is in them."""

    pixels: np.ndarray  #: (count, 3 · SIZE · SIZE), 0 to 1: rows, columns, then red, green, blue
    colour: np.ndarray  #: (count,) place in COLOURS, or −1 for grey
    shape: np.ndarray  #: (count,) place in SHAPES

    def __len__(self):
        return len(self.colour)

    def where(self, chosen) -> Images:
        """Those of ``chosen``, a mask (count,) or places."""
        return Images(self.pixels[chosen], self.colour[chosen], self.shape[chosen])

    def are(self, colour: str, shape: str) -> np.ndarray:
        """Mask (count,) of the images of one pair."""
        return (self.colour == COLOURS.index(colour)) & (self.shape == SHAPES.index(shape))

    def pair(self) -> np.ndarray:
        """(count,) one number for colour and shape together: 4 · colour + shape."""
        return self.colour * len(SHAPES) + self.shape


def draw(colour: str, shape: str, count: int = 1, seed: int = 0, grey: float = 0.0) -> Images:
    """``count`` images of one colour and shape; place, size, shade, background and noise are random.

    ``grey``: how much of the paint is grey, 0 (pure colours) to 1 (nothing but grey).
    """
    if colour not in RGB or shape not in SHAPES:
        raise CourseError(f"There is no “{colour} {shape}” here. Colours: {', '.join(RGB)}; "
                          f"shapes: {', '.join(SHAPES)}.")
    rng = np.random.default_rng([seed, list(RGB).index(colour), SHAPES.index(shape)])
    radius = rng.uniform(2.7, 3.3, (count, 1, 1))
    middle = rng.uniform(-0.7, 0.7, (2, count, 1, 1))
    place = np.arange(SIZE) - (SIZE - 1) / 2
    inside = np.clip(_depth(shape, place - middle[0], place[:, None] - middle[1], radius) + 0.5, 0, 1)[..., None]
    paint = (1 - grey) * RGB[colour] + grey * RGB["grey"] + rng.normal(0, 0.07, (count, 1, 1, 3))
    background = rng.uniform(0, 0.25, (count, 1, 1, 1))
    image = inside * paint + (1 - inside) * background + rng.normal(0, 0.05, (count, SIZE, SIZE, 3))
    known = COLOURS.index(colour) if colour in COLOURS else -1
    return Images(image.clip(0, 1).reshape(count, -1).astype(np.float32), np.full(count, known),
                  np.full(count, SHAPES.index(shape)))


def _depth(shape, x, y, r):
    """How many pixels a point lies inside; all shapes have the area of a circle of radius ``r``."""
    if shape == "circle":
        return r - np.hypot(x, y)
    if shape == "square":
        return np.sqrt(np.pi) / 2 * r - np.maximum(abs(x), abs(y))
    if shape == "cross":
        long, thin = 1.189 * r, 0.396 * r
        return np.maximum(np.minimum(long - abs(x), thin - abs(y)), np.minimum(thin - abs(x), long - abs(y)))
    inner = np.sqrt(np.pi / 27 ** 0.5) * r  # a triangle of area 3√3 inner²
    return inner - np.maximum(y, abs(x) * 3 ** 0.5 / 2 - y / 2)


def all_pairs(count: int, seed: int = 0, grey: float = 0.0) -> Images:
    """``count`` images of each pair of colour and shape, in the order of :meth:`Images.pair`."""
    parts = [draw(colour, shape, count, seed, grey) for colour in COLOURS for shape in SHAPES]
    return Images(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("pixels", "colour", "shape")))


@dataclass(frozen=True)
class Networks:
    """Several networks with one hidden layer and two heads, of the same sizes."""

    W: torch.Tensor  #: (networks, pixels, hidden)
    b: torch.Tensor  #: (networks, 1, hidden)
    V: torch.Tensor  #: (networks, hidden, 8): four scores for the colour, four for the shape
    c: torch.Tensor  #: (networks, 1, 8)

    def hidden(self, pixels) -> np.ndarray:
        """What the hidden layer says for ``pixels`` (count, pixels), after the ReLU: (networks, count, hidden)."""
        return torch.relu(torch.as_tensor(pixels) @ self.W + self.b).numpy()

    def read(self, hidden) -> tuple[np.ndarray, np.ndarray]:
        """Colour and shape that each network names for its ``hidden`` (networks, count, hidden); (networks, count)."""
        scores = torch.as_tensor(np.asarray(hidden, np.float32)) @ self.V + self.c
        return scores[..., :4].argmax(-1).numpy(), scores[..., 4:].argmax(-1).numpy()

    def answers(self, pixels) -> tuple[np.ndarray, np.ndarray]:
        """Colour and shape that each network names for ``pixels`` (count, pixels), both (networks, count)."""
        return self.read(self.hidden(pixels))

    def right(self, images: Images) -> np.ndarray:
        """(networks, count) whether both answers are right."""
        colour, shape = self.answers(images.pixels)
        return (colour == images.colour) & (shape == images.shape)


@one_thread()
def train(images: Images, *, seeds: int = 10, steps: int = 300, seed: int = 0) -> Networks:
    """Train ``seeds`` networks side by side on ``images``, each from its own start and on its own batches.

    64 hidden neurons, cross-entropy of both heads, Adam. The plain loop for one network is in tests/test_shapes.py.
    """
    if not len(images):
        raise CourseError("There is nothing left to train on: every image is held out.")
    random = torch.Generator().manual_seed(seed)
    W, b = _linear(images.pixels.shape[1], 64, seeds, random)
    V, c = _linear(64, len(COLOURS) + len(SHAPES), seeds, random)
    pixels, colour, shape = (torch.as_tensor(part) for part in (images.pixels, images.colour, images.shape))
    optimiser = torch.optim.Adam([W, b, V, c], lr=0.01, fused=True)
    for _ in range(steps):
        some = torch.randint(len(images), (seeds, 64), generator=random)
        h = torch.relu(torch.baddbmm(b, pixels[some], W))
        scores = torch.baddbmm(c, h, V).flatten(0, 1)
        loss = (cross_entropy(scores[:, :4], colour[some].flatten())
                + cross_entropy(scores[:, 4:], shape[some].flatten())) * seeds  # each network its own mean
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return Networks(W.detach(), b.detach(), V.detach(), c.detach())


def _linear(inputs, outputs, copies, random):
    """First weights and biases of ``copies`` linear layers, drawn as nn.Linear draws them."""
    return [((torch.rand(copies, rows, outputs, generator=random) * 2 - 1) / inputs ** 0.5).requires_grad_()
            for rows in (inputs, 1)]


def recall(stored: Images, pixels, k: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """A memoriser: colour and shape, (count,) each, that most of the ``k`` most similar ``stored`` images have.

    The two are voted on separately: with ``k`` > 1 the answer may be a pair that is not stored.
    """
    pixels = np.asarray(pixels)
    distance = (stored.pixels ** 2).sum(1) - 2 * pixels @ stored.pixels.T
    near = np.argpartition(distance, k - 1, axis=1)[:, :k]
    return tuple((part[near][..., None] == np.arange(4)).sum(1).argmax(1) for part in (stored.colour, stored.shape))


def direction(h, on) -> np.ndarray:
    """Mean of ``h`` (…, count, n) over the images ``on``, a mask (count,), minus the mean over all others: (…, n)."""
    return h[..., on, :].mean(axis=-2) - h[..., ~on, :].mean(axis=-2)


def auc(on, off) -> np.ndarray:
    """How often a number of ``on`` (count, …) is above one of ``off`` (count, …); equal ones count half.

    1 and 0: one threshold tells them apart without a mistake; 0.5: as good as a coin.
    """
    on, off = np.asarray(on)[:, None], np.asarray(off)
    return ((on > off).mean(axis=(0, 1)) + (on >= off).mean(axis=(0, 1))) / 2


def explained(values, labels) -> np.ndarray:
    """Share of the variance of each column of ``values`` (count, n) that lies between groups of equal label."""
    values, labels = np.asarray(values, float), np.asarray(labels)
    middle = values.mean(0)
    between = sum((labels == k).mean() * (values[labels == k].mean(0) - middle) ** 2 for k in np.unique(labels))
    return between / np.maximum(values.var(0), 1e-12)
