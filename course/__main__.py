"""``python3 -m course lab``, ``test`` and ``wheels``, on a machine that has only Python.

Only the standard library, and in words that old Pythons can read, so that a Python that is too
old is told so. Whatever goes wrong is one sentence and an exit code, not a traceback.
"""
import errno
import hashlib
import importlib.util
import json
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request

from . import environment

ROOT = environment.ROOT
FOLDER = ROOT / ".venv"
MARK = FOLDER / "course.json"  # what was installed here: {} while that is under way
WHEELS = ROOT / "wheels"  # packages for machines without a network: if it is there, pip asks nothing else
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
SPACE = 2e9  # bytes: the environment, and what pip needs while it installs
HELP = """The course on superposition.

  python3 -m course lab  [--torch default] [what JupyterLab understands: --no-browser --port 9999 ...]
  python3 -m course test [--torch default] [--slow] [what pytest understands: -k sae ...]
  python3 -m course wheels [--torch default]

lab opens notebooks/00_start_here.ipynb, or the notebook you name.
test runs all tests but the slow ones; --slow runs those too.
wheels fetches all packages into the folder wheels. A copy of the course that has this folder
installs from it and needs no network, on the same kind of machine with the same Python version.
A Python that has all packages is used as it is. Otherwise an environment is made in .venv.
--torch default: when making it on Linux, take PyTorch's default build (with CUDA, several GB)
instead of its CPU build."""
NO_VENV = ("This Python cannot make an environment, because its module venv or ensurepip is missing. "
           "On Debian and Ubuntu, run `sudo apt install python3-venv`, then start again.")
NO_SPACE = ("There is too little space: the environment in .venv needs about 1.5 GB, and installing it some "
            "0.5 GB in the folder for temporary files. Free some space, then start again.")
NO_WRITING = ("This folder cannot be written to, and the environment belongs into .venv inside it. "
              "Copy the course to a folder of your own and start it there.")
NO_NETWORK = ("pip could not reach its package index. Installing needs the network: check the "
              "connection (and the proxy, if there is one), then start again.")
NOT_IN_WHEELS = ("The folder wheels has no {what} for Python {python} on {system}. It serves the kind of machine and "
                 "the Python version it was made on, and this version of the course. Make it again with "
                 "`python3 -m course wheels` on such a machine, or remove it and install over the network.")
NO_ENVIRONMENT = ("The folder .venv holds no environment that works here, and this command did not make it. "
                  "Remove or rename it, then start again.")
REASONS = [  # what pip or venv writes, and what we say; the first that fits
    (r"No space left on device|Errno 28|not enough space on the disk", NO_SPACE),
    (r"ensurepip is not available|No module named '?(venv|ensurepip)", NO_VENV),
    (r"No module named '?pip", NO_ENVIRONMENT),
    (r"Read-only file system|Permission denied|Errno 13|Access is denied", NO_WRITING),
    (r"NewConnectionError|ConnectTimeout|ReadTimeout|NameResolutionError|ProxyError|name resolution|"
     r"getaddrinfo failed|Failed to (establish|connect)|Connection (refused|aborted)", NO_NETWORK),
    (r"No matching distribution found for (?P<what>\S+)",
     "pip finds no {what} for Python {python} on {system}. Try a Python from 3.11 to 3.14, see whether "
     "`pip config list` names an unusual index, or take the course on Binder (README.md)."),
    (r"(?P<what>.+)\Z", "Installing failed: {what} (.venv/course.log has all that pip said)."),
]


def reason(log, wheels=False):
    """One sentence for what pip or venv wrote before it gave up; pip may have looked in WHEELS alone."""
    log = log.strip() or "pip gave no reason"
    reasons = [(REASONS[-2][0], NOT_IN_WHEELS)] * wheels + REASONS
    found, sentence = next((re.search(p, log), s) for p, s in reasons if re.search(p, log))
    return sentence.format(python="{}.{}".format(*sys.version_info), **found.groupdict(),
                           system=platform.system() + " " + platform.machine())


class Progress:
    """Seconds and the present step: one line rewritten on a terminal, elsewhere a line now and then."""

    def __init__(self):
        self.start, self.shown = time.monotonic(), 0

    def step(self, line):
        """Show a line of pip's, shortened, if it tells a person anything."""
        word, _, rest = line.strip().partition(" ")
        text = word.lower() + " " + os.path.basename(re.split(r"[ (;]", rest)[0])
        if line.startswith("Installing collected"):
            text = "installing {} packages (the longest step)".format(line.count(",") + 1)
        elif word not in ("Collecting", "Downloading", "Processing"):
            return
        seconds = time.monotonic() - self.start
        if sys.stdout.isatty():
            width = shutil.get_terminal_size().columns - 1
            print("\r" + f"{seconds:5.0f} s  {text}"[:width].ljust(width), end="", flush=True)
        elif seconds - self.shown > 15 or word == "Installing":
            self.shown = seconds
            print(f"{seconds:5.0f} s  {text}", flush=True)

    def end(self, text):
        """The last line: what was reached, and after how long."""
        lead = "\n" if sys.stdout.isatty() else ""
        print(f"{lead}{text} after {time.monotonic() - self.start:.0f} s.", flush=True)


def index(torch):
    """Options for pip that find PyTorch's small build on Linux; elsewhere the default build is small."""
    if torch == "default" or sys.platform != "linux":
        return []
    try:
        request = urllib.request.Request(CPU_INDEX + "/torch/", method="HEAD")
        urllib.request.urlopen(request, timeout=3).close()
    except Exception:  # no network, an unknown name, a proxy's refusal: all mean the same here
        print("PyTorch's index of CPU builds does not answer, so torch comes from pip's own sources. "
              "If those have no CPU build, that is several GB.", flush=True)
        return []
    print("Taking PyTorch's CPU build. (`--torch default` takes the one with CUDA, several GB.)", flush=True)
    return ["--extra-index-url", CPU_INDEX]


def variables(**more):
    """Environment variables for a program of ours: it finds this copy of the course and no other."""
    paths = [str(ROOT), os.environ.get("PYTHONPATH")]
    return dict(os.environ, PYTHONPATH=os.pathsep.join(filter(None, paths)), **more)


def ask(python):
    """environment.state() of another Python, or None if that does not run."""
    try:
        run = subprocess.run([str(python), "-m", "course.environment"], cwd=str(ROOT), env=variables(),
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        return json.loads(run.stdout.decode())
    except (OSError, ValueError):
        return None


def mark():
    """What this command installed in .venv: {} if that was interrupted, None if it made no .venv."""
    try:
        return json.loads(MARK.read_text())
    except FileNotFoundError:
        return None
    except ValueError:
        return {}


def make():
    """An empty environment in .venv, in place of any that is there."""
    if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        sys.exit(NO_VENV)
    if shutil.disk_usage(str(ROOT)).free < SPACE:
        sys.exit(NO_SPACE)
    FOLDER.mkdir(exist_ok=True)
    MARK.write_text("{}")
    print("Making an environment in .venv (once, about 10 seconds).", flush=True)
    run = subprocess.run([sys.executable, "-m", "venv", "--clear", str(FOLDER)],
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    MARK.write_text("{}")  # --clear removed it
    if run.returncode:
        sys.exit(reason(run.stdout.decode(errors="replace")))


def pip(python, arguments, done, ours=False):
    """pip with a line of progress, and ``done`` at its end; returns what went wrong, or an empty string."""
    command = [str(python), "-m", "pip", arguments[0], "--progress-bar", "off", "--no-input",
               "--disable-pip-version-check", *arguments[1:]]
    progress, log = Progress(), []
    # PIP_USER in somebody's settings would make pip refuse to install into an environment.
    with subprocess.Popen(command, cwd=str(ROOT), env=variables(PIP_USER="0", PYTHONUNBUFFERED="1"),
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as run:
        for raw in run.stdout:
            log.append(raw.decode(errors="replace"))
            progress.step(log[-1])
            if ours and log[-1].startswith("Installing collected"):  # only now anything in .venv changes
                MARK.write_text("{}")
    try:
        (FOLDER / "course.log").write_text("".join(log), encoding="utf-8")
    except OSError:  # a full disk, which the sentence tells; or an environment elsewhere
        pass
    progress.end("pip stopped" if run.returncode else done)
    return reason("".join(log), "--no-index" in arguments) if run.returncode else ""


def install(python, files, torch, ours):
    """Install from WHEELS, or from the network where there is no such folder; returns what went wrong."""
    print("Installing packages: about 1.5 GB on disk, 1 to 5 minutes. Ctrl-C stops, and the next start "
          "repairs.", flush=True)
    if WHEELS.is_dir():
        print("They come from the folder wheels, and no network is used.", flush=True)
        source = ["--no-index", "--find-links", str(WHEELS)]
    else:
        source = index(torch)
    wanted = [word for name in files for word in ("-r", name)]
    return pip(python, ["install", *source, *wanted], "Everything is installed", ours)


def fetch(python, torch):
    """Fill WHEELS with all that ``lab`` and ``test`` install, as wheels, so that nothing is built later."""
    print("Fetching packages into the folder wheels: about 350 MB, 1 to 5 minutes.", flush=True)
    wanted = list(environment.build_requirements())  # pip needs them to install the course itself
    for name in ("requirements.txt", "tests/requirements.txt"):
        wanted += re.findall(r"^[\w.-]+==\S+", (ROOT / name).read_text(encoding="utf-8"), re.M)
    wrong = pip(python, ["wheel", "--wheel-dir", str(WHEELS), *index(torch), *wanted], "Everything is in wheels")
    if wrong:
        sys.exit(wrong)
    print("Copy the course with this folder, and without .venv, to machines of the same kind with Python "
          "{}.{}. There, `python3 -m course lab` installs from it.".format(*ask(python)["version"]))
    return 0


def prepare(tests, torch):
    """The Python to use: this one if it has everything, or that of .venv, made or mended first."""
    python = str(FOLDER / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
    names = ["requirements.txt"] + ["tests/requirements.txt"] * tests
    files = {name: hashlib.sha256((ROOT / name).read_bytes()).hexdigest() for name in names}
    ours, there = mark(), ask(python)
    candidates = [(python, there, ours)]
    if os.path.realpath(sys.prefix) != os.path.realpath(str(FOLDER)):
        candidates.insert(0, (sys.executable, environment.state(), None))
    for candidate, has, installed in candidates:
        lacking = has["missing"] + has["testing"] * tests if has else ["everything"]
        if not lacking and (installed is None or files.items() <= installed.items()):
            return candidate
        if has and not has["missing"] and installed is None and os.environ.get("CI") != "true":
            print("Some tests will be skipped, because they need " + ", ".join(lacking)
                  + " (`pip install -r tests/requirements.txt`).", flush=True)
            return candidate
    if ours is None and FOLDER.exists() and (not there or environment.python_sentence(there["version"])):
        sys.exit(NO_ENVIRONMENT)
    fresh = not there or ours == {} or bool(ours) and ours.get("python") != there["version"]
    if fresh:
        make()
        ours = mark()
    wrong = install(python, files, torch, ours is not None)
    if wrong and (mark() == {} or tests or there["missing"]):
        sys.exit(wrong)
    if wrong:
        print(wrong + "\nUntil then the course goes on with the packages that are here.", flush=True)
        return python
    has = ask(python) or {"missing": ["a Python that runs"], "testing": []}
    if has["missing"] + has["testing"] * tests:
        sys.exit("pip ended well, and yet this is missing: " + ", ".join(has["missing"] + has["testing"])
                 + " (.venv/course.log has all that pip said).")
    if ours is not None:
        MARK.write_text(json.dumps(dict(files, python=has["version"])))
    return python


def launch(python, *arguments, **more):
    """Become ``python -m ...`` in the course's folder; its exit code is ours."""
    if python.startswith(str(FOLDER)):  # as if activated: terminals and `!pip` find it too
        more.update(VIRTUAL_ENV=str(FOLDER), JUPYTER_PREFER_ENV_PATH="1", PATH=os.pathsep.join(
            [os.path.dirname(python), os.environ.get("PATH", os.defpath)]))
    os.chdir(str(ROOT))
    sys.stdout.flush()
    if os.name != "nt":
        os.execve(python, [python, "-m", *arguments], variables(**more))
    child = subprocess.Popen([python, "-m", *arguments], env=variables(**more))
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:  # the child has it too, and ends in its own way
            pass


def value(arguments, option):
    """The value of ``--option X`` or ``--option=X``, or an empty string."""
    for at, argument in enumerate(arguments):
        if argument == option:
            return "".join(arguments[at + 1:at + 2])
        if argument.startswith(option + "="):
            return argument[len(option) + 1:]
    return ""


def lab_arguments(arguments):
    """Arguments for JupyterLab: the course's folder, the notebook to open, and what the user gave."""
    port, host = value(arguments, "--port"), value(arguments, "--ip").strip("*") or "127.0.0.1"
    if port.isdigit() and 0 < int(port) < 2**16:
        with socket.socket() as probe:
            if os.name != "nt":  # on Windows this option would let two programs share the port
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, int(port)))
            except OSError as error:
                if error.errno in (errno.EADDRINUSE, errno.EACCES):
                    sys.exit(f"Port {port} is in use or not allowed. Choose another, or leave out --port.")
    pages = [a for a in arguments if a.endswith(".ipynb") and not a.startswith("-")]
    page = os.path.relpath(pages[0], str(ROOT)) if pages else os.path.join("notebooks", "00_start_here.ipynb")
    if not (ROOT / page).exists():
        sys.exit(f"There is no notebook {page} in the course's folder.")
    rest = [a for a in arguments if a not in pages]
    ours = ["--ServerApp.root_dir=" + str(ROOT), "--ServerApp.answer_yes=True",  # Ctrl-C asks no question
            "--LabApp.default_url=/lab/tree/" + urllib.parse.quote(page.replace(os.sep, "/"))]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        ours.append("--allow-root")
    return [a for a in ours if not value(rest, a.partition("=")[0])] + rest


def main(arguments):
    """Run one command; returns an exit code, or leaves through sys.exit with a sentence."""
    if environment.python_sentence():
        sys.exit(environment.python_sentence())
    if not arguments or {"-h", "--help"} & set(arguments):
        print(HELP)
        return 0
    command, torch, rest = arguments[0], value(arguments, "--torch"), arguments[1:]
    if command not in ("lab", "test", "wheels") or torch not in ("", "cpu", "default"):
        sys.exit("This is not understood: " + " ".join(arguments) + "\n\n" + HELP)
    if "--torch" in rest:
        del rest[rest.index("--torch") + 1]
    rest = [a for a in rest if a.split("=")[0] != "--torch"]
    for name in ("requirements.txt", "tests/requirements.txt", "pyproject.toml"):
        if not (ROOT / name).exists():
            sys.exit(f"The file {name} is missing. Start this in a complete copy of the course, in the "
                     "folder with README.md.")
    if command == "wheels":
        return fetch(prepare(False, torch), torch)
    if command == "test":
        return launch(prepare(True, torch), "pytest", *rest)
    rest = lab_arguments(rest)
    python = prepare(False, torch)
    print("Starting JupyterLab. Ctrl-C here ends it.", flush=True)
    # course/jupyter holds the settings for a start without questions about news and updates.
    paths = [str(ROOT / "course" / "jupyter"), os.environ.get("JUPYTER_CONFIG_PATH")]
    return launch(python, "jupyterlab", *rest, JUPYTER_CONFIG_PATH=os.pathsep.join(filter(None, paths)))


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit("\nStopped. The next start goes on from here.")
    except OSError as error:
        known = {errno.ENOSPC: NO_SPACE, errno.EROFS: NO_WRITING, errno.EACCES: NO_WRITING}
        sys.exit(known.get(error.errno, f"The system said: {error}."))
