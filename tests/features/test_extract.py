"""Features of resident images, their kNN accuracy and half-precision weights."""

import numpy as np
import pytest
import torch
from sklearn.neighbors import KNeighborsClassifier

from prunebook import datasets
from prunebook.datasets.augment import normalize
from prunebook.features.extract import extract, knn_accuracy, pixels, random_network
from prunebook.features.simclr import Encoder
from prunebook.features.weights import pack, unpack

MEAN, STD = (0.3052,), (0.3761,)


def small_encoder(seed=0, expand=24):
    torch.manual_seed(seed)
    encoder = Encoder("resnet8", in_channels=1, width=4, expand=expand)
    for module in encoder.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 2)
    return encoder


@pytest.fixture(scope="module")
def digits():
    return datasets.load("digits")


def test_extract_is_the_forward_pass_in_evaluation_mode(digits):
    encoder, images = small_encoder(), digits.train_images[:50]
    found = extract(encoder, images, mean=MEAN, std=STD, batch_size=16)
    with torch.no_grad():
        expected = encoder.eval()(normalize(images, MEAN, STD))
    assert found.shape == (50, 24)
    assert found.dtype == torch.float32
    assert not found.requires_grad
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)


def test_extract_leaves_the_encoder_as_it_was(digits):
    encoder = small_encoder().train()
    encoder.trunk.stem_norm.eval()
    before = {name: tensor.clone() for name, tensor in encoder.state_dict().items()}
    extract(encoder, digits.train_images[:20], mean=MEAN, std=STD)
    assert encoder.training
    assert encoder.trunk.blocks.training
    assert not encoder.trunk.stem_norm.training
    assert all(torch.equal(before[name], tensor) for name, tensor in encoder.state_dict().items())


def test_extract_restores_the_mode_after_an_error(digits):
    encoder = small_encoder().train()
    with pytest.raises(RuntimeError):
        extract(encoder, digits.train_images[:4].expand(-1, 3, -1, -1), mean=MEAN * 3, std=STD * 3)
    assert encoder.training


def test_bfloat16_features_are_close(digits):
    encoder, images = small_encoder(), digits.train_images[:40]
    narrow = extract(encoder, images, mean=MEAN, std=STD, precision="bfloat16")
    wide = extract(encoder, images, mean=MEAN, std=STD)
    assert narrow.dtype == torch.float32
    assert 0 < (narrow - wide).norm() < 0.03 * wide.norm()


@pytest.mark.parametrize(("options", "message"), [
    ({"precision": "bfloat"}, "'bfloat16'"), ({"batch_size": 0}, "batch_size"),
])
def test_extract_rejects_unknown_values(digits, options, message):
    with pytest.raises(ValueError, match=message):
        extract(small_encoder(), digits.train_images[:4], mean=MEAN, std=STD, **options)


def test_pixels_are_the_images(digits):
    found = pixels(digits.train_images)
    assert found.dtype == torch.float32
    assert found.shape == (1297, 64)
    np.testing.assert_allclose(found.numpy() * 255, digits.train_images.numpy().reshape(1297, 64), rtol=1e-6)


def test_random_network_features_follow_their_seed_and_nothing_else(digits):
    images, options = digits.train_images[:30], {"width": 4, "expand": 24, "mean": MEAN, "std": STD}
    torch.manual_seed(11)
    state = torch.get_rng_state()
    first = random_network(images, "resnet8", seed=1, **options)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(12)
    assert torch.equal(random_network(images, "resnet8", seed=1, **options), first)
    assert not torch.equal(random_network(images, "resnet8", seed=2, **options), first)
    torch.manual_seed(1)
    encoder = Encoder("resnet8", in_channels=1, width=4, expand=24)
    assert torch.equal(extract(encoder, images, mean=MEAN, std=STD), first)


@pytest.mark.parametrize("k", [1, 5, 20])
def test_knn_accuracy_is_scikit_learns(digits, k):
    train, test = pixels(digits.train_images).double(), pixels(digits.test_images).double()
    neighbours = KNeighborsClassifier(k, metric="cosine", algorithm="brute").fit(train, digits.train_labels)
    expected = neighbours.score(test, digits.test_labels)
    assert knn_accuracy(train, digits.train_labels, test, digits.test_labels, k=k, batch_size=77) == expected
    assert expected > 0.9


def test_knn_ties_go_to_the_lowest_label():
    train = torch.tensor([[1.0, 0.1], [1.0, -0.1], [-1.0, 0.0], [-1.0, 0.1]])
    labels = torch.tensor([2, 1, 0, 0])
    ahead = torch.tensor([[1.0, 0.0]])
    assert knn_accuracy(train, labels, ahead, torch.tensor([1]), k=2) == 1
    assert knn_accuracy(train, labels, ahead, torch.tensor([2]), k=2) == 0


def test_knn_needs_k_neighbours():
    with pytest.raises(ValueError, match="k: 5"):
        knn_accuracy(torch.randn(4, 3), torch.zeros(4).long(), torch.randn(2, 3), torch.zeros(2).long(), k=5)


def test_packed_weights_come_back(digits, tmp_path):
    encoder = small_encoder().train()
    encoder(normalize(digits.train_images[:64], MEAN, STD))
    state = encoder.state_dict()
    np.savez(tmp_path / "weights.npz", **pack(encoder))
    with np.load(tmp_path / "weights.npz") as stored:
        arrays = dict(stored)
    assert arrays.keys() == state.keys()
    assert any(name.endswith("running_var") for name in arrays)
    for name, tensor in state.items():
        if tensor.is_floating_point():
            assert arrays[name].dtype == np.float16
            np.testing.assert_allclose(arrays[name], tensor.numpy(), rtol=2**-11, atol=2**-25)
        else:
            assert arrays[name].dtype == np.int64
            assert arrays[name] == tensor.numpy() == 1
    again = small_encoder(seed=9)
    unpack(again, arrays)
    before, after = (extract(e, digits.test_images[:99], mean=MEAN, std=STD) for e in (encoder, again))
    assert (after - before).norm() < 3e-3 * before.norm()
    second = pack(again)
    assert all(np.array_equal(second[name], arrays[name]) for name in arrays)


@pytest.mark.parametrize("value", [1e5, float("nan"), float("inf")])
def test_what_half_precision_cannot_hold_is_an_error(value):
    encoder = small_encoder()
    encoder.trunk.stem_norm.running_var[1] = value
    with pytest.raises(ValueError, match=r"'trunk.stem_norm.running_var'.*float16"):
        pack(encoder)


def test_weights_of_another_architecture_are_an_error():
    with pytest.raises(ValueError, match=r"'expand.0.weight' does not fit"):
        unpack(small_encoder(expand=12), pack(small_encoder(expand=24)))
    with pytest.raises(ValueError, match="does not fit"):
        unpack(small_encoder(expand=24), pack(small_encoder(expand=0)))
