"""Error barriers against networks built by hand at each α, a convex case, and closed forms."""

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim.swa_utils import update_bn

from prunebook import models
from prunebook.measures import error_barrier, error_path


def images(count=60, side=4, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, 3, side, side, generator=generator, dtype=dtype)


def labels(count=60, classes=4, seed=1):
    return torch.randint(0, classes, (count,), generator=torch.Generator().manual_seed(seed))


def network(seed, *, dtype=torch.float64, classes=4):
    """A small network with batch norm whose statistics are not those it starts with."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = nn.Sequential(
            nn.Conv2d(3, 5, 3, padding=1), nn.BatchNorm2d(5), nn.ReLU(), nn.Flatten(), nn.Dropout(0.5),
            nn.Linear(80, classes),
        ).to(dtype)
        model.train()(2 * images(20, seed=seed + 50, dtype=dtype) + 1)
    return model


def linear(weight):
    """Images (N, 1, 1, 1) -> logits (N, 2) without a bias."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(1, 2, bias=False))
    model[1].weight.data = torch.tensor(weight, dtype=torch.float64)[:, None]
    return model


def by_hand(one, other, alpha):
    """The network between two, entry by entry, in evaluation mode."""
    between = copy.deepcopy(one).eval()
    with torch.no_grad():
        tensors = zip([*between.parameters(), *between.buffers()], [*other.parameters(), *other.buffers()], strict=True)
        for mine, theirs in tensors:
            if mine.is_floating_point():
                mine.copy_((1 - alpha) * mine + alpha * theirs)
    return between


def first_names(count=60):
    """Two networks, images, and as labels what the first network says, so that errors grow along the path."""
    one, other, x = network(0), network(1), images(count)
    return one, other, x, by_hand(one, other, 0)(x).argmax(1)


def error(model, x, y):
    with torch.no_grad():
        return float((model(x).argmax(1) != y).double().mean())


@pytest.mark.parametrize("batch_size", [7, 1000])
def test_the_path_is_that_of_networks_built_by_hand(batch_size):
    one, other, x, y = first_names()
    alphas, errors = error_path(one, other, x, y, points=5, batch_size=batch_size)
    assert alphas.tolist() == [0, 0.25, 0.5, 0.75, 1]
    expected = [error(by_hand(one, other, alpha), x, y) for alpha in alphas]
    assert errors.dtype == np.float64
    assert errors.tolist() == expected
    assert len(set(expected)) > 2
    barrier = error_barrier(one, other, x, y, points=5)
    assert isinstance(barrier, float)
    assert barrier == max(expected) - (expected[0] + expected[-1]) / 2


def test_estimated_statistics_are_torchs():
    (one, other, x, y), seen = first_names(), images(48, seed=9)
    alphas, errors = error_path(one, other, x, y, points=5, statistics=seen, batch_size=16)
    expected = []
    for alpha in alphas:
        model = by_hand(one, other, alpha)
        model[4].p = 0.0  # update_bn puts dropout in training mode too
        update_bn(seen.split(16), model)
        expected.append(error(model.eval(), x, y))
    assert errors.tolist() == expected
    assert errors.tolist() != error_path(one, other, x, y, points=5)[1].tolist()


def test_statistics_are_split_into_parts_of_nearly_equal_size():
    (one, other, x, y), seen = first_names(), images(49, seed=9)
    for size, parts in ((16, 3), (1, 24), (48, 1)):
        errors = error_path(one, other, x, y, points=3, statistics=seen, batch_size=size)[1]
        model = by_hand(one, other, 0)
        model[4].p = 0.0
        update_bn(seen.tensor_split(parts), model)
        assert errors[0] == error(model.eval(), x, y)


@pytest.mark.parametrize("again", [None, 20])
def test_a_network_with_itself_has_no_barrier(again):
    model = network(3)
    statistics = None if again is None else images(again, seed=4)
    assert error_barrier(model, model, images(), labels(), statistics=statistics) == 0
    assert error_barrier(model, copy.deepcopy(model), images(), labels(), statistics=statistics) == 0


def test_the_barrier_has_no_direction():
    one, other, x, y = first_names()
    assert error_barrier(one, other, x, y) == error_barrier(other, one, x, y)
    assert error_path(one, other, x, y)[1].tolist() == error_path(other, one, x, y)[1][::-1].tolist()


def test_a_mirrored_network_has_the_barrier_of_the_zero_network():
    x, y = torch.tensor([-1.0, 1, 2, 3]).double().view(4, 1, 1, 1), torch.tensor([0, 1, 1, 1])
    good, bad = linear([-1.0, 1]), linear([1.0, -1])
    alphas, errors = error_path(good, bad, x, y)
    assert errors.tolist() == [0] * 5 + [0.75] + [1] * 5  # at the middle all logits are 0 and class 0 wins
    assert error_barrier(good, bad, x, y) == 0.5


def test_hidden_units_in_another_order_are_the_same_function_with_a_barrier():
    def model(order):
        one = nn.Sequential(nn.Flatten(), nn.Linear(1, 2, bias=False), nn.ReLU(), nn.Linear(2, 2))
        one[1].weight.data = torch.tensor([[1.0], [-1.0]])[order]
        one[3].weight.data = torch.tensor([[0.0, 0], [1, 1]])[:, order]
        one[3].bias.data = torch.tensor([0.5, 0])
        return one

    x = torch.tensor([-3.0, -0.1, 0.1, 3]).view(4, 1, 1, 1)
    y = torch.tensor([1, 0, 0, 1])
    # Half-way both hidden weights are 0, so all is class 0 and the outer images are wrong.
    assert error_path(model([0, 1]), model([1, 0]), x, y, points=3)[1].tolist() == [0, 0.5, 0]
    assert error_barrier(model([0, 1]), model([1, 0]), x, y) == 0.5


def test_linear_softmax_models_that_classify_all_right_have_no_barrier():
    generator = np.random.default_rng(5)
    truth = torch.tensor(generator.normal(size=(3, 12)))
    x = images(200, side=2, seed=6)
    scores = x.flatten(1) @ truth.T
    y = scores.argmax(1)
    two = scores.topk(2).values
    x, y = x[two[:, 0] - two[:, 1] > 0.5], y[two[:, 0] - two[:, 1] > 0.5]
    found = []
    for scale in (1.0, 7.0):  # weights that separate the classes are a convex set: so does all between the two
        model = nn.Sequential(nn.Flatten(), nn.Linear(12, 3, dtype=torch.float64))
        model[1].weight.data = scale * (truth + torch.tensor(generator.normal(size=(3, 12))) * 0.02)
        model[1].bias.data = torch.full((3,), scale, dtype=torch.float64)
        found.append(model)
    assert error_path(*found, x, y)[1].tolist() == [0] * 11
    assert error_barrier(*found, x, y) == 0


def test_models_stay_as_they_are():
    one, other = network(0), network(1)
    one.train(), other.eval()
    one[1].momentum = 0.3
    loss = one(images()).sum()
    loss.backward()
    before = copy.deepcopy(one.state_dict()), copy.deepcopy(other.state_dict())
    gradients = [parameter.grad.clone() for parameter in one.parameters()]
    error_barrier(one, other, images(), labels(), statistics=images(8))
    for model, state in zip((one, other), before, strict=True):
        assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert all(torch.equal(p.grad, g) for p, g in zip(one.parameters(), gradients, strict=True))
    assert [module.training for module in one.modules()] == [True] * 7
    assert not any(module.training for module in other.modules())
    assert all(parameter.requires_grad and not parameter.is_inference() for parameter in one.parameters())
    assert one[1].momentum == 0.3


def test_nothing_is_cast_down():
    x = torch.tensor([1.0, 1 + 1e-9], dtype=torch.float64).view(2, 1, 1, 1)
    model = nn.Sequential(nn.Flatten(), nn.Linear(1, 2))
    model[1].weight.data, model[1].bias.data = torch.tensor([[0.0], [1.0]]), torch.tensor([0.0, -1.0])
    y = torch.tensor([0, 1])  # told apart in float64 only
    assert error_path(model, model, x, y, points=3)[1].tolist() == [0, 0, 0]
    assert error_path(model, model, x.float(), y, points=3)[1].tolist() == [0.5] * 3


def test_a_network_whose_outputs_are_not_numbers_is_wrong():
    broken = network(0)
    broken[5].weight.data.fill_(1e308)[:, ::2] *= -1  # finite, but its outputs are infinity minus infinity
    path = error_path(network(0), broken, 1e3 * images(), torch.zeros(60, dtype=torch.int64), points=3)[1]
    assert path[1:].tolist() == [1, 1]


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_a_network_that_diverged_has_no_barrier(value):
    broken = network(0)
    broken[5].weight.data[0, 0] = value
    for models_given, name in (((network(0), broken), "model_b"), ((broken, network(0)), "model_a")):
        with pytest.raises(ValueError, match=f"{name}: 5.weight holds NaN or infinity"):
            error_barrier(*models_given, images(), labels())


def test_arrays_and_residual_networks_are_taken():
    one, other = (models.build("resnet8", 10, width=4) for _ in range(2))
    x, y = images(12, side=8, dtype=torch.float32).numpy(), labels(12, 10).numpy()
    errors = error_path(one, other, x, y, points=3, statistics=x)[1]
    assert errors[1] == error_path(other, one, torch.tensor(x), torch.tensor(y), points=3, statistics=x)[1][1]
    assert ((errors >= 0) & (errors <= 1)).all()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_on_a_gpu():
    one, other, x, y = network(0), network(1), images(), labels()
    expected = error_path(one, other, x, y, statistics=x)[1].tolist()
    assert error_path(one, other, x, y, statistics=x, device="cuda")[1].tolist() == expected
    assert error_path(one.cuda(), other, x, y.cuda(), statistics=x)[1].tolist() == expected


@pytest.mark.parametrize(("other", "message"), [
    (lambda: network(1, classes=3), r"model_b: another architecture .*5.weight is \(3, 80\), not \(4, 80\)"),
    (lambda: nn.Sequential(*network(1)[:5], nn.Identity()), r"5.weight is nothing, not \(4, 80\)"),
    (lambda: nn.Sequential(*network(1), nn.Linear(4, 4)), r"6.weight is \(4, 4\), not nothing"),
])
def test_another_architecture_is_named(other, message):
    with pytest.raises(ValueError, match=message):
        error_barrier(network(0), other(), images(), labels())


@pytest.mark.parametrize(("changes", "message"), [
    ({"images": images().to(torch.uint8)}, "images: torch.uint8 .*normalised floating point"),
    ({"images": images()[0]}, r"images: .*\(N, C, H, W\)"),
    ({"images": images()[:0], "labels": labels()[:0]}, "images: .*N at least 1"),
    ({"statistics": images(1)}, "statistics: .*N at least 2"),
    ({"labels": labels()[:5]}, r"labels: shape \(5,\)"),
    ({"labels": labels() + 3}, "labels: .* is out of range; with 4 classes"),
    ({"labels": labels().double()}, "labels: type torch.float64"),
    ({"images": images() * torch.nan}, "images: hold NaN or infinity"),
    ({"statistics": images() * torch.inf}, "statistics: hold NaN or infinity"),
    ({"images": None}, "images: NoneType is not valid"),
    ({"images": images()[:, :1]}, "images: a batch of shape .* does not go through the model"),
    ({"model_b": None}, "model_b: NoneType is not valid"),
    ({"model_a": nn.Identity(), "model_b": nn.Identity()}, "model_a: has no parameters"),
    ({"device": "tpu"}, "device: 'tpu' is unknown"),
    ({"points": 2}, "points: 2 is not valid; it must be an integer of at least 3"),
    ({"points": 2.5}, "points: 2.5"),
    ({"batch_size": 0}, "batch_size: 0"),
    ({"model_a": nn.Flatten(), "model_b": nn.Flatten()}, "model_a: has no parameters"),
])
def test_what_is_not_valid_is_named(changes, message):
    arguments = {"model_a": network(0), "model_b": network(1), "images": images(), "labels": labels()}
    with pytest.raises(ValueError, match=message):
        error_barrier(**{**arguments, **changes})
