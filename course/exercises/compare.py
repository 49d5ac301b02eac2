"""How answers are read and compared. The tolerance follows the answer's own precision."""
from __future__ import annotations

import decimal
import numbers
from dataclasses import dataclass, replace

import numpy as np

LONGEST = 100_000  # a longer list is not read
ROOM = 8  # an answer may be off by so many steps of its own precision, at the scale of the array
STEPS = {"float16": 2.0 ** -10, "bfloat16": 2.0 ** -7, "float32": 2.0 ** -23, "float64": 2.0 ** -52}


class Wrong(Exception):
    """The sentence that says what is wrong with an answer."""


@dataclass(frozen=True)
class Numbers:
    """What an answer says: its ``values`` in float64, and the relative ``step`` of its own format, 0 if exact."""

    values: np.ndarray
    step: float = 0.0
    real: bool = False  # neither whole numbers nor True and False
    truth: bool = False


def read(value, asked="one number or an array of numbers", depth=0):
    """An answer as :class:`Numbers`, as lower-case text or as a tuple of texts; :class:`Wrong` if it is none of them.

    Python's numbers, numpy, torch with and without gradients, and lists of all these count. Of other
    objects nothing is read: one of them might never end.
    """
    no = Wrong(f"This should be {asked}, and it is {a(value)}.")
    if isinstance(value, str):
        return str(value).strip().lower()
    if isinstance(value, (bool, np.bool_)):
        return Numbers(np.array(float(value)), truth=True)
    if isinstance(value, (complex, np.complexfloating, bytes, np.datetime64, np.timedelta64)) or depth > 6:
        raise no
    try:
        if isinstance(value, numbers.Real | decimal.Decimal) and not isinstance(value, np.generic):
            return Numbers(np.array(float(value)), 0.0 if isinstance(value, int) else STEPS["float64"],
                           not isinstance(value, int))
        if isinstance(value, (list, tuple, range)):
            if len(value) > LONGEST:
                raise Wrong(f"This should be {asked}, and it is a list of {len(value)} things.")
            return _joined([read(part, asked, depth + 1) for part in value], no, depth)
        step = STEPS.get(str(getattr(value, "dtype", "")).removeprefix("torch."), 0.0)
        if hasattr(value, "detach"):
            value = value.detach().cpu()
            value = (value.double() if value.is_floating_point() else value).numpy()
        elif not isinstance(value, (np.ndarray, np.generic)):
            if not hasattr(type(value), "__array__"):
                raise no
            value = np.asarray(value)
        if value.dtype.kind in "OU":
            return read(value.tolist(), asked, depth + 1)
        if value.dtype.kind == "c":
            raise Wrong(f"This should be {asked}, and it has complex numbers in it.")
        if value.dtype.kind not in "biuf":
            raise no
        values = np.ma.filled(np.ma.asarray(value, float), np.nan) if np.ma.isMA(value) else np.asarray(value, float)
        return Numbers(values, step, value.dtype.kind == "f", value.dtype.kind == "b")
    except (ArithmeticError, TypeError, ValueError, AttributeError, RuntimeError, RecursionError):
        raise no from None


def _joined(parts, no, depth):
    if any(isinstance(part, (str, tuple)) for part in parts):
        if all(isinstance(part, str) for part in parts):
            return tuple(parts)
        raise no
    if depth == 0 and all(part.values.size == 1 for part in parts):  # one number each, whatever it is wrapped in
        parts = [replace(part, values=part.values.reshape(())) for part in parts]
    if len(shapes := {part.values.shape for part in parts}) > 1:
        raise Wrong(f"The parts of this have different shapes: {' and '.join(str(s) for s in sorted(shapes)[:4])}.")
    return Numbers(np.array([part.values for part in parts]), max([part.step for part in parts], default=0.0),
                   any(part.real for part in parts), any(part.truth for part in parts))


def misses(found: Numbers, wanted: Numbers, digits=3) -> np.ndarray | None:
    """How far each entry is off, in units of what is allowed, or None where the shapes differ.

    Allowed are a few steps of the answer's format at the scale of the wanted array. Real numbers may
    also be rounded to ``digits`` decimals; whole numbers and True and False must be right.
    """
    values = found.values.reshape(()) if wanted.values.ndim == 0 and found.values.size == 1 else found.values
    if values.shape != wanted.values.shape:
        return None
    scale = np.abs(wanted.values[np.isfinite(wanted.values)]).max(initial=0)
    slack = ROOM * found.step * scale
    allowed = slack + 0.51 * 10.0 ** -digits if wanted.real else min(max(slack, 1e-9), 0.4)
    with np.errstate(all="ignore"):
        off = np.abs(values - wanted.values) / allowed
    alike = (values == wanted.values) | np.isnan(values) & np.isnan(wanted.values)
    return np.where(alike, 0.0, np.where(np.isnan(off), np.inf, off))


def same(found, wanted, digits=3) -> bool:
    """Whether two outcomes agree: what :func:`read` gives, or a :class:`Wrong` with its sentence."""
    if isinstance(found, Numbers) and isinstance(wanted, Numbers):
        off = misses(found, wanted, digits)
        return off is not None and bool((off <= 1).all())
    return type(found) is type(wanted) and str(found) == str(wanted)


def difference(found, wanted, digits=3) -> str:
    """What was expected and what came, at the first place where they differ."""
    if isinstance(found, Wrong):
        return str(found)
    if not (isinstance(found, Numbers) and isinstance(wanted, Numbers)):
        return f"It should give {asked(wanted, exactly=True)}, and it gives {asked(found, exactly=True)}."
    off = misses(found, wanted, digits)
    if off is None:
        return f"It should give {asked(wanted)}, and it gives {asked(found)}."
    place = tuple(int(k) for k in np.argwhere(off > 1)[0])
    one, other = float(wanted.values[place]), float(found.values.reshape(wanted.values.shape)[place])
    where = f"Entry {list(place)} of the result" if place else "The result"
    if found.truth and not wanted.truth:
        return f"{where} should be the number {shown(one)}, and it is {bool(other)}."
    if wanted.truth and other in (0, 1):
        return f"{where} should be {bool(one)}, and it is {bool(other)}."
    return f"{where} should be {shown(one, other)}, and it is {shown(other, one)}."


def shown(value: float, beside: float = np.nan) -> str:
    """``value`` with three digits, or as many more as tell it from ``beside``."""
    for digits in range(3, 18):
        text = f"{value + 0.0:.{digits}g}"
        if text != f"{beside + 0.0:.{digits}g}" or value == beside:
            break
    return text


def asked(wanted, exactly=False) -> str:
    """A few words for what an exercise asks for: "one number", "an array of shape (3, 4)", "a word"."""
    if isinstance(wanted, str):
        return f"“{wanted[:40]}”" if exactly else "a word in quotation marks"
    if isinstance(wanted, tuple):
        return f"a list of {len(wanted)} words"
    shape = wanted.values.shape
    if shape:
        return f"an array of shape {shape}"
    return "the number " + shown(float(wanted.values)) if exactly else "one number"


def alike(one, other) -> bool:
    """Whether an input is as it was: arrays, tensors and lists of them, entry by entry."""
    if isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(alike, one, other))
    if not hasattr(other, "shape"):
        return True
    one, other = (np.asarray(part.detach() if hasattr(part, "detach") else part) for part in (one, other))
    return one.shape == other.shape and bool(((one == other) | (one != one) & (other != other)).all())


def a(value) -> str:
    """The type of a value with its article."""
    name = type(value).__name__
    return ("an " if name[:1] in "aeiouAEIOU" else "a ") + name


def array(value, shape: tuple[int, ...], what: str = "The answer") -> np.ndarray:
    """``value`` as a finite float array of ``shape``; ``()`` asks for one number."""
    expects = asked(Numbers(np.zeros(shape)))
    found = read(value, expects)
    if not isinstance(found, Numbers):
        raise Wrong(f"{what} should be {expects}, and it is {asked(found)}.")
    values = found.values.reshape(()) if shape == () and found.values.size == 1 else found.values
    if values.shape != shape:
        raise Wrong(f"{what} should be {expects}, and it is {asked(found)}.")
    if not np.isfinite(values).all():
        raise Wrong(f"{what} is not finite: there is nan or inf in it.")
    return values


def number(value, what: str = "The answer") -> float:
    """``value`` as one finite float."""
    return float(array(value, (), what))


def word(value, what: str = "The answer") -> str:
    """``value`` as a lower-case text without spaces around it."""
    if not isinstance(value, str):
        raise Wrong(f"{what} should be a word in quotation marks, and it is {a(value)}.")
    return read(value)
