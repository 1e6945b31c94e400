"""Argument checks: what they take as it is, and that each error names the argument and what is valid."""

import numpy as np
import pytest
import torch

from prunebook.arrays import checks


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_rows_keeps_type_and_memory(dtype):
    array = np.arange(6, dtype=dtype).reshape(3, 2)
    rows = checks.rows("features", array)
    assert str(rows.dtype) == f"torch.{dtype}"
    assert rows.data_ptr() == array.ctypes.data


@pytest.mark.parametrize(
    "dtype, expected", [("uint8", torch.float32), ("float16", torch.float32), ("int64", torch.float64)]
)
def test_rows_takes_other_types_up(dtype, expected):
    array = np.arange(6).reshape(3, 2).astype(dtype)
    rows = checks.rows("features", array)
    assert rows.dtype == expected
    np.testing.assert_array_equal(rows.numpy(), array)


def test_rows_takes_read_only_reversed_foreign_and_tracked():
    array = np.arange(6.0).reshape(3, 2)
    frozen = array.copy()
    frozen.flags.writeable = False
    foreign = array.astype(array.dtype.newbyteorder())
    tracked = torch.from_numpy(array.copy()).requires_grad_()
    for value in (frozen, array[::-1][::-1], foreign, tracked):
        found = checks.rows("features", value)
        assert not found.requires_grad
        np.testing.assert_array_equal(found.numpy(), array)


@pytest.mark.parametrize(
    "value, message",
    [
        (np.zeros(3), r"features: shape \(3,\)"),
        (np.zeros((0, 3)), r"features: shape \(0, 3\)"),
        (np.zeros((3, 0)), r"features: shape \(3, 0\)"),
        (np.array([[1.0, 2.0], [np.nan, 0.0]]), "features: row 1 holds NaN or infinity"),
        (np.array([[1.0, -np.inf], [0.0, 0.0]]), "features: row 0 holds NaN or infinity"),
        (np.array([["a"]]), "features: type"),
        (np.zeros((2, 2), dtype=complex), "features: type"),
    ],
)
def test_rows_refuses(value, message):
    with pytest.raises(ValueError, match=message):
        checks.rows("features", value)


@pytest.mark.parametrize(
    "value, message",
    [
        ([5], "labeled: 5 is not valid; row numbers lie between 0 and 4"),
        ([-1], "labeled: -1 is not valid"),
        ([1, 2, 1], "labeled: 1 is there more than once"),
        ([0.5], "labeled: 1-dimensional float64"),
        ([[1]], "labeled: 2-dimensional"),
    ],
)
def test_indices_refuses(value, message):
    with pytest.raises(ValueError, match=message):
        checks.indices("labeled", value, 5)


def test_indices_takes_lists_tensors_and_nothing():
    for value in ([3, 1], (3, 1), torch.tensor([3, 1]), np.array([3, 1], dtype=np.uint8)):
        found = checks.indices("labeled", value, 5)
        assert found.dtype == np.int64 and found.tolist() == [3, 1]
    assert checks.indices("labeled", (), 5).shape == (0,)


@pytest.mark.parametrize("budget", [0, -1, 4, 2.0, True, None])
def test_pool_refuses_budgets(budget):
    with pytest.raises(ValueError, match=r"budget: .* an integer from 1 to 3"):
        checks.pool(budget, [0, 4], 5)


def test_pool_says_when_nothing_is_left():
    with pytest.raises(ValueError, match="labeled: all 2 rows are labeled"):
        checks.pool(1, [1, 0], 2)


def test_generator():
    given = np.random.default_rng(3)
    assert checks.generator(given) is given
    assert checks.generator(3).integers(1000) == np.random.default_rng(3).integers(1000)
    for seed in (-1, 1.0, None, "1", True):
        with pytest.raises(ValueError, match="seed: "):
            checks.generator(seed)


@pytest.mark.parametrize("value", [[[0.5, 0.6]], [[-0.1, 1.1]], [[2.0, -1.0]]])
def test_probabilities_refuses(value):
    with pytest.raises(ValueError, match="probabilities: not valid"):
        checks.probabilities("probabilities", value)


@pytest.mark.parametrize("value", [0, 1.1, -0.5, float("nan"), "a", True])
def test_share_refuses(value):
    with pytest.raises(ValueError, match="purity: .* above 0 and at most 1"):
        checks.share("purity", value)
