"""The exercises of notebook 01."""
from __future__ import annotations

import numpy as np

from . import Exercise, summing


def _images():
    every = np.divmod(np.arange(16), 4)
    return [(np.array([2, 2, 0, 0, 2, 1]), np.array([0, 1, 0, 3, 0, 2]), 2, 0), (*every, 0, 3), (*every, 3, 1)]


may_train_on = Exercise(
    stub="""
def may_train_on(colour, shape, held_colour, held_shape):
    return (colour != held_colour) & (shape != held_shape)
""",
    solution_source="~((colour == held_colour) & (shape == held_shape))",
    cases=_images,
    mistakes={
        "& -> |": "This leaves out every image of that colour and every image of that shape. Which single pair should "
                  "go?",
        "~( -> (": "This keeps the held-out pair and throws away all the rest. Turn the mask round.",
        "colour != held_colour": "This leaves out the colour altogether, in every shape.",
        "shape != held_shape": "This leaves out the shape altogether, in every colour.",
        "~((colour == held_colour) & -> ((colour == held_colour) ^":
            "`^` keeps only images that share exactly one of the two. Those that share neither may stay as well.",
        "& -> ^": "Images that share exactly one of the two are left out here. They may be trained on.",
        "colour == colour": "Nothing is left out: the held-out pair is among the images.",
        "== held_colour -> == held_shape\nshape == held_shape -> shape == held_colour":
            "Colour is compared with the held-out shape, and shape with the held-out colour.",
        "== held_colour -> == 2\n== held_shape -> == 0":
            "This always leaves out purple triangles. Leave out the pair that the function is told.",
        "(colour == held_colour) -> (colour == held_colour).astype(int)":
            "`~` works on True and False. Of the whole numbers 0 and 1 it makes −1 and −2.",
        **dict.fromkeys(("np.flatnonzero(~((colour == held_colour) & (shape == held_shape)))",
                         "np.where(~((colour == held_colour) & (shape == held_shape)))",
                         "colour[~((colour == held_colour) & (shape == held_shape))]"),
                        "A mask has one True or False for each image, kept or not. These are the images, or their "
                        "places."),
    },
    shows="One pair is left out, and nothing else. With the bug the network would never have met purple, nor any "
          "triangle, and failing would have said nothing about putting the two together.",
    hints=("Take a red triangle, with purple triangles held out. What does the function say to it?",
           "Write down first which images are the held-out pair.",
           "“Not (purple and triangle)” is not “(not purple) and (not triangle)”. `~mask` turns a mask round."),
    setup=lambda: dict(np=np), difficulty="easy", minutes=3,
)


def _vectors():
    """Vectors that can be tried by hand, and random ones; their readings go below 0 and above 1."""
    rng, off = np.random.default_rng(12), np.array([[0.0, 0.0], [2.0, 0.0]])
    cases = [(np.array([[2.0, 2], [3, -1], [3, 4], [0, 1], [0, -2]]), np.array([[1.0, 2], [3, 2], [2, 2]]), off)]
    for count, size, n_on, n_off in ((8, 6, 4, 9), (7, 4, 12, 5)):
        cases.append((rng.normal(size=(count, size)) * 3 + 2, rng.random((n_on, size)) * 2 + 2,
                      rng.random((n_off, size)) * 2 + 1))
    return cases


_ZERO = "Zero should be at the mean of `off`, and here it is at the mean of "
reading = Exercise(
    stub="def reading(h, on, off):\n    return ...",
    solution_source="""
        direction = on.mean(axis=0) - off.mean(axis=0)
        return (h - off.mean(axis=0)) @ direction / (direction @ direction)
        """,
    cases=_vectors,
    mistakes={
        "(h - off.mean(axis=0)) -> h\n/ (direction @ direction) ->":
            "This is the bare dot product. Where is zero, and what is one?",
        "(h - off.mean(axis=0)) -> h":
            "The scale is right, but zero is not yet at the mean of `off`. What has to be subtracted first?",
        "/ (direction @ direction) ->":
            "Zero is right: the mean of `off`. The mean of `on` should read 1, and does not.",
        "(direction @ direction) -> np.linalg.norm(direction)":
            "Divided once by the length of the direction. The mean of `on` then reads that length; divide once more.",
        "(h - off.mean(axis=0)) -> h\n(direction @ direction) -> (on.mean(axis=0) @ direction)":
            "The mean of `on` reads 1, but that of `off` does not read 0. What has to be subtracted first?",
        "on.mean(axis=0) - off.mean(axis=0) -> off.mean(axis=0) - on.mean(axis=0)\n(h - off -> (h - on":
            "The sign is turned: here the mean of `off` reads 1 and that of `on` reads 0.",
        "on.mean(axis=0) - off.mean(axis=0) -> off.mean(axis=0) - on.mean(axis=0)":
            "The direction points from `on` to `off`: here the mean of `on` reads −1.",
        "(h - off -> (h - on": _ZERO + "`on`.",
        "(h - off.mean(axis=0)) -> (h - np.concatenate([on, off]).mean(axis=0))": _ZERO + "all of `on` and `off`.",
        "(h - off.mean(axis=0)) -> (h - (on.mean(axis=0) + off.mean(axis=0)) / 2)": _ZERO + "the two means.",
        "(h - off.mean(axis=0)) -> (h - h.mean(axis=0))": _ZERO + "`h`.",
        "(direction @ direction) -> (direction @ direction) > 0.5":
            "These are yes and no. The reading itself is asked for, before any threshold.",
        **dict.fromkeys([f"return ( -> return np.{cut}((\n@ direction) -> @ direction), {ends})" for cut, ends in
                         (("clip", "0, 1"), ("minimum", "1"), ("maximum", "0"))],
                        "The scale goes on below 0 and above 1. Here the readings are cut off."),
        "(direction @ direction) -> np.linalg.norm(direction) / np.linalg.norm(h - off.mean(axis=0), axis=1)":
            "These are cosines: the length of each vector is divided out. Divide only by that of the direction, twice.",
        "(h - off.mean(axis=0)) @ direction -> direction @ (h - off.mean(axis=0))":
            "h has one vector a row, so it comes first: `h @ direction`, less its zero, has one number for each.",
        "@ direction / -> * direction /":
            "The products still have to be added for each vector: use `@`, or `.sum(axis=1)`.",
        "axis=0 -> axis=1":
            "The means run along axis 1, over the numbers of one vector. Over the vectors: axis 0.",
        "axis=0 ->": "`.mean()` makes one number of a whole table. Over the vectors: `.mean(axis=0)`.",
    },
    shows="One subtraction and one dot product read a property out of 64 numbers, on a scale where 0 is “as without” "
          "and 1 is “as with”. The picture below uses this scale.",
    hints=("The direction is `on.mean(axis=0) - off.mean(axis=0)`.",
           "Subtract `off.mean(axis=0)` from h, then take the dot product with the direction: that puts zero right.",
           "The mean of `on` now reads `direction @ direction`. Divide by it."),
    setup=lambda: dict(np=np), difficulty="medium", minutes=6,
)

summary = summing(__name__, "01")
