import networks
import pytest
import torch
from torch import nn

from prunebook.gradients.gram import _Layer, logit_gram
from prunebook.gradients.norms import squared_norms


def assert_equal(found, expected):
    """Equal to rounding on the scale of the largest entry: entries far from the diagonal cancel."""
    torch.testing.assert_close(found / expected.abs().max(), expected / expected.abs().max(), rtol=0, atol=1e-13)


@pytest.mark.parametrize("name", networks.ALL)
def test_gram_is_that_of_the_jacobian(name):
    model, x = networks.network(name), networks.images(3)
    rows = networks.logit_jacobian(model, x)
    found = logit_gram(model, x)
    assert torch.equal(found, found.T)
    assert_equal(found, rows @ rows.T)


@pytest.mark.parametrize("name", ["resnet8", "mixed"])
def test_blocks_do_not_matter(name, monkeypatch):
    model, x = networks.network(name), networks.images(7)
    expected = logit_gram(model, x)
    assert_equal(logit_gram(model, x, memory=2**20), expected)
    monkeypatch.setattr("prunebook.gradients.gram._step", lambda *_: 2)
    assert_equal(logit_gram(model, x), expected)


def test_both_ways_through_a_weight(monkeypatch):
    model, x = networks.network("mixed"), networks.images(4)
    expected, ways = logit_gram(model, x), (_Layer._add_rows, _Layer._add_pairs)
    for way in ways:
        monkeypatch.setattr(_Layer, "_add_rows", way)
        monkeypatch.setattr(_Layer, "_add_pairs", way)
        assert_equal(logit_gram(model, x), expected)


def test_the_diagonal_is_squared_norms_of_single_logits():
    model, x = networks.network("preact, shortcut A"), networks.images(3)
    eye = torch.eye(5, dtype=torch.float64)
    norms = squared_norms(model, x, lambda logits, part: eye[:, None].expand(-1, *logits.shape))
    torch.testing.assert_close(logit_gram(model, x).diagonal().view(3, 5), norms.T, rtol=1e-12, atol=0)


@pytest.mark.parametrize("parameters", ["weights", "last_layer"])
def test_parameters_that_count(parameters):
    model, x = networks.network("mixed"), networks.images(3)
    weights = {id(module.weight) for module in model.modules() if isinstance(module, (nn.Conv2d, nn.Linear))}
    wanted = weights if parameters == "weights" else {id(model.fc.weight), id(model.fc.bias)}
    columns = torch.cat([torch.full((p.numel(),), id(p) in wanted) for p in model.parameters()])
    rows = networks.logit_jacobian(model, x)[:, columns]
    assert_equal(logit_gram(model, x, parameters=parameters), rows @ rows.T)


class Scale(nn.Module):
    """A parameter on a module of one's own."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.full((5,), 1.5))

    def forward(self, x):
        return x * self.scale


def test_what_it_does_not_know_goes_example_by_example(monkeypatch):
    model, x = nn.Sequential(networks.network("resnet8"), Scale().double()).train(), networks.images(3)
    rows = networks.logit_jacobian(model, x)
    model.train()
    for step in (10**9, 1999):
        monkeypatch.setattr("prunebook.gradients.gram._step", lambda *_, step=step: step)
        with pytest.warns(UserWarning, match="1 .Scale. is not a layer it knows"):
            assert_equal(logit_gram(model, x), rows @ rows.T)
    assert model.training and all(p.requires_grad and p.grad is None for p in model.parameters())


class Tied(nn.Module):
    """A weight that is used by its layer, and once more without it."""

    def __init__(self):
        super().__init__()
        self.code, self.fc = nn.Linear(48, 4), nn.Linear(48, 3)

    def forward(self, x):
        return self.fc((self.code(x.flatten(1)) @ self.code.weight).tanh())


def test_a_weight_that_is_used_outside_its_layer_is_noticed():
    model, x = Tied().double(), networks.images(3, 4)
    rows = networks.logit_jacobian(model, x)
    with pytest.warns(UserWarning, match="hooks and autograd disagree"):
        assert_equal(logit_gram(model, x), rows @ rows.T)


def test_float32_stays_and_is_close():
    model, x = networks.network("resnet18 pool"), networks.images(4)
    expected = logit_gram(model, x)
    found = logit_gram(model.float(), x.float())
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), expected, rtol=0, atol=1e-5 * float(expected.max()))


def test_bad_arguments():
    x = networks.images(3)
    with pytest.raises(ValueError, match="model: has no parameters"):
        logit_gram(nn.Flatten(), x)
    with pytest.raises(ValueError, match="memory: 5 is not valid"):
        logit_gram(networks.network("resnet8"), x, memory=5)
    with pytest.raises(ValueError, match="device: 'gpu' is unknown"):
        logit_gram(networks.network("resnet8"), x, device="gpu")
