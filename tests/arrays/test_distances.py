"""Blocked norms and distances against SciPy in float64."""

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist

from prunebook.arrays import distances


@pytest.fixture(params=[2**25, 2**11], ids=["one block", "many blocks"])
def block_bytes(request, monkeypatch):
    monkeypatch.setattr(distances, "BLOCK_BYTES", request.param)


def make(n, d, seed=0, offset=0.0, dtype=np.float32):
    return (np.random.default_rng(seed).normal(size=(n, d)) + offset).astype(dtype)


@pytest.mark.parametrize("order", [1, 2, np.inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_row_norms(order, dtype, block_bytes):
    x = make(57, 7, dtype=dtype)
    found = distances.row_norms(torch.from_numpy(x), order)
    assert found.dtype == torch.float64
    np.testing.assert_allclose(found, np.linalg.norm(x.astype(float), order, axis=1), rtol=1e-14)


@pytest.mark.parametrize(
    "dtype, scale", [(np.float64, 1e200), (np.float64, 1e-310), (np.float32, 1e38), (np.float32, 1e-39)]
)
def test_rescaled_keeps_the_order_of_norms(dtype, scale):
    x = torch.from_numpy((np.array([[0.1, 0.2], [0.3, 0.1], [0.0, 0.0]]) * scale).astype(dtype))
    norms = distances.row_norms(distances.rescaled(x))
    assert norms.isfinite().all() and norms[2] == 0 and 0 < norms[0] < norms[1]


def test_normalize_keeps_zero_rows():
    x = torch.tensor([[3.0, 4.0], [0.0, 0.0], [-1e-3, 0.0]])
    np.testing.assert_allclose(distances.normalize(x), [[0.6, 0.8], [0, 0], [-1, 0]], rtol=1e-6)


def test_nearest(block_bytes):
    x, y = make(40, 5, offset=20), make(23, 5, seed=1, offset=20)
    full = cdist(x.astype(float), y.astype(float))
    found, places = distances.nearest(torch.from_numpy(x), torch.from_numpy(y))
    np.testing.assert_array_equal(places, full.argmin(1))
    np.testing.assert_allclose(found, full.min(1), rtol=1e-12)


def test_nearest_of_another_label(block_bytes):
    x = make(40, 5)
    labels = np.random.default_rng(2).integers(3, size=40)
    full = cdist(x.astype(float), x.astype(float))
    full[labels[:, None] == labels[None]] = np.inf
    tensor = torch.from_numpy(labels)
    found, _ = distances.nearest(torch.from_numpy(x), torch.from_numpy(x), forbidden=(tensor, tensor))
    np.testing.assert_allclose(found, full.min(1), rtol=1e-12)
    same = torch.zeros(40)
    assert torch.isinf(distances.nearest(torch.from_numpy(x), torch.from_numpy(x), forbidden=(same, same))[0]).all()


@pytest.mark.parametrize("count", [1, 7, 49])
def test_neighbours(count, block_bytes):
    x = make(50, 6, offset=5)
    x[7] = x[3]
    full = cdist(x.astype(float), x.astype(float))
    np.fill_diagonal(full, np.inf)
    found, places = distances.neighbours(torch.from_numpy(x), count)
    np.testing.assert_allclose(found, np.sort(full, axis=1)[:, :count], rtol=1e-12)
    np.testing.assert_allclose(np.take_along_axis(full, places.numpy(), 1), found, rtol=1e-12)
    assert found[3, 0] == found[7, 0] == 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("radius", [0.1, 1.5, 3.0, 100.0])
def test_pairs_within(dtype, radius, block_bytes):
    x = make(60, 4, dtype=dtype)
    x[10] = x[2]
    full = cdist(x.astype(float), x.astype(float))
    expected = np.argwhere(np.triu(full < radius, 1))
    found = np.concatenate([torch.stack(p, 1).numpy() for p in distances.pairs_within(torch.from_numpy(x), radius)])
    np.testing.assert_array_equal(found, expected)


def test_pairs_at_the_radius_are_not_within(block_bytes):
    line = torch.arange(12.0)[:, None]
    found = [p for pairs in distances.pairs_within(line, 2.0) for p in zip(*map(torch.Tensor.tolist, pairs))]
    assert found == [(i, i + 1) for i in range(11)]


def test_full_precision_gives_back_what_was_set():
    before = torch.get_float32_matmul_precision()
    try:
        torch.set_float32_matmul_precision("medium")
        with distances.full_precision():
            assert torch.get_float32_matmul_precision() == "highest"
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.set_float32_matmul_precision(before)
