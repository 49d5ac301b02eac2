"""The exercises of notebook 01."""
from __future__ import annotations

import numpy as np

from . import Exercise, summing


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
        "sum(axis=1) -> sum()": "This is always place 0. Is there one sum for the whole table? A sum for each image "
                                "runs along axis 1: `.sum(axis=1)`.",
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
        "- h[~on].mean(axis=0) ->": "This is the mean with the property. Subtract the mean of the others.",
        "h[~on] -> h": "The second mean is over all images. Take those without the property: `~on`.",
        "mean(axis=0) - -> sum(axis=0) -\nh[~on].mean -> h[~on].sum":
            "These are sums, and there are more images without the property than with it. Take means.",
        "axis=0 -> axis=1": "These means run over the numbers of one image. Over the images: axis 0.",
        ".mean(axis=0) ->": "`h[on]` and `h[~on]` have different numbers of rows, so they cannot be subtracted "
                            "row by row. Take the mean of each first.",
        "axis=0 ->": "`.mean()` makes one number of a whole table. Over the images: `.mean(axis=0)`.",
        "d = h[on].mean(axis=0) - h[~on].mean(axis=0); d / np.linalg.norm(d)":
            "The direction is right, and you have scaled it to length one. Keep its length: it is one whole step.",
        "np.median(h[on], axis=0) - np.median(h[~on], axis=0)": "These are medians. Take means.",
    },
    shows="One step along it leads from the mean of the others to the mean of the images with the property. Below it "
          "is added to hidden layers of other images.",
    hints=("`h[on]` are the rows with the property, `h[~on]` the others.",
           "The mean over images runs along axis 0 and has one number for each neuron.",
           "The mean with the property minus the mean without it."),
    setup=lambda: dict(np=np), difficulty="easy", minutes=4,
)

summary = summing(__name__, "01")
