"""CINIC-10 from a tiny folder of noise, against torchvision's ImageFolder, and an error for everything that lacks."""

import errno
import shutil

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.datasets import ImageFolder

from prunebook import datasets
from prunebook.datasets import cinic, sets

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Two images a class and split, and each folder read anew."""
    monkeypatch.delenv("PRUNEBOOK_DATA", raising=False)
    monkeypatch.delenv("PRUNEBOOK_DOWNLOAD", raising=False)
    monkeypatch.setattr(cinic, "IN_CLASS", 2)
    sets._read.cache_clear()
    yield
    sets._read.cache_clear()


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A folder of PNG files, written in an order that is not the sorted one."""
    root = tmp_path_factory.mktemp("cinic") / "CINIC-10"
    random = np.random.default_rng(0)
    for split in ("valid", "train", "test"):
        for label in reversed(CLASSES):
            (root / split / label).mkdir(parents=True)
            for name in ("n02691156_10", "cifar10-train-7"):
                pixels = random.integers(0, 256, (32, 32, 3), np.uint8)
                Image.fromarray(pixels).save(root / split / label / f"{name}.png")
    (root / "README.md").write_text("text")
    return root


@pytest.fixture(params=["CINIC-10", "cinic-10"])
def folder(request, source, tmp_path):
    return shutil.copytree(source, tmp_path / request.param)


@pytest.fixture
def one_folder(source, tmp_path):
    return shutil.copytree(source, tmp_path / "CINIC-10")


def without_decoding(monkeypatch):
    def refuse(*arguments):
        raise AssertionError("decoded")

    monkeypatch.setattr(cinic, "_decode", refuse)


def test_images_and_labels_are_image_folders(folder):
    data = datasets.load("cinic10", folder.parent)
    expected = {split: ImageFolder(folder / split) for split in ("train", "valid", "test")}
    parts = {"train": [*expected["train"], *expected["valid"]], "test": [*expected["test"]]}
    for part, pairs in parts.items():
        images, labels = getattr(data, f"{part}_images"), getattr(data, f"{part}_labels")
        assert images.dtype == torch.uint8
        assert images.is_contiguous()
        assert np.array_equal(images.permute(0, 2, 3, 1), np.stack([np.asarray(image) for image, _ in pairs]))
        assert labels.dtype == torch.int64
        assert labels.tolist() == [label for _, label in pairs]
    assert data.train_images.shape == (40, 3, 32, 32)
    assert data.test_images.shape == (20, 3, 32, 32)
    assert data.class_names == tuple(expected["test"].classes) == CLASSES
    assert data.num_classes == 10
    assert data.mean == (0.47889522, 0.47227842, 0.43047404)
    assert data.std == (0.24205776, 0.23828046, 0.25874835)
    assert "cinic10" in datasets.NAMES


def test_the_full_set_has_the_papers_sizes(monkeypatch):
    monkeypatch.undo()
    assert cinic._shape("train") == (180_000, 3, 32, 32)
    assert cinic._shape("test") == (90_000, 3, 32, 32)


def test_decoded_images_are_kept(one_folder, monkeypatch):
    first = datasets.load("cinic10", one_folder.parent)
    assert datasets.load("cinic10", one_folder.parent) is first
    sets._read.cache_clear()
    without_decoding(monkeypatch)
    again = datasets.load("cinic10", one_folder.parent)
    assert again is not first
    assert torch.equal(again.train_images, first.train_images)
    assert torch.equal(again.test_images, first.test_images)
    assert torch.equal(again.train_labels, first.train_labels)
    assert sorted(path.name for path in one_folder.parent.iterdir()) == ["CINIC-10", cinic.CACHE]


@pytest.mark.parametrize("damage", [
    lambda b: b"", lambda b: b[: len(b) // 2], lambda b: b[:5000] + bytes([b[5000] ^ 1]) + b[5001:],
])
def test_a_damaged_cache_is_made_anew(one_folder, damage):
    first = datasets.load("cinic10", one_folder.parent)
    cache = one_folder.parent / cinic.CACHE
    cache.write_bytes(damage(cache.read_bytes()))
    sets._read.cache_clear()
    assert torch.equal(datasets.load("cinic10", one_folder.parent).train_images, first.train_images)
    with np.load(cache) as stored:
        assert np.array_equal(stored["train"], first.train_images)


def test_a_cache_of_another_size_is_made_anew(one_folder):
    np.savez(one_folder.parent / cinic.CACHE, train=np.zeros((4, 3, 32, 32), np.uint8), test=np.zeros(3))
    assert len(datasets.load("cinic10", one_folder.parent).train_images) == 40


@pytest.mark.parametrize("failing", ["savez", "replace"])
def test_a_cache_that_cannot_be_written_is_left_out(one_folder, failing, monkeypatch):
    def full(*arguments, **arrays):
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(*{"savez": (cinic.np, "savez"), "replace": (cinic.os, "replace")}[failing], full)
    assert len(datasets.load("cinic10", one_folder.parent).train_images) == 40
    assert [path.name for path in one_folder.parent.iterdir()] == ["CINIC-10"]


def test_an_interrupted_write_leaves_nothing(one_folder, monkeypatch):
    def interrupt(*arguments, **arrays):
        raise KeyboardInterrupt

    monkeypatch.setattr(cinic.np, "savez", interrupt)
    with pytest.raises(KeyboardInterrupt):
        datasets.load("cinic10", one_folder.parent)
    assert [path.name for path in one_folder.parent.iterdir()] == ["CINIC-10"]


@pytest.mark.parametrize("download", [False, True])
def test_a_missing_folder_says_where_to_get_it(tmp_path, download):
    message = f"{tmp_path}/CINIC-10 is missing; set PRUNEBOOK_DATA.*datashare.ed.ac.uk/handle/10283/3192.*not fetch"
    with pytest.raises(datasets.DataError, match=message):
        datasets.load("cinic10", tmp_path, download=download)
    with pytest.raises(datasets.DataError, match=r"no data folder is given.*datashare.ed.ac.uk/handle/10283/3192"):
        datasets.load("cinic10", download=download)


@pytest.mark.parametrize(("remove", "message"), [
    (["train/cat/n02691156_10.png"], "19 in train, 20 in valid, 20 in test, instead of 20 each .*train/cat 1"),
    (["valid"], "20 in train, 0 in valid.*valid/airplane 0, valid/automobile 0, valid/bird 0 and 7 others"),
    (["test/truck"], "18 in test.*test/truck 0"),
])
def test_what_is_not_complete_is_counted(one_folder, remove, message):
    for name in remove:
        path = one_folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(datasets.DataError, match=f"{one_folder} is not complete: .*{message}"):
        datasets.load("cinic10", one_folder.parent)
    assert not (one_folder.parent / cinic.CACHE).exists()


def test_one_image_too_many_is_counted(one_folder):
    shutil.copy(one_folder / "train/cat/cifar10-train-7.png", one_folder / "train/cat/another.png")
    with pytest.raises(datasets.DataError, match="21 in train.*train/cat 3"):
        datasets.load("cinic10", one_folder.parent)


@pytest.mark.parametrize(("mode", "size"), [("L", (32, 32)), ("RGBA", (32, 32)), ("RGB", (32, 31)), ("RGB", (64, 64))])
def test_a_grey_or_other_sized_image_is_named(one_folder, mode, size):
    path = one_folder / "valid/dog/cifar10-train-7.png"
    Image.new(mode, size).save(path)
    with pytest.raises(datasets.DataError, match=f"{path} is {size[0]}×{size[1]} in mode {mode}; .*32×32 in RGB"):
        datasets.load("cinic10", one_folder.parent)


@pytest.mark.parametrize("damage", [
    lambda b: b"", lambda b: b[:1000], lambda b: b"text" * 9, lambda b: b[:60] + bytes(1000) + b[1060:],
])
def test_a_damaged_image_is_named(one_folder, damage):
    path = one_folder / "test/ship/n02691156_10.png"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(datasets.DataError, match=f"{path} cannot be decoded"):
        datasets.load("cinic10", one_folder.parent)
    assert not (one_folder.parent / cinic.CACHE).exists()
