"""What several files of tests share; ../conftest.py has the rules for all tests."""
import importlib.util
import os

import nbformat
import pytest

from course.recipes import notebooks
from course.recipes.browser import chromium


@pytest.fixture(scope="session")
def solved(tmp_path_factory):
    """``solved(path)``: a notebook as it ran with all solutions filled in. All workers together run each once."""
    folder = tmp_path_factory.getbasetemp()
    folder = (folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "solved"

    def run(path):
        kept = folder / f"{notebooks.name(path)}.ipynb"
        if not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            part = kept.with_suffix(f".{os.getpid()}")
            nbformat.write(notebooks.solved(path), part)
            part.replace(kept)
        return nbformat.read(kept, 4)
    return run


def pytest_runtest_setup(item):
    """Skip browser tests, with a sentence, where there is no browser to drive."""
    if not item.get_closest_marker("browser"):
        return
    if not importlib.util.find_spec("playwright"):
        pytest.skip("Playwright is missing: pip install -r tests/requirements.txt")
    if not chromium():
        pytest.skip("Chromium is missing: on Debian and Ubuntu, sudo apt install chromium")
