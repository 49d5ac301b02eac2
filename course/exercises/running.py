"""How an answer is run: on copies, for a limited time, and without an effect on later cells."""
from __future__ import annotations

import contextlib
import copy
import ctypes
import linecache
import random
import re
import sys
import threading
import traceback
import warnings

import numpy as np

from .. import CourseError
from .compare import Wrong, a

SECONDS = 10.0  # for all calls of one check together


class TooLong(BaseException):
    """Raised in the thread of a check when its time is over. No `except Exception` of an answer catches it."""


@contextlib.contextmanager
def neutral():
    """Settings and seeds as in a fresh kernel inside, and as they were before afterwards."""
    torch = sys.modules.get("torch")
    before = torch and (torch.get_default_dtype(), torch.is_grad_enabled(), torch.get_rng_state())
    python, numpy = random.getstate(), np.random.get_state()
    try:
        random.seed(0)
        np.random.seed(0)
        if torch:
            torch.manual_seed(0)
            torch.set_default_dtype(torch.float32)
            torch.set_grad_enabled(True)
        with warnings.catch_warnings(), np.errstate(all="ignore"), np.printoptions():
            warnings.simplefilter("ignore")
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
        if torch := sys.modules.get("torch"):  # it may have been loaded inside
            dtype, gradients, state = before or (torch.float32, True, None)
            torch.set_default_dtype(dtype)
            torch.set_grad_enabled(gradients)
            if state is not None:
                torch.set_rng_state(state)


def within(seconds: float, function, *args):
    """``function(*args)``, or :class:`Wrong` when it takes longer.

    Another thread raises :class:`TooLong` in this one, which works in a kernel and on every system. A
    single call into compiled code is not interrupted: it is stopped when it returns.
    """
    me, over, lock = ctypes.c_ulong(threading.get_ident()), threading.Event(), threading.Lock()
    raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc

    def watch():
        late = seconds
        while not over.wait(late):
            with lock:
                if not over.is_set():
                    raise_in(me, ctypes.py_object(TooLong))
            late = 1.0  # once more: a bare `except` may have caught it

    def stop():
        with lock:
            over.set()
            raise_in(me, None)

    try:
        try:  # the time may be over before the thread is known to run
            threading.Thread(target=watch, daemon=True).start()
            return function(*args)
        finally:
            stop()
    except TooLong:
        stop()
        raise Wrong(f"Your answer took longer than {seconds:g} seconds and was stopped. Does its loop end?") from None


def call(function, *args):
    """``function(*args)`` on copies of ``args``; :class:`Wrong` if it is no function, fails or gives nothing."""
    if not callable(function) or isinstance(function, type):
        raise Wrong(f"This should be a function, and it is {a(function)}.")
    try:
        result = function(*copy.deepcopy(args))
    except (KeyboardInterrupt, TooLong):
        raise
    except MemoryError:
        raise Wrong("Your function asked for more memory than there is. Does an array of shape (n,) meet one of "
                    "shape (n, 1) in it?") from None
    except CourseError as error:
        raise Wrong(str(error)) from None
    except BaseException as error:
        raise Wrong(f"Your function stopped with {named(error)}.") from error
    if result is None or result is ...:
        raise Wrong("Your function ran but gave nothing back. Is the `return` missing?")
    return result


def named(error) -> str:
    """The error in a few words. It may be one that cannot be printed."""
    try:
        said = str(error)
    except Exception:
        said = ""
    return type(error).__name__ + (f" ({said[:200]})" if said else "")


# What stands in a line that treats an array as one number, and what would do in its place.
_ADVICE = (
    (r"\b(and|or|not)\b", "For arrays write & for `and`, | for `or`, ~ for `not`, with each comparison in brackets."),
    (r"[&|]", "Put each comparison in brackets: (a > 0) & (b > 0)."),
    (r"\b(if|while)\b", "`if` decides once, and this is a whole array: `np.where(condition, this, that)` (or "
                        "`torch.where`) decides for each entry."),
    (r"(?<![\w.])(max|min|sorted)\(", "`max` and `min` compare whole things: `np.maximum` and `np.minimum` (or "
                                      "`torch.maximum`) go entry by entry."),
    (r"(?<![\w.])(int|float|round|math\.\w+)\(", "That takes one number, and this is a whole array: `np.floor` or "
                                                 "`np.round` (or `torch.floor`) take each entry."),
)


def advice(wrong: Wrong) -> str:
    """What to write where a whole array was treated as one number; "" for every other mistake."""
    error = wrong.__cause__
    if error is None or not re.search(r"ambiguous|[Oo]nly (length-1|0-dim|size-1|one element|integer scalar)|"
                                      r"elements cannot be converted|ufunc 'bitwise_", named(error)):
        return ""
    places = [frame for frame in traceback.extract_tb(error.__traceback__) if "site-packages" not in frame.filename]
    line = linecache.getline(places[-1].filename, places[-1].lineno).split("#")[0]
    for pattern, says in _ADVICE:
        if re.search(pattern, line):
            return " " + says
    return (" A whole array stands where one number or one yes or no is needed. What goes entry by entry: `np.where`, "
            "`np.maximum`, `np.floor`, and & | ~ for `and`, `or`, `not`.")
