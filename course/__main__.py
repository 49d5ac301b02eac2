"""``python3 -m course lab``, ``test``, ``site`` and ``wheels``, on a machine that has only Python.

Only the standard library, and in words that old Pythons can read, so that a Python that is too
old is told so. Whatever goes wrong is one sentence and an exit code, not a traceback.
``course/installing.py`` talks to pip.
"""
import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import urllib.parse

from . import environment, installing
from .installing import FOLDER, ROOT

PYTHON = str(FOLDER / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
HELP = """The course on superposition.

  python3 -m course lab  [--torch default] [what JupyterLab understands: --no-browser --port 9999 ...]
  python3 -m course test [--torch default] [--slow] [what pytest understands: -k sae ...]
  python3 -m course site [--torch default] [--output build/site] [02 07 ...]
  python3 -m course wheels [--torch default]

lab opens notebooks/00_start_here.ipynb, or the notebook you name.
test runs all tests but the slow ones; --slow runs those too.
site runs all notebooks, or those named, and writes the course as web pages that need no server.
wheels fetches all packages into the folder wheels. A copy of the course that has this folder
installs from it and needs no network, on the same kind of machine with the same Python version.
A Python that has all packages is used as it is. Otherwise an environment is made in .venv.
--torch default: when making it on Linux, take PyTorch's default build (with CUDA, several GB)
instead of its CPU build. Without this option, where neither pip's own sources nor PyTorch's index
have the CPU build, you are asked first. Without a terminal nothing is installed then, unless CI=true."""
# Run by the environment's Python: where Jupyter writes, by the variables that change it.
PLACES = """import json
from IPython.paths import get_ipython_dir
from jupyter_core import paths
print(json.dumps(dict({"JUPYTER_" + name.upper() + "_DIR": getattr(paths, "jupyter_" + name + "_dir")()
                       for name in ("data", "runtime", "config")}, IPYTHONDIR=get_ipython_dir())))"""


def ask(python, *question):
    """What another Python answers in JSON, or None if it does not run or has no answer."""
    try:
        run = subprocess.run([python, *question], cwd=str(ROOT), env=installing.variables(),
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        return json.loads(run.stdout.decode())
    except (OSError, ValueError):
        return None


def state(python):
    """environment.state() of another Python, or None if that does not run."""
    return ask(python, "-m", "course.environment")


def prepare(tests, torch):
    """The Python to use: this one if it has everything, or that of .venv, made or repaired first."""
    names = ["requirements.txt"] + ["tests/requirements.txt"] * tests
    files = {name: hashlib.sha256((ROOT / name).read_bytes()).hexdigest() for name in names}
    noted, there = installing.note(), state(PYTHON)
    candidates = [(PYTHON, there, noted)]
    if os.path.realpath(sys.prefix) != os.path.realpath(str(FOLDER)):
        candidates.insert(0, (sys.executable, environment.state(), None))
    for python, has, installed in candidates:
        lacking = has["missing"] + has["testing"] * tests if has else ["everything"]
        if not lacking and (installed is None or files.items() <= installed.items()):
            return python
        if has and not has["missing"] and installed is None and os.environ.get("CI") != "true":
            print("What needs these will be left out: " + ", ".join(lacking)
                  + " (`pip install -r tests/requirements.txt`).", flush=True)
            return python
    if noted is None and FOLDER.exists() and (not there or environment.python_sentence(there["version"])):
        sys.exit(installing.NO_ENVIRONMENT)
    wrong = installing.obstacle()
    if not wrong and (not there or noted == {} or noted and noted.get("python") != there["version"]):
        installing.make()
        noted = {}
    wrong = wrong or installing.install(PYTHON, names, torch)
    has = state(PYTHON) or {"missing": ["a Python that runs"], "testing": []}
    lacking = has["missing"] + has["testing"] * tests
    if wrong and (tests or lacking or installing.note() == {}):
        sys.exit(wrong)
    if wrong:
        print(wrong + "\nUntil then the course goes on with the packages that are here.", flush=True)
    elif lacking:
        sys.exit("pip ended well, and yet this is missing: " + ", ".join(lacking)
                 + " (.venv/course.log has all that pip said).")
    elif noted is not None:
        installing.NOTE.write_text(json.dumps(dict(files, python=has["version"])))
    return PYTHON


def launch(python, *arguments, **more):
    """Become ``python -m ...`` in the course's folder; its exit code is ours."""
    if python == PYTHON:  # as if activated: terminals and `!pip` find it too
        more.update(VIRTUAL_ENV=str(FOLDER), JUPYTER_PREFER_ENV_PATH="1", PATH=os.pathsep.join(
            [os.path.dirname(python), os.environ.get("PATH", os.defpath)]))
    os.chdir(str(ROOT))
    sys.stdout.flush()
    if os.name != "nt":
        os.execve(python, [python, "-m", *arguments], installing.variables(**more))
    child = subprocess.Popen([python, "-m", *arguments], env=installing.variables(**more))
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:  # the child has it too, and ends in its own way
            pass


def lab_arguments(given):
    """Arguments for JupyterLab: the course's folder, the notebook to open, and what the user gave."""
    pages = [a for a in given if a.endswith(".ipynb") and not a.startswith("-")]
    page = os.path.relpath(pages[0], str(ROOT)) if pages else os.path.join("notebooks", "00_start_here.ipynb")
    if not (ROOT / page).exists():
        sys.exit(f"There is no notebook {page} in the course's folder.")
    rest = [a for a in given if a not in pages]
    options = {a.partition("=")[0] for a in rest}
    ours = ["--ServerApp.root_dir=" + str(ROOT), "--ServerApp.answer_yes=True",  # Ctrl-C asks no question
            "--LabApp.default_url=/lab/tree/" + urllib.parse.quote(page.replace(os.sep, "/"))]
    if "--port" in options:  # who names a port needs that one
        ours.append("--ServerApp.port_retries=0")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        ours.append("--allow-root")
    return [a for a in ours if a.partition("=")[0] not in options] + rest


def writable(folder):
    """Can files be made in this folder, and is there room? It is made, if it is not there."""
    try:
        os.makedirs(folder, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b" " * 100000)
        return True
    except OSError:
        return False


def lab_places(python):
    """Variables that give JupyterLab another place for each folder of its own that it cannot write to."""
    closed = [name for name, path in (ask(python, "-c", PLACES) or {}).items() if not writable(path)]
    if not closed:
        return {}
    spare = str(FOLDER / "jupyter")
    if not (FOLDER.exists() and writable(spare)):
        spare = tempfile.mkdtemp()
    print("JupyterLab's own folders cannot be written to, so it keeps its settings in " + spare + ".", flush=True)
    return {name: os.path.join(spare, name) for name in closed}


def main(arguments):
    """Run one command; returns an exit code, or leaves through sys.exit with a sentence."""
    if environment.python_sentence():
        sys.exit(environment.python_sentence())
    if not arguments or {"-h", "--help"} & set(arguments):
        print(HELP)
        return 0
    reader = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    reader.add_argument("--torch", nargs="?", default="", const="nothing")
    found, rest = reader.parse_known_args(arguments[1:])
    command, torch = arguments[0], found.torch
    if command not in ("lab", "test", "site", "wheels") or torch not in ("", "cpu", "default"):
        sys.exit("This is not understood: " + " ".join(arguments) + "\n\n" + HELP)
    for name in ("requirements.txt", "tests/requirements.txt", "pyproject.toml"):
        if not (ROOT / name).exists():
            sys.exit(f"The file {name} is missing. Start this in a complete copy of the course, in the "
                     "folder with README.md.")
    if command == "wheels":
        python = prepare(False, torch)
        wrong = installing.fetch(python, torch)
        if wrong:
            sys.exit(wrong)
        print("Copy the course with this folder, and without .venv, to machines of the same kind with Python {}.{}. "
              "There, `python3 -m course lab` installs from it.".format(*state(python)["version"]))
        return 0
    if command == "test":
        return launch(prepare(True, torch), "pytest", *rest)
    if command == "site":
        return launch(prepare(True, torch), "course.recipes.site", *rest)
    rest = lab_arguments(rest)
    python = prepare(False, torch)
    print("Starting JupyterLab. Ctrl-C here ends it.", flush=True)
    # course/jupyter holds the settings for a start without questions about news and updates.
    paths = [str(ROOT / "course" / "jupyter"), os.environ.get("JUPYTER_CONFIG_PATH")]
    return launch(python, "jupyterlab", *rest, JUPYTER_CONFIG_PATH=os.pathsep.join(filter(None, paths)),
                  **lab_places(python))


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit("\nStopped. The next start goes on from here.")
    except OSError as error:
        sys.exit(installing.reason(str(error), other="The system said: {what}."))
