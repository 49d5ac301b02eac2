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
from importlib import metadata

import pytest

import course.__main__ as command
from course import environment, installing

ROOT = environment.ROOT
EARLY = ["course/__init__.py", "course/__main__.py", "course/environment.py", "course/installing.py"]
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
if sys.argv[1] == "-c":
    print((here / "places.json").read_text())
elif arguments[0] == "course.environment":
    print((here / "state.json").read_text())
elif arguments[:2] == ["pip", "index"]:
    said = (here / ("cpu_index" if "--index-url" in arguments else "own_index")).read_text()
    print(said)
    sys.exit("ERROR" in said)
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
        self.set("places.json", json.dumps({"JUPYTER_DATA_DIR": str(scratch / "home" / "data")}))
        pin = pins(ROOT / "requirements.txt")["torch"]
        self.set("own_index", f"torch (9.9.0)\nAvailable versions: 9.9.0, {pin}, 2.1.0")
        self.set("cpu_index", f"torch (9.9.0+cpu)\nAvailable versions: 9.9.0+cpu, {pin}+cpu, 2.1.0+cpu")
        self.set("standin.py", PYTHON)
        self.set("venv.py", VENV.format(real=sys.executable, standin=self.aside / "standin.py"))

    def set(self, name, text):
        (self.aside / name).write_text(text, encoding="utf-8")

    def read(self, name):
        return (self.aside / name).read_text(encoding="utf-8")

    def run(self, *arguments, patch="", **more):
        """``python -m course``, without site packages."""
        variables = {**os.environ, "PYTHONPATH": str(self.aside), "PYTHONIOENCODING": "utf-8", "CI": "", **more}
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
        lines = self.read("calls").splitlines()
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
    machine.set("pip_says", LOGS["no network"])
    run = machine.run("lab")
    assert run.returncode == 0 and machine.calls() == ["pip", "jupyterlab"]
    assert "pip could not reach its package index" in run.stdout
    assert machine.fails("test").startswith("pip could not reach its package index")
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
    machine.set("pip_says", LOGS["no network"])
    assert machine.fails("wheels").startswith("pip could not reach its package index")


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
    assert "What needs these will be left out: ruff" in run.stdout and machine.calls() == ["pytest"]
    assert machine.run("test", CI="true").returncode == 0 and machine.calls() == ["pip", "pytest"]
    (machine.root / ".venv/bin/python").unlink()
    assert machine.fails("lab") == installing.NO_ENVIRONMENT
    assert machine.calls() == []


@posix
@pytest.mark.parametrize("venv, pip, sentence", [
    ("", "no network", "pip could not reach its package index"), ("", "full disk", "There is too little space"),
    ("", "unknown", "Installing failed: error: something {new} (.venv/course.log"),
    ("no ensurepip", "", installing.NO_VENV), ("full disk", "", installing.NO_SPACE)])
def test_each_failure_is_one_sentence(machine, venv, pip, sentence):
    machine.set("venv_says", LOGS.get(venv, ""))
    machine.set("pip_says", LOGS.get(pip, ""))
    assert machine.fails("lab").startswith(sentence)


@posix
@pytest.mark.parametrize("patch, sentence", [
    ("sys.version_info = (3, 8, 10, 'final', 0)",
     "This course needs Python 3.11 or newer, and this is Python 3.8."),
    ("import importlib.util as u; f = u.find_spec; u.find_spec = lambda n: None if n == 'ensurepip' else f(n)",
     installing.NO_VENV),
    ("import shutil, types; shutil.disk_usage = lambda p: types.SimpleNamespace(free=10**9)", installing.NO_SPACE),
    ("import pathlib, errno; pathlib.Path.mkdir = lambda *a, **k: (_ for _ in ()).throw("
     "OSError(errno.EROFS, 'Read-only file system'))", "This folder cannot be written to"),
    ("import os; os.chdir = lambda *a: (_ for _ in ()).throw(OSError(71, 'odd'))", "The system said: [Errno 71] odd."),
    ("import platform; platform.system = lambda: 'Windows'; import course.installing as i; i.LONGEST = 250",
     "A path is too long for this system."),
    ("import subprocess; subprocess.Popen = lambda *a, **k: (_ for _ in ()).throw(KeyboardInterrupt)", "Stopped.")])
def test_what_is_missing_is_one_sentence(machine, patch, sentence):
    assert machine.fails("lab", patch=patch).startswith(sentence)


@posix
@pytest.mark.parametrize("name", ["requirements.txt", "tests/requirements.txt", "pyproject.toml"])
def test_an_incomplete_copy_is_told_so(machine, name):
    (machine.root / name).unlink()
    assert machine.fails("lab").startswith(f"The file {name} is missing.")


@posix
def test_a_missing_notebook_is_told_before_anything_is_installed(machine):
    assert machine.fails("lab", "09.ipynb") == "There is no notebook 09.ipynb in the course's folder."
    assert machine.calls() == []


@pytest.mark.slow
def test_a_taken_port_is_an_error_and_jupyterlab_takes_no_other():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        run = subprocess.run([sys.executable, "-m", "course", "lab", "--no-browser", "--ip=127.0.0.1", "--port", port],
                             cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert run.returncode == 1 and f"port {port} is not available" in run.stderr and "Traceback" not in run.stderr


@posix
def test_help_and_nonsense(machine):
    for arguments in ([], ["--help"], ["lab", "-h"]):
        run = machine.run(*arguments)
        assert run.returncode == 0 and run.stdout.strip() == command.HELP
    assert machine.run("lap").returncode == 1
    for arguments in (["--torch", "gpu"], ["--torch=gpu"], ["--torch"]):
        assert machine.run("lab", *arguments).returncode == 1
    assert machine.calls() == []


def test_this_environment_is_used_as_it_is(monkeypatch, tmp_path):
    monkeypatch.setattr(environment, "state", lambda: {"version": [3, 11], "missing": [], "testing": []})
    for module in (command, installing):
        monkeypatch.setattr(module, "FOLDER", tmp_path)
    assert command.prepare(True, "") == sys.executable


def test_a_user_s_option_replaces_ours():
    ours = command.lab_arguments(["--ServerApp.root_dir=elsewhere", "--no-browser", "notebooks"])
    assert ours[-3:] == ["--ServerApp.root_dir=elsewhere", "--no-browser", "notebooks"]
    assert sum(argument.startswith("--ServerApp.root_dir") for argument in ours) == 1


LINUX = "import sys; sys.platform = 'linux'"
NO_PAGE = """WARNING: Retrying (Retry(total=0, connect=None, read=None, redirect=None, status=None)) after connection \
broken by 'ConnectTimeoutError(<HTTPSConnection object>, 'Connection to download.pytorch.org timed out.')': /whl/cpu/
ERROR: No matching distribution found for torch"""


@posix
def test_the_cpu_build_is_taken_by_its_full_name_from_wherever_it_is(machine):
    """pip's own sources come first: then the other index is not asked for every package."""
    pin = pins(ROOT / "requirements.txt")["torch"]
    for own, source in ((f"{pin}, 2.1.0+cpu", f"--extra-index-url {installing.CPU_INDEX} "), (f"{pin}+cpu, {pin}", "")):
        machine.set("own_index", f"torch (9.9.0)\nAvailable versions: 9.9.0, {own}")
        shutil.rmtree(machine.root / ".venv", ignore_errors=True)
        machine.set("state.json", json.dumps({"version": [3, 11], "missing": ["torch>=2.4"], "testing": []}))
        run = machine.run("lab", patch=LINUX)
        assert "Taking PyTorch's CPU build" in run.stdout and "--torch default" in run.stdout
        assert f"pip install {source}torch=={pin}+cpu -r requirements.txt" in machine.read("calls")
        machine.set("calls", "")


@posix
def test_several_gb_of_cuda_come_only_when_they_are_wanted(machine):
    machine.set("cpu_index", NO_PAGE)
    sentence = machine.fails("lab", patch=LINUX)
    assert "several GB" in sentence and "`--torch default`, which takes it" in sentence
    assert machine.calls() == ["venv"]
    answers = "import io; sys.stdin = io.StringIO('{}'); sys.stdin.isatty = lambda: True"
    for answer in ("n\\n", ""):  # a no, and the end of the input
        assert "Nothing was installed." in machine.run("lab", patch=LINUX + "; " + answers.format(answer)).stderr
        assert "pip" not in machine.calls()
    roomy, full = (f"; import shutil, types; shutil.disk_usage = lambda p: types.SimpleNamespace(free={free})"
                   for free in (10**11, 5 * 10**9))
    yes = "; " + answers.format("Yes\\n")
    for arguments, patch, variables in ((["--torch=default"], "", {}), ([], yes, {}), ([], "", {"CI": "true"})):
        shutil.rmtree(machine.root / ".venv")
        machine.set("state.json", json.dumps({"version": [3, 11], "missing": ["torch>=2.4"], "testing": []}))
        assert machine.fails("lab", *arguments, patch=LINUX + patch + full, **variables).endswith(installing.NO_SPACE)
        machine.calls()
        run = machine.run("lab", *arguments, patch=LINUX + patch + roomy, **variables)
        assert run.returncode == 0 and "pip install -r requirements.txt" in machine.read("calls"), run.stderr
        assert ("CI=true" in run.stdout) == bool(variables)
        machine.calls()


@posix
def test_without_any_source_the_reason_is_pip_s(machine):
    machine.set("own_index", LOGS["certificate, older pip"])
    machine.set("cpu_index", NO_PAGE)
    assert machine.fails("lab", patch=LINUX).startswith("The certificate of pip's package index was refused.")


@posix
def test_a_torch_that_is_there_stays(machine):
    """Whoever took the default build is not asked again for the tests, unless its wheel is wanted."""
    machine.set("cpu_index", NO_PAGE)
    pin = pins(ROOT / "requirements.txt")["torch"]
    machine.set("own_index", f"torch (2.15.0)\nAvailable versions: 2.15.0, {pin}\n  INSTALLED: {pin}\n  LATEST: 2.15.0")
    assert machine.run("lab", patch=LINUX).returncode == 0
    assert "pip install -r requirements.txt" in machine.read("calls")
    assert "several GB" in machine.fails("wheels", patch=LINUX)


@posix
@pytest.mark.parametrize("system", ["darwin", "win32"])
def test_elsewhere_than_on_linux_pip_says_before_the_download_whether_it_has_a_way(machine, system):
    """No choice of a build is made there; a proxy in the way is told before 190 MB were tried."""
    elsewhere = f"import course.installing as i; i.sys = type('', (), dict(vars(i.sys), platform='{system}'))"
    for log, sentence in (("no proxy", "pip could not get through the proxy"), ("no name", "pip could not reach"),
                          ("certificate, Windows", "The certificate of pip's package index was refused")):
        machine.set("own_index", LOGS[log])
        assert machine.fails("lab", patch=elsewhere).startswith(sentence)
        assert "pip" not in machine.calls()
    machine.set("own_index", "torch (9.9.0)\nAvailable versions: 9.9.0, 2.1.0")
    run = machine.run("lab", patch=elsewhere)
    assert run.returncode == 0 and "CPU build" not in run.stdout
    assert "pip install -r requirements.txt" in machine.read("calls")


# --- what pip writes, and what we say -----------------------------------------------------------

RETRY = ("WARNING: Retrying (Retry(total={}, connect=None, read=None, redirect=None, status=None)) after connection "
         "broken by '{}': /simple/{}/\n")
REFUSED = ("NewConnectionError('<pip._vendor.urllib3.connection.HTTPSConnection object at 0x7f65>: Failed to "
           "establish a new connection: [Errno 111] Connection refused')")
VERIFY = "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate (_ssl.c:1006)"
NONE = ("ERROR: Could not find a version that satisfies the requirement torch==2.13.0 (from versions: none)\n"
        "ERROR: No matching distribution found for torch==2.13.0\n")
SOME = NONE.replace("none", "2.1.0, 2.2.2")
OSERROR = "Installing collected packages: a, b\nERROR: Could not install packages due to an OSError: {}\n\n"
TRACEBACK = """  Downloading torch-2.13.0-cp311-cp311-win_amd64.whl (110.0 MB)
ERROR: Exception:
Traceback (most recent call last):
  File "/x/pip/_internal/cli/base_command.py", line 180, in exc_logging_wrapper
    status = run_func(*args)
{}
"""
LOGS = {  # shortened, otherwise to the letter: of pip 23.2 ("older") and 26.3
    "full disk": TRACEBACK.format("OSError: [Errno 28] No space left on device"),
    "full disk, Windows": OSERROR.format("[WinError 112] Es steht nicht genug Speicherplatz zur Verfügung"),
    "no ensurepip": "The virtual environment was not created successfully because ensurepip is not\navailable.  On "
                    "Debian/Ubuntu systems, you need to install the python3-venv\npackage using the following "
                    "command.\n\n    apt install python3.11-venv\n\nFailing command: /x/.venv/bin/python3\n",
    "no venv": "/usr/bin/python3: No module named venv\n",
    "no pip": "/x/.venv/bin/python: No module named pip\n",
    "long path": OSERROR.format("[WinError 206] The filename or extension is too long: 'C:\\\\x\\\\torch'"),
    "long path, hint": OSERROR.format(
        "[Errno 2] No such file or directory: 'C:\\\\x\\\\torch'\nHINT: This error might have occurred since this "
        "system does not have Windows Long Path support enabled."),
    "in use": "  Attempting uninstall: torch\n    Found existing installation: torch 2.12.0\n    Uninstalling "
              "torch-2.12.0:\nERROR: Could not install packages due to an OSError: [WinError 5] Zugriff verweigert: "
              "'C:\\\\x\\\\c10.dll'\nConsider using the `--user` option or check the permissions.\n",
    "in use, other": OSERROR.format("[WinError 32] The process cannot access the file because it is being used by "
                                    "another process: 'x'"),
    "no permission": OSERROR.format("[Errno 13] Permission denied: '/x/a.py'\nCheck the permissions."),
    "read only": OSERROR.format("[Errno 30] Read-only file system: '/x/a.py'"),
    "certificate, older pip": "Looking in indexes: https://pypi.org/simple\n" + "".join(
        RETRY.format(n, f"SSLError(SSLCertVerificationError(1, '{VERIFY}'))", "torch") for n in (4, 3, 2, 1, 0))
    + f"Could not fetch URL https://pypi.org/simple/torch/: There was a problem confirming the ssl certificate: HTTPS"
      f"ConnectionPool(host='pypi.org', port=443): Max retries exceeded with url: /simple/torch/ (Caused by SSLError("
      f"SSLCertVerificationError(1, '{VERIFY}'))) - skipping\n" + NONE,
    "certificate, after a step": "Obtaining file:///x\nCollecting numpy==2.4.6\n  Using cached numpy-2.4.6.whl (1 MB)\n"
    f"Could not fetch URL https://pypi.org/simple/torch/: There was a problem confirming the ssl certificate: {VERIFY}"
    " - skipping\n" + NONE,
    "certificate, Windows": RETRY.format(0, "SSLError(SSLCertVerificationError('A certificate chain processed, but "
                                            "terminated in a root certificate which is not trusted'))", "torch") + NONE,
    "certificate, no such file": "ERROR: Could not install packages due to an OSError: Could not find a suitable TLS "
                                 "CA certificate bundle, invalid path: /x.pem\n\n",
    "no network": "".join(RETRY.format(n, REFUSED, "torch") for n in (4, 3, 2, 1, 0)) + NONE,
    "no name": RETRY.format(0, "NameResolutionError(\"HTTPSConnection(host='pypi.org', port=443): Failed to resolve "
                               "'pypi.org' ([Errno -2] Name or service not known)\")", "torch") + NONE,
    "no proxy": RETRY.format(0, "ProxyError('Cannot connect to proxy.', OSError('Tunnel connection failed: 407 Proxy "
                                "Authentication Required'))", "torch") + NONE,
    "proxy without a host": TRACEBACK.format("pip._vendor.requests.exceptions.InvalidProxyURL: Please check proxy URL. "
                                             "It is malformed and could be missing the host."),
    "proxy of another kind": TRACEBACK.format("pip._vendor.requests.exceptions.InvalidURL: Proxy URL had unsupported "
                                              "scheme ftp, should use http:// or https://"),
    "proxy with SOCKS": TRACEBACK.format("pip._vendor.requests.exceptions.InvalidSchema: Missing dependencies for "
                                         "SOCKS support."),
    "network, in a build": "  Installing build dependencies: finished with status 'error'\n  error: subprocess-exited"
    "-with-error\n  × pip subprocess to install build dependencies did not run successfully.\n  ╰─> [3 lines of "
    "output]\n      " + RETRY.format(0, REFUSED, "setuptools") + "      " + NONE + "      [end of output]\n"
    "  note: This error originates from a subprocess, and is likely not a problem with pip.\n",
    "broken download, older pip": TRACEBACK.format("pip._vendor.urllib3.exceptions.ReadTimeoutError: HTTPSConnection"
                                                   "Pool(host='x', port=443): Read timed out."),
    "broken download": "  Downloading torch-2.13.0.whl (190 MB)\n  WARNING: Connection interrupted while downloading.\n"
    "error: incomplete-download\n\n× Download failed after 6 attempts because not enough bytes were received (1000 "
    "bytes/190 MB)\n╰─> URL: https://x\n\nnote: This is an issue with network connectivity, not pip.\n",
    "no such version": "ERROR: Ignored the following versions that require a different python version: 2.1.0 Requires-"
                       "Python >=3.8,<3.11\n" + SOME,
    "retried with success, then no such version": RETRY.format(4, REFUSED, "torch") + SOME,
    "given up on one index, and found by another": RETRY.format(0, REFUSED, "torch") + SOME,
    "network, then a full disk": RETRY.format(4, REFUSED, "torch") + "Collecting torch==2.13.0\n" + TRACEBACK.format(
        "OSError: [Errno 28] No space left on device"),
    "retried with success, then a conflict": RETRY.format(0, REFUSED, "torch") + "Collecting torch==2.13.0\n"
    "ERROR: Cannot install a and b because these package versions have conflicting dependencies.\n"
    "ERROR: ResolutionImpossible: for help visit https://pip.pypa.io\n",
    "extra index refused, then a conflict": f"Could not fetch URL https://x/torch/: There was a problem confirming the "
    f"ssl certificate: {VERIFY} - skipping\nERROR: Cannot install a and b because these package versions conflict.\n",
    "a failed build": "Building wheels for collected packages: lap\n  Building wheel for lap: finished with status "
    "'error'\n  error: subprocess-exited-with-error\n  note: This error originates from a subprocess.\n  ERROR: Failed "
    "building wheel for lap\nFailed to build lap\nhint: See above for details.\n",
    "unknown": "WARNING: The directory '/x/.cache/pip' is not writable: Permission denied.\nerror: something {new}\n\n",
    "killed": "Collecting torch==2.13.0\nInstalling collected packages: a, b\n",
    "nothing": ""}
SENTENCES = {  # the beginning of a sentence: the logs that lead to it
    "There is too little space": ["full disk", "full disk, Windows", "network, then a full disk"],
    "This Python cannot make an environment": ["no ensurepip", "no venv"],
    "The folder .venv holds no environment that works": ["no pip"],
    "A path is too long for this system. Move the course to a folder with a shorter path, or": [
        "long path", "long path, hint"],
    "Windows refused access to a file": ["in use", "in use, other"],
    "This folder cannot be written to": ["no permission", "read only"],
    "The certificate of pip's package index was refused": [
        "certificate, older pip", "certificate, after a step", "certificate, Windows", "certificate, no such file"],
    "pip could not get through the proxy": [
        "no proxy", "proxy without a host", "proxy of another kind", "proxy with SOCKS"],
    "pip could not reach its package index": [
        "no network", "no name", "network, in a build", "broken download, older pip", "broken download"],
    "pip finds no torch==2.13.0 for Python": [
        "no such version", "retried with success, then no such version", "given up on one index, and found by another"],
    "Installing failed: ERROR: ResolutionImpossible": ["retried with success, then a conflict"],
    "Installing failed: ERROR: Cannot install a and b": ["extra index refused, then a conflict"],
    "Installing failed: ERROR: Failed building wheel for lap": ["a failed build"],
    "Installing failed: error: something {new}": ["unknown"],
    "Installing failed: Installing collected packages": ["killed"],
    "Installing failed: pip gave no reason": ["nothing"]}
APART = {"PyTorch has had no build for Macs with an Intel processor": ["no such version"]}


@pytest.fixture
def a_machine(monkeypatch):
    def be(system, processor):
        monkeypatch.setattr(installing.platform, "system", lambda: system)
        monkeypatch.setattr(installing.platform, "machine", lambda: processor)
    be("Linux", "x86_64")
    return be


@pytest.mark.parametrize("log, sentence", [(log, text) for text, logs in SENTENCES.items() for log in logs])
def test_a_log_leads_to_its_cause(a_machine, log, sentence):
    assert installing.reason(LOGS[log]).startswith(sentence)


def test_every_sentence_and_every_log_is_tried():
    assert sorted(log for logs in SENTENCES.values() for log in logs) == sorted(LOGS)
    for _, sentence in installing.REASONS:
        assert any(start.startswith(sentence.split("{")[0]) or sentence.startswith(start)
                   for start in [*SENTENCES, *APART]), sentence


def test_a_machine_for_which_there_is_no_torch_is_named(a_machine):
    a_machine("Darwin", "x86_64")
    (sentence,) = APART
    assert installing.reason(LOGS["no such version"]).startswith(sentence)
    assert installing.reason(LOGS["no network"]).startswith("pip could not reach")
    assert installing.reason(LOGS["no such version"].replace("torch", "lap")).startswith("pip finds no lap")
    a_machine("Darwin", "arm64")
    assert installing.reason(LOGS["no such version"]).startswith("pip finds no torch")


def test_what_cannot_work_is_told_before_the_download(a_machine, monkeypatch):
    said = {"sysctl": "0", "reg": "ERROR: The system was unable to find the specified registry key or value."}
    monkeypatch.setattr(installing, "run", lambda program, *more: (0, said[program]))
    free = 259 - installing.LONGEST - len(r"\.venv\Lib\site-packages" "\\")
    for long in (False, True):
        monkeypatch.setattr(installing, "ROOT", "C:\\" + "x" * (free - 3 + long))
        for system in ("Linux", "Darwin"):
            a_machine(system, "x86_64")
            assert installing.obstacle() == ""
        a_machine("Windows", "AMD64")
        assert bool(installing.obstacle()) is long
    assert f"a shorter path (at most {free} characters)" in installing.obstacle()
    said.update(reg="    LongPathsEnabled    REG_DWORD    0x0\n")
    assert installing.obstacle()
    said.update(reg="    LongPathsEnabled    REG_DWORD    0x1\n", sysctl="1\n")
    assert installing.obstacle() == ""
    a_machine("Darwin", "x86_64")  # translated: by what it says itself
    assert installing.obstacle() == installing.TRANSLATED


def test_a_program_that_is_not_there_is_no_traceback():
    code, said = installing.run("no-such-program-anywhere")
    assert code and said


def test_no_package_has_a_longer_path_than_windows_is_asked_for():
    names = [*pins(ROOT / "requirements.txt"), *pins(ROOT / "tests/requirements.txt")]
    paths = [str(file) for name in names if environment.installed(name) for file in metadata.files(name) or []]
    longest = max((path for path in paths if not path.startswith("..")), key=len)
    assert len(longest) <= installing.LONGEST, longest


def test_on_a_terminal_progress_rewrites_one_line(monkeypatch, capsys):
    lines = ("Collecting torch==2.13.0 (from -r tests/requirements.txt (line 2))\n", "  Using cached x\n",
             "  Downloading torch-2.13.0-cp311.whl (190.1 MB)\n", "Installing collected packages: a, b, c\n")
    for terminal in (True, False):
        monkeypatch.setattr(sys.stdout, "isatty", lambda here=terminal: here, raising=False)
        for second, line in enumerate(lines):
            installing.progress(line, second)
        shown = [line.strip() for line in re.split("[\r\n]", capsys.readouterr().out) if line.strip()]
        assert shown == ["0 s  collecting torch==2.13.0", "2 s  downloading torch-2.13.0-cp311.whl"] * terminal + [
            "3 s  installing 3 packages (the longest step)"]


# --- a home that cannot be written to -----------------------------------------------------------

@posix
def test_jupyterlab_starts_without_a_home(machine):
    nowhere = {name: f"/dev/null/{name}" for name in ("JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR")}
    good = str(machine.root.parent / "good")
    machine.set("places.json", json.dumps({**nowhere, "JUPYTER_CONFIG_DIR": good}))
    run = machine.run("lab")
    assert "own folders cannot be written to" in run.stdout and run.returncode == 0
    variables = json.loads(run.stdout.split("LAUNCHED ")[1])[2]
    for name in nowhere:
        place = variables.get(name, "")
        assert place.startswith(str(machine.root / ".venv")) == (name != "JUPYTER_CONFIG_DIR"), place
    machine.set("places.json", "{}")
    assert "own folders" not in machine.run("lab").stdout


@posix
@pytest.mark.slow
def test_the_real_jupyterlab_starts_without_a_home():
    """Up to its address; a traceback would stand there in its place."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "XDG"))}
    with subprocess.Popen([sys.executable, "-m", "course", "lab", "--no-browser", "--port=0"], cwd=ROOT, text=True,
                          env={**variables, "HOME": "/dev/null/nobody"}, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as running:
        said = []
        for line in running.stdout:
            said.append(line)
            if "http://" in line:
                break
        running.kill()
    assert "http://" in said[-1] and "Traceback" not in "".join(said), "".join(said)


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


# In notebooks: a cell that should print 1 and one that is skipped; hidden checkpoints are not collected.
@pytest.mark.parametrize("variables, arguments, outcome", [
    ({}, ["tests", "notebooks"], {"passed": 1, "failed": 1, "skipped": 4, "xfailed": 1, "deselected": 1}),
    ({"CI": "true"}, ["tests", "notebooks"], {"passed": 2, "failed": 3, "xfailed": 1, "error": 2}),
    ({"COURSE_STRICT_SKIPS": "1"}, ["tests", "--slow"], {"passed": 2, "failed": 1, "xfailed": 1, "error": 2})],
    ids=str)
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
    if variables:
        assert "No test may be skipped here. Skipped: no camera" in run.stdout


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a file that is always full")
def test_a_full_home_is_no_place_for_jupyterlab(tmp_path, monkeypatch):
    assert command.writable(str(tmp_path))
    monkeypatch.setattr(command.tempfile, "TemporaryFile", lambda dir: open("/dev/full", "wb"))
    assert not command.writable(str(tmp_path))
