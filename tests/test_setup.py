"""The two commands on a fresh machine, and what they say when something is missing.

Nothing here uses the network. A stand-in takes the place of ``python -m venv``, and the Python that
it puts into ``.venv`` plays pip and JupyterLab and writes down how it was called.
"""
import ast
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tomllib
import zipfile

import pytest

import course.__main__ as command
from course import environment

ROOT = environment.ROOT
EARLY = ["course/__init__.py", "course/__main__.py", "course/environment.py"]
posix = pytest.mark.skipif(os.name == "nt", reason="the stand-in for Python is a shell script")


def pins(path):
    """{name: version} of a requirements file, without the files it names."""
    return dict(re.findall(r"^([\w.-]+)==(\S+)$", path.read_text(), re.M))


# --- before anything is installed ---------------------------------------------------------------

@pytest.mark.parametrize("name", EARLY)
def test_old_pythons_can_read_what_tells_them_that_they_are_too_old(name):
    tree = ast.parse((ROOT / name).read_text(encoding="utf-8"), feature_version=(3, 6))
    for node in tree.body:  # imports inside functions come after the check of the version
        modules = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        modules += [node.module] if isinstance(node, ast.ImportFrom) and not node.level else []
        assert {m.split(".")[0] for m in modules} <= sys.stdlib_module_names - {"tomllib", "__future__"}


def test_importing_the_course_loads_no_library():
    code = ("import sys, course, course.environment; course.environment.check();"
            "print({'torch', 'numpy', 'plotly', 'ipywidgets', 'IPython'} & set(sys.modules))")
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


# --- pins and ranges ----------------------------------------------------------------------------

def test_every_pin_lies_in_its_range_and_every_range_has_a_pin():
    for path, tests in (("requirements.txt", False), ("tests/requirements.txt", True)):
        ranges, pinned = environment.requirements(tests), pins(ROOT / path)
        assert set(ranges) == set(pinned)
        for name, version in pinned.items():
            assert ranges[name] and environment.within(version, ranges[name]), (name, version, ranges[name])
    assert (ROOT / "requirements.txt").read_text().splitlines()[-1] == "-e ."


def test_the_oldest_python_is_the_same_everywhere():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["requires-python"] == ">={}.{}".format(*environment.OLDEST)
    assert project["version"] == __import__("course").__version__


@pytest.mark.parametrize("version, ranges, verdict", [
    ("2.13.0+cpu", ">=2.4,<3", True), ("2.4", ">=2.4.0,<3", True), ("2.4.0", ">=2.4,<3", True),
    ("2.3.9", ">=2.4,<3", False), ("3.0", ">=2.4,<3", False), ("3.0.0rc1", ">=2.4,<3", False),
    ("2.10.1", ">=2.9", True), ("1.0", "", True), ("2026.4.0", ">=2024.7", True), ("5.1", "==5.1.0", True)])
def test_versions_are_compared_by_number(version, ranges, verdict):
    assert environment.within(version, ranges) is verdict


def test_a_built_package_holds_every_file_that_modules_read(tmp_path):
    shutil.copytree(ROOT / "course", tmp_path / "course", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    subprocess.run([sys.executable, "-c", "from setuptools import build_meta; build_meta.build_wheel('.')"],
                   cwd=tmp_path, check=True, capture_output=True)
    packed = set(zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist())
    there = {path.relative_to(ROOT).as_posix() for path in (ROOT / "course").rglob("*")
             if path.is_file() and "__pycache__" not in path.parts}
    assert there <= packed, there - packed


# --- the set-up check of notebook 00 ------------------------------------------------------------

def test_the_check_says_the_same_on_every_healthy_machine(monkeypatch, capsys):
    for cores, memory in ((1, 2**30), (64, 2**38), (2, None)):
        monkeypatch.setattr(environment, "cores", lambda n=cores: n)
        monkeypatch.setattr(environment, "memory", lambda n=memory: n)
        assert repr(environment.check()) == "Everything this course needs is here."
    environment.check().details()
    assert "torch" in capsys.readouterr().out


def test_the_check_names_what_is_wrong_and_the_remedy(monkeypatch):
    versions = {"torch": "1.13.1", "anywidget": ""}
    real = environment.installed
    monkeypatch.setattr(environment, "installed", lambda name: versions.get(name, real(name)))
    monkeypatch.setattr(environment, "memory", lambda: 2**29)
    text = repr(environment.check())
    assert "torch is 1.13.1, and the course needs >=2.4,<3." in text
    assert "anywidget is not installed" in text and "pip install -r requirements.txt" in text
    assert "less than 1 GiB" in text and "numpy" not in text


def test_cores_and_memory_are_those_of_this_process():
    assert 1 <= environment.cores() <= os.cpu_count()
    assert environment.memory() is None or 2**26 < environment.memory() < 2**46


# --- the commands, with stand-ins ---------------------------------------------------------------

VENV = """
import pathlib, sys
folder = pathlib.Path(sys.argv[-1])
if text := (pathlib.Path(__file__).parent / "venv_says").read_text():
    sys.exit(text)
(folder / "bin").mkdir(exist_ok=True)
(folder / "course.json").unlink()
python = folder / "bin" / "python"
python.write_text('#!/bin/sh\\nexec "{real}" "{standin}" "$@"\\n')
python.chmod(0o755)
print("venv", file=open(pathlib.Path(__file__).parent / "calls", "a"))
"""
PYTHON = """
import json, os, pathlib, sys
here, arguments = pathlib.Path(__file__).parent, sys.argv[2:]
if arguments[0] == "course.environment":
    print((here / "state.json").read_text())
else:
    print(" ".join(arguments), file=open(here / "calls", "a"))
    if arguments[0] == "pip":
        says = (here / "pip_says").read_text()
        print(says or "Collecting torch==2.13.0 (from x)\\nInstalling collected packages: a, b")
        if says:
            sys.exit(1)
        state = {"version": [3, 11], "missing": [], "testing": []}
        if not any("tests" in argument for argument in arguments):
            state["testing"] = ["ruff>=0.9,<1"]
        (here / "state.json").write_text(json.dumps(state))
    else:
        print("LAUNCHED", json.dumps([arguments, os.getcwd(), dict(os.environ)]))
"""


class Machine:
    """A copy of the course in a folder with an odd name, on a machine where nothing is installed."""

    def __init__(self, scratch):
        self.root, self.aside = scratch / "Kurs ä b", scratch / "aside"
        self.aside.mkdir()
        for name in [*EARLY, "pyproject.toml", "requirements.txt", "tests/requirements.txt"]:
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, self.root / name)
        (self.root / "notebooks").mkdir()
        for name in ("00_start_here", "ü 1"):
            (self.root / f"notebooks/{name}.ipynb").write_text("{}")
        for name in ("venv_says", "pip_says", "calls"):
            self.set(name, "")
        self.set("state.json", json.dumps({"version": [3, 11], "missing": ["torch>=2.4"], "testing": []}))
        self.set("standin.py", PYTHON)
        self.set("venv.py", VENV.format(real=sys.executable, standin=self.aside / "standin.py"))

    def set(self, name, text):
        (self.aside / name).write_text(text)

    def run(self, *arguments, patch="", **more):
        """``python -m course``: without site packages, with a network that refuses at once."""
        variables = {**os.environ, "PYTHONPATH": str(self.aside), "HTTPS_PROXY": "http://127.0.0.1:9",
                     "https_proxy": "http://127.0.0.1:9", "PYTHONIOENCODING": "utf-8", "CI": "", **more}
        code = (f"import runpy, sys; sys.path.insert(0, '.'); {patch}\n"
                f"sys.argv = ['course', *{list(arguments)!r}]\nrunpy.run_module('course', run_name='__main__')")
        run = subprocess.run([sys.executable, "-S", "-c", code], cwd=self.root, env=variables, timeout=60,
                             capture_output=True, text=True, encoding="utf-8", stdin=subprocess.DEVNULL)
        assert "Traceback" not in run.stdout + run.stderr, run.stderr
        return run

    def fails(self, *arguments, **more):
        """The one sentence that stands on the error stream of a command that fails."""
        run = self.run(*arguments, **more)
        assert run.returncode == 1 and len(run.stderr.strip().splitlines()) == 1, (run.stdout, run.stderr)
        return run.stderr.strip()

    def calls(self):
        """What was run since the last question: venv, pip, jupyterlab or pytest."""
        lines = (self.aside / "calls").read_text().splitlines()
        self.set("calls", "")
        return [line.split()[0] for line in lines]


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


@posix
def test_the_second_start_makes_and_installs_nothing(machine):
    run = machine.run("lab", "--no-browser", "--port", "0")
    assert run.returncode == 0, run.stderr
    assert machine.calls() == ["venv", "pip", "jupyterlab"]
    assert "Making an environment" in run.stdout and "installing 2 packages" in run.stdout
    arguments, folder, variables = json.loads(run.stdout.split("LAUNCHED ")[1])
    assert pathlib.Path(folder) == machine.root
    assert arguments[-3:] == ["--no-browser", "--port", "0"]
    assert "--LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb" in arguments
    assert f"--ServerApp.root_dir={machine.root}" in arguments
    assert ("--allow-root" in arguments) == (os.geteuid() == 0)
    assert variables["PYTHONPATH"].split(os.pathsep)[0] == str(machine.root)
    assert variables["PATH"].startswith(str(machine.root / ".venv/bin"))
    quiet = pathlib.Path(variables["JUPYTER_CONFIG_PATH"].split(os.pathsep)[0])
    assert quiet == machine.root / "course/jupyter"

    run = machine.run("lab", "notebooks/ü 1.ipynb")
    assert machine.calls() == ["jupyterlab"]
    assert "--LabApp.default_url=/lab/tree/notebooks/%C3%BC%201.ipynb" in run.stdout


@posix
def test_what_changed_is_installed_and_what_is_half_made_is_made_again(machine):
    assert machine.run("lab").returncode == 0 and machine.calls() == ["venv", "pip", "jupyterlab"]
    assert machine.run("test", "-k", "x").returncode == 0 and machine.calls() == ["pip", "pytest"]
    assert machine.run("test").returncode == 0 and machine.calls() == ["pytest"]
    assert machine.run("lab").returncode == 0 and machine.calls() == ["jupyterlab"]

    with (machine.root / "requirements.txt").open("a") as file:
        file.write("# a pin moved\n")
    assert machine.run("lab").returncode == 0 and machine.calls() == ["pip", "jupyterlab"]

    (machine.root / ".venv/course.json").write_text("{}")  # killed while pip wrote into .venv
    assert machine.run("lab").returncode == 0 and machine.calls() == ["venv", "pip", "jupyterlab"]

    (machine.root / ".venv/bin/python").unlink()  # the system's Python went away
    assert machine.run("lab").returncode == 0 and machine.calls() == ["venv", "pip", "jupyterlab"]


@posix
def test_without_network_an_environment_that_works_goes_on_working(machine):
    machine.run("lab")
    with (machine.root / "requirements.txt").open("a") as file:
        file.write("# a pin moved\n")
    machine.calls()
    machine.set("pip_says", "NewConnectionError: ...")
    run = machine.run("lab")
    assert run.returncode == 0 and machine.calls() == ["pip", "jupyterlab"]
    assert command.NO_NETWORK in run.stdout
    assert machine.fails("test") == command.NO_NETWORK
    machine.set("pip_says", "")
    machine.calls()
    assert machine.run("lab").returncode == 0 and machine.calls() == ["pip", "jupyterlab"]


@posix
def test_wheels_fetches_every_pin_and_the_course_s_own_folder_never(machine):
    run = machine.run("wheels")
    assert run.returncode == 0, run.stderr
    lines = (machine.aside / "calls").read_text().splitlines()
    assert [line.split()[0] for line in lines] == ["venv", "pip", "pip"]
    arguments = lines[-1].split("--wheel-dir")[1]
    # "-e ." would make pip pack the folder, .venv and wheels and all, into wheels.
    assert "-e" not in arguments.split() and "-r" not in arguments.split()
    assert arguments.startswith(f" {machine.root / 'wheels'} ")
    for path in ("requirements.txt", "tests/requirements.txt"):
        for name, version in pins(ROOT / path).items():
            assert f" {name}=={version}" in arguments
    assert " setuptools>=" in arguments
    machine.set("pip_says", "NewConnectionError: ...")
    assert machine.fails("wheels") == command.NO_NETWORK


@posix
def test_a_folder_of_wheels_is_used_and_the_network_is_not(machine):
    (machine.root / "wheels").mkdir()
    run = machine.run("lab")
    assert run.returncode == 0 and "no network is used" in run.stdout and "several GB" not in run.stdout
    installing = (machine.aside / "calls").read_text().splitlines()[1]
    assert f"--no-index --find-links {machine.root / 'wheels'} -r requirements.txt" in installing
    machine.set("pip_says", "ERROR: No matching distribution found for ruff==0.17.6")
    sentence = machine.fails("test")
    assert sentence.startswith("The folder wheels has no ruff==0.17.6 for Python") and "remove it" in sentence
    (machine.root / "wheels").rmdir()
    assert machine.fails("test").startswith("pip finds no ruff==0.17.6")


@posix
def test_an_environment_made_by_hand_is_used_and_a_broken_one_is_left_alone(machine):
    machine.run("lab")
    (machine.root / ".venv/course.json").unlink()
    machine.calls()
    assert machine.run("lab").returncode == 0 and machine.calls() == ["jupyterlab"]
    run = machine.run("test")
    assert "Some tests will be skipped, because they need ruff" in run.stdout and machine.calls() == ["pytest"]
    assert machine.run("test", CI="true").returncode == 0 and machine.calls() == ["pip", "pytest"]
    (machine.root / ".venv/bin/python").unlink()
    assert machine.fails("lab") == command.NO_ENVIRONMENT
    assert machine.calls() == []


@posix
@pytest.mark.parametrize("venv, pip, sentence", [
    ("", "WARNING: Retrying: NewConnectionError('Failed to establish a new connection')\n"
         "ERROR: No matching distribution found for torch==2.13.0", command.NO_NETWORK),
    ("", "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
     command.NO_SPACE),
    ("", "ERROR: [Errno 30] Read-only file system: 'x'", command.NO_WRITING),
    ("", "/x/python: No module named pip", command.NO_ENVIRONMENT),
    ("", "ERROR: Could not find a version\nERROR: No matching distribution found for torch==2.13.0",
     "pip finds no torch==2.13.0 for Python"),
    ("", "error: something {new}\n\n", "Installing failed: error: something {new} (.venv/course.log"),
    ("The virtual environment was not created successfully because ensurepip is not available.", "",
     command.NO_VENV),
    ("Error: [Errno 28] No space left on device: 'x'", "", command.NO_SPACE)])
def test_each_failure_is_one_sentence(machine, venv, pip, sentence):
    machine.set("venv_says", venv)
    machine.set("pip_says", pip)
    assert machine.fails("lab").startswith(sentence)


@posix
@pytest.mark.parametrize("patch, sentence", [
    ("sys.version_info = (3, 8, 10, 'final', 0)",
     "This course needs Python 3.11 or newer, and this is Python 3.8."),
    ("import importlib.util as u; f = u.find_spec; u.find_spec = lambda n: None if n == 'ensurepip' else f(n)",
     command.NO_VENV),
    ("import shutil, types; shutil.disk_usage = lambda p: types.SimpleNamespace(free=10**9)", command.NO_SPACE),
    ("import pathlib, errno; pathlib.Path.mkdir = lambda *a, **k: (_ for _ in ()).throw("
     "OSError(errno.EROFS, 'x'))", command.NO_WRITING),
    ("import subprocess; subprocess.Popen = lambda *a, **k: (_ for _ in ()).throw(KeyboardInterrupt)", "Stopped.")])
def test_what_is_missing_is_one_sentence(machine, patch, sentence):
    assert machine.fails("lab", patch=patch).startswith(sentence)


@posix
@pytest.mark.parametrize("name", ["requirements.txt", "tests/requirements.txt", "pyproject.toml"])
def test_an_incomplete_copy_is_told_so(machine, name):
    (machine.root / name).unlink()
    assert machine.fails("lab").startswith(f"The file {name} is missing.")


@posix
def test_a_taken_port_and_a_missing_notebook_are_told_before_anything_is_installed(machine):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for arguments in (["--port", str(port)], [f"--port={port}"]):
            assert machine.fails("lab", *arguments).startswith(f"Port {port} is in use")
    assert machine.fails("lab", "09.ipynb") == "There is no notebook 09.ipynb in the course's folder."
    assert machine.calls() == []


@posix
def test_help_and_nonsense(machine):
    for arguments in ([], ["--help"], ["lab", "-h"]):
        run = machine.run(*arguments)
        assert run.returncode == 0 and run.stdout.strip() == command.HELP
    assert machine.run("lap").returncode == 1
    assert machine.run("lab", "--torch", "gpu").returncode == 1
    assert machine.calls() == []


def test_this_environment_is_used_as_it_is(monkeypatch, tmp_path):
    monkeypatch.setattr(environment, "state", lambda: {"version": [3, 11], "missing": [], "testing": []})
    monkeypatch.setattr(command, "FOLDER", tmp_path)
    assert command.prepare(True, "") == sys.executable


def test_a_user_s_option_replaces_ours():
    ours = command.lab_arguments(["--ServerApp.root_dir=elsewhere", "--no-browser", "notebooks"])
    assert ours[-3:] == ["--ServerApp.root_dir=elsewhere", "--no-browser", "notebooks"]
    assert sum(argument.startswith("--ServerApp.root_dir") for argument in ours) == 1


def test_the_cpu_index_is_taken_where_it_helps_and_answers(monkeypatch, capsys):
    def answer(request, timeout):
        asked.append(request.full_url)
        if not up:
            raise OSError("no route")
        return open(os.devnull)

    asked, up = [], True
    monkeypatch.setattr(command.urllib.request, "urlopen", answer)
    monkeypatch.setattr(sys, "platform", "linux")
    assert command.index("") == ["--extra-index-url", command.CPU_INDEX]
    assert "--torch default" in capsys.readouterr().out
    up = False
    assert command.index("cpu") == [] and "does not answer" in capsys.readouterr().out
    assert len(asked) == 2
    assert command.index("default") == []
    monkeypatch.setattr(sys, "platform", "darwin")
    assert command.index("") == []
    assert len(asked) == 2


def test_on_a_terminal_progress_rewrites_one_line(monkeypatch, capsys):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    progress = command.Progress()
    for line in ("Collecting torch==2.13.0 (from -r tests/requirements.txt (line 2))\n", "  Using cached x\n",
                 "  Downloading torch-2.13.0-cp311.whl (190.1 MB)\n",
                 "Installing collected packages: a, b, c\n"):
        progress.step(line)
    progress.end("Done")
    shown = [line.strip() for line in capsys.readouterr().out.replace("\n", "\r").split("\r") if line.strip()]
    assert [line.partition(" s  ")[2] for line in shown[:-1]] == [
        "collecting torch==2.13.0", "downloading torch-2.13.0-cp311.whl",
        "installing 3 packages (the longest step)"]
    assert shown[-1].startswith("Done after ")


# --- the rules for all tests --------------------------------------------------------------------

RULED = """
import pytest
def test_good(): pass
@pytest.mark.skip(reason="no camera")
def test_skipped(): pass
def test_gives_up(): pytest.skip("no light")
@pytest.mark.xfail
def test_known(): assert False
@pytest.mark.slow
def test_slow(): import os; assert os.environ["COURSE_STRICT"] == "1"
"""
NOTEBOOK = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": {
    "name": "python3", "display_name": "Python 3", "language": "python"}}, "cells": [
        {"cell_type": "code", "id": "a", "execution_count": 1, "outputs": [], "metadata": {}, "source": "1"},
        {"cell_type": "code", "id": "b", "execution_count": 1, "outputs": [], "source": "0",
         "metadata": {"tags": ["nbval-skip"]}}]}


@pytest.mark.parametrize("variables, arguments, outcome", [
    ({}, ["tests"], {"passed": 1, "skipped": 3, "xfailed": 1, "deselected": 1}),
    ({}, ["tests", "--slow"], {"passed": 2, "skipped": 3, "xfailed": 1}),
    ({"CI": "true"}, ["tests"], {"passed": 2, "failed": 1, "xfailed": 1, "error": 2}),
    ({"COURSE_STRICT_SKIPS": "1"}, ["tests"], {"passed": 1, "failed": 1, "xfailed": 1, "error": 2,
                                               "deselected": 1}),
    # A cell that should print 1 and one that is skipped: hidden checkpoints are not collected.
    ({}, ["notebooks"], {"failed": 1, "skipped": 1}),
    ({"CI": "true"}, ["notebooks"], {"failed": 2})], ids=str)
def test_skips_fail_on_ci_and_slow_tests_wait(tmp_path, variables, arguments, outcome):
    for name in ("conftest.py", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    for folder in ("tests", "notebooks/.ipynb_checkpoints", ".venv"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "tests/test_a.py").write_text(RULED)
    (tmp_path / "tests/test_b.py").write_text("import pytest\npytest.importorskip('no_such_module')")
    for name in ("notebooks/a", "notebooks/.ipynb_checkpoints/a", ".venv/a"):
        (tmp_path / f"{name}.ipynb").write_text(json.dumps(NOTEBOOK))
    inherited = {k: v for k, v in os.environ.items() if k not in ("CI", "COURSE_STRICT", "COURSE_STRICT_SKIPS")}
    run = subprocess.run([sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments,
                          "--continue-on-collection-errors"], cwd=tmp_path,
                         env={**inherited, **variables}, capture_output=True, text=True)
    summary = run.stdout.strip().splitlines()[-1]
    assert {word.replace("errors", "error"): int(number) for number, word in re.findall(
        r"(\d+) (passed|failed|skipped|xfailed|deselected|errors?)", summary)} == outcome, run.stdout
    assert ("1 slow test was left out" in run.stdout) == ("deselected" in outcome)
    if "failed" in outcome and arguments == ["tests"]:
        assert "No test may be skipped here. Skipped: no camera" in run.stdout
