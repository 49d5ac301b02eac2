"""The thin layer under the notebooks of the course on superposition."""

__version__ = "0.1.0"


class CourseError(ValueError):
    """A sentence for the learner: what was wrong with an input, and what to do."""


def whole(value, name: str) -> int:
    """``value`` as a whole number from 1 upwards; :class:`CourseError` for anything else."""
    try:
        odd = isinstance(value, bool) or hasattr(value, "__len__")  # a text, a list, an array
        if not odd and 1 <= value < 1e9 and value == int(value):
            return int(value)
    except (TypeError, ValueError, OverflowError):
        pass
    raise CourseError(f"The {name} must be a whole number from 1 upwards, and it is {value!r}.")
