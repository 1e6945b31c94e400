"""Score files: averages of stored networks, the largest scale first, checksum and provenance beside the numbers."""

import hashlib
import json

import numpy as np
import pytest

from prunebook import load_scores, results
from prunebook.recipes import diet
from prunebook.runs import score_files
from prunebook.runs.store import Store


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store with EL2N of two small networks on digits."""
    store = Store(tmp_path_factory.mktemp("store"), published=tmp_path_factory.mktemp("published"))
    results(score_files.runs_of("el2n", "digits", scale="smoke"), store=store, device="cpu")
    return store


def test_the_average_is_that_of_the_networks_own_outputs(store):
    import torch
    from torch.nn.functional import softmax

    from prunebook import datasets

    recipe = diet.trajectory("smoke", "digits")
    data, expected = datasets.load("digits"), []
    labels = np.eye(10)[data.train_labels.numpy()]
    mean, std = (torch.tensor(v).view(1, -1, 1, 1) for v in (data.mean, data.std))
    for seed in (0, 1):
        network = recipe.network(seed).eval()
        arrays = store.get(recipe, seed).arrays
        network.load_state_dict({k[2:]: torch.tensor(v) for k, v in arrays.items() if k.startswith("4/")})
        with torch.no_grad():
            outputs = softmax(network((data.train_images.float() / 255 - mean) / std), 1).numpy()
        expected.append(np.sqrt(((outputs - labels) ** 2).sum(1)))
    ours = load_scores("el2n", "digits", store=store)
    np.testing.assert_allclose(ours, np.mean(expected, 0), rtol=1e-3, atol=1e-6)


def test_details_say_scale_networks_and_accuracy(store):
    values, about = load_scores("el2n", "digits", details=True, store=store)
    assert (about["scale"], about["networks"], len(values)) == ("smoke", [0, 1], 1297)
    assert all(80 < accuracy <= 100 for accuracy in about["test_accuracy"])
    assert about["recipe"]["kind"] == "Scores" and about["provenance"][0]["versions"]["torch"]


def test_a_file_carries_its_checksum_and_what_it_stands_on(store, tmp_path):
    runs, scale = score_files.stored("el2n", "digits", store=store)
    values = score_files.average(runs, store)
    path = tmp_path / "deep" / "el2n.npy"
    score_files.write(path, values, score_files.details(runs, scale, store))
    np.testing.assert_array_equal(np.load(path), values)
    about = json.loads((tmp_path / "deep" / "el2n.npy.json").read_text())
    assert about["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert about["scale"] == "smoke" and about["examples"] == 1297
    assert sorted(p.name for p in path.parent.iterdir()) == ["el2n.npy", "el2n.npy.json"]


@pytest.mark.parametrize(("options", "named"), [
    (dict(name="el2m", dataset="digits"), "name.*el2n"),
    (dict(name="el2n", dataset="digit"), "dataset.*digits"),
    (dict(name="grand", dataset="digits"), "dataset.*prunebook scores"),
    (dict(name="el2n", dataset="digits", epoch=7), "epoch.*20"),
    (dict(name="el2n", dataset="digits", scale="huge"), "scale.*small"),
    (dict(name="el2n", dataset="cifar10"), "dataset: no scores 'el2n' are stored for 'cifar10'.*'digits'"),
    (dict(name="el2n", dataset="digits", scale="small"), "scale: no scores 'el2n' are stored for 'small'.*'smoke'"),
    (dict(name="el2n", dataset="digits", epoch=0), "epoch: no scores 'el2n' are stored for 0.*20"),
    (dict(name="norm", dataset="cifar10", epoch=0), "epoch: 0 is not valid; norms of features have none"),
    (dict(name="norm", dataset="cifar10", scale="small"), "scale: 'small' is not valid; norms of features have none"),
])
def test_what_is_not_there_is_named(store, options, named):
    with pytest.raises(ValueError, match=named):
        load_scores(**options, store=store)


def test_networks_are_counted(store):
    assert [run.seed for run in score_files.runs_of("el2n", "digits", scale="smoke", networks=1)] == [0]
    with pytest.raises(ValueError, match="networks"):
        score_files.runs_of("el2n", "digits", scale="smoke", networks=3)
    with pytest.raises(ValueError, match="npy"):
        score_files.write("scores.csv", np.zeros(2), {})
    with pytest.raises(ValueError, match="model: 'resnet19' is unknown.*resnet18"):
        score_files.runs_of("el2n", "digits", scale="smoke", model="resnet19")


def test_a_folder_is_no_score_file(tmp_path):
    (tmp_path / "scores.npy").mkdir()
    with pytest.raises(ValueError, match="it must be a file that ends in .npy"):
        score_files.write(tmp_path / "scores.npy", np.zeros(2), {})
    assert [path.name for path in tmp_path.iterdir()] == ["scores.npy"]


