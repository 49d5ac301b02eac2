"""The files that come with the course, each compared with ``card.json`` when it is read.

``card.json`` is the data card: source, licence, size and SHA-256 of every shipped file. The
arrays are read without pickles, so that a data file can never run code. Whatever is wrong with a
file, the error is a :class:`course.CourseError`: one sentence that says how to get the file back.
"""
from __future__ import annotations

import contextlib
import hashlib
import io
import json
import pathlib

import numpy as np

from course import CourseError

FOLDER = pathlib.Path(__file__).resolve().parent


def card() -> dict:
    """The data card as a dictionary; ``card()["files"]`` has one entry per shipped file."""
    try:
        content = json.loads(_bytes("card.json"))
        if all(isinstance(e["sha256"], str) and type(e["bytes"]) is int for e in content["files"].values()):
            return content
    except CourseError:
        raise
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError):
        pass
    raise _fault("card.json", "damaged (it does not list the files)")


def read(name: str) -> bytes:
    """What the shipped file ``name`` holds, after its size and SHA-256 were compared with the card."""
    if not isinstance(name, str):
        raise CourseError(f"The name of a data file is text in quotes, not {type(name).__name__}.")
    files = card()["files"]
    if name not in files:
        raise CourseError(f"{name!r} is not a file of the course; these are: {', '.join(sorted(files))}.")
    content, entry = _bytes(name), files[name]
    if len(content) != entry["bytes"]:
        raise _fault(name, f"damaged ({len(content)} bytes instead of {entry['bytes']})")
    if hashlib.sha256(content).hexdigest() != entry["sha256"]:
        raise _fault(name, "damaged (its SHA-256 differs from the one in card.json)")
    return content


def load_npz(name: str) -> dict[str, np.ndarray]:
    """All arrays of a shipped ``.npz`` file, by name; a name that is not there raises :class:`course.CourseError`."""
    with _reading(name), np.load(io.BytesIO(read(name)), allow_pickle=False) as arrays:
        return _Content(name, arrays)


def load_json(name: str):
    """The content of a shipped ``.json`` file; a key that is not there raises :class:`course.CourseError`."""
    with _reading(name):
        return json.loads(read(name), object_hook=lambda found: _Content(name, found))


@contextlib.contextmanager
def _reading(name):
    """What numpy, zipfile and json raise for a file that they cannot read becomes one sentence."""
    try:
        yield
    except CourseError:
        raise
    except Exception as error:  # zipfile alone knows six kinds
        raise _fault(name, f"not readable ({' '.join(f'{type(error).__name__}: {error}'.split())[:90]})") from None


class _Content(dict):
    """What a file holds, by name."""

    def __init__(self, name, content):
        super().__init__(content)
        self.name = name

    def __missing__(self, key):
        raise _fault(self.name, f"not the one that this course needs (nothing in it is called {key!r})")


def record(name: str, **measured) -> dict:
    """Write size, SHA-256 and ``measured`` of the file ``name`` into the card; for recipes."""
    listed, content = card(), (FOLDER / name).read_bytes()
    listed["files"].setdefault(name, {}).update(
        measured, bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
    text = json.dumps(listed, indent=1, ensure_ascii=False) + "\n"
    (FOLDER / "card.json").write_bytes(text.encode())  # bytes: the same line ends on every system
    return listed["files"][name]


def _bytes(name):
    try:
        return (FOLDER / name).read_bytes()
    except FileNotFoundError:
        raise _fault(name, "missing") from None
    except OSError as error:  # a folder in its place, or no permission
        raise _fault(name, f"not readable ({error.strerror})") from None


def _fault(name, problem):
    recipe = None if name == "card.json" else card()["files"][name].get("recipe")
    rebuild = f", or rebuild it with `{recipe}`" if recipe else ""
    return CourseError(f"{name} is {problem}: get it back with `git checkout course/data/{name}`{rebuild}.")
