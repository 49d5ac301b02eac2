"""What Binder would build out of ``binder/``, without Docker; the slow test builds it with pip."""
import ast
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest
from packaging.requirements import Requirement

ROOT = pathlib.Path(__file__).parent.parent
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
FIRST = "notebooks/00_start_here.ipynb"


def lines(path):
    """The lines of a requirements file and of the files it names, comments dropped."""
    for line in path.read_text().splitlines():
        line = line.split("#")[0].strip()
        if line.startswith("-r "):
            yield from lines(path.parent / line[3:].strip())
        elif line:
            yield line


def test_the_pins_are_those_of_every_learner():
    found = list(lines(ROOT / "binder/requirements.txt"))
    assert [line for line in found if line.startswith("-")] == [f"--extra-index-url {CPU_INDEX}", "-e ."]
    assert found[-1] == "-e ."
    pinned = {}
    for requirement in (Requirement(line) for line in found if not line.startswith("-")):
        (specifier,) = requirement.specifier
        assert specifier.operator == "=="
        pinned.setdefault(requirement.name, []).append(specifier)
    assert pinned.keys() >= {"torch", "jupyterlab", "ipywidgets", "ipykernel", "anywidget", "plotly"}
    exact, general = (torch.version for torch in pinned.pop("torch"))
    # pip accepts both, because a pin without a local part fits every local part.
    assert exact == general + "+cpu" and Requirement(f"torch=={general}").specifier.contains(exact)
    assert all(len(versions) == 1 for versions in pinned.values())


def test_binder_takes_python_from_our_folder_and_finds_every_file(monkeypatch):
    app = pytest.importorskip("repo2docker.app", reason="pip install -r tests/requirements.txt").Repo2Docker()
    monkeypatch.chdir(ROOT)
    packs = [kind(app.base_image) for kind in app.buildpacks]
    pack = next(pack for pack in packs if pack.detect())
    assert type(pack).__name__ == "PythonBuildPack"
    pack.platform = "linux/amd64"
    assert pack.binder_dir == "binder"
    assert (ROOT / "binder/runtime.txt").read_text() == f"python-{pack.python_version}\n"
    assert tuple(map(int, pack.python_version.split("."))) >= (3, 11)
    rendered = pack.render({})
    # The whole course is there before pip runs, because of the -r and the -e.
    copied, pip = rendered.index("src/ ${REPO_DIR}/"), rendered.index('-r "binder/requirements.txt"')
    assert copied < pip < rendered.index("RUN ./binder/postBuild")
    assert 'R2D_ENTRYPOINT="${REPO_DIR}/binder/start"' in rendered
    for name in re.findall(r"binder/[\w.]+", rendered):
        assert (ROOT / name).exists(), name


@pytest.mark.parametrize("name", ["postBuild", "start"])
def test_scripts_can_run(name):
    script = ROOT / "binder" / name
    text = script.read_bytes()
    assert text.startswith(b"#!/bin/bash\n") and b"\r" not in text
    if os.name != "nt":
        assert os.access(script, os.X_OK)
        subprocess.run(["bash", "-n", script], check=True)
    last = text.decode().splitlines()[-1]
    assert (last == 'exec "$@"') if name == "start" else ("set -e" in text.decode())


@pytest.mark.skipif(os.name == "nt", reason="Binder's scripts need a Unix shell")
def test_start_caps_threads_asks_nothing_and_passes_arguments_and_exit_code(tmp_path):
    code = "import os, sys; print(dict(os.environ), sys.argv[1:]); sys.exit(3)"
    run = subprocess.run([ROOT / "binder/start", sys.executable, "-c", code, "a b", "*"], cwd=tmp_path,
                         env={"PATH": os.environ["PATH"], "JUPYTER_CONFIG_PATH": "/elsewhere"},
                         capture_output=True, text=True)
    assert run.returncode == 3 and run.stdout.endswith(" ['a b', '*']\n")
    variables = ast.literal_eval(run.stdout[:run.stdout.rindex("}") + 1])
    assert {variables[name + "_NUM_THREADS"] for name in ("OMP", "MKL", "OPENBLAS")} == {"1"}
    ours, theirs = variables["JUPYTER_CONFIG_PATH"].split(":")
    assert theirs == "/elsewhere"
    settings = json.loads(pathlib.Path(ours, "labconfig/default_setting_overrides.json").read_text())
    assert settings["@jupyterlab/apputils-extension:notification"] == {"checkForUpdates": False,
                                                                       "fetchNews": "false"}


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Binder's scripts need a Unix shell")
def test_the_first_notebook_runs_in_2_gb_in_an_environment_of_exactly_these_files(tmp_path):
    copy, log = tmp_path / "repository", tmp_path / "log"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(
        ".git", ".venv", "venv", "*.egg-info", "build", "__pycache__", ".*_cache", ".ipynb_checkpoints"))
    wanted = (ROOT / "binder/runtime.txt").read_text().strip().replace("-", "")
    python = shutil.which(wanted) or sys.executable

    variables = {name: value for name, value in os.environ.items()
                 if name not in ("PYTHONPATH", "PYTHONHOME", "COURSE_STRICT", "JUPYTER_CONFIG_PATH")}
    variables.update(PATH=f"{tmp_path}/env/bin:{variables['PATH']}", VIRTUAL_ENV=f"{tmp_path}/env")

    def run(*command, good=True):
        with log.open("w") as file:
            done = subprocess.run(command, cwd=copy, env=variables, stdout=file, stderr=file, timeout=1200)
        assert good is None or (done.returncode == 0) is good, log.read_text()[-3000:]

    run(python, "-m", "venv", tmp_path / "env")
    run("pip", "index", "versions", "torch", "--index-url", CPU_INDEX, "--retries", "1", "--timeout", "15", good=None)
    if "Retrying" in log.read_text():  # no answer: pip would ask once more for every package, a hundred times
        variables["PIP_RETRIES"] = "0"
    run("pip", "install", "-r", "binder/requirements.txt")
    run("./binder/postBuild")

    # The limit counts address space, of which a process has more than it uses: a pod's 2 GB are kinder.
    execute = ("ulimit -v 2097152; exec ./binder/start jupyter nbconvert --to notebook --execute "
               "--ExecutePreprocessor.timeout=120 --output-dir=.. ")
    run("bash", "-c", execute + FIRST)
    broken = json.loads((copy / FIRST).read_text(encoding="utf-8"))
    broken["cells"] = [{"cell_type": "code", "id": "last", "metadata": {}, "execution_count": None,
                        "outputs": [], "source": "import no_such_module"}]
    (copy / "broken.ipynb").write_text(json.dumps(broken), encoding="utf-8")
    run("bash", "-c", execute + "broken.ipynb", good=False)
    assert "no_such_module" in log.read_text()
