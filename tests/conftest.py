"""What the browser tests need; ../conftest.py has the rules for all tests."""
import importlib.util

import pytest

from course.recipes.browser import chromium


def pytest_runtest_setup(item):
    """Skip browser tests, with a sentence, where there is no browser to drive."""
    if not item.get_closest_marker("browser"):
        return
    if not importlib.util.find_spec("playwright"):
        pytest.skip("Playwright is missing: pip install -r tests/requirements.txt")
    if not chromium():
        pytest.skip("Chromium is missing: on Debian and Ubuntu, sudo apt install chromium")
