import networks
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from prunebook import scores

EXACT = dict(rtol=1e-12)


@pytest.fixture(scope="module")
def example():
    """(model, images, labels) in float64."""
    return networks.network("resnet8"), networks.images(6), networks.labels(6)


@pytest.mark.parametrize("name", networks.ALL)
def test_grand_is_the_norm_of_the_loss_gradient(name):
    model, x, y = networks.network(name), networks.images(3), networks.labels(3)
    expected = networks.squared(networks.loss_gradients(model, x, y)).sqrt()
    found = scores.grand(model, x, y)
    assert isinstance(found, np.ndarray) and found.shape == (3,) and found.dtype == np.float64
    np.testing.assert_allclose(found, expected, **EXACT)


def test_last_layer_in_closed_form(example):
    model, x, y = example
    with torch.no_grad():
        features = model.eval().features(x)
        errors = model(x).softmax(1) - functional.one_hot(y, 5)
    expected = errors.norm(dim=1) * (features.square().sum(1) + 1).sqrt()
    np.testing.assert_allclose(scores.grand(model, x, y, parameters="last_layer"), expected, **EXACT)
    np.testing.assert_array_less(scores.grand(model, x, y, parameters="weights"), scores.grand(model, x, y))


def test_label_free_scores(example):
    model, x, _ = example
    rows = networks.logit_jacobian(model, x).view(6, 5, -1)
    with torch.no_grad():
        from_uniform = model.eval()(x).softmax(1) - 1 / 5
    expected = {1: rows.sum(1).norm(dim=1), 2: from_uniform.norm(dim=1), 3: rows.square().sum((1, 2))}
    for kind, values in expected.items():
        found = scores.label_free(model, x, kind=kind)
        assert found.shape == (6,) and found.dtype == np.float64
        np.testing.assert_allclose(found, values, **EXACT)


@settings(max_examples=8, deadline=None)
@given(order=st.permutations(range(6)), size=st.integers(1, 7))
def test_order_and_batches_do_not_matter(example, order, size):
    model, x, y = example
    expected = scores.grand(model, x, y)[order]
    np.testing.assert_allclose(scores.grand(model, x[order], y[order], batch_size=size), expected, **EXACT)
    expected = scores.label_free(model, x, kind=3)[order]
    np.testing.assert_allclose(scores.label_free(model, x[order], kind=3, batch_size=size), expected, **EXACT)


@settings(max_examples=8, deadline=None)
@given(order=st.permutations(range(5)))
def test_names_of_classes_do_not_matter(example, order):
    model, x, y = example
    other = networks.network("resnet8")
    with torch.no_grad():
        other.fc.weight.copy_(model.fc.weight[order])
        other.fc.bias.copy_(model.fc.bias[order])
    renamed = torch.tensor(order).argsort()[y]
    np.testing.assert_allclose(scores.grand(other, x, renamed), scores.grand(model, x, y), **EXACT)


def test_a_constant_on_all_logits_does_not_matter(example):
    model, x, y = example
    shifted = networks.network("resnet8")
    with torch.no_grad():
        shifted.fc.bias.add_(3.0)
    np.testing.assert_allclose(scores.grand(shifted, x, y), scores.grand(model, x, y), rtol=1e-10)
    for kind in (1, 2, 3):
        np.testing.assert_allclose(scores.label_free(shifted, x, kind=kind), scores.label_free(model, x, kind=kind),
                                   rtol=1e-10)


def test_well_known_examples_keep_their_digits():
    model, x, y = networks.network("resnet8"), networks.images(4, 8), torch.zeros(4, dtype=torch.int64)
    with torch.no_grad():
        model.fc.bias[0] = 25.0  # p is 1 to float32, yet the loss has a gradient
    expected = networks.squared(networks.loss_gradients(model, x, y)).sqrt()
    found = scores.grand(model.float(), x.float(), y)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-3)


def test_kinds_of_input(example):
    model, x, y = example
    expected = scores.grand(model, x, y)
    array = x.numpy().copy()
    array.flags.writeable = False
    for images, labels in (
        (array, y.tolist()), (array[:, :, :, ::-1][:, :, :, ::-1], y.numpy().astype(np.uint8)),
        (x.permute(2, 3, 0, 1).contiguous().permute(2, 3, 0, 1).requires_grad_(), y.int()),
    ):  # fmt: skip
        np.testing.assert_allclose(scores.grand(model, images, labels), expected, **EXACT)
    single = networks.network("resnet8", dtype=torch.float32)
    for dtype in (torch.float32, torch.bfloat16, torch.float16):
        coarse = x.to(dtype)
        found = scores.grand(single, coarse, y)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, scores.grand(model, coarse, y), rtol=1e-4)


def test_unknown_layers_are_named():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.PReLU(4), nn.Flatten(), nn.Linear(144, 5)).double()
    x, y = networks.images(3, 8), networks.labels(3)
    expected = networks.squared(networks.loss_gradients(model, x, y)).sqrt()
    with pytest.warns(UserWarning, match=r"example by example.*: 1 \(PReLU\) is not a layer it knows"):
        np.testing.assert_allclose(scores.grand(model, x, y), expected, **EXACT)


@pytest.mark.parametrize("labels, message", [
    ([0, 1, 2, 3, 4, 5], r"labels: 5 is out of range; with 5 classes"), ([0, 1, 2, -1, 0, 0], "labels: -1 is out"),
    ([0, 1, 2], r"labels: shape \(3,\)"), ([[0, 1, 2, 3, 4, 0]], r"labels: shape \(1, 6\)"),
    (np.zeros(6), "labels: type float64"), (torch.zeros(6), "labels: type torch.float32"),
])  # fmt: skip
def test_labels_that_cannot_be(example, labels, message):
    with pytest.raises(ValueError, match=message):
        scores.grand(*example[:2], labels)


@pytest.mark.parametrize("images, message", [
    (np.zeros((6, 3, 16, 16), np.uint8), "images: type uint8"), ([[1.0]], "images: type list"),
    (torch.zeros(6, 3, 16, 16, dtype=torch.int32), "images: type torch.int32"),
    (torch.zeros(3, 16, 16), r"images: shape \(3, 16, 16\)"), (torch.zeros(0, 3, 16, 16), r"images: shape \(0, 3"),
    (torch.tensor([0.0, torch.nan]).expand(3, 8, 8, 2).permute(3, 0, 1, 2), "images: row 1 holds NaN"),
    (torch.full((2, 3, 8, 8), torch.inf), "images: row 0 holds NaN or infinity"),
])  # fmt: skip
@pytest.mark.parametrize("score", [
    lambda model, images: scores.grand(model, images, [0, 1]),
    lambda model, images: scores.label_free(model, images, kind=1),
    lambda model, images: scores.label_free(model, images, kind=2),
])  # fmt: skip
def test_images_that_cannot_be(example, score, images, message):
    with pytest.raises(ValueError, match=message):
        score(example[0], images)


def test_models_and_arguments_that_cannot_be(example):
    model, x, y = example
    for kind in (1, 2, 3):
        with pytest.raises(ValueError, match="model: has no parameters"):
            scores.label_free(nn.Flatten(), x, kind=kind)
    with pytest.raises(ValueError, match="model: has no parameters"):
        scores.grand(nn.Flatten(), x, y)
    with pytest.raises(ValueError, match="images: float64 is not valid for a float32 model"):
        scores.grand(networks.network("resnet8", dtype=torch.float32), x, y)
    with pytest.raises(ValueError, match="model: torch.bfloat16 is not valid"):
        scores.grand(networks.network("resnet8", dtype=torch.bfloat16), x, y)
    with pytest.raises(ValueError, match="model: NoneType is not valid"):
        scores.grand(None, x, y)
    with pytest.raises(ValueError, match="images: a batch of shape .* does not go through the model"):
        scores.grand(model, x[:, :1], y)
    with pytest.raises(ValueError, match="kind: 4 is unknown"):
        scores.label_free(model, x, kind=4)
    with pytest.raises(ValueError, match="parameters: 'last' is unknown; .* did you mean 'last_layer'"):
        scores.grand(model, x, y, parameters="last")
    for score in (lambda **options: scores.grand(model, x, y, **options),
                  lambda **options: scores.label_free(model, x, kind=2, **options)):
        with pytest.raises(ValueError, match="batch_size: 0 is not valid"):
            score(batch_size=0)
        with pytest.raises(ValueError, match="device: 'tpu' is unknown"):
            score(device="tpu")
