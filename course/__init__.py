"""The thin layer under the notebooks of the course on superposition."""

__version__ = "0.1.0"


class CourseError(ValueError):
    """A sentence for the learner: what was wrong with an input, and what to do."""
