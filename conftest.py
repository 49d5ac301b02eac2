"""What holds for every test, notebooks included: strict demos, slow tests, no skips on CI, two workers.

It stands at the root because hooks of tests/conftest.py would not reach the notebooks. nbval runs each
notebook, one test a cell, and compares what cells print. What else can be asked of that same run is asked
here: whether a cell prints and shows, whether all that is stored would be stored again, and, as a last
test of each notebook, whether its controls work and its pictures say what they said.
"""
import functools
import json
import os

import pytest

CI = os.environ.get("CI") == "true"
NO_SKIPS = CI or bool(os.environ.get("COURSE_STRICT_SKIPS"))

# Kernels inherit this: an error in a live demo is then raised, not only shown.
os.environ["COURSE_STRICT"] = "1"
for name in ("OMP", "MKL", "OPENBLAS"):  # with two workers, more threads only wait for each other
    os.environ.setdefault(f"{name}_NUM_THREADS", "1")


def pytest_addoption(parser):
    parser.addoption("--slow", action="store_true", help="run the slow tests too, as where CI=true")


# --- slow tests and skips ----------------------------------------------------------------------

@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    """Leave slow tests out, unless asked for; of the whole suite the companions are slow too."""
    if hasattr(config, "workerinput"):
        items.sort(key=_late)
    if CI or config.getoption("--slow"):
        return
    slow = [item for item in items if item.get_closest_marker("slow")
            or config.args_source is config.ArgsSource.TESTPATHS and item.path.parent.name == "deeper"]
    if slow:
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in slow]
        config.stash[_LEFT_OUT] = len(slow)


_LEFT_OUT = pytest.StashKey[int]()


def pytest_sessionfinish(session):
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["left_out"] = session.config.stash.get(_LEFT_OUT, 0)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    node.config.stash[_LEFT_OUT] = getattr(node, "workeroutput", {}).get("left_out", 0)


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


# --- two workers, where pytest-xdist is installed ----------------------------------------------

# Files whose tests share nothing and go to whichever worker is free; of the others, notebooks
# included, all tests of a file stay with one worker, in order. Longest first, within a file last first.
APART = ("tests/test_planted_faults.py", "tests/test_binder.py", "tests/test_browser.py", "tests/test_notebooks.py",
         "tests/test_site.py", "tests/test_setup.py")


def _late(item):
    """Sorts tests: what takes long comes first, so that no worker is left alone with it at the end."""
    file = item.nodeid.split("::")[0]
    if file in APART:
        return APART.index(file), 0
    if file.endswith(".ipynb"):  # later notebooks take longer
        return APART.index("tests/test_notebooks.py") - 0.5, -int("".join(c for c in file if c.isdigit())[:2] or 0)
    return len(APART), 0


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config):
    """Two workers for the whole suite, unless the command line has its own wish; one process for a file or two."""
    option = config.option
    alone = option.usepdb or option.collectonly or getattr(option, "trace", False)
    if (config.args_source is config.ArgsSource.TESTPATHS and not alone and not hasattr(config, "workerinput")
            and getattr(option, "numprocesses", 0) is None and option.dist == "no"):
        option.numprocesses = 2


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            file = nodeid.split("::")[0]
            return nodeid if file in APART else file

    config.option.loadscopereorder = False  # the order is ours
    return ByFile(config, log)


# --- what is asked of nbval's run of each notebook ---------------------------------------------

@functools.cache
def _nbval():
    """The recipe that knows the stored form; the class of nbval's tests; ours, of the last cell."""
    import nbformat
    from nbval.plugin import IPyNbCell

    from course.recipes import controls, notebooks

    class Controls(IPyNbCell):
        """Moves every control, in the kernel in which the cells before have run."""

        def runtest(self):
            super().runtest()
            printed = self.test_outputs[-1].text
            report, path = json.loads(printed), self.path
            said = json.loads(notebooks.SAID.read_text(encoding="utf-8")).get(notebooks.name(path), [])
            says = notebooks.sentences(printed)
            if report["dead"]:
                self.raise_cell_error(f"these controls change nothing: {', '.join(report['dead'])}")
            if report["torch"] and not notebooks.uses_torch(path):
                self.raise_cell_error(f"{path.name} loads torch and does not use it")
            if says != said:
                differ = [pair for pair in zip(said, says, strict=False) if pair[0] != pair[1]][:1]
                self.raise_cell_error("pictures no longer say what they said. If they should: python -m "
                                      f"course.recipes.notebooks {path.name[:2]}. "
                                      f"{len(said)} sentences were stored, {len(says)} came: {differ}")

    def last(parent, number):
        cell = nbformat.v4.new_code_cell(controls.CELL)
        return Controls.from_parent(parent, name="controls", cell_num=number, cell=cell, options={"check": True,
                                    "skip": False, "check_exception": False})
    return notebooks, IPyNbCell, last


def _of_the_course(node):
    return node.path.suffix == ".ipynb" and node.path in _nbval()[0].paths()


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    report = _forbid_skip((yield))
    if type(collector).__name__ == "IPyNbFile" and report.result and _of_the_course(collector):
        report.result.append(_nbval()[2](collector, len(report.result)))
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    if item.path.suffix != ".ipynb" or not _of_the_course(item):
        return (yield)
    notebooks, nbval_cell, _ = _nbval()
    item.output_timeout = notebooks.HANG
    result = yield
    if type(item) is nbval_cell:
        if complaint := notebooks.differs(item.cell, item.test_outputs, item.cell_num + 1):
            item.raise_cell_error(complaint)
    return result
