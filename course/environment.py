"""Is everything here that the course needs? Introduced in notebook 00.

Only the standard library, and in words that old Pythons can read: ``python3 -m course`` asks
before anything is installed. Nothing here imports torch or any other package it asks about.
"""
import html
import json
import operator
import os
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
OLDEST = (3, 11)
_SIGNS = {">=": operator.ge, "<=": operator.le, "==": operator.eq, ">": operator.gt, "<": operator.lt}
_GIB = 2**30
NO_DRAWING = ("Run this cell. If this line is still here after a few seconds, the JupyterLab that you use cannot draw "
              "the pictures of this course: it runs in another environment. Close it, and start "
              "<code>python3 -m course lab</code> in the course's folder.")


def python_sentence(version=None):
    """What is wrong with this Python, or an empty string."""
    version = tuple(version or sys.version_info)[:2]
    if version >= OLDEST:
        return ""
    return ("This course needs Python {}.{} or newer, and this is Python {}.{}. Install a newer one, from "
            "python.org for instance, and start the course with that.").format(*OLDEST, *version)


def project():
    """The contents of pyproject.toml, as dictionaries."""
    import tomllib

    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def requirements(tests=False):
    """The supported ranges, {name: ">=a,<b"}; with ``tests``, of what testers add."""
    declared = project()["project"]
    lines = declared["optional-dependencies"]["test"] if tests else declared["dependencies"]
    return dict(re.match(r"([\w.-]+)\s*(.*)", line).groups() for line in lines)


def _numbers(version):
    """Both 2.13.0+cpu and 2.13.0rc1 as (2, 13): local parts, letters and closing zeros do not count."""
    digits = re.match(r"[\d.]*", version).group()
    return tuple(int(n) for n in re.sub(r"(\.0*)*$", "", digits).split(".") if n)


def within(version, ranges):
    """Does ``version`` lie in ``ranges``, such as ">=2.4,<3"?"""
    return all(_SIGNS[sign](_numbers(version), _numbers(bound))
               for sign, bound in re.findall(r"([<>=]=?)\s*([\d.]+)", ranges))


def installed(name):
    """The installed version of a package, or an empty string. The package is not imported."""
    from importlib import metadata

    try:
        return metadata.version(name) or ""
    except metadata.PackageNotFoundError:
        return ""


def state():
    """This Python's version, and what it lacks: to learn ("missing"), to run every test ("testing")."""
    found = {"version": list(sys.version_info[:2]), "missing": [], "testing": []}
    if python_sentence():
        found["missing"].append("python>={}.{}".format(*OLDEST))
        return found
    for key, tests in (("missing", False), ("testing", True)):
        for name, ranges in requirements(tests).items():
            if not (installed(name) and within(installed(name), ranges)):
                found[key].append(name + ranges)
    return found


def cores():
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def memory():
    """Bytes of memory that this process may use, or None where nothing tells."""
    limits = []
    if os.name == "nt":
        import ctypes

        status = (ctypes.c_ulonglong * 8)(64)  # MEMORYSTATUSEX: its own size first, then bytes in total
        if ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):
            limits.append(status[1])
    elif "SC_PHYS_PAGES" in os.sysconf_names:
        limits.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    try:  # a container's limit can stand at its own group or at any group around it
        own = pathlib.Path("/proc/self/cgroup").read_text().strip().split("::")[-1].strip("/")
    except OSError:
        own = ""
    group = pathlib.Path("/sys/fs/cgroup")
    for folder in (group / own, *(group / own).parents, group / "memory"):
        for name in ("memory.max", "memory.limit_in_bytes"):  # control groups, version 2 and version 1
            try:
                limits.append(int((folder / name).read_text()))
            except (OSError, ValueError):  # no such file, or the word "max"
                pass
    return min(limits) if limits else None


def report():
    """[(what, found, verdict)], one row for each thing checked; a good verdict begins with "Good"."""
    rows = [("Python", "{}.{}.{}".format(*sys.version_info),
             python_sentence() or "Good: {}.{} or newer.".format(*OLDEST))]
    for name, ranges in requirements().items():
        version = installed(name)
        verdict = f"Good: the course supports {ranges}."
        if not (version and within(version, ranges)):
            verdict = (f"{name} is {version or 'not installed'}, and the course needs {ranges}. "
                       "Close JupyterLab and start `python3 -m course lab`, or `pip install -r requirements.txt`.")
        rows.append((name, version or "nothing", verdict))
    rows.append(("processor cores", str(cores()), "Good: one is enough."))
    size = memory()
    rows.append(("memory", f"{size / _GIB:.1f} GiB" if size else "unknown", "Good: 1 GiB is enough."
                 if not size or size > 0.95 * _GIB else "There is less than 1 GiB of memory: a notebook that "
                 "trains may stop without a word. Close other notebooks and programs, or use Binder."))
    return rows


class Check:
    """The set-up check of notebook 00: one sentence, the same on every healthy machine."""

    def __init__(self, rows):
        self.rows = rows
        self.problems = [verdict for _, _, verdict in rows if not verdict.startswith("Good")]

    def __repr__(self):
        if not self.problems:
            return "Everything this course needs is here."
        return "\n- ".join(["Something here is not as the course needs it.", *self.problems])

    def _repr_html_(self):
        """The same for a notebook, and below it a sentence that only a browser which can draw pictures replaces."""
        try:
            from .widgets import proof

            proof()
        except ImportError:  # a package is missing, as the sentence says
            pass
        return (f"<div style='white-space:pre-wrap'>{html.escape(repr(self))}</div>"
                f"<div class='course-drawing'><span>{NO_DRAWING}</span></div>")

    def details(self):
        """Print what was found on this machine, row by row."""
        for row in self.rows:
            print("{:<16} {:<12} {}".format(*row))


def check():
    """Compare this machine with what the course needs."""
    return Check(report())


if __name__ == "__main__":  # course/__main__.py asks the Python of another environment; so does Binder
    print(json.dumps(state()))
    sys.exit(bool(state()["missing"]))
