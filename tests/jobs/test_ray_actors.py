"""Ray: the bytes of the serial engine, from one node and from two; nobody else is heard, a killed actor is replaced.

Every test has a process of its own, since Ray looks at its environment when it is imported.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from biaxial.jobs.driver import Run, serial
from tests.jobs.conftest import Make, files_of

pytest.importorskip("ray")
pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
BEGIN = """
import os, signal, socket, sys
from pathlib import Path
from biaxial.jobs.driver import Run, engine_of
from biaxial.jobs.order import Order

folder = Path(sys.argv[1])
run = Run(Order.load(folder), folder)
"""
PLAIN = BEGIN + "print(run.make(engine_of('ray', 1)).made)"
OURS = (
    BEGIN
    + """
def ours(pid):
    children = Path(f'/proc/{pid}/task/{pid}/children')
    yield pid
    for child in children.read_text().split() if children.exists() else ():
        yield from ours(child)

"""
)
KILLED = (
    OURS
    + """
steps = []

def advance(pieces):
    steps.append(pieces)
    if len(steps) == 1:
        for pid in ours(os.getpid()):
            if Path(f'/proc/{pid}/cmdline').read_bytes().startswith(b'ray::ShardActor'):
                os.kill(int(pid), signal.SIGKILL)

outcome = run.make(engine_of('ray', 1), advance)
print(outcome.made, sum(steps))
"""
)
LISTENING = (
    OURS
    + """
def listening():
    sockets = {}
    for kind in ('tcp', 'tcp6'):
        for line in Path(f'/proc/net/{kind}').read_text().splitlines()[1:]:
            words = line.split()
            if words[3] == '0A':
                sockets[words[9]] = words[1]
    return sockets

found = set()

def advance(pieces):
    sockets = listening()
    for pid in ours(os.getpid()):
        try:
            for descriptor in Path(f'/proc/{pid}/fd').iterdir():
                target = os.readlink(descriptor)
                if target.startswith('socket:['):
                    found.add(sockets.get(target[8:-1], ''))
        except OSError:
            pass

run.make(engine_of('ray', 1), advance)
print(*sorted({place.split(':')[0] for place in found if place}))
import ray
from ray._common.usage.usage_lib import usage_stats_enabled
print(usage_stats_enabled())
"""
)
TWO_NODES = (
    """
from ray.cluster_utils import Cluster
from functools import partial

cluster = Cluster()
for _ in range(2):
    cluster.add_node(num_cpus=1, include_dashboard=False, object_store_memory=80_000_000)
"""
    + BEGIN
    + """
from biaxial.jobs.ray_actors import ray_actors
import ray
nodes = set()

def advance(pieces):
    nodes.update(node['NodeID'] for node in ray.nodes() if node['Alive'])

print(run.make(partial(ray_actors, workers=2, address=cluster.address), advance).made, len(nodes))
cluster.shutdown()
"""
)
OTHER = (
    BEGIN
    + """
import biaxial.jobs.workshop as workshop
workshop.source_checksum = lambda: 'mine'
run.make(engine_of('ray', 1))
"""
)


def script(program: str, folder: Path, *, fails: bool = False) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=500,
        start_new_session=True,
    )
    assert (done.returncode != 0) == fails, done.stderr
    return done.stderr if fails else done.stdout


@pytest.fixture
def folder(make: Make, tmp_path: Path) -> Path:
    """An order of four shards; what serial makes of it is beside it."""
    order = make(8, 4)
    Run(order, tmp_path / "serial").make(serial)
    (tmp_path / "ray").mkdir()
    order.save(tmp_path / "ray")
    return tmp_path / "ray"


def test_one_node_makes_the_same_bytes(folder: Path) -> None:
    assert script(PLAIN, folder) == "8\n"
    assert files_of(folder) == files_of(folder.parent / "serial")


def test_two_nodes_make_the_same_bytes(folder: Path) -> None:
    assert script(TWO_NODES, folder) == "8 2\n"
    assert files_of(folder) == files_of(folder.parent / "serial")


def test_an_actor_that_is_killed_is_replaced(folder: Path) -> None:
    assert script(KILLED, folder) == "8 8\n"
    assert files_of(folder) == files_of(folder.parent / "serial")
    assert not list(folder.glob(".*"))


@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
def test_it_listens_on_the_loopback_address_alone(folder: Path) -> None:
    places, statistics = script(LISTENING, folder).splitlines()
    assert set(places.split()) <= {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}
    assert places
    assert statistics == "False"


def test_an_actor_of_another_program_is_refused(folder: Path) -> None:
    error = script(OTHER, folder, fails=True)
    assert "InputError: the worker on" in error
    assert "install the same everywhere" in error
    assert files_of(folder) == {}


def test_no_cluster_at_an_address_is_one_line(make: Make, tmp_path: Path) -> None:
    replace(make()).save(tmp_path)
    words = ["compose", "--resume", str(tmp_path), "--cluster", "ray://127.0.0.1:9", "-q"]
    done = subprocess.run(
        [sys.executable, "-m", "biaxial", *words], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("biaxial compose: --cluster: no Ray at ray://127.0.0.1:9 (")
