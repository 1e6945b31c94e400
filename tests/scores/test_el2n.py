"""EL2N against brute force in float64, closed forms and invariances."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from prunebook.scores.errors import el2n

DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU"))]


def softmax(seed, n=40, classes=7):
    random = np.random.default_rng(seed)
    logits = random.normal(0, 3, (n, classes))
    odds = np.exp(logits)
    return odds / odds.sum(1, keepdims=True), random.integers(0, classes, n)


def brute(probabilities, labels):
    return [
        math.sqrt(math.fsum((p - (k == label)) ** 2 for k, p in enumerate(row)))
        for row, label in zip(probabilities.tolist(), labels.tolist(), strict=True)
    ]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-15), (np.float32, 1e-6)])
def test_equals_brute_force_in_the_precision_given(device, dtype, tolerance):
    probabilities, labels = softmax(0)
    found = el2n(torch.tensor(probabilities.astype(dtype), device=device), torch.tensor(labels, device=device))
    assert isinstance(found, np.ndarray)
    assert found.dtype == dtype
    np.testing.assert_allclose(found, brute(probabilities, labels), rtol=0, atol=tolerance)


def test_is_the_gradient_of_cross_entropy_in_the_logits():
    probabilities, labels = softmax(1)
    logits = torch.tensor(np.log(probabilities), requires_grad=True)
    torch.nn.functional.cross_entropy(logits, torch.tensor(labels), reduction="sum").backward()
    np.testing.assert_allclose(el2n(probabilities, labels), logits.grad.norm(dim=1).numpy(), rtol=0, atol=1e-15)


def test_closed_forms():
    probabilities = np.array([[1.0, 0, 0], [0, 1, 0], [1 / 3, 1 / 3, 1 / 3]])
    np.testing.assert_allclose(el2n(probabilities, [0, 0, 2]), [0, math.sqrt(2), math.sqrt(2 / 3)], atol=1e-15)


def test_half_precision_goes_up_and_lists_and_small_integers_are_taken():
    found = el2n(torch.tensor([[0.25, 0.75]], dtype=torch.bfloat16), torch.tensor([1], dtype=torch.uint8))
    assert found.dtype == np.float32
    assert found == pytest.approx(math.sqrt(2) / 4, abs=1e-7)
    assert el2n([[0.25, 0.75]], [1]).dtype == np.float64


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_permuting_examples_or_classes_permutes_or_keeps_the_scores(seed):
    probabilities, labels = softmax(seed)
    random = np.random.default_rng(seed)
    rows, classes = random.permutation(len(labels)), random.permutation(probabilities.shape[1])
    found = el2n(probabilities, labels)
    assert (found >= 0).all() and (found <= math.sqrt(2)).all()
    assert np.array_equal(el2n(probabilities[rows], labels[rows]), found[rows])
    renamed = el2n(probabilities[:, classes], np.argsort(classes)[labels])
    np.testing.assert_allclose(renamed, found, rtol=1e-14)


def test_inputs_stay_as_they_are():
    probabilities, labels = softmax(2)
    before = probabilities.copy(), labels.copy()
    probabilities.flags.writeable = False
    el2n(probabilities, labels)
    tensor = torch.tensor(probabilities)
    el2n(tensor, torch.tensor(labels))
    assert np.array_equal(tensor.numpy(), before[0])
    assert np.array_equal(labels, before[1])


@pytest.mark.parametrize(("probabilities", "labels", "message"), [
    ([[0.5, 0.6]], [0], "probabilities: not valid"),
    ([[-0.5, 1.5]], [0], "probabilities: not valid"),
    ([[float("nan"), 1.0]], [0], "probabilities: row 0 holds NaN"),
    ([0.5, 0.5], [0, 1], r"probabilities: shape \(2,\)"),
    ([[0.5, 0.5]], [2], "labels: 2 is out of range; with 2 classes they go from 0 to 1"),
    ([[0.5, 0.5]], [-1], "labels: -1 is out of range"),
    ([[0.5, 0.5]], [1.0], "labels: type float64 .*integers"),
    ([[0.5, 0.5]], torch.tensor([1.0]), "labels: type torch.float32 .*integers"),
    ([[0.5, 0.5]], torch.tensor([True]), "labels: type torch.bool .*integers"),
    ([[0.5, 0.5]], [True], "labels: type bool .*integers"),
    ([[0.5, 0.5]], [0, 1], r"labels: shape \(2,\).*one for each of 1 rows"),
    ([[0.5, 0.5]], [[0]], r"labels: shape \(1, 1\)"),
])
def test_what_is_not_valid_is_named(probabilities, labels, message):
    with pytest.raises(ValueError, match=message):
        el2n(probabilities, labels)
