"""The exercises of notebook 01."""
from __future__ import annotations

import numpy as np

from . import Exercise, Mistake, Wrong, array, call


def _setup() -> dict:
    return dict(np=np)


def _check_may_train_on(answer):
    rng = np.random.default_rng(11)
    for count, held_colour, held_shape in ((300, 2, 0), (240, 0, 3), (311, 3, 1)):
        colour, shape = rng.integers(0, 4, (2, count))
        said = call(answer, colour, shape, held_colour, held_shape)
        found = array(said, (count,), "The mask")
        if not np.isin(found, (0, 1)).all():
            raise Wrong("A mask says True or False for each image, and this has other values. Give back the mask, "
                        "not the images or their places.")
        found, same_colour, same_shape = found.astype(bool), colour == held_colour, shape == held_shape
        held = same_colour & same_shape
        if (found == ~held).all():
            continue
        for wrong, says in (
            (~same_colour & ~same_shape, "This leaves out every image of that colour and every image of that shape. "
                                         "Which single pair should go?"),
            (held, "This keeps the held-out pair and throws away all the rest. Turn the mask round."),
            (~same_colour, "This leaves out the colour altogether, in every shape."),
            (~same_shape, "This leaves out the shape altogether, in every colour."),
            (same_colour ^ same_shape, "`^` keeps only images that share exactly one of the two. An image that shares "
                                       "neither may be trained on as well."),
            (np.ones(count, bool), "Nothing is left out: the held-out pair is among the images."),
        ):
            if (found == wrong).all():
                raise Wrong(says)
        raise Wrong(f"With colour {held_colour} and shape {held_shape} held out, {(~held).sum()} of {count} images "
                    f"should stay, and {int((found == ~held).sum())} of the {count} are treated as they should be.")


may_train_on = Exercise(
    variable="may_train_on",
    stub="""
def may_train_on(colour, shape, held_colour, held_shape):
    return (colour != held_colour) & (shape != held_shape)
""",
    checker=_check_may_train_on,
    shows="One pair is left out, and nothing else. With the bug the network would never have met purple, nor any "
          "triangle, and failing would have said nothing about putting the two together.",
    hints=("Take a red triangle, with purple triangles held out. What does the function say to it?",
           "Write down first which images are the held-out pair.",
           "“Not (purple and triangle)” is not “(not purple) and (not triangle)”. `~mask` turns a mask round."),
    solution_source="""
def may_train_on(colour, shape, held_colour, held_shape):
    return ~((colour == held_colour) & (shape == held_shape))
""",
    mistakes=(
        Mistake("""
def may_train_on(colour, shape, held_colour, held_shape):
    return ~((colour == held_colour) | (shape == held_shape))
""", "Which single pair should go"),
        Mistake("""
def may_train_on(colour, shape, held_colour, held_shape):
    return (colour == held_colour) & (shape == held_shape)
""", "throws away all the rest"),
        Mistake("""
def may_train_on(colour, shape, held_colour, held_shape):
    return colour != held_colour
""", "in every shape"),
        Mistake("""
def may_train_on(colour, shape, held_colour, held_shape):
    return shape != held_shape
""", "in every colour"),
        Mistake("""
def may_train_on(colour, shape, held_colour, held_shape):
    return (colour == held_colour) ^ (shape == held_shape)
""", "share exactly one of the two"),
        Mistake("""
def may_train_on(colour, shape, held_colour, held_shape):
    return colour == colour
""", "Nothing is left out"),
    ),
    setup=_setup,
)


def _check_reading(answer):
    rng = np.random.default_rng(12)
    for count, size, n_on, n_off in ((50, 6, 40, 90), (37, 9, 120, 30), (64, 4, 25, 60)):
        shift = rng.normal(size=size) + 1.5
        on, off = rng.random((n_on, size)) * 2 + 3 + shift, rng.random((n_off, size)) * 2 + 1
        h = rng.normal(size=(count, size)) * 2 + 2
        found = array(call(answer, h, on, off), (count,), "The readings")
        low, high = off.mean(axis=0), on.mean(axis=0)
        direction = high - low
        true = (h - low) @ direction / (direction @ direction)

        def is_it(one, found=found):
            return np.allclose(found, one, rtol=1e-5, atol=1e-8)

        if is_it(true):
            continue
        overall = np.concatenate([on, off]).mean(axis=0)
        length = np.linalg.norm(direction)
        for wrong, says in (
            (h @ direction, "This is the bare dot product. Where is zero, and what is one?"),
            (h @ direction / (direction @ direction), "The scale is right, but zero is not yet at the mean of `off`. "
                                                      "What has to be subtracted first?"),
            ((h - low) @ direction, "Zero is right: the mean of `off`. The mean of `on` should read 1, and does not."),
            ((h - low) @ direction / length, "Divided once by the length of the direction. The mean of `on` then "
                                             "reads that length; divide once more."),
            (1 - true, "The sign is turned: here the mean of `off` reads 1 and that of `on` reads 0."),
            ((h - overall) @ direction / (direction @ direction), "Zero is at the mean of all images here, and should "
                                                                  "be at the mean of those without the property."),
            (true > 0.5, "These are yes and no. The reading itself is asked for, before any threshold."),
        ):
            if is_it(wrong):
                raise Wrong(says)
        raise Wrong(f"The mean of `off` should read 0 and that of `on` 1. The first of {count} vectors should read "
                    f"{true[0]:.3f}, and this gives {found[0]:.3f}.")


reading = Exercise(
    variable="reading",
    stub="""
def reading(h, on, off):
    return ...
""",
    checker=_check_reading,
    shows="One subtraction and one dot product read a property out of 64 numbers, on a scale where 0 is “as without” "
          "and 1 is “as with”. The picture below uses this scale.",
    hints=("The direction is `on.mean(axis=0) - off.mean(axis=0)`.",
           "Subtract `off.mean(axis=0)` from h, then take the dot product with the direction: that puts zero right.",
           "The mean of `on` now reads `direction @ direction`. Divide by it."),
    solution_source="""
def reading(h, on, off):
    direction = on.mean(axis=0) - off.mean(axis=0)
    return (h - off.mean(axis=0)) @ direction / (direction @ direction)
""",
    mistakes=(
        Mistake("""
def reading(h, on, off):
    return h @ (on.mean(axis=0) - off.mean(axis=0))
""", "bare dot product"),
        Mistake("""
def reading(h, on, off):
    direction = on.mean(axis=0) - off.mean(axis=0)
    return h @ direction / (direction @ direction)
""", "What has to be subtracted first"),
        Mistake("""
def reading(h, on, off):
    direction = on.mean(axis=0) - off.mean(axis=0)
    return (h - off.mean(axis=0)) @ direction
""", "The mean of `on` should read 1, and does not"),
        Mistake("""
def reading(h, on, off):
    direction = on.mean(axis=0) - off.mean(axis=0)
    return (h - off.mean(axis=0)) @ direction / np.linalg.norm(direction)
""", "divide once more"),
        Mistake("""
def reading(h, on, off):
    direction = off.mean(axis=0) - on.mean(axis=0)
    return (h - on.mean(axis=0)) @ direction / (direction @ direction)
""", "The sign is turned"),
        Mistake("""
def reading(h, on, off):
    direction = on.mean(axis=0) - off.mean(axis=0)
    return (h - off.mean(axis=0)) @ direction / (direction @ direction) > 0.5
""", "These are yes and no"),
    ),
    setup=_setup,
)
