"""The exercises of notebook 05: how many features fit, and which one is faked."""
from __future__ import annotations

import numpy as np

from .. import geometry
from . import Exercise, summing


def _setup() -> dict:
    return dict(np=np, geometry=geometry)


_SQUARE = "The noise is a root, and you need what stands under it: square `noise`."
_ON = "This is how many may be on at once. Of n features p · n are on, so divide by p."
how_many = Exercise(
    stub="def how_many(d, noise, p):\n    return ...",
    solution_source="noise ** 2 * d / p",
    cases=lambda: [(100, 0.25, 0.1), (64, 0.5, 0.01), (768, 0.1, 0.3), (50, 0.3, 1.0), (200, 0.17, 0.02)],
    mistakes={
        "noise ** 2 -> noise": _SQUARE,
        "noise ** 2 * d -> noise * np.sqrt(d)": _SQUARE,
        "noise ** 2 * d -> np.sqrt(noise * d)": "This takes a root where you need a square.",
        "noise ** 2 * d -> (noise * d) ** 2": "The square belongs to the noise alone; d stands under the root.",
        " / p -> ": _ON,
        "/ p -> * p": "The more rarely features are on, the more of them may be stored. Divide by p.",
        "/ p -> / (1 - p)": "p is how often a feature is on; 1 − p is how often it is off.",
        "noise ** 2 * d -> noise ** 2 / d": "With more dimensions there is less noise, and more features fit: "
                                            "multiply by d.",
        "noise ** 2 * d -> d / noise ** 2": "The more noise you allow, the more features fit. Multiply where you "
                                            "divide.",
        "np.sqrt(p * noise / d)": "This is the noise that comes with `noise` features. The number of features is "
                                  "asked for: solve for n.",
        **dict.fromkeys(("int(noise ** 2 * d / p)", "round(noise ** 2 * d / p)", "int(noise ** 2 * d) / p"),
                        "The right size, and rounded. It holds on average, so leave it as it is."),
    },
    shows="Half the noise costs a factor of four. If features are on half as often, twice as many fit.",
    hints=("The noise is the root of p · n / d. Square both sides, and solve for n.",
           "`noise ** 2 * d` features may be on at once."),
    setup=_setup, difficulty="easy", minutes=4,
)


def _sets():
    """First three small ones in which everything that is off reads below zero, below −1 and far below that."""
    first, second = np.array([[1.0, -1.0, -0.1], [0.0, 0.0, 1.0]]), np.array([[2.0, -1.0, -0.8], [0.0, 0.0, 1.0]])
    rng = np.random.default_rng(53)
    return [(first, [0]), (second, [0]), (1000 * second, [0]),
            *((rng.normal(size=(d, n)), rng.choice(n, count, replace=False).tolist())
              for d, n, count in ((6, 20, 3), (4, 12, 2), (8, 30, 5), (5, 9, 2), (6, 25, 4), (7, 16, 3), (10, 40, 4)))]


def _search(start, index):
    """Looking for the highest reading in a loop that starts at ``start``."""
    return f"""
        h, best, index = W[:, on].sum(axis=1), {start}, {index}
        for i in range(W.shape[1]):
            if i not in on and W[:, i] @ h > best:
                best, index = W[:, i] @ h, i
        index
        """


_UNIT, _H = "W / np.linalg.norm(W, axis=0)", "h = W[:, on].sum(axis=1)"
_LEAVE_W = "Use W as it is. Its columns may have any length, and a reading is the dot product with the whole column."
false_alarm = Exercise(
    stub="""
def false_alarm(W, on):
    readings = W.T @ W[:, on].sum(axis=1)
    return readings.argmax()
""",
    solution_source="""
        h = W[:, on].sum(axis=1)
        readings = W.T @ h
        readings[on] = -np.inf
        return readings.argmax()
        """,
    cases=_sets,
    mistakes={
        "readings[on] = -np.inf -> pass":
            "Some of these are features that are on. Take them out before you look for the largest.",
        **dict.fromkeys([f"-np.inf -> {low}" for low in (0, -1, -10, -100, -1000)] + [_search(0, 0), _search(-1, 0)],
                        "Where everything that is off reads very low, a feature that is on wins. Set the readings of "
                        "those that are on to `-np.inf`, or start your search there: nothing is below that."),
        **dict.fromkeys([f"W.T @ h -> np.maximum(W.T @ h, 0)\n-np.inf -> {value}" for value in ("-np.inf", -1)],
                        "Where everything that is off reads below zero, a ReLU makes all of it 0, and the first one "
                        "wins. Look for the highest reading before any ReLU."),
        **dict.fromkeys((_search(0, None), _search(0, -1), _search(-1, None)),
                        "Where everything that is off reads very low, this search finds nothing. Start it at "
                        "`-np.inf`."),
        f"{_H} -> W = {_UNIT}; {_H}": _LEAVE_W,
        f"W.T @ h -> ({_UNIT}).T @ h": _LEAVE_W,
        f"{_H} -> h = ({_UNIT})[:, on].sum(axis=1)": _LEAVE_W,
        "W.T @ h -> np.abs(W.T @ h)":
            "Some of these readings are far below zero. A false alarm is one that reads high: no absolute values here.",
        "-np.inf -> np.inf\nargmax -> argmin": "These are the lowest readings. A false alarm is the highest one.",
        "W[:, on].sum(axis=1) -> W[:, on[0]]":
            "Only the first feature of the list was switched on here. Add up the columns of all that are on.",
        "W.T @ h -> np.abs(W.T @ W[:, on]).sum(axis=1)":
            "Here the leaks are added up without their signs. In the vector they add with them.",
        "W.T @ h -> (W.T @ W[:, on]).max(axis=1)":
            "This looks at the largest leak from one feature. The leaks of all that are on add up.",
        "argmax -> max": "This is how high it reads. Give back its index: `argmax` instead of `max`.",
        "np.delete(W.T @ W[:, on].sum(axis=1), on).argmax()":
            "You cut the features that are on out of the list, and so all those behind them moved up. "
            "Keep the places, and set these readings to `-np.inf`.",
        "(W.T @ W[:, on].sum(axis=1)).argsort()[-1 - len(on)]":
            "This takes the features that are on for the highest ones. One that is off may read higher than they do.",
        **dict.fromkeys(("W[:, on] -> W[on]", "W[:, on].sum(axis=1) -> W[on].sum(axis=0)",
                         "W[:, on].sum(axis=1) -> W[on].sum(axis=0)\nW.T @ h -> W @ h",
                         "W[:, on].sum(axis=1) -> W[on].sum(axis=0)\nW.T @ h -> W.T.dot(h)",
                         "W[:, on].sum(axis=1) -> W.T[:, on].sum(axis=1)",
                         "W[:, on].sum(axis=1) -> W.T[:, on].sum(axis=1)\nW.T @ h -> W @ h"),
                        "This takes rows of W, and a row is a neuron. The features are the columns: `W[:, on]`."),
        **dict.fromkeys(("axis=1 -> axis=0", "axis=1 -> ", "axis=1 -> axis=0\nW.T @ h -> W.T.dot(h)"),
                        "The columns that are on are added to each other, number by number: sum along axis 1."),
        **dict.fromkeys(("W.T @ h -> W @ h", "W.T @ h -> W.dot(h)"),
                        "The readings are dot products with the columns of W, and a product with W takes its rows: "
                        "`W.T @ h`."),
        **dict.fromkeys(("(W.T @ (W @ on)).argmax()", "h = W @ np.array(on); (W.T @ h).argmax()",
                         "(W.T @ W @ on).argmax()", "(W.T @ np.dot(W, on)).argmax()"),
                        "`on` is a list of indices, and this multiplies by them as if they were strengths. "
                        "`W[:, on]` has the columns."),
    },
    shows="The function had never asked which features are on. With B and C it was right, because A reads higher than "
          "both: one case that comes out right shows little.",
    hints=("`argmax` looks at the readings of all features. Which of them must it not look at?",
           "`readings[on]` are the readings of those that are on. What can you put there that is never the largest?",
           "Nothing is below `-np.inf`."),
    setup=_setup, difficulty="easy", minutes=3,
)

summary = summing(__name__, "05")
