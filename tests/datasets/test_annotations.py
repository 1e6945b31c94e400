"""Annotations of CIFAR from tiny files with the real ones' arrays, damaged in every way, and the real files if any."""

import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from prunebook import datasets
from prunebook.datasets import sets

N = 40
FILES = {
    "human": {"cifar10": "cifar-n/CIFAR-10_human.npz", "cifar100": "cifar-n/CIFAR-100_human.npz"},
    "scores": {name: f"example-scores/{name}-cscores-orig-order.npz" for name in ("cifar10", "cifar100")},
    "pairs": {"cifar100": "example-scores/cifar100_high_infl_pairs_infl0.15_mem0.25.npz"},
}
CALLS = {
    "human": datasets.human_labels, "scores": datasets.c_scores,
    "pairs": lambda name, root=None: datasets.memorization(root),
}
CASES = [(kind, name) for kind, names in FILES.items() for name in names]
AUTHORS = {"human": r"Wei et al., ICLR 2022", "scores": "Jiang et al., ICML 2021", "pairs": "Zhang, NeurIPS 2020"}


def content(kind, name):
    """The arrays of a file, and what the data set's labels are."""
    random = np.random.default_rng(0)
    classes = {"cifar10": 10, "cifar100": 100}[name]
    truth = np.arange(N) % classes
    if kind == "pairs":
        return {
            "tr_idx": random.integers(0, 50_000, 7), "tt_idx": random.integers(0, 10_000, 7),
            "infl": random.uniform(0.15, 1, 7), "mem": random.uniform(0.25, 1, 7),
        }, truth
    if kind == "scores":
        return {"labels": truth, "scores": random.uniform(0, 1, N)}, truth
    noisy = ("aggre_label", "worse_label", "random_label1", "random_label2", "random_label3")
    arrays = {"clean_label": truth.astype(np.uint8)}
    if name == "cifar10":
        return arrays | {column: random.integers(0, 10, N).astype(np.uint8) for column in noisy}, truth
    arrays["noisy_label"] = random.integers(0, 100, N).astype(np.uint8)
    return arrays | {f"{c}_coarse_label": random.integers(0, 20, N).astype(np.uint8) for c in ("clean", "noisy")}, truth


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """A function that writes the file of a case, with `changes` to its arrays, and returns (path, arrays)."""

    def write(kind, name, save=np.savez, **changes):
        arrays, truth = content(kind, name)
        labels = SimpleNamespace(train_labels=torch.tensor(truth), num_classes={"cifar10": 10, "cifar100": 100}[name])
        monkeypatch.setattr(sets, "load", lambda asked, root: {name: labels}[asked])
        arrays |= changes
        path = tmp_path / FILES[kind][name]
        path.parent.mkdir()
        save(path, **{key: value for key, value in arrays.items() if value is not None})
        return path, arrays

    return write


@pytest.mark.parametrize("by", ["argument", "environment"])
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize(("kind", "name"), CASES)
def test_files_are_read_as_they_are(kind, name, save, by, tiny, tmp_path, monkeypatch):
    _, arrays = tiny(kind, name, save)
    monkeypatch.setenv("PRUNEBOOK_DATA", str(tmp_path))
    found = CALLS[kind](name, str(tmp_path)) if by == "argument" else CALLS[kind](name)
    if kind == "scores":
        found = {"scores": found}
        expected = {"scores": arrays["scores"]}
    elif kind == "pairs":
        found = vars(found)
        names = {"train_index": "tr_idx", "test_index": "tt_idx", "influence": "infl", "memorization": "mem"}
        expected = {ours: arrays[theirs] for ours, theirs in names.items()}
    elif name == "cifar10":
        expected = {
            "aggre": arrays["aggre_label"], "worse": arrays["worse_label"], "clean": arrays["clean_label"],
            **{f"random{i}": arrays[f"random_label{i}"] for i in (1, 2, 3)},
        }
    else:
        expected = {
            "fine": arrays["noisy_label"], "clean": arrays["clean_label"], "coarse": arrays["noisy_coarse_label"],
            "clean_coarse": arrays["clean_coarse_label"],
        }
    assert found.keys() == expected.keys()
    for column, array in found.items():
        assert array.dtype == (np.float64 if expected[column].dtype.kind == "f" else np.int64)
        assert np.array_equal(array, expected[column])


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_a_missing_file_is_named_with_its_source(kind, name, tmp_path, monkeypatch):
    file = FILES[kind][name]
    with pytest.raises(datasets.DataError, match=f"{tmp_path}/{file} is missing.*PRUNEBOOK_DATA.*{AUTHORS[kind]}"):
        CALLS[kind](name, tmp_path)
    monkeypatch.delenv("PRUNEBOOK_DATA", raising=False)
    with pytest.raises(datasets.DataError, match=f"set PRUNEBOOK_DATA.* holds {file} .*{AUTHORS[kind]}, https://"):
        CALLS[kind](name)


@pytest.mark.parametrize("damage", [
    lambda b: b"", lambda b: b"no zip file", lambda b: b[: len(b) // 2], lambda b: b[100:],
    lambda b: b[:-200] + bytes(200), lambda b: bytes([b[0] ^ 1]) + b[1:],
])
@pytest.mark.parametrize(("kind", "name"), CASES)
def test_a_damaged_file_is_named_with_its_source(kind, name, damage, tiny, tmp_path):
    path, _ = tiny(kind, name)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(datasets.DataError, match=f"{path} (is damaged|cannot be read).*{AUTHORS[kind]}"):
        CALLS[kind](name, tmp_path)


def test_no_flipped_byte_gives_other_numbers(tiny, tmp_path):
    path, arrays = tiny("scores", "cifar10", np.savez_compressed)
    sound = path.read_bytes()
    refused = 0
    for place in range(0, len(sound), 7):
        path.write_bytes(sound[:place] + bytes([sound[place] ^ 0x55]) + sound[place + 1 :])
        try:
            assert np.array_equal(datasets.c_scores("cifar10", tmp_path), arrays["scores"])
        except datasets.DataError:
            refused += 1
    assert refused > len(sound) / 14


def test_what_is_no_file_or_no_archive_is_named(tiny, tmp_path):
    path, arrays = tiny("scores", "cifar10")
    with path.open("wb") as file:
        np.save(file, arrays["scores"])
    with pytest.raises(datasets.DataError, match=f"{path} is damaged or another file.*labels, scores"):
        datasets.c_scores("cifar10", tmp_path)
    path.unlink()
    path.mkdir()
    with pytest.raises(datasets.DataError, match=f"{path} cannot be read.*directory"):
        datasets.c_scores("cifar10", tmp_path)


def test_pickles_are_not_opened(tiny, tmp_path):
    tiny("scores", "cifar10", scores=np.array([{}] * N, dtype=object))
    with pytest.raises(datasets.DataError, match="is damaged or another file.*allow_pickle"):
        datasets.c_scores("cifar10", tmp_path)


@pytest.mark.parametrize(("kind", "name", "changes", "message"), [
    ("human", "cifar10", {"worse_label": None}, "damaged or another file.*worse_label"),
    ("human", "cifar10", {"worse_label": np.zeros(N - 1, np.uint8)}, "worse_label is uint8 of shape"),
    ("human", "cifar10", {"worse_label": np.zeros(N)}, "worse_label is float64"),
    ("human", "cifar10", {"worse_label": np.full(N, 10, np.uint8)}, r"worse_label holds values outside \[0, 9\]"),
    ("human", "cifar10", {"worse_label": np.full(N, -1)}, r"worse_label holds values outside \[0, 9\]"),
    ("human", "cifar100", {"noisy_label": np.full(N, 100)}, r"noisy_label holds values outside \[0, 99\]"),
    ("human", "cifar100", {"clean_coarse_label": np.full(N, 20)}, r"coarse_label holds values outside \[0, 19\]"),
    ("human", "cifar100", {"clean_label": np.arange(N)[::-1]}, r"not in the order .*\(40 of 40 differ"),
    ("human", "cifar100", {"clean_label": np.arange(N + 1)}, r"not in the order .*\(there are 41, not 40"),
    ("scores", "cifar10", {"labels": np.array([1, 0, *range(2, N)]) % 10}, r"not in the order .*\(2 of 40 differ"),
    ("scores", "cifar10", {"scores": np.full(N, np.nan)}, r"scores holds values outside \[0, 1\]"),
    ("scores", "cifar10", {"scores": np.full(N, 1.5)}, r"scores holds values outside \[0, 1\]"),
    ("scores", "cifar10", {"scores": np.zeros((N, 1))}, r"scores is float64 of shape \(40, 1\), not 40 numbers"),
    ("pairs", "cifar100", {"tr_idx": np.full(7, 50_000)}, r"tr_idx holds values outside \[0, 49999\]"),
    ("pairs", "cifar100", {"tt_idx": np.full(7, 10_000)}, r"tt_idx holds values outside \[0, 9999\]"),
    ("pairs", "cifar100", {"mem": np.zeros(6)}, r"mem is float64 of shape \(6,\), not 7 numbers"),
    ("pairs", "cifar100", {"infl": np.full(7, np.inf)}, "infl holds values outside"),
])
def test_content_that_does_not_fit_is_named(kind, name, changes, message, tiny, tmp_path):
    tiny(kind, name, **changes)
    with pytest.raises(datasets.DataError, match=message):
        CALLS[kind](name, tmp_path)


@pytest.mark.parametrize("call", [datasets.human_labels, datasets.c_scores])
def test_other_data_sets_have_none(call):
    with pytest.raises(ValueError, match="name: 'cifar-10' is unknown; valid are 'cifar10', 'cifar100'; did you mean"):
        call("cifar-10")


def there(kind, name):
    """Skip unless the real file and the data set are where PRUNEBOOK_DATA points."""
    root = Path(os.environ.get("PRUNEBOOK_DATA") or "/nonexistent")
    folder = {"cifar10": "cifar-10-batches-py", "cifar100": "cifar-100-python"}[name]
    found = (root / FILES[kind][name]).is_file() and (root / folder).is_dir()
    return pytest.mark.skipif(not found, reason=f"{FILES[kind][name]} or {folder} is not there")


@there("human", "cifar10")
def test_noise_of_cifar10n_is_what_its_authors_report():
    labels = datasets.human_labels("cifar10")
    clean = labels.pop("clean")
    assert np.array_equal(clean, datasets.load("cifar10").train_labels)
    noise = {column: round(100 * float((array != clean).mean()), 2) for column, array in labels.items()}
    assert noise == {"aggre": 9.01, "random1": 17.23, "random2": 18.12, "random3": 17.64, "worse": 40.21}


@there("human", "cifar100")
def test_noise_of_cifar100n_is_what_its_authors_report():
    labels = datasets.human_labels("cifar100")
    assert round(100 * float((labels["fine"] != labels["clean"]).mean()), 2) == 40.20
    coarse = dict(zip(labels["clean"].tolist(), labels["clean_coarse"].tolist(), strict=True))
    for fine, column in (("clean", "clean_coarse"), ("fine", "coarse")):
        assert [coarse[label] for label in labels[fine].tolist()] == labels[column].tolist()


@there("scores", "cifar10")
def test_c_scores_are_low_where_people_were_wrong():
    scores, labels = datasets.c_scores("cifar10"), datasets.human_labels("cifar10")
    wrong = labels["aggre"] != labels["clean"]
    assert scores.shape == (50_000,)
    assert scores[~wrong].mean() - scores[wrong].mean() > 0.1


@there("pairs", "cifar100")
@there("scores", "cifar100")
def test_the_pairs_are_those_of_figure_19():
    pairs, scores = datasets.memorization(), datasets.c_scores("cifar100")
    assert len(pairs.train_index) == 1015
    assert len(np.unique(pairs.train_index)) == 964
    assert pairs.influence.min() > 0.15
    assert pairs.memorization.min() >= 0.25
    data = datasets.load("cifar100")
    assert torch.equal(data.train_labels[pairs.train_index], data.test_labels[pairs.test_index])
    one = np.unique(pairs.train_index, return_index=True)[1]
    assert spearmanr(scores[pairs.train_index[one]], pairs.memorization[one]).statistic < -0.5
