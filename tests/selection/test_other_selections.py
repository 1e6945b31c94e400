"""k-center, least confidence, entropy; and that importing the room is light."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist
from scipy.stats import entropy as scipy_entropy

from prunebook import selection
from prunebook.selection import entropy, k_center, least_confidence


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("offset", [0, 1000])
def test_k_center(dtype, offset):
    x = (np.random.default_rng(0).normal(size=(120, 6)) + offset).astype(dtype)
    full, labeled = cdist(x.astype(float), x.astype(float)), [7, 30, 8]
    expected = []
    for _ in range(15):
        expected.append(int(full[:, [*labeled, *expected]].min(1).argmax()))
    found = k_center(x, 15, labeled=labeled)
    assert found.dtype == np.int64 and found.tolist() == expected


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_k_center_ties_on_a_grid_go_to_the_lowest_index(dtype):
    for seed in range(20):
        x = np.random.default_rng(seed).integers(0, 6, size=(60, 3)).astype(dtype) + dtype(100)
        full, chosen = cdist(x.astype(float), x.astype(float)), [0]
        for _ in range(12):
            distances = full[:, chosen].min(1)
            distances[chosen] = -1
            chosen.append(int(distances.argmax()))
        assert k_center(x, 12, labeled=[0]).tolist() == chosen[1:]


def test_k_center_takes_every_row_once_whatever_the_duplicates():
    assert k_center(np.ones((5, 2)), 4, labeled=[1]).tolist() == [0, 2, 3, 4]
    assert k_center([[0.0], [3.0], [3.0], [0.0]], 3, labeled=[0]).tolist() == [1, 2, 3]
    assert k_center(np.array([[0.0], [3e300], [1e300]]), 2, labeled=[0]).tolist() == [1, 2]


def test_k_center_needs_a_start():
    with pytest.raises(ValueError, match="labeled: an empty list is not valid"):
        k_center(np.eye(3), 1, labeled=[])


def predictions():
    p = np.random.default_rng(1).dirichlet(np.ones(4), size=50)
    p[10] = [1, 0, 0, 0]
    p[20] = p[3] = 0.25
    return p


def test_entropy_does_not_hang_on_the_order_of_the_classes():
    rng = np.random.default_rng(0)
    p = np.stack([rng.permutation(row) for row in np.repeat(rng.dirichlet(np.ones(7), size=40), 5, 0)])
    found = entropy(p, 200).reshape(40, 5)
    assert (np.diff(found, axis=1) == 1).all() and (found[:, 0] % 5 == 0).all()


def test_least_confidence():
    p = predictions()
    found = least_confidence(p, 50)
    assert found[:2].tolist() == [3, 20] and found[-1] == 10 and found.dtype == np.int64
    assert (np.diff(p.max(1)[found]) >= 0).all()
    assert least_confidence(torch.from_numpy(p), 5).tolist() == found[:5].tolist()


def test_entropy():
    p = predictions()
    found = entropy(p, 50)
    assert found[:2].tolist() == [3, 20] and found[-1] == 10 and found.dtype == np.int64
    np.testing.assert_allclose(np.sort(scipy_entropy(p, axis=1))[::-1], scipy_entropy(p, axis=1)[found])
    assert found[2:].tolist() != least_confidence(p, 50)[2:].tolist()


@pytest.mark.parametrize("select", [least_confidence, entropy])
def test_uncertainty_refuses(select):
    with pytest.raises(ValueError, match="probabilities: not valid"):
        select([[2.0, -1.0]], 1)
    with pytest.raises(ValueError, match="budget: 2 is not valid; it must be an integer from 1 to 1"):
        select([[0.5, 0.5]], 2)


def test_every_selection_refuses_what_cannot_be():
    calls = {
        "norm_sampling": dict(seed=0),
        "gram_schmidt": dict(seed=0),
        "typiclust": dict(seed=0),
        "probcover": dict(seed=0, delta=0.5),
        "k_center": dict(labeled=[0]),
    }
    for name, options in calls.items():
        select = getattr(selection, name)
        for features, message in [
            (np.ones(4), "features: shape"),
            (np.ones((0, 2)), "features: shape"),
            (np.array([[1.0, np.nan], [1, 1]]), "features: row 0 holds NaN"),
        ]:
            with pytest.raises(ValueError, match=message):
                select(features, 1, **options)
        for budget in (0, -3, 6, 1.5):
            with pytest.raises(ValueError, match="budget: .* is not valid"):
                select(np.eye(5), budget, **options)
        for labeled in ([9], [0, 0], [-1]):
            with pytest.raises(ValueError, match="labeled: "):
                select(np.eye(5), 1, **{**options, "labeled": labeled})


def test_import_is_light():
    code = f"import sys; sys.path[:] = {sys.path}; import prunebook.selection; " + (
        "sys.exit(bool({'torch', 'sklearn', 'scipy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
