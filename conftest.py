"""What holds for every test, notebooks included: strict demos, slow tests, and no skips on CI.

It stands at the root because hooks of tests/conftest.py would not reach the notebooks.
"""
import os

import pytest

CI = os.environ.get("CI") == "true"
NO_SKIPS = CI or bool(os.environ.get("COURSE_STRICT_SKIPS"))

# Kernels inherit this: an error in a live demo is then raised, not only shown.
os.environ["COURSE_STRICT"] = "1"


def pytest_addoption(parser):
    parser.addoption("--slow", action="store_true", help="run the slow tests too, as where CI=true")


def pytest_collection_modifyitems(config, items):
    """Leave slow tests out, unless asked for."""
    if CI or config.getoption("--slow"):
        return
    slow = [item for item in items if item.get_closest_marker("slow")]
    if slow:
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in slow]
        config.stash[_LEFT_OUT] = len(slow)


_LEFT_OUT = pytest.StashKey[int]()


def pytest_terminal_summary(terminalreporter, config):
    """Say how many were left out, and how to run them."""
    number = config.stash.get(_LEFT_OUT, 0)
    if number:
        terminalreporter.write_line(f"{number} slow test{'s were' if number > 1 else ' was'} left out. "
                                    "To run everything: python3 -m course test --slow")


def _forbid_skip(report):
    """A test that is skipped on CI proves nothing for ever, and nobody notices: it fails instead."""
    if NO_SKIPS and report.skipped and not hasattr(report, "wasxfail"):
        why = report.longrepr[-1] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"No test may be skipped here. {why}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    return _forbid_skip((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report():
    return _forbid_skip((yield))
