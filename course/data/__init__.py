"""The files that come with the course, each checked against ``card.json`` before it is read.

``card.json`` is the data card: source, licence, size and SHA-256 of every shipped file. The
arrays are read without pickles, so that a data file can never run code. Whatever is wrong with a
file, the error is a :class:`course.CourseError`: one sentence that says how to get the file back.
"""
from __future__ import annotations

import hashlib
import json
import pathlib

import numpy as np

from course import CourseError

FOLDER = pathlib.Path(__file__).resolve().parent
_checked = set()  # a file is hashed once per process: hashing it again could only cost time


def card() -> dict:
    """The data card as a dictionary; ``card()["files"]`` has one entry per shipped file."""
    content = None
    try:
        content = json.loads((FOLDER / "card.json").read_bytes())
        files = content["files"]
        whole = all(isinstance(e["sha256"], str) and type(e["bytes"]) is int for e in files.values())
        problem = "" if whole else "damaged (an entry has no size or no SHA-256)"
    except FileNotFoundError:
        problem = "missing"
    except OSError as error:
        problem = f"not readable ({error.strerror})"
    except (ValueError, RecursionError):
        problem = "damaged (not JSON)"
    except (TypeError, KeyError, AttributeError):
        problem = "damaged (it lists no files)"
    if problem:
        raise CourseError(f"card.json is {problem}: get it back with `git checkout course/data/card.json`.")
    return content


def path(name: str) -> pathlib.Path:
    """Where the shipped file ``name`` lies, after its size and SHA-256 were compared with the card."""
    if not isinstance(name, str):
        raise CourseError(f"The name of a data file is text in quotes, not {type(name).__name__}.")
    place = FOLDER / name
    if place in _checked:
        return place
    files = card()["files"]
    if name not in files:
        raise CourseError(f"{name!r} is not a file of the course; these are: {', '.join(sorted(files))}.")
    entry, problem = files[name], ""
    try:
        size = place.stat().st_size
        if place.is_dir():
            problem = "not a file but a folder"
        elif size != entry["bytes"]:
            problem = f"damaged ({size} bytes instead of {entry['bytes']})"
        elif _sha256(place) != entry["sha256"]:
            problem = "damaged (its SHA-256 differs from the one in card.json)"
    except FileNotFoundError:
        problem = "missing"
    except OSError as error:
        problem = f"not readable ({error.strerror})"
    if problem:
        raise _fault(name, problem)
    _checked.add(place)
    return place


def load_npz(name: str) -> dict[str, np.ndarray]:
    """All arrays of a shipped ``.npz`` file, by name; a name that is not there raises :class:`course.CourseError`."""
    def read(place):
        with np.load(place, allow_pickle=False) as arrays:
            return _Content(name, arrays)
    return _read(name, read)


def load_json(name: str):
    """The content of a shipped ``.json`` file; a key that is not there raises :class:`course.CourseError`."""
    return _read(name, lambda place: json.loads(place.read_bytes(), object_hook=lambda found: _Content(name, found)))


class _Content(dict):
    """What a file holds, by name."""

    def __init__(self, name, content):
        super().__init__(content)
        self.name = name

    def __missing__(self, key):
        raise _fault(self.name, f"not what this course needs (nothing in it is called {key!r})")


def _read(name, read):
    place = path(name)
    try:
        return read(place)
    except Exception as error:  # what numpy, zipfile and json raise for a file that they cannot read is open-ended
        _checked.discard(place)
        path(name)  # was it changed since it was checked? Then this says how
        raise _fault(name, f"not readable ({type(error).__name__}: {error!s:.80})".replace("\n", " ")) from None


def _fault(name, problem):
    recipe = card()["files"][name].get("recipe")
    rebuild = f", or rebuild it with `{recipe}`" if recipe else ""
    return CourseError(f"{name} is {problem}: get it back with `git checkout course/data/{name}`{rebuild}.")


def record(name: str, **measured) -> dict:
    """Write size, SHA-256 and ``measured`` of the file ``name`` into the card; for recipes."""
    content, place = card(), FOLDER / name
    content["files"].setdefault(name, {}).update(
        measured, bytes=place.stat().st_size, sha256=_sha256(place))
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    (FOLDER / "card.json").write_bytes(text.encode())  # bytes: the same line ends on every system
    return content["files"][name]


def _sha256(place):
    with place.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
