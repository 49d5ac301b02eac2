"""What holds for every test, notebooks included: strict demos, slow tests, no skips on CI, two workers.

It stands at the root because hooks of tests/conftest.py would not reach the notebooks.
"""
import os
import pathlib

import pytest

CI = os.environ.get("CI") == "true"
NO_SKIPS = CI or bool(os.environ.get("COURSE_STRICT_SKIPS"))

# Kernels inherit this: an error in a live demo is then raised, not only shown.
os.environ["COURSE_STRICT"] = "1"
# Two workers on two cores: a second thread in each would only be in the way.
os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_addoption(parser):
    parser.addoption("--slow", action="store_true", help="run the slow tests too, as where CI=true")


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist writes the groups into the names
def pytest_collection_modifyitems(config, items):
    """What belongs together goes to one worker, the longest first; slow tests only if asked for."""
    items.sort(key=_turn)
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item)))
    if CI or config.getoption("--slow"):
        return
    slow = [item for item in items if item.get_closest_marker("slow")]
    if slow:
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in slow]
        config.stash[_LEFT_OUT] = len(slow)


def _apart(item) -> bool:
    """Does this test need nothing of the others in its file? Then it is a piece of work of its own."""
    return bool(item.get_closest_marker("apart"))


def _group(item) -> str:
    """Cells of a notebook share a kernel, tests of a file what its fixtures made."""
    return item.nodeid if _apart(item) else item.nodeid.partition("::")[0]


def _turn(item):
    """Slow tests, then browsers, then whole notebooks, the largest first; so that no long one starts last."""
    path = pathlib.Path(str(getattr(getattr(item, "callspec", None), "params", {}).get("path", item.path)))
    size = path.stat().st_size if path.suffix == ".ipynb" and path.is_file() else 0
    kind = [item.get_closest_marker("slow"), item.get_closest_marker("browser"), _apart(item), size]
    return [not part for part in kind], -size, str(item.path)


_LEFT_OUT = pytest.StashKey[int]()


def pytest_terminal_summary(terminalreporter, config):
    """Say how many were left out, and how to run them."""
    number = config.stash.get(_LEFT_OUT, 0)
    if hasattr(config, "workerinput"):
        return
    if number or (getattr(config.option, "numprocesses", None) and not (CI or config.getoption("--slow"))):
        some = f"{number} slow test{'s were' if number > 1 else ' was'}" if number else "Slow tests were"
        terminalreporter.write_line(f"{some} left out. To run everything: python3 -m course test --slow")


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
