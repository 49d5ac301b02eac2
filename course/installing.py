"""Installs what the course needs into ``.venv``, and says in one sentence what stood in the way.

For ``course/__main__.py``: like it only the standard library, in words that old Pythons can read.
"""
import importlib.util
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import time

from . import environment

ROOT = environment.ROOT
FOLDER = ROOT / ".venv"
NOTE = FOLDER / "course.json"  # what was installed here: {} while that is under way
WHEELS = ROOT / "wheels"  # packages for machines without a network: if it is there, pip asks nothing else
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
SPACE, SPACE_CUDA = 2e9, 8e9  # bytes: the environment, and what pip needs while it installs
LONG_PATHS_KEY = [r"HKLM\SYSTEM\CurrentControlSet\Control\FileSystem", "/v", "LongPathsEnabled"]
LONGEST = 171  # characters: the longest path that pip writes inside site-packages, a licence in torch

NO_SPACE = ("There is too little space: installing needs 2 GB, some of it in the folder for temporary files, and "
            "8 GB with PyTorch's default build on Linux. Free some space, then start again.")
NO_VENV = ("This Python cannot make an environment, because its module venv or ensurepip is missing. "
           "On Debian and Ubuntu, run `sudo apt install python3-venv`, then start again.")
NO_ENVIRONMENT = ("The folder .venv holds no environment that works here, and this command did not make it. "
                  "Remove or rename it, then start again.")
LONG_PATH = (r"A path is too long for this system. Move the course to a folder with a shorter path{room}, or on "
             "Windows allow long paths (https://pip.pypa.io/warnings/enable-long-paths), then start again.")
TRANSLATED = ("This Python was made for Intel processors, and this Mac has one of Apple's. PyTorch has no build "
              "for the two together: install Python for Apple silicon, from python.org for instance.")
ONLY_CUDA = ("PyTorch's index of CPU builds does not answer, and pip's own sources have only the default build: "
             "several GB, because it brings CUDA, which nothing here needs.")
NOT_IN_WHEELS = ("The folder wheels has no {what} for Python {python} on {system}. It serves the kind of machine and "
                 "the Python version it was made on, and this version of the course. Make it again with "
                 "`python3 -m course wheels` on such a machine, or remove it and install over the network.")
REASONS = [  # what pip, venv or the system writes, and what we say. The first that fits: causes come first.
    (r"Errno 28\b|WinError 112\b|No space left on device|not enough space on the disk", NO_SPACE),
    (r"ensurepip is not\s+available|No module named '?(venv|ensurepip)", NO_VENV),
    (r"No module named '?pip", NO_ENVIRONMENT),
    (r"WinError 206\b|Errno 36\b|Long Path support|[Ff]ile ?name too long", LONG_PATH),
    (r"WinError (5|32)\b|Access is denied|used by another process",
     "Windows refused access to a file, most often because a program is using it. Close JupyterLab and all that "
     "runs from .venv, let the virus scanner finish, then start again. If that does not help, copy the course to "
     "a folder of your own."),
    (r"Read-only file system|Permission denied|Errno (13|30)\b",
     "This folder cannot be written to, and the environment belongs into .venv inside it. "
     "Copy the course to a folder of your own and start it there."),
    (r"CERTIFICATE_VERIFY_FAILED|SSLCertVerificationError|confirming the ssl certificate|TLS CA certificate",
     "The certificate of pip's package index was refused. A company's network often puts its own in place: ask "
     "its administrators for the file with their certificate, run `pip config set global.cert FILE` (or set the "
     "variable PIP_CERT), then start again."),
    (r"ProxyError|InvalidProxyURL|Proxy URL|Tunnel connection failed|support for SOCKS|for SOCKS support",
     "pip could not get through the proxy that it was told of, in the variable HTTPS_PROXY, in the system's settings "
     "or by `pip config list`. Take it out there if this network has none. Otherwise run `pip config set global.proxy "
     "http://NAME:PASSWORD@HOST:PORT`, where the name and password are only for a proxy that asks, then start again."),
    (r"NewConnectionError|ConnectTimeout|ReadTimeout|NameResolutionError|name resolution|"
     r"getaddrinfo failed|Failed to (establish|connect|resolve)|Connection (refused|reset|aborted)|"
     r"Read timed out|IncompleteRead|incomplete-download",
     "pip could not reach its package index, or the connection broke. Installing needs the network: check the "
     "connection. Where a browser finds a proxy by itself pip does not: run `pip config set global.proxy "
     "http://HOST:PORT`. Then start again."),
    (r"(?s)\ADarwin x86_64\n.*No matching distribution found for torch",
     "PyTorch has had no build for Macs with an Intel processor since version 2.2, and this course needs a newer "
     "one. Use another computer, or take the course on Binder (README.md)."),
    (r"No matching distribution found for (?P<what>\S+)",
     "pip finds no {what} for Python {python} on {system}. Try a Python from 3.11 to 3.14, see whether "
     "`pip config list` names an unusual index, or take the course on Binder (README.md)."),
]
STEPS = (r"\s*(Collecting|Downloading|Using cached|Processing|Obtaining|Preparing|Building|Installing|Requirement "
         r"already|Found existing|Attempting uninstall|Uninstalling|Getting requirements)\b")
GIVEN_UP = r"\s*(WARNING: Retrying .Retry.total=0\b|Could not fetch URL)"  # one page of one index
ASIDES = r"\s*(WARNING|DEPRECATION|INFO|note|hint):|Could not fetch URL"


def reason(log, wheels=False, other="Installing failed: {what} (.venv/course.log has all that pip said)."):
    """One sentence for what pip, venv or the system wrote before it gave up; ``other`` if we know none.

    Only what follows the last step forward counts. A page that was given up counts if in the end nothing
    at all was found, because pip tries again and asks other indexes. ``wheels``: pip looked in WHEELS alone.
    """
    lines = log.strip().splitlines() or ["pip gave no reason"]
    start = max([0] + [number for number, line in enumerate(lines, 1) if re.match(STEPS, line)])
    last = lines[start:] or lines[-1:]
    nothing = "No matching" in log and not re.search(r"from versions: (?!none)", "\n".join(last))
    last = [line for line in last if not re.match(ASIDES, line) or nothing and re.match(GIVEN_UP, line)] or last
    system, python = platform.system() + " " + platform.machine(), "{}.{}".format(*sys.version_info)
    for pattern, sentence in [(REASONS[-1][0], NOT_IN_WHEELS)] * wheels + REASONS:
        found = re.search(pattern, "\n".join([system, *last]))
        if found:
            return sentence.format(python=python, system=system, room="", **found.groupdict())
    errors = [line for line in last if re.match(r"\s*error: (?!Exception:)", line, re.IGNORECASE)]
    return other.format(what=(errors or last)[-1].strip())


def run(*command):
    """Run a program in the course's folder: (exit code, all that it wrote)."""
    try:
        done = subprocess.run(command, cwd=str(ROOT), env=variables(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except OSError as error:
        return 127, str(error)
    return done.returncode, done.stdout.decode(errors="replace")


def variables(**more):
    """Environment variables for a program of ours: it finds this copy of the course and no other."""
    paths = [str(ROOT), os.environ.get("PYTHONPATH")]
    # PIP_USER in somebody's settings would make pip refuse to install into an environment.
    return dict(os.environ, PYTHONPATH=os.pathsep.join(filter(None, paths)), PIP_USER="0", **more)


def obstacle():
    """What would make pip fail, as far as it is known before anything is downloaded; or an empty string."""
    system = platform.system()
    if system == "Darwin" and run("sysctl", "-n", "sysctl.proc_translated")[1].strip() == "1":
        return TRANSLATED
    room = 259 - len("/.venv/Lib/site-packages/") - LONGEST
    if system == "Windows" and len(str(ROOT)) > room and "0x1" not in run("reg", "query", *LONG_PATHS_KEY)[1]:
        return LONG_PATH.format(room=f" (at most {room} characters)")
    return ""


def torch_build(python, choice, keep=False):
    """Words by which pip finds the build of PyTorch to take, and what is wrong: (words, sentence).

    pip itself is asked, since it knows its proxy, certificates and sources: what stops it there is told
    before anything is downloaded. ``keep``: a torch that is there may stay.
    """
    if sys.platform != "linux":  # elsewhere the default build is small
        code, said = run(str(python), "-m", "pip", "index", "versions", "torch", "--timeout", "15", "--retries", "1")
        return [], reason(said) if code else ""
    if choice != "default":
        pin = re.search(r"^torch==(\S+)", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.M).group(1)
        answers = []
        for source in ([], ["--index-url", CPU_INDEX, "--timeout", "15", "--retries", "1"]):
            answers.append(run(str(python), "-m", "pip", "index", "versions", "torch", *source))
            if keep and re.search(r"INSTALLED:\s+" + re.escape(pin) + r"\b", answers[-1][1]):
                return [], ""
            if re.search(r"\s" + re.escape(pin) + r"\+cpu\b", answers[-1][1]):
                print("Taking PyTorch's CPU build (`--torch default` takes the one with CUDA, several GB).", flush=True)
                # Named to the letter: should the index fail later, pip stops and takes no other build.
                return ["--extra-index-url", CPU_INDEX] * bool(source) + ["torch==" + pin + "+cpu"], ""
        if answers[0][0]:
            return [], reason(answers[0][1])
        later = " Start again later, or with `--torch default`, which takes it."
        if os.environ.get("CI") == "true":
            print(ONLY_CUDA + " It is taken, because CI=true.", flush=True)
        elif not sys.stdin.isatty():
            return [], ONLY_CUDA + later
        else:
            print(ONLY_CUDA + " Take it? [y/N] ", end="", flush=True)
            if sys.stdin.readline().strip().lower() not in ("y", "yes"):
                return [], "Nothing was installed." + later
    return [], NO_SPACE if shutil.disk_usage(str(ROOT)).free < SPACE_CUDA else ""


def note():
    """What this command installed in .venv: {} if that was interrupted, None if it made no .venv."""
    try:
        return json.loads(NOTE.read_text())
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
    NOTE.write_text("{}")
    print("Making an environment in .venv (once, about 10 seconds).", flush=True)
    code, said = run(sys.executable, "-m", "venv", "--clear", str(FOLDER))
    NOTE.write_text("{}")  # --clear removed it
    if code:
        sys.exit(reason(said))


def progress(line, seconds):
    """Show what pip is doing: one line rewritten on a terminal, elsewhere only the longest step."""
    word, _, rest = line.strip().partition(" ")
    text = word.lower() + " " + os.path.basename(re.split(r"[ (;]", rest)[0])
    if line.startswith("Installing collected"):
        text = "installing {} packages (the longest step)".format(line.count(",") + 1)
    elif word not in ("Collecting", "Downloading", "Processing") or not sys.stdout.isatty():
        return
    text = f"{seconds:5.0f} s  {text}"
    if sys.stdout.isatty():
        width = shutil.get_terminal_size().columns - 1
        text = "\r" + text[:width].ljust(width)
    print(text, end="" if sys.stdout.isatty() else "\n", flush=True)


def pip(python, arguments, done):
    """pip with a line of progress, and ``done`` at its end; returns what went wrong, or an empty string."""
    command = [str(python), "-m", "pip", *arguments, "--progress-bar", "off", "--no-input",
               "--disable-pip-version-check"]
    start, log = time.monotonic(), []
    with subprocess.Popen(command, cwd=str(ROOT), env=variables(PYTHONUNBUFFERED="1"),
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as running:
        for raw in running.stdout:
            log.append(raw.decode(errors="replace"))
            progress(log[-1], time.monotonic() - start)
            if log[-1].startswith("Installing collected") and NOTE.exists():  # only now .venv changes
                NOTE.write_text("{}")
    try:
        (FOLDER / "course.log").write_text("".join(log), encoding="utf-8")
    except OSError:  # a full disk, which the sentence tells; or an environment elsewhere
        pass
    print("\n" * sys.stdout.isatty() + ("pip stopped" if running.returncode else done)
          + f" after {time.monotonic() - start:.0f} s.", flush=True)
    return reason("".join(log), "--no-index" in arguments) if running.returncode else ""


def install(python, files, torch):
    """Install from WHEELS, or from the network where there is no such folder; returns what went wrong."""
    words, wrong = ["--no-index", "--find-links", str(WHEELS)], ""
    if WHEELS.is_dir():
        print("Packages come from the folder wheels, and no network is used.", flush=True)
    else:
        words, wrong = torch_build(python, torch, keep=True)
    if wrong:
        return wrong
    print("Installing packages: 1 to 5 minutes. Ctrl-C stops, and the next start repairs.", flush=True)
    return pip(python, ["install", *words, *(word for name in files for word in ("-r", name))],
               "Everything is installed")


def fetch(python, torch):
    """Fill WHEELS with all that ``lab`` and ``test`` install, as wheels, so that nothing is built later."""
    words, wrong = torch_build(python, torch)
    wanted = environment.project()["build-system"]["requires"]  # pip needs them to install the course itself
    for name in ("requirements.txt", "tests/requirements.txt"):
        wanted += re.findall(r"^[\w.-]+==\S+", (ROOT / name).read_text(encoding="utf-8"), re.M)
    print("Fetching packages into the folder wheels: about 350 MB, 1 to 5 minutes.", flush=True)
    return wrong or pip(python, ["wheel", "--wheel-dir", str(WHEELS), *words, *wanted], "Everything is in wheels")
