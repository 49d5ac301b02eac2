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


def _stored():
    """Numbers that can be tried by hand, where each usual mistake ends elsewhere, and images at random."""
    rng = np.random.default_rng(3)
    cases = [(np.array([[5.0, 0, 0], [3, 3, 3], [9, 9, 0]]), np.array([4.0, 4, 2]))]
    return cases + [(rng.random((20, 30)), rng.random(30)) for _ in range(8)]


nearest = Exercise(
    stub="def nearest(stored, image):\n    return ...",
    solution_source="((stored - image) ** 2).sum(axis=1).argmin()",
    cases=_stored,
    mistakes={
        "argmin -> argmax": "That is the place of the image that differs most.",
        ".argmin() -> .min()": "That is how much it differs. The place is asked for: `argmin`.",
        ".argmin() ->": "These are the differences from all stored images. At which place stands the smallest?",
        ".sum(axis=1) ->": "The squares still have to be added for each stored image: one row, one sum.",
        "axis=1 -> axis=0": "This adds down the columns, over the images. A sum for each image runs along axis 1.",
        " ** 2 ->": "Without the squares, differences above and below zero cancel.",
        "(stored - image) ** 2 -> abs(stored - image)":
            "These are absolute differences. A good measure too, but here the squares are asked for.",
        "(stored @ image).argmax()": "The largest dot product goes to a bright image. Take squared differences.",
        "stored[((stored - image) ** 2).sum(axis=1).argmin()]":
            "That is the stored image itself. Its place is asked for, one whole number.",
    },
    shows="This one line is the memoriser. Whatever it is shown, it answers with something that it has stored.",
    hints=("`stored - image` subtracts the image from every row at once.",
           "Square the differences and add them for each row: `.sum(axis=1)`.",
           "`.argmin()` gives the place of the smallest."),
    setup=lambda: dict(np=np), difficulty="easy", minutes=5,
)


def _layers():
    rng = np.random.default_rng(12)
    cases = [(np.array([[2.0, 0], [4, 2], [1, 1], [3, 1], [2, 4]]), np.array([True, True, False, False, False]))]
    return cases + [(rng.random((count, n)) * 3, np.arange(count) % 3 == 0) for count, n in ((8, 6), (10, 4))]


direction = Exercise(
    stub="def direction(h, on):\n    return ...",
    solution_source="h[on].mean(axis=0) - h[~on].mean(axis=0)",
    cases=_layers,
    mistakes={
        "h[on].mean(axis=0) - h[~on].mean(axis=0) -> h[~on].mean(axis=0) - h[on].mean(axis=0)":
            "The sign is turned: this leads away from the property.",
        "- h[~on].mean(axis=0) ->": "This is where the images with the property are. How far is it from the others?",
        "h[~on] -> h": "The second mean is over all images. Take those without the property: `~on`.",
        "mean(axis=0) - -> sum(axis=0) -\nh[~on].mean -> h[~on].sum":
            "These are sums, and there are more images without the property than with it. Take means.",
        "axis=0 -> axis=1": "These means run over the numbers of one image. Over the images: axis 0.",
        "axis=0 ->": "`.mean()` makes one number of a whole table. Over the images: `.mean(axis=0)`.",
        "d = h[on].mean(axis=0) - h[~on].mean(axis=0); d / np.linalg.norm(d)":
            "The direction is right, and you have scaled it to length one. Keep its length: it is one whole step.",
        "np.median(h[on], axis=0) - np.median(h[~on], axis=0)": "These are medians. Take means.",
    },
    shows="One step along it leads from the mean of the others to the mean of the images with the property. Added to "
          "one hidden layer, it writes the property into it, as you see below.",
    hints=("`h[on]` are the rows with the property, `h[~on]` the others.",
           "The mean over images runs along axis 0 and has one number for each neuron.",
           "With the property, less without it."),
    setup=lambda: dict(np=np), difficulty="easy", minutes=4,
)

summary = summing(__name__, "01")
