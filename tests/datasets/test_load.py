"""Loading by name: digits as documented, CIFAR and MNIST from tiny files, and an error for everything that can fail."""

import hashlib
import itertools
import pickle
import urllib.error
import urllib.request

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torchvision import datasets as torchvision_datasets

from prunebook import datasets
from prunebook.datasets import files


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    monkeypatch.delenv("PRUNEBOOK_DATA", raising=False)
    monkeypatch.delenv("PRUNEBOOK_DOWNLOAD", raising=False)


@pytest.fixture(params=["cifar10", "cifar100", "mnist"])
def tiny(request, tmp_path, monkeypatch):
    """A set of five training and two test images on disk, with checksums to match: (name, root, pixels)."""
    write = _write_mnist if request.param == "mnist" else _write_cifar
    pixels = write(request.param, tmp_path, monkeypatch)
    return request.param, tmp_path, pixels


def _write_cifar(name, root, monkeypatch):
    reader = {"cifar10": torchvision_datasets.CIFAR10, "cifar100": torchvision_datasets.CIFAR100}[name]
    folder = root / reader.base_folder
    folder.mkdir()
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (7, 3, 32, 32), np.uint8)
    labels = {"cifar10": "labels", "cifar100": "fine_labels"}[name]
    count = len(reader.train_list)
    starts = np.linspace(0, 5, count + 1).astype(int)
    parts = [pixels[a:b] for a, b in itertools.pairwise(starts)] + [pixels[5:]]
    sums = []
    for (file_name, _), part in zip(reader.train_list + reader.test_list, parts, strict=True):
        content = pickle.dumps({"data": part.reshape(-1, 3072), labels: list(range(len(part)))})
        (folder / file_name).write_bytes(content)
        sums.append([file_name, hashlib.md5(content).hexdigest()])
    content = pickle.dumps({reader.meta["key"]: ["cat", "dog", "frog"]})
    (folder / reader.meta["filename"]).write_bytes(content)
    monkeypatch.setattr(reader, "train_list", sums[:count])
    monkeypatch.setattr(reader, "test_list", sums[count:])
    monkeypatch.setattr(reader, "meta", reader.meta | {"md5": hashlib.md5(content).hexdigest()})
    return pixels


def _write_mnist(name, root, monkeypatch):
    folder = root / "MNIST/raw"
    folder.mkdir(parents=True)
    pixels = np.random.default_rng(0).integers(0, 256, (7, 1, 28, 28), np.uint8)
    sums = {}
    for split, part in (("train", pixels[:5]), ("t10k", pixels[5:])):
        count = len(part)
        header = b"".join(n.to_bytes(4, "big") for n in (2051, count, 28, 28))
        labels = (2049).to_bytes(4, "big") + count.to_bytes(4, "big") + bytes(range(count))
        for file_name, content in (
            (f"{split}-images-idx3-ubyte", header + part.tobytes()), (f"{split}-labels-idx1-ubyte", labels)
        ):
            (folder / file_name).write_bytes(content)
            sums[file_name] = hashlib.md5(content).hexdigest()
    monkeypatch.setattr(files, "MNIST_FILES", sums)
    return pixels


def first_file(name, root):
    return root / files.folder(name) / next(iter(files.checksums(name)))


def without_network(monkeypatch):
    def refuse(*arguments, **options):
        raise urllib.error.URLError("no route to host")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)


def test_digits_are_scikit_learns_split_as_documented():
    digits, source = datasets.load("digits"), load_digits()
    assert digits.train_images.shape == (1297, 1, 8, 8)
    assert digits.test_images.shape == (500, 1, 8, 8)
    assert digits.train_images.dtype == torch.uint8
    assert digits.train_labels.dtype == torch.int64
    assert digits.num_classes == 10
    assert digits.class_names == tuple("0123456789")
    shares = np.bincount(source.target) * 500 / 1797
    assert np.abs(np.bincount(digits.test_labels) - shares).max() <= 1
    both = torch.cat([digits.train_images, digits.test_images]).flatten(1).numpy()
    expected = np.round(source.data * 255 / 16).astype(np.uint8)
    assert np.array_equal(both[np.lexsort(both.T)], expected[np.lexsort(expected.T)])


def test_the_split_of_digits_is_fixed():
    digits = datasets.load("digits")
    parts = (digits.train_images, digits.train_labels, digits.test_images, digits.test_labels)
    digests = [hashlib.sha256(part.contiguous().numpy().tobytes()).hexdigest()[:12] for part in parts]
    assert digests == ["a4e9255c5750", "823656bcbde2", "0b5a2e2ce259", "76ed9dbcbad2"]


def test_digits_statistics_are_those_of_the_training_images():
    digits = datasets.load("digits")
    pixels = digits.train_images.double() / 255
    assert digits.mean == (round(float(pixels.mean()), 4),)
    assert digits.std == (round(float(pixels.std()), 4),)


def test_a_set_is_read_once():
    assert datasets.load("digits") is datasets.load("digits")


@pytest.mark.parametrize("size", [8, 16, 32])
def test_enlarged_keeps_everything_but_the_size(size):
    digits = datasets.load("digits")
    large = digits.enlarged(size)
    assert large.train_images.shape == (1297, 1, size, size)
    assert large.train_images.dtype == torch.uint8
    assert large.train_labels is digits.train_labels
    assert large.mean == digits.mean
    if size == 8:
        assert torch.equal(large.train_images, digits.train_images)


def test_enlarged_is_bilinear_interpolation():
    image = datasets.load("digits").train_images[0, 0].double().numpy()
    at = np.clip((np.arange(16) + 0.5) / 2 - 0.5, 0, 7)
    low, part = np.minimum(at.astype(int), 6), at - np.minimum(at.astype(int), 6)
    rows = image[low] * (1 - part)[:, None] + image[low + 1] * part[:, None]
    expected = rows[:, low] * (1 - part) + rows[:, low + 1] * part
    found = datasets.load("digits").enlarged(16).train_images[0, 0].numpy()
    assert np.abs(found - expected).max() <= 0.5 + 1e-3


def test_enlarged_does_not_shrink():
    with pytest.raises(ValueError, match="size"):
        datasets.load("digits").enlarged(7)


def test_an_unknown_name_gets_the_nearest():
    with pytest.raises(ValueError, match="did you mean 'cifar100'"):
        datasets.load("cifar-100")


def test_files_are_read_as_they_are(tiny):
    name, root, pixels = tiny
    loaded = datasets.load(name, root)
    assert np.array_equal(loaded.train_images, pixels[:5])
    assert np.array_equal(loaded.test_images, pixels[5:])
    assert loaded.train_images.is_contiguous()
    assert loaded.train_images.dtype == torch.uint8
    assert loaded.train_labels.shape == (5,)
    assert loaded.test_labels.tolist() == [0, 1]
    assert len(loaded.mean) == len(loaded.std) == pixels.shape[1]
    assert loaded.num_classes == len(loaded.class_names) == (10 if name == "mnist" else 3)
    assert datasets.load(name, root) is loaded


def test_the_root_comes_from_the_environment(tiny, monkeypatch):
    name, root, _ = tiny
    monkeypatch.setenv("PRUNEBOOK_DATA", str(root))
    assert datasets.load(name).name == name


def test_no_root_is_an_error_that_says_what_to_do():
    with pytest.raises(datasets.DataError, match=r"set PRUNEBOOK_DATA.*cifar-10-batches-py.*--download"):
        datasets.load("cifar10")


@pytest.mark.parametrize("which", range(4))
def test_a_missing_file_is_named(tiny, which):
    name, root, _ = tiny
    file_name = list(files.checksums(name))[min(which, len(files.checksums(name)) - 1)]
    (root / files.folder(name) / file_name).unlink()
    with pytest.raises(datasets.DataError, match=f"{file_name} is missing; set PRUNEBOOK_DATA"):
        datasets.load(name, root)


@pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b"", lambda b: bytes([b[0] ^ 1]) + b[1:]])
def test_a_truncated_or_changed_file_is_named(tiny, damage):
    name, root, _ = tiny
    path = first_file(name, root)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(datasets.DataError, match=f"{path.name} is truncated or damaged.*MD5"):
        datasets.load(name, root)


def test_an_unreadable_file_is_named(tiny):
    name, root, _ = tiny
    path = first_file(name, root)
    path.unlink()
    path.mkdir()
    with pytest.raises(datasets.DataError, match=f"{path.name} cannot be read"):
        datasets.load(name, root)


@pytest.mark.parametrize("name", ["cifar10", "mnist"])
@pytest.mark.parametrize("asked_by", ["argument", "environment"])
def test_a_download_without_a_network_is_one_sentence(name, asked_by, tmp_path, monkeypatch):
    without_network(monkeypatch)
    if asked_by == "environment":
        monkeypatch.setenv("PRUNEBOOK_DOWNLOAD", "1")
    with pytest.raises(datasets.DataError, match=r"download to .* failed .*no route to host") as caught:
        datasets.load(name, tmp_path, download=asked_by == "argument")
    assert "\n" not in str(caught.value)


def test_nothing_is_fetched_unasked_or_when_all_is_there(tiny, monkeypatch):
    name, root, _ = tiny
    without_network(monkeypatch)
    assert datasets.load(name, root, download=True).name == name
    first_file(name, root).unlink()
    with pytest.raises(datasets.DataError, match="is missing"):
        datasets.load("mnist" if name != "mnist" else "cifar10", root)


def test_torchvisions_checksums_are_the_ones_used():
    sums = files.checksums("cifar10")
    assert len(sums) == 7
    assert sums["test_batch"] == torchvision_datasets.CIFAR10.test_list[0][1]
    assert set(files.checksums("cifar100")) == {"train", "test", "meta"}
