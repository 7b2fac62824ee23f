"""Real clusters; each test that starts one also removes it."""

import os
import stat
import subprocess
import time
from pathlib import Path

import pytest
from workshop import postgres
from workshop.shell import SetupError


@pytest.fixture(autouse=True)
def no_server_of_the_users_own(monkeypatch):
    for variable in ("PGHOST", "DATABASE_URL"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def start():
    """Start clusters by name; they are removed after the test."""
    clusters = []

    def start_cluster(name: str) -> postgres.Cluster:
        clusters.append(postgres.Cluster(name))
        clusters[-1].start()
        return clusters[-1]

    yield start_cluster
    for cluster in clusters:
        cluster.remove()


def ask(cluster: postgres.Cluster, question: str) -> str:
    words = ["psql", "-qAtX", "-d", "postgres", "-c", question]
    environment = {**os.environ, **cluster.start().environment}
    return subprocess.run(
        words, env=environment, capture_output=True, text=True, check=True, timeout=90
    ).stdout.strip()


def postmaster(cluster: postgres.Cluster) -> int:
    return int((cluster.data / "postmaster.pid").read_text().splitlines()[0])


def ends(process: int) -> bool:
    """Whether the process is gone, or only waits to be reaped, within a minute."""
    status = Path(f"/proc/{process}/status")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if not status.exists() or "State:\tZ" in status.read_text():
            return True
        time.sleep(0.05)
    return False


def test_the_cluster_of_the_tests_is_fast(open_state, start):
    cluster = start("test")
    assert ask(cluster, "SHOW fsync") == "off"
    assert ask(cluster, "SHOW synchronous_commit") == "off"


def test_the_cluster_of_the_demo_is_durable(open_state, start):
    cluster = start("demo")
    assert ask(cluster, "SHOW fsync") == "on"
    assert ask(cluster, "SHOW synchronous_commit") == "on"


def test_a_cluster_runs_as_an_ordinary_user_on_a_private_socket_only(open_state, start):
    cluster = start("test")
    assert Path(f"/proc/{postmaster(cluster)}").stat().st_uid != 0
    assert ask(cluster, "SHOW listen_addresses") == ""
    assert stat.S_IMODE(cluster.socket.stat().st_mode) == 0o700


def test_starting_twice_keeps_the_same_server(open_state, start):
    first = postmaster(start("test"))
    assert postmaster(start("test")) == first


def test_a_removed_cluster_leaves_no_process_and_no_folder(open_state, start):
    cluster = start("test")
    process = postmaster(cluster)
    cluster.remove()
    assert ends(process)
    assert not cluster.home.exists()
    assert not cluster.socket.exists()


def test_a_state_folder_that_can_be_entered_holds_the_cluster(open_state):
    assert open_state in postgres.Cluster("test").data.parents


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands over to another user")
def test_a_cluster_goes_elsewhere_when_its_owner_may_not_enter_the_state(state, start):
    cluster = start("test")
    assert state not in cluster.data.parents
    assert ask(cluster, "SELECT 1") == "1"


def test_a_folder_that_is_a_link_of_somebody_else_is_refused(open_state, tmp_path):
    cluster = postgres.Cluster("test")
    cluster.socket.symlink_to(tmp_path)
    try:
        with pytest.raises(SetupError, match="somebody else"):
            cluster.start()
    finally:
        cluster.socket.unlink()
        cluster.remove()


def test_a_server_of_the_users_own_is_taken_from_a_url(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://clinic:p%40ss@db.example:5433/x")
    server = postgres.start("test")
    assert server == postgres.Server("db.example", "5433", "clinic", "p@ss")


def test_a_server_of_the_users_own_has_no_log_of_ours(monkeypatch):
    monkeypatch.setenv("PGHOST", "db.example")
    assert postgres.log_file("test") is None
