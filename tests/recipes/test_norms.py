"""The recipes of the norms paper on scikit-learn's digits, through the real engine and a store of its own."""

from dataclasses import fields, replace

import numpy as np
import pytest
from sklearn.datasets import load_digits

from prunebook.recipes.accuracy import ProbeAccuracy, SubsetAccuracy
from prunebook.recipes.features import FeatureNorms, Features, SimCLR
from prunebook.recipes.flow import Flow
from prunebook.recipes.grid import Run
from prunebook.recipes.presets import SIMCLR, from_scratch, simclr_features
from prunebook.recipes.selection import CONTROLS, METHODS, Radius, Selection
from prunebook.runs.engine import results
from prunebook.runs.identity import digest
from prunebook.runs.shipped import load_scores, load_subset
from prunebook.runs.store import Store
from prunebook.training.settings import Training

PIXELS = Features("digits", "pixels")
TINY = SubsetAccuracy(Selection(PIXELS, "uniform", 10), "resnet8", 4, "small", Training(epochs=3, batch_size=100))


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return Store(tmp_path_factory.mktemp("store"), published=False)


def one(recipe, store, seed=0):
    """The stored run of one replicate."""
    results([Run(recipe, seed)], store=store, device="cpu")
    return store.get(recipe, seed)


def test_pixel_features_are_the_images_of_scikit_learn(store):
    train = one(PIXELS, store).arrays["train"]
    whole = {tuple(np.round(row).astype(int)) for row in load_digits().data}
    assert train.shape == (1297, 64)
    assert all(tuple(np.round(row * 16).astype(int)) in whole for row in train)


def test_norms_are_those_of_numpy(store):
    run = one(FeatureNorms(PIXELS), store)
    expected = np.linalg.norm(one(PIXELS, store).arrays["train"].astype(np.float64), axis=1)
    np.testing.assert_allclose(run.arrays["norms"], expected, rtol=1e-6)
    assert run.metrics["variation"] == pytest.approx(expected.std(ddof=1) / expected.mean())
    np.testing.assert_array_equal(load_scores("norm", "digits", store=store), run.arrays["norms"])


@pytest.mark.parametrize("method", METHODS + CONTROLS)
def test_every_method_selects_and_counts_what_it_selected(method, store):
    run = one(Selection(PIXELS, method, 12), store)
    picked = run.metrics["indices"]
    assert len(set(picked)) == 12
    assert sum(run.metrics["class_counts"]) == 12
    assert run.metrics["classes_covered"] == np.count_nonzero(run.metrics["class_counts"])
    norms = np.linalg.norm(one(PIXELS, store).arrays["train"][picked].astype(np.float64), axis=1)
    assert run.metrics["mean_norm"] == pytest.approx(norms.mean())


def test_two_stages_thin_what_the_first_chose(store):
    recipe = Selection(PIXELS, "typiclust+norm", 10)
    first = one(Selection(PIXELS, "typiclust", 20), store).metrics["indices"]
    assert set(one(recipe, store).metrics["indices"]) <= set(first)


def test_controls_hold_classes_equal_and_norms_apart(store):
    low, high = (one(Selection(PIXELS, name, 50), store).metrics for name in CONTROLS[::-1])
    assert low["class_counts"] == high["class_counts"] == [5] * 10
    assert low["mean_norm"] < high["mean_norm"]


def test_what_is_not_random_is_chosen_once_for_all_seeds():
    assert Selection(PIXELS, "probcover", 10).draw(7) == 0
    assert Selection(PIXELS, "norm", 10, randomize=False).draw(7) == 0
    assert Selection(PIXELS, "norm", 10).draw(7) == 7


def test_replicates_and_arms_draw_their_own_numbers(store):
    pairs = [(budget, seed) for budget in (10, 11) for seed in (0, 1)]
    picked = [tuple(one(Selection(PIXELS, "uniform", b), store, s).metrics["indices"]) for b, s in pairs]
    assert len(set(picked)) == 4
    assert set(picked[0]) != set(picked[2][:10])


def test_radius_is_positive_and_probcover_uses_it(store):
    delta = one(Radius(PIXELS), store).metrics["delta"]
    assert 0 < delta < 2
    fixed = one(Selection(PIXELS, "probcover", 10, delta=delta), store).metrics["indices"]
    assert fixed == one(Selection(PIXELS, "probcover", 10), store).metrics["indices"]


def test_fused_trainings_are_the_single_ones(tmp_path):
    recipe = replace(TINY, training=replace(TINY.training, precision="float64"))
    runs = [Run(replace(recipe, selection=Selection(PIXELS, m, 10)), s) for m in ("uniform", "norm") for s in (0, 1)]
    together = results(runs, store=Store(tmp_path / "a", published=False), device="cpu")
    single = [results([run], store=Store(tmp_path / "b", published=False), device="cpu") for run in runs]
    assert together.accuracy.tolist() == [one.accuracy.item() for one in single]


def test_linear_probes_learn_and_fused_ones_equal_single_ones(tmp_path):
    runs = [Run(ProbeAccuracy(Selection(PIXELS, "uniform", 60), epochs=100), seed) for seed in range(4)]
    together = results(runs, store=Store(tmp_path / "a", published=False), device="cpu")
    single = results(runs[2:3], store=Store(tmp_path / "b", published=False), device="cpu")
    assert together.accuracy.min() > 60
    assert single.accuracy.item() == pytest.approx(together.accuracy[2], abs=0.5)


def test_an_encoder_learns_is_stored_small_and_gives_features(store):
    encoder = SimCLR("digits", "resnet8", width=4, epochs=1, batch_size=256, precision="float32")
    run = one(encoder, store)
    assert 10 < 100 * run.metrics["knn_accuracy"] <= 100
    features = one(Features("digits", "simclr", encoder), store)
    assert features.arrays["train"].shape == (1297, run.metrics["features"])
    assert np.isfinite(features.arrays["train"]).all()


def test_flow_shows_what_was_chosen(store):
    run = one(Flow(Selection(PIXELS, "norm", 10), images=6, points=50), store)
    assert run.arrays["pool"].shape == (6, 1, 8, 8)
    assert run.arrays["chosen"].shape == (10, 1, 8, 8)
    assert run.arrays["points"].shape == (50, 2)
    assert 0 < run.metrics["explained"] <= 1


def test_shipped_subsets_load_with_one_call_and_errors_name_what_there_is(store):
    run = one(Selection(PIXELS, "norm", 12), store)
    assert load_subset("norm", "digits", 12, store=store).tolist() == run.metrics["indices"]
    with pytest.raises(ValueError, match="budget: 13 is unknown; valid are"):
        load_subset("norm", "digits", 13, store=store)
    with pytest.raises(ValueError, match="dataset: 'cifar11' is unknown; valid are 'digits'"):
        load_subset("norm", "cifar11", 12, store=store)
    with pytest.raises(ValueError, match="dataset: 'cifar11' is unknown"):
        load_scores("norm", "cifar11", store=store)


@pytest.mark.parametrize(("fields", "match"), [
    ({"method": "gramschmidt"}, "method: 'gramschmidt' is unknown.*gram_schmidt"),
    ({"budget": 0}, "budget: 0 is not valid"),
    ({"budget": -3}, "budget: -3 is not valid"),
    ({"budget": 1298}, "budget: 1298 is not valid; it must be an integer from 1 to 1297"),
    ({"method": "probcover+norm", "budget": 700}, "from 1 to 648"),
    ({"order": 3}, "order: 3 is unknown"),
])
def test_bad_selections_are_refused_before_anything_is_computed(fields, match):
    with pytest.raises(ValueError, match=match):
        Selection(PIXELS, **fields)


def test_identities_are_frozen():
    # Shipped records are found by these names: they change only with a raised `version`, and then with new records.
    features = simclr_features("small", "cifar10")
    chosen = Selection(features, "norm", 20)
    recipes = {
        "encoder": features.encoder, "features": features, "norms": FeatureNorms(features), "radius": Radius(features),
        "selection": chosen, "network": from_scratch("small", chosen), "probe": ProbeAccuracy(chosen),
        "flow": Flow(Selection(features, "gram_schmidt", 10)), "paper": SIMCLR["paper"],
    }
    assert {name: digest(recipe) for name, recipe in recipes.items()} == {
        "encoder": "ec446d2ed9f4", "features": "750a4174c9a1", "norms": "7596aac78884", "radius": "7c36caf4a1eb",
        "selection": "6fb0a40f7fb3", "network": "0c3e6daa36ca", "probe": "5fa5b3e59e44", "flow": "46ba8e8f73cb",
        "paper": "4a0b2832b3fc",
    }


def test_defaults_are_frozen():
    # A default is part of every identity that leaves it out.
    assert {kind.__name__: {f.name: f.default for f in fields(kind)} for kind in (SimCLR, Training, ProbeAccuracy)} == {
        "SimCLR": {
            "dataset": "cifar10", "model": "resnet18", "width": 64, "stem": "small", "expand": 0, "epochs": 500,
            "batch_size": 512, "lr": 0.4, "warmup": 0.0, "floor": 1e-3, "weight_decay": 1e-4, "decay_all": True,
            "nesterov": False, "temperature": 0.1, "both": False, "crop": 0, "precision": "bfloat16",
        },
        "Training": {
            "epochs": 0, "steps": 0, "batch_size": 128, "drop_last": False, "optimizer": "sgd", "lr": 0.1,
            "momentum": 0.9, "nesterov": False, "weight_decay": 5e-4, "schedule": "cosine", "schedule_by": "epoch",
            "milestones": (), "decay": 0.1, "augment": "crop_flip", "precision": "float32",
        },
        "ProbeAccuracy": {
            "selection": Selection(Features("cifar10", "simclr", None), "norm", 10), "epochs": 400, "lr": 2.5,
            "weight_decay": 3e-4, "momentum": 0.9, "nesterov": True,
        },
    }
