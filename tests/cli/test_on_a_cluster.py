"""The verbs over a cluster of three worker processes here, one of which is killed meanwhile: the same files to the byte."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from speech import RECIPE, write_corpus

from tts.core.cluster import Cluster, connect
from tts.dataset.prepare import prepare_corpus
from tts.recipe import load_recipe

distributed = pytest.importorskip("distributed", reason="distributed is not installed")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """The address of a scheduler with three workers, which are replaced when they die."""
    with distributed.LocalCluster(
        n_workers=3, threads_per_worker=1, dashboard_address=None, memory_limit=0, silence_logs=50
    ) as cluster:
        yield cluster.scheduler_address


@contextmanager
def killing(cluster: Cluster, begun: Callable[[], bool]) -> Iterator[list[str]]:
    """Kill a worker that is at work as soon as ``begun`` says so; yields a list that has its address once it is dead."""
    killed: list[str] = []
    over = threading.Event()
    client = cluster._client

    def watch() -> None:
        processes = client.run(os.getpid)
        while not over.is_set():
            busy = [address for address, keys in client.processing().items() if keys and address in processes]
            if busy and begun():
                os.kill(processes[busy[0]], signal.SIGKILL)
                killed.append(busy[0])
                return
            time.sleep(0.02)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield killed
    finally:
        over.set()
        thread.join()


def contents(folder: Path, *without: str) -> dict[str, bytes]:
    """All files of a folder by their path in it, hidden ones too, but those ``without``."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {name: path.read_bytes() for path in paths if (name := str(path.relative_to(folder))) not in without}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a corpus, and what is prepared of it here."""
    folder = tmp_path_factory.mktemp("cluster")
    write_corpus(folder / "corpus")
    prepare_corpus(load_recipe(RECIPE), RECIPE.parent, folder / "corpus", folder / "prepared", workers=0)
    return folder


def test_prepare(scheduler: str, corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "prepared"
    with connect(scheduler) as cluster:
        cluster.share(out, (corpus / "corpus",))
        with killing(cluster, lambda: any(out.glob("cache/world-*/*.safetensors"))) as killed:
            prepare_corpus(load_recipe(RECIPE), RECIPE.parent, corpus / "corpus", out, workers=cluster)
    assert killed
    alone = contents(corpus / "prepared", "prepared.json")
    assert contents(out, "prepared.json") == alone
    facts, facts_alone = (json.loads((path / "prepared.json").read_text()) for path in (out, corpus / "prepared"))
    facts_alone["seconds"] = facts["seconds"]
    assert facts == facts_alone
