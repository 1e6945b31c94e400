import copy

import pytest
import torch

from prunebook import models
from prunebook.training import fused
from prunebook.training.fused import evaluate_together, group_size, train_together
from prunebook.training.loop import evaluate, fit, train
from prunebook.training.settings import Training

K = 5
ARCHITECTURES = {
    "digits": ("resnet8", 8, 1, {"width": 8}),
    "shortcut A": ("resnet8", 8, 1, {"shortcut": "A", "width": 4}),
    "bottleneck": ("resnet50", 8, 3, {"preact": True, "width": 2}),
    "preact": ("resnet14", 8, 3, {"preact": True, "width": 4}),
    "pool stem": ("resnet18", 16, 3, {"stem": "pool", "width": 8}),
    "imagenet stem": ("resnet18", 16, 3, {"stem": "imagenet", "width": 4, "preact": True, "shortcut": "A"}),
}


def data(size, channels, runs=K, n=12):
    generator = torch.Generator().manual_seed(1)
    images = torch.randint(0, 256, (60, channels, size, size), dtype=torch.uint8, generator=generator)
    subsets = torch.stack([torch.randperm(60, generator=generator)[:n] for _ in range(runs)])
    return images, torch.arange(60) % 10, subsets, dict(mean=(0.4,) * channels, std=(0.3,) * channels)


def networks(name, channels, options, runs=K):
    torch.manual_seed(0)
    return [models.build(name, 10, in_channels=channels, **options) for _ in range(runs)]


def largest_relative_difference(ours, theirs):
    pairs = [(a.double(), b.double()) for x, y in zip(ours, theirs)
             for a, b in zip(x.state_dict().values(), y.state_dict().values())]
    return max(float((a - b).abs().max() / b.abs().max().clamp(min=1e-30)) for a, b in pairs)


@pytest.mark.parametrize("case, optimizer", [*((case, "sgd") for case in ARCHITECTURES), ("pool stem", "adam")])
def test_equals_sequential_training_in_float64(case, optimizer):
    name, size, channels, options = ARCHITECTURES[case]
    images, labels, subsets, statistics = data(size, channels, n=40 if case == "bottleneck" else 32)
    # Small steps and batches of 16: otherwise training itself turns one rounding error into 1e-10 within ten steps.
    rate = 5e-3 if optimizer == "sgd" else 1e-4
    batch, rate = (40, rate / 10) if case == "bottleneck" else (16, rate)
    settings = Training(steps=10, batch_size=batch, lr=rate, nesterov=True, optimizer=optimizer, precision="float64",
                        schedule_by="step")
    sequential, together = networks(name, channels, options), networks(name, channels, options)
    expected = [train(model, images[subset], labels[subset], settings, seed=40 + k, **statistics)
                for k, (model, subset) in enumerate(zip(sequential, subsets))]
    found = train_together(together, images, labels, subsets, settings, seeds=range(40, 40 + K), group=K, **statistics)
    assert largest_relative_difference(together, sequential) < 1e-12
    for ours, theirs in zip(found, expected):
        assert ours.train_loss == pytest.approx(theirs.train_loss, rel=1e-12)
        assert (ours.train_accuracy, ours.steps) == (theirs.train_accuracy, theirs.steps)


def test_company_and_group_size_make_no_difference():
    images, labels, subsets, statistics = data(8, 1)
    settings = Training(epochs=3, batch_size=8, lr=0.02, precision="float64")
    alone, grouped = networks("resnet8", 1, {"width": 4}), networks("resnet8", 1, {"width": 4})
    train_together(alone, images, labels, subsets, settings, seeds=range(K), group=1, **statistics)
    reverse = list(range(K))[::-1]
    seen = []
    train_together([grouped[k] for k in reverse], images, labels, subsets[reverse], settings, seeds=reverse, group=3,
                   progress=lambda done, total, loss: seen.append((done, total)), **statistics)
    assert largest_relative_difference(grouped, alone) < 1e-12
    assert seen == [(3, 15), (6, 15), (9, 15), (11, 15), (13, 15), (15, 15)]


def test_bfloat16_trains_and_keeps_float32_weights():
    images, labels, subsets, statistics = data(8, 1)
    together = networks("resnet8", 1, {"width": 4})
    start = copy.deepcopy(together)
    settings = Training(epochs=30, lr=0.05, precision="bfloat16", augment="none")
    histories = train_together(together, images, labels, subsets, settings, seeds=range(K), **statistics)
    assert all(history.train_accuracy > 0.9 for history in histories)
    assert next(together[0].parameters()).dtype == torch.float32
    assert largest_relative_difference(together, start) > 0.01


def test_evaluates_as_one_by_one():
    images, labels, _, statistics = data(8, 1)
    nets = networks("resnet8", 1, {"width": 4})
    found = evaluate_together(nets, images, labels, batch_size=7, **statistics)
    assert found == [evaluate(net, images, labels, batch_size=7, **statistics) for net in nets]
    assert all(net.training for net in nets)


def test_out_of_memory_halves_the_group_and_changes_nothing(monkeypatch):
    images, labels, subsets, statistics = data(8, 1)
    settings = Training(epochs=2, lr=0.02, precision="float64")
    expected, found = networks("resnet8", 1, {"width": 4}), networks("resnet8", 1, {"width": 4})
    train_together(expected, images, labels, subsets, settings, seeds=range(K), group=K, **statistics)
    sizes = []

    def scarce(network, batches, *arguments, **options):
        sizes.append(len(batches.subsets))
        if sizes[-1] > limit:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        return fit(network, batches, *arguments, **options)

    limit = 2
    monkeypatch.setattr(fused, "fit", scarce)
    train_together(found, images, labels, subsets, settings, seeds=range(K), group=K, **statistics)
    assert sizes[:2] == [5, 2] and sum(size for size in sizes if size <= 2) == K
    assert largest_relative_difference(found, expected) < 1e-12
    limit = 0
    with pytest.raises(MemoryError, match="batch_size: one training .* does not fit"):
        train_together(found, images, labels, subsets, settings, seeds=range(K), **statistics)


def test_group_size_falls_with_the_work_of_a_step():
    small = networks("resnet8", 1, {}, runs=1)[0]
    sizes = [group_size(small, *shape, "cpu") for shape in ((8, 10), (16, 40), (32, 20), (32, 60), (32, 200))]
    assert sizes == sorted(sizes, reverse=True) and sizes[0] > 1 and sizes[-1] == 1
    assert group_size(models.build("resnet18", 10), 8, 10, "cpu") == 1


@pytest.mark.parametrize("change, message", [
    ({"subsets": torch.zeros(K, 0, dtype=torch.int64)}, "subsets: they are empty"),
    ({"subsets": torch.full((K, 3), 60)}, "subsets: indices must be from 0 to 59"),
    ({"subsets": torch.zeros(2, 3, dtype=torch.int64)}, "models, subsets, seeds: 5 models"),
    ({"seeds": [1]}, "models, subsets, seeds: .*1 seeds"),
    ({"labels": torch.full((60,), 10)}, "labels: 10 is out of range"),
    ({"device": "cuda:99"}, "device: "),
])
def test_bad_input_is_named(change, message):
    images, labels, subsets, statistics = data(8, 1)
    call = {"images": images, "labels": labels, "subsets": subsets, "seeds": range(K), **change}
    with pytest.raises(ValueError, match=message):
        train_together(networks("resnet8", 1, {"width": 4}), settings=Training(steps=1), **call, **statistics)


def test_models_that_cannot_be_fused_are_named():
    images, labels, subsets, statistics = data(8, 1, runs=2)
    call = dict(images=images, labels=labels, subsets=subsets, settings=Training(steps=1), seeds=(0, 1), **statistics)
    with pytest.raises(ValueError, match="models: they differ in architecture"):
        train_together([models.build(name, 10, in_channels=1) for name in ("resnet8", "resnet14")], **call)
    odd = [torch.nn.Sequential(torch.nn.Flatten(), torch.nn.LayerNorm(64), torch.nn.Linear(64, 10)) for _ in range(2)]
    with pytest.raises(ValueError, match="models: layer '1' \\(LayerNorm\\) cannot be trained together"):
        train_together(odd, **call)
