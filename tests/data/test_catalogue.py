import subprocess
import sys
import threading

import numpy as np
import pytest

from ffexplore.data import Dataset, catalogue, datasets, load
from ffexplore.errors import DatasetError


@pytest.fixture(autouse=True)
def _as_before(monkeypatch):
    monkeypatch.setattr(catalogue, "_loaded", {})
    monkeypatch.setattr(datasets, "_entries", dict(datasets._entries))


def own(value: float = 0.0) -> Dataset:
    return Dataset.from_arrays(np.full((6, 2), value), [0, 1] * 3)


def test_names_and_what_is_known_of_them():
    assert datasets.names() == ["digits", "mnist-5k", "mnist", "fashion-mnist", "kmnist", "moons", "rings"]
    assert [entry.name for entry in datasets if not entry.offline] == ["mnist", "fashion-mnist", "kmnist"]
    assert all(entry.summary and entry.source and entry.size for entry in datasets)
    assert datasets["mnist-5k"].size == "5000 images of 28×28"
    assert datasets["kmnist"].licence == "CC BY-SA 4.0"


def test_the_same_object_again():
    assert load("moons") is load("moons")
    assert load("moons") is load("moons(noise=0.15)")
    assert load("moons") is not load("moons(noise=0.3)")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("mnist5k", "Unknown dataset 'mnist5k'. Did you mean 'mnist-5k'. Allowed: digits"),
        ("zzz", "Unknown dataset 'zzz'. Allowed: digits, fashion-mnist"),
        (3, "The dataset is 3; give a name"),
        ("moons(noise=7)", "noise of the dataset 'moons' is 7.0; it must be a number from 0 to 1"),
        ("moons(nois=0)", "Did you mean 'noise'"),
    ],
)
def test_names_that_are_unknown(name, message):
    with pytest.raises(DatasetError, match=message.replace("(", r"\(").replace(")", r"\)")):
        load(name)


def test_own_datasets_join():
    @datasets.register("mine", size="six points")
    def mine() -> Dataset:
        """Six points."""
        return own()

    assert load("mine").shape == (2,)
    assert (datasets["mine"].offline, datasets["mine"].summary) == (True, "Six points.")


def test_registering_again_forgets_what_was_loaded():
    datasets.register("mine")(lambda: own(1))
    first = load("mine")
    datasets.register("mine")(lambda: own(2))
    assert load("mine").train.x.max() == 2
    assert first.train.x.max() == 1


def test_a_loader_that_returns_something_else():
    datasets.register("mine")(lambda: [1, 2])
    with pytest.raises(DatasetError, match="The loader of the dataset 'mine' returned a list, not a Dataset"):
        load("mine")


def test_root_is_handed_on_absolute(tmp_path, monkeypatch):
    roots = []

    @datasets.register("mine")
    def mine(root=None):
        roots.append(root)
        return own()

    monkeypatch.chdir(tmp_path)
    load("mine")
    load("mine", root="here")
    assert roots == [None, tmp_path / "here"]


def test_threads_load_once():
    calls = []
    gate = threading.Event()

    def slow() -> Dataset:
        calls.append(1)
        gate.wait(5)
        return own()

    datasets.register("mine")(slow)
    found: list[Dataset] = []
    threads = [threading.Thread(target=lambda: found.append(load("mine"))) for _ in range(3)]
    for thread in threads:
        thread.start()
    load("moons")  # another set does not wait
    gate.set()
    for thread in threads:
        thread.join(5)
    assert len(calls) == 1
    assert len({id(data) for data in found}) == 1
    assert len(found) == 3


def test_importing_the_data_is_light():
    code = "import sys, ffexplore.data; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "numpy" in loaded
    heavy = {"torch", "torchvision", "sklearn", "scipy", "pandas", "mlxtend", "PIL", "tqdm", "plotly", "ipywidgets"}
    assert heavy.isdisjoint(loaded)
