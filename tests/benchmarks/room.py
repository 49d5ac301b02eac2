"""A room of learners: a real JupyterHub on this machine, and learners who run core notebooks through it at once.

    python tests/benchmarks/room.py [--environment FOLDER] [--learners 1 10] [--notebooks 00 01 02 05] [--minutes 9]

JupyterHub, from PyPI, and its proxy, from npm, go into an environment of their own (``--environment``, made if it is
not there; needs Node.js). The hub listens on 127.0.0.1 alone. Each learner has a token and a home of its own, starts
a server through the hub's API, and then for each notebook a kernel, which runs this Python with this course: every
cell goes through the hub's proxy over a websocket, and what comes back must be what the notebook stores. A learner
closes a notebook before the next, as TEACHING.md asks. A failure is a cell that raises, prints otherwise, or hangs.

Memory is the PSS of a process where the system tells it: shared pages count once, divided among those that share
them. "private" is what one learner alone holds, server and one kernel, at that learner's worst moment; "shared" is
what all hold together; "hub" is the hub with its proxy. CPU seconds are those of server and kernels.

For another number of learners on a server: memory = hub + shared + learners * private, as if all had their worst
moment together; seconds, when all press Run All in every notebook at once = learners * CPU seconds / cores, and not
less than one learner needs alone; cores that are busy when all go at the pace of the README = learners * CPU seconds
/ its minutes. The last line is one JSON object.
"""
import argparse
import asyncio
import contextlib
import json
import os
import pathlib
import re
import secrets
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
import venv

ROOT = pathlib.Path(__file__).resolve().parents[2]
THREAD = dict(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
MB = 2**20
SCOPES = ["admin:users", "admin:servers", "tokens", "access:servers", "list:users"]


# --- what can be computed without a hub --------------------------------------------------------

def server(text):
    """(cores, GB of memory) of a server written "8x32"."""
    found = re.fullmatch(r"(\d+)x(\d+)", text)
    if not found or "0" in found.groups():
        raise argparse.ArgumentTypeError(f"{text}: write cores x GB, such as 8x32")
    return int(found[1]), int(found[2])


def minutes(readme, names):
    """The minutes that the README's table gives for the notebooks whose names begin with ``names``, together."""
    rows = re.findall(r"^\| \[(\d\d)\]\(notebooks/\d\d_[^|]*\|[^|]*\| (\d+) \|", readme, re.M)
    return sum(int(dict(rows)[name]) for name in names)


def forecast(room, learners, cores, gigabytes, alone, pace=0):
    """What ``learners`` need of a server, from a measured ``room``; ``alone``: seconds of a learner alone.

    ``pace``: the minutes in which they go through what was measured.
    """
    needed = room["hub_mb"] + room["shared_mb"] + learners * room["private_mb"]
    work = learners * room["cpu_seconds"]
    return dict(learners=learners, cores=cores, gb=gigabytes, needs_gb=round(needed / 1024, 1),
                fits=needed / 1024 < 0.9 * gigabytes, seconds_all_at_once=round(max(alone, work / cores)),
                busy_cores=round(work / 60 / pace, 2) if pace else None)


def growth(one, many):
    """How many times as much each figure is among many learners as for one alone."""
    return {key: round(many[key] / one[key], 2) for key in ("seconds", "cpu_seconds", "private_mb", "total_mb")
            if one.get(key) and many.get(key) is not None}


# --- the hub -----------------------------------------------------------------------------------

def environment(folder):
    """The programs of an environment that has JupyterHub: (folder of Python's programs, the proxy)."""
    folder = folder.resolve()
    programs, proxy = folder / "bin", folder / "node_modules/.bin/configurable-http-proxy"
    if not (programs / "jupyterhub").exists():
        print(f"installing JupyterHub in {folder}", file=sys.stderr)
        venv.create(folder, with_pip=True)
        pins = re.findall(r"^(?:jupyterlab|ipykernel)==\S+", (ROOT / "requirements.txt").read_text("utf-8"), re.M)
        subprocess.run([programs / "python", "-m", "pip", "install", "-q", "jupyterhub>=5,<7", *pins], check=True)
    if not proxy.exists():
        subprocess.run(["npm", "install", "--silent", "--prefix", folder, "configurable-http-proxy@>=4 <6"],
                       check=True, stdout=sys.stderr)
    return programs, proxy


def free_ports(number):
    """Ports of this machine that nobody listens on."""
    with contextlib.ExitStack() as open_ones:
        sockets = [open_ones.enter_context(socket.socket()) for _ in range(number)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def settings(folder, programs, proxy, ports, token):
    """Write the hub's settings into ``folder``: everything on 127.0.0.1, a home for each learner."""
    kernels = folder / "jupyter/kernels/python3"
    kernels.mkdir(parents=True)
    (kernels / "kernel.json").write_text(json.dumps(dict(display_name="Python 3 (ipykernel)", language="python", argv=[
        sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"])))
    variables = THREAD | dict(JUPYTER_PATH=str(folder / "jupyter"), PYTHONPATH=str(ROOT), COURSE_STRICT="1")
    values = {
        "JupyterHub.bind_url": f"http://127.0.0.1:{ports[0]}", "JupyterHub.hub_bind_url": f"http://127.0.0.1:{ports[1]}",
        "ConfigurableHTTPProxy.api_url": f"http://127.0.0.1:{ports[2]}", "ConfigurableHTTPProxy.command": [str(proxy)],
        "JupyterHub.authenticator_class": "dummy", "Authenticator.allow_all": True,
        "JupyterHub.spawner_class": "simple", "SimpleLocalProcessSpawner.home_dir_template": f"{folder}/{{username}}",
        "Spawner.cmd": [str(programs / "jupyterhub-singleuser")], "Spawner.ip": "127.0.0.1",
        "Spawner.args": ["--allow-root"], "Spawner.environment": variables, "Spawner.start_timeout": 300,
        "Spawner.http_timeout": 300, "JupyterHub.db_url": f"sqlite:///{folder}/hub.sqlite",
        "JupyterHub.cookie_secret_file": f"{folder}/cookie", "JupyterHub.cleanup_servers": True,
        "JupyterHub.services": [dict(name="room", api_token=token)],
        "JupyterHub.load_roles": [dict(name="room", scopes=SCOPES, services=["room"])]}
    file = folder / "jupyterhub_config.py"
    file.write_text("".join(f"c.{name} = {value!r}\n" for name, value in values.items()))
    return file


class Hub:
    """A running hub, its API and its processes."""

    def __init__(self, folder, programs, proxy):
        import psutil

        ports, self.token, self.folder = free_ports(3), secrets.token_hex(16), folder
        self.url = f"http://127.0.0.1:{ports[0]}"
        file = settings(folder, programs, proxy, ports, self.token)
        here = dict(os.environ, PATH=f"{programs}{os.pathsep}{os.environ['PATH']}")
        with open(folder / "hub.log", "wb") as log:
            self.child = psutil.Popen([programs / "jupyterhub", "-f", file], cwd=folder, env=here, stdout=log,
                                      stderr=log, start_new_session=True)
        self.seen = set()  # every process that ever belonged to it

    async def call(self, method, path, token=None, body=None, want=(200, 201, 202, 204)):
        """The JSON that the hub, or through its proxy a learner's server, answers; raises at another status."""
        from tornado.httpclient import AsyncHTTPClient

        answer = await AsyncHTTPClient().fetch(
            self.url + path, method=method, headers={"Authorization": f"token {token or self.token}"},
            body=json.dumps(body or {}) if method == "POST" else None, raise_error=False, request_timeout=300)
        if answer.code not in want:
            raise RuntimeError(f"{method} {path}: {answer.code} {answer.body[:300]!r} {answer.error or ''}")
        return json.loads(answer.body or "null")

    async def wait(self, path, ready, seconds=120):
        """Ask until ``ready`` says so."""
        end = time.monotonic() + seconds
        while True:
            with contextlib.suppress(RuntimeError, OSError):
                if ready(await self.call("GET", path)):
                    return
            if time.monotonic() > end or self.child.poll() is not None:
                log = (self.folder / "hub.log").read_text(errors="replace")[-3000:]
                raise RuntimeError(f"{path} was not ready after {seconds} s.\n{log}")
            await asyncio.sleep(0.5)

    def processes(self):
        """{learner, or "" for hub and proxy: its processes}."""
        import psutil

        groups = {}
        for process in [self.child, *self.child.children(recursive=True)]:
            self.seen.add(process)
            with contextlib.suppress(psutil.Error):
                groups.setdefault(process.environ().get("JUPYTERHUB_USER", ""), []).append(process)
        return groups

    def measure(self):
        """{learner: dict(private, all: MB; cpu: {process: seconds})} at this moment."""
        import psutil

        found = {}
        for name, group in self.processes().items():
            mine = found[name] = dict(private=0.0, all=0.0, cpu={})
            for process in group:
                with contextlib.suppress(psutil.Error):  # it ended meanwhile
                    memory, cpu = process.memory_full_info(), process.cpu_times()
                    mine["private"] += memory.uss / MB
                    mine["all"] += getattr(memory, "pss", memory.uss) / MB
                    mine["cpu"][process.pid] = cpu.user + cpu.system
        return found

    def end(self):
        """End the hub, which ends servers and kernels; whatever still runs then is ended by its number."""
        import psutil

        with contextlib.suppress(psutil.Error):
            self.processes()
            self.child.terminate()
        psutil.wait_procs(self.seen, timeout=20)
        for process in self.seen:
            with contextlib.suppress(psutil.Error):
                process.kill()
        return len(psutil.wait_procs(self.seen, timeout=10)[1])


# --- a learner ---------------------------------------------------------------------------------

class Learner:
    """One person: a server, and one kernel after the other."""

    def __init__(self, hub, name):
        self.hub, self.name, self.failures, self.cells = hub, name, [], 0
        self.private, self.cpu, self.seconds = 0.0, {}, {}

    def saw(self, found):
        """Take from a measurement what belongs to this learner."""
        mine = found.get(self.name, dict(private=0.0, cpu={}))
        self.private = max(self.private, mine["private"])
        self.cpu |= mine["cpu"]

    async def take_part(self, notebooks):
        begun = time.monotonic()
        home = self.hub.folder / self.name
        home.mkdir()
        shutil.copytree(ROOT / "notebooks", home / "notebooks")
        await self.hub.call("POST", f"/hub/api/users/{self.name}")
        self.token = (await self.hub.call("POST", f"/hub/api/users/{self.name}/tokens"))["token"]
        await self.hub.call("POST", f"/hub/api/users/{self.name}/server", self.token)
        await self.hub.wait(f"/hub/api/users/{self.name}", lambda user: user["servers"].get("", {}).get("ready"), 300)
        self.seconds["start"] = time.monotonic() - begun
        for path in notebooks:
            begun = time.monotonic()
            try:
                await self.run(path)
            except Exception as error:  # counted, and the others go on
                self.failures.append(f"{self.name}, {path.stem}: {type(error).__name__}: {str(error)[:500]}")
            self.seconds[path.stem] = time.monotonic() - begun

    async def run(self, path):
        """Run a notebook from top to bottom in a kernel of its own."""
        import nbformat
        from tornado.httpclient import HTTPRequest
        from tornado.websocket import websocket_connect

        kernels = f"/user/{self.name}/api/kernels"
        kernel = await self.hub.call("POST", kernels, self.token, dict(name="python3", path="notebooks/x.ipynb"))
        address = f"{self.hub.url}{kernels}/{kernel['id']}/channels?session_id=room".replace("http", "ws", 1)
        request = HTTPRequest(address, headers={"Authorization": f"token {self.token}"}, request_timeout=120)
        socket = await websocket_connect(request, max_message_size=200 * MB)
        try:
            number = 0
            for cell in nbformat.read(path, 4).cells:
                if cell.cell_type == "code":
                    number += 1
                    await asyncio.wait_for(self.cell(socket, cell, number, path), 300)
            self.saw(await asyncio.to_thread(self.hub.measure))
        finally:
            socket.close()
            await self.hub.call("DELETE", f"{kernels}/{kernel['id']}", self.token)

    async def cell(self, socket, cell, number, path):
        """Run one cell; a failure is noted if it raises or if what it leaves is not what is stored."""
        from nbformat.v4 import output_from_msg

        from course.recipes.notebooks import differs

        asked, outputs, left, status = uuid.uuid4().hex, [], {"reply", "idle"}, "ok"
        await socket.write_message(json.dumps(dict(
            channel="shell", parent_header={}, metadata={}, buffers=[],
            header=dict(msg_id=asked, username=self.name, session="room", msg_type="execute_request", version="5.3"),
            content=dict(code=cell.source, silent=False, store_history=True, user_expressions={}, allow_stdin=False,
                         stop_on_error=True))))
        while left:
            raw = await socket.read_message()
            if raw is None:
                raise RuntimeError("the websocket closed: the kernel died")
            if isinstance(raw, bytes):  # a widget's numbers; the head is in JSON at a place that the message names
                raw = raw[int.from_bytes(raw[4:8], "big"):int.from_bytes(raw[8:12], "big")]
            message = json.loads(raw)
            kind = message["header"]["msg_type"]
            if kind == "status" and message["content"]["execution_state"] in ("restarting", "dead"):
                raise RuntimeError("the kernel died")
            if message["parent_header"].get("msg_id") != asked:
                continue
            if kind == "execute_reply":
                left.discard("reply")
                status = message["content"]["status"]
            elif kind == "status" and message["content"]["execution_state"] == "idle":
                left.discard("idle")
            elif kind == "clear_output":
                outputs.clear()
            elif kind in ("stream", "display_data", "execute_result", "error"):
                outputs.append(output_from_msg(message))
        self.cells += 1
        complaint = differs(cell, outputs, number)
        if status != "ok" or complaint:
            said = next((f"{o.ename}: {o.evalue}" for o in outputs if o.output_type == "error"), complaint)
            self.failures.append(f"{self.name}, {path.stem}, cell {number}: {said[:500]}")


async def watch(hub, learners, totals):
    """Look at all processes every four seconds."""
    while True:
        found = await asyncio.to_thread(hub.measure)
        for learner in learners:
            learner.saw(found)
        everything = sum(group["all"] for group in found.values())
        private = sum(group["private"] for group in found.values())
        totals.append((everything, everything - private, found.get("", {}).get("private", 0.0)))
        await asyncio.sleep(4)


async def room(hub, number, notebooks, prefix):
    """What ``number`` learners at once needed."""
    learners = [Learner(hub, f"{prefix}{k}") for k in range(number)]
    totals = []
    watching = asyncio.create_task(watch(hub, learners, totals))
    try:
        ended = await asyncio.gather(*(one.take_part(notebooks) for one in learners), return_exceptions=True)
    finally:
        watching.cancel()
    failures = [failure for one in learners for failure in one.failures]
    failures += [f"{one.name}: {error}" for one, error in zip(learners, ended, strict=True) if error]
    for one in learners:
        await hub.call("DELETE", f"/hub/api/users/{one.name}/server", want=(202, 204, 404))
    seconds = [sum(one.seconds.values()) for one in learners]
    peak = max(totals)
    return dict(learners=number, failures=len(failures), what_failed=failures[:5],
                cells=sum(one.cells for one in learners), seconds=round(statistics.median(seconds), 1),
                slowest_seconds=round(max(seconds), 1), start_seconds=round(statistics.median(
                    one.seconds.get("start", 0.0) for one in learners), 1),
                cpu_seconds=round(statistics.mean(sum(one.cpu.values()) for one in learners), 1),
                private_mb=round(statistics.mean(one.private for one in learners)),
                highest_private_mb=round(max(one.private for one in learners)),
                total_mb=round(peak[0]), shared_mb=round(peak[1]), hub_mb=round(peak[2]))


async def session(hub, given, paths):
    await hub.wait("/hub/api/", bool)
    rooms = []
    for number in given.learners:
        rooms.append(await room(hub, number, paths, f"r{number}n"))
        print(rooms[-1], file=sys.stderr, flush=True)
    return rooms


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--environment", type=pathlib.Path, default=pathlib.Path("build/jupyterhub"))
    parser.add_argument("--learners", type=int, nargs="+", default=[1, 10])
    parser.add_argument("--notebooks", nargs="+", default=["00", "01", "02", "05"])
    parser.add_argument("--minutes", type=float, default=9, help="give up after these, installing not counted")
    parser.add_argument("--for", type=int, default=30, dest="asked", help="learners to compute the need of")
    parser.add_argument("--servers", type=server, nargs="+", default=[(4, 16), (8, 32), (16, 64)], metavar="8x32")
    given = parser.parse_args()
    from course.recipes import notebooks

    paths = notebooks.paths(given.notebooks)
    programs, proxy = environment(given.environment)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended from outside"))
    with tempfile.TemporaryDirectory() as folder:
        hub = Hub(pathlib.Path(folder).resolve(), programs, proxy)
        try:
            rooms = asyncio.run(asyncio.wait_for(session(hub, given, paths), given.minutes * 60))
        except TimeoutError:
            sys.exit(f"The room was not done after {given.minutes:g} minutes. Take fewer learners or notebooks.")
        finally:
            left = hub.end()
    one, many = rooms[0], rooms[-1]
    pace = minutes((ROOT / "README.md").read_text(encoding="utf-8"), given.notebooks)
    print(json.dumps(dict(
        notebooks=given.notebooks, minutes=pace, failures=sum(r["failures"] for r in rooms), processes_left=left,
        rooms=rooms, growth=growth(one, many),
        servers=[forecast(many, given.asked, *each, one["seconds"], pace) for each in given.servers])))
    sys.exit(bool(left or any(r["failures"] for r in rooms)))


if __name__ == "__main__":
    main()
