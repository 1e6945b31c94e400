import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from prunebook.training import probe
from prunebook.training.probe import evaluate_probes, train_probes


def problem(runs=3, n=20, width=6, classes=4, dtype=torch.float64):
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(80, width, generator=generator, dtype=dtype)
    labels = torch.arange(80) % classes
    return features, labels, torch.stack([torch.randperm(80, generator=generator)[:n] for _ in range(runs)])


@pytest.mark.parametrize("nesterov", [True, False])
def test_equals_torch_linear_and_sgd(nesterov):
    features, labels, subsets = problem()
    weights, biases = train_probes(features, labels, subsets, 4, seeds=(5, 6, 7), epochs=50, nesterov=nesterov)
    for k, subset in enumerate(subsets):
        torch.manual_seed(5 + k)
        layer = torch.nn.Linear(6, 4).double()
        optimizer = torch.optim.SGD(layer.parameters(), 2.5, momentum=0.9, nesterov=nesterov, weight_decay=3e-4)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 50)
        for _ in range(50):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(layer(features[subset]), labels[subset]).backward()
            optimizer.step()
            schedule.step()
        assert torch.allclose(weights[k], layer.weight, rtol=0, atol=1e-10)
        assert torch.allclose(biases[k], layer.bias, rtol=0, atol=1e-10)


def test_long_training_reaches_scikit_learns_minimum():
    features, labels, subsets = problem()
    decay = 0.05
    weights, biases = train_probes(features, labels, subsets, 4, seeds=range(3), epochs=3000, lr=0.5,
                                   weight_decay=decay)
    for k, subset in enumerate(subsets):
        # The bias is decayed too, so it becomes the weight of a constant feature; C scales a sum, ours is a mean.
        rows = np.hstack([features[subset].numpy(), np.ones((20, 1))])
        oracle = LogisticRegression(C=1 / (20 * decay), fit_intercept=False, tol=1e-12, max_iter=10000)
        oracle.fit(rows, labels[subset].numpy())
        assert np.allclose(torch.cat([weights[k], biases[k][:, None]], 1), oracle.coef_, atol=1e-6)


def test_chunks_and_company_make_no_difference(monkeypatch):
    features, labels, subsets = problem(runs=5)
    whole = train_probes(features, labels, subsets, 4, seeds=range(5), epochs=20)
    monkeypatch.setattr(probe, "MEMORY", 1)
    for found, expected in zip(train_probes(features, labels, subsets, 4, seeds=range(5), epochs=20), whole):
        assert torch.allclose(found, expected, rtol=0, atol=1e-12)


def test_accuracy_equals_counting():
    features, labels, subsets = problem(dtype=torch.float32)
    weights, biases = train_probes(features, labels, subsets, 4, seeds=range(3), epochs=30)
    assert weights.dtype == torch.float32
    expected = [float(((features @ w.T + b).argmax(1) == labels).float().mean()) for w, b in zip(weights, biases)]
    found = evaluate_probes(weights, biases, features.numpy(), labels.numpy(), batch_size=7)
    assert found == pytest.approx(expected) and found.shape == (3,)


@pytest.mark.parametrize("change, message", [
    ({"subsets": torch.zeros(3, 0, dtype=torch.int64)}, "subsets, seeds"),
    ({"subsets": torch.full((3, 2), 80)}, "subsets: indices must be from 0 to 79"),
    ({"num_classes": 3}, "labels: they must be from 0 to 2"),
    ({"features": torch.full((80, 6), torch.nan)}, "features: they must be finite"),
    ({"features": torch.zeros(80)}, "features, labels"),
    ({"seeds": (1,)}, "subsets, seeds"),
    ({"epochs": 0}, "epochs: "),
    ({"device": "tpu"}, "device: "),
])
def test_bad_input_is_named(change, message):
    features, labels, subsets = problem()
    call = {"features": features, "labels": labels, "subsets": subsets, "num_classes": 4, "seeds": range(3), **change}
    with pytest.raises(ValueError, match=message):
        train_probes(**call)
