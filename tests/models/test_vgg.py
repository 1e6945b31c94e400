"""VGG against torchvision's, which has the same convolutions, batch norms and pools before its classifier."""

import math

import pytest
import torch
from torch import nn
from torchvision.models.vgg import cfgs, make_layers

from prunebook import models

REFERENCE = {"vgg13": "B", "vgg19": "E"}  # what vgg13_bn and vgg19_bn make their features of


def build(name="vgg13", seed=0, **options):
    torch.manual_seed(seed)
    return models.build(name, 10, **options).double()


def torchvisions(name, ours):
    """torchvision's feature layers with the weights of `ours`; its convolutions have a bias, which is set to zero."""
    features = make_layers(cfgs[REFERENCE[name]], batch_norm=True).double()
    kinds = (nn.Conv2d, nn.BatchNorm2d)
    mine, theirs = ([m for m in net.modules() if isinstance(m, kinds)] for net in (ours, features))
    assert [type(m) for m in mine] == [type(m) for m in theirs]
    for one, other in zip(mine, theirs, strict=True):
        other.load_state_dict({**other.state_dict(), **one.state_dict()})
        if isinstance(other, nn.Conv2d):
            nn.init.zeros_(other.bias)
    return features


def disturb(model):
    """Statistics and scales as after some training, so that batch norm is not the identity."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            for tensor in (module.running_mean, module.bias.data):
                nn.init.normal_(tensor, std=0.3)
            for tensor in (module.running_var, module.weight.data):
                nn.init.uniform_(tensor, 0.5, 2)
    return model


@pytest.mark.parametrize(("name", "parameters"), [("vgg13", 9_413_066), ("vgg19", 20_035_018)])
def test_parameter_counts(name, parameters):
    with torch.device("meta"):
        assert sum(p.numel() for p in models.build(name, 10).parameters()) == parameters


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize(("name", "size"), [("vgg13", 64), ("vgg19", 32)])
def test_features_are_torchvisions(name, size, training):
    ours = disturb(build(name)).train(training)
    theirs = torchvisions(name, ours).train(training)
    images = torch.randn(2, 3, size, size, dtype=torch.float64)
    with torch.no_grad():
        expected = theirs(images)
        assert expected.shape == (2, 512, size // 32, size // 32)
        torch.testing.assert_close(ours.feature_map(images), expected, rtol=1e-10, atol=1e-12)
        torch.testing.assert_close(ours.features(images), expected.mean((2, 3)), rtol=1e-10, atol=1e-12)
        logits = expected.mean((2, 3)) @ ours.fc.weight.T + ours.fc.bias
        torch.testing.assert_close(ours(images), logits, rtol=1e-10, atol=1e-12)


def test_gradients_are_torchvisions():
    ours = build()
    theirs = torchvisions("vgg13", ours)
    images = torch.randn(2, 3, 32, 32, dtype=torch.float64)
    ours.features(images).square().sum().backward()
    theirs(images).flatten(1).square().sum().backward()
    for kind in (nn.Conv2d, nn.BatchNorm2d):
        mine, other = ([m.weight.grad for m in net.modules() if isinstance(m, kind)] for net in (ours, theirs))
        for one, two in zip(mine, other, strict=True):
            torch.testing.assert_close(one, two, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("size", [1, 2, 8])
def test_small_images_lose_only_the_pools_that_would_have_nothing_left(size):
    ours = build(width=4).eval()
    expected = images = torch.randn(2, 3, size, size, dtype=torch.float64)
    with torch.no_grad():
        for place, stage in enumerate(ours.stages):
            expected = stage(expected)
            if size >> place > 1:
                expected = nn.functional.max_pool2d(expected, 2)
        assert expected.shape[2:] == (1, 1)
        assert torch.equal(ours.feature_map(images), expected)


def test_width_and_channels_scale_all_stages():
    ours = build(width=16, in_channels=1)
    assert [stage[0].out_channels for stage in ours.stages] == [16, 32, 64, 128, 128]
    assert ours.stages[0][0].in_channels == 1
    assert ours.fc.in_features == ours.num_features == 128


def test_weights_are_drawn_by_fan_out_from_the_global_generator():
    ours = build()
    weight = ours.stages[3][3].weight  # convolution, batch norm, ReLU, convolution
    assert float(weight.detach().std()) == pytest.approx(math.sqrt(2 / (9 * 512)), rel=0.01)
    assert torch.equal(weight, build().stages[3][3].weight)
    assert not torch.equal(weight, build(seed=1).stages[3][3].weight)


@pytest.mark.parametrize("option", [{"stem": "pool"}, {"preact": True}, {"shortcut": "A"}, {"width": 0}])
def test_options_of_residual_networks_are_refused(option):
    with pytest.raises(ValueError, match=f"{next(iter(option))}: .* is not valid"):
        models.build("vgg13", 10, **option)
