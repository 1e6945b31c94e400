"""Residual networks: documented sizes, torchvision's forward pass, the papers' variants, errors."""

import re

import pytest
import torch
import torchvision
from torch import nn
from torch.nn import functional

from prunebook import models
from prunebook.models.resnet import ZeroPadShortcut


def parameters(model):
    return sum(p.numel() for p in model.parameters())


def on_meta(*arguments, **options):
    """The network without memory for its weights, since only shapes are looked at."""
    with torch.device("meta"):
        return models.build(*arguments, **options)


@pytest.mark.parametrize(("name", "classes", "options", "count"), [
    ("resnet56", 10, {}, 855_770),
    ("resnet56", 10, {"preact": True}, 855_578),
    ("resnet20", 10, {}, 272_474),
    ("resnet8", 10, {"preact": True}, 77_850),
    ("resnet164", 10, {"preact": True}, 1_703_258),
    ("resnet50", 200, {"stem": "imagenet"}, 23_917_832),
    ("resnet50", 1000, {"stem": "imagenet"}, 25_557_032),
    ("resnet18", 10, {}, 11_173_962),
    ("resnet18", 10, {"stem": "pool"}, 11_173_962),
    ("resnet20", 10, {"shortcut": "A"}, 269_722),
])
def test_parameter_counts_are_the_documented_ones(name, classes, options, count):
    assert parameters(on_meta(name, classes, **options)) == count


@pytest.mark.parametrize(("classes", "count"), [(10, 1_855_584), (100, 1_867_104)])
def test_hypersparse_double_width_resnet32_has_the_documented_weights(classes, count):
    model = on_meta("resnet32", classes, width=32)
    assert sum(m.weight.numel() for m in model.modules() if isinstance(m, nn.Conv2d | nn.Linear)) == count


def test_the_table_in_the_docstring_is_right():
    rows = re.findall(r"\| (resnet\d+) \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \|", models.__doc__)
    assert [row[0] for row in rows] == [name for name in models.NAMES if name.startswith("resnet")]
    for name, *counts in rows:
        found = [parameters(on_meta(name, 10, **o)) for o in ({}, {"preact": True}, {"shortcut": "A"})]
        assert found == [int(c.replace(",", "")) for c in counts], name


@pytest.mark.parametrize("name", ["resnet18", "resnet50"])
@pytest.mark.parametrize("training", [False, True])
def test_the_imagenet_form_computes_what_torchvisions_does(name, training):
    torch.manual_seed(0)
    theirs = getattr(torchvision.models, name)(num_classes=7)
    ours = models.build(name, 7, stem="imagenet")
    for norm in (m for m in theirs.modules() if isinstance(m, nn.BatchNorm2d)):
        norm.weight.data.uniform_(0.5, 1.5)
        norm.bias.data.normal_(0, 0.1)
        norm.running_mean.normal_(0, 0.1)
        norm.running_var.uniform_(0.5, 1.5)
    for kind in (nn.Conv2d, nn.BatchNorm2d, nn.Linear):
        pairs = [[m for m in net.modules() if isinstance(m, kind)] for net in (ours, theirs)]
        for mine, other in zip(*pairs, strict=True):
            mine.load_state_dict(other.state_dict())
    ours.double().train(training), theirs.double().train(training)
    images = torch.randn(3, 3, 64, 48, dtype=torch.float64)
    torch.testing.assert_close(ours(images), theirs(images), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(("name", "stem", "side", "channels"), [
    ("resnet20", "small", 8, 64), ("resnet164", "small", 8, 256), ("resnet20", "pool", 4, 64),
    ("resnet18", "small", 4, 512), ("resnet18", "pool", 2, 512), ("resnet18", "imagenet", 1, 512),
    ("resnet50", "small", 4, 2048),
])
@pytest.mark.parametrize("preact", [False, True])
def test_stems_set_the_size_of_the_feature_map(name, stem, side, channels, preact):
    model = on_meta(name, 10, stem=stem, preact=preact)
    images = torch.zeros(2, 3, 32, 32, device="meta")
    assert model.feature_map(images).shape == (2, channels, side, side)
    assert model.features(images).shape == (2, channels)
    assert model.num_features == channels
    assert model(images).shape == (2, 10)


def test_the_logits_come_from_the_pooled_features():
    torch.manual_seed(0)
    model = models.build("resnet8", 5, in_channels=1, width=4).eval()
    images = torch.randn(3, 1, 8, 8)
    pooled = model.feature_map(images).mean((2, 3))
    assert torch.equal(model.features(images), pooled)
    assert torch.equal(model(images), model.fc(pooled))
    assert pooled.min() >= 0


def test_shortcut_a_subsamples_and_pads_with_zeros():
    x = torch.randn(2, 4, 6, 6)
    y = ZeroPadShortcut(4, 8, 2)(x)
    assert torch.equal(y[:, 2:6], x[:, :, ::2, ::2])
    assert y[:, :2].abs().sum() == 0
    assert y[:, 6:].abs().sum() == 0


@pytest.mark.parametrize(("shortcut", "kind"), [("A", ZeroPadShortcut), ("B", nn.Sequential)])
def test_shortcuts_change_only_where_the_shape_does(shortcut, kind):
    kinds = [type(block.shortcut) for block in on_meta("resnet14", 10, shortcut=shortcut).blocks]
    assert kinds == [nn.Identity, nn.Identity, kind, nn.Identity, kind, nn.Identity]


def test_preact_block_is_the_formula_of_the_second_paper():
    torch.manual_seed(0)
    block = models.build("resnet8", 10, width=4, preact=True).eval().blocks[1]
    x = torch.randn(2, 4, 8, 8)
    first, second = block.norms
    active = functional.relu(first(x))
    expected = block.convs[1](functional.relu(second(block.convs[0](active)))) + block.shortcut[0](active)
    assert torch.equal(block(x), expected)


def test_the_same_seed_builds_the_same_network():
    states = []
    for _ in range(2):
        torch.manual_seed(3)
        states.append(models.build("resnet8", 10).state_dict())
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_convolutions_start_as_he_et_al_have_them():
    torch.manual_seed(0)
    model = models.build("resnet18", 10)
    for conv in (m for m in model.modules() if isinstance(m, nn.Conv2d) and m.weight.numel() > 10_000):
        expected = (2 / (conv.out_channels * conv.kernel_size[0] ** 2)) ** 0.5
        assert abs(float(conv.weight.detach().std()) / expected - 1) < 0.03


@pytest.mark.parametrize(("arguments", "options", "message"), [
    (("resnet65", 10), {}, "did you mean 'resnet56'"),
    (("ResNet-18", 10), {}, "did you mean 'resnet18'"),
    (("resnet8", 10), {"stem": "imagnet"}, "did you mean 'imagenet'"),
    (("resnet8", 10), {"shortcut": "C"}, "shortcut.*'A', 'B'"),
    (("resnet8", 0), {}, "num_classes"),
    (("resnet8", 10), {"width": 0}, "width"),
    (("resnet8", 10), {"width": 1.5}, "width"),
    (("resnet8", 10), {"in_channels": 0}, "in_channels"),
])
def test_unknown_names_and_values_are_errors(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        models.build(*arguments, **options)
