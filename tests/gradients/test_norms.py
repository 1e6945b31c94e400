import warnings

import networks
import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils import prune

from prunebook.gradients import capture, layers, norms
from prunebook.gradients.norms import predict, squared_norms

EXACT = dict(rtol=1e-12, atol=0)


def errors_of(y):
    """Cotangents whose gradients are those of the cross-entropy with labels `y`."""
    return lambda logits, part: (logits.softmax(1) - functional.one_hot(y[part], logits.shape[1]))[None]


class Net(nn.Module):
    """A small network around one module in the middle."""

    def __init__(self, middle, forward=None):
        super().__init__()
        self.first, self.middle, self.fc = nn.Conv2d(3, 4, 3), middle, nn.Linear(4, 5)
        self.call = forward or (lambda net, x: net.fc(net.middle(net.first(x)).mean((2, 3))))

    def forward(self, x):
        return self.call(self, x)


def net(middle=None, forward=None):
    torch.manual_seed(0)
    return Net(nn.Conv2d(4, 4, 3) if middle is None else middle(), forward).double()


@pytest.mark.parametrize("name", networks.ALL)
def test_norms_are_those_of_autograd(name):
    model, x, y = networks.network(name), networks.images(3), networks.labels(3)
    expected = networks.squared(networks.loss_gradients(model, x, y))
    for method in (None, *layers.METHODS):
        found = squared_norms(model, x, errors_of(y), method=method, batch_size=2)
        torch.testing.assert_close(found[0], expected, **EXACT)


@pytest.mark.parametrize("method", [None, *layers.METHODS])
def test_chunks_and_batches_do_not_matter(method, monkeypatch):
    model, x, y = networks.network("mixed"), networks.images(5), networks.labels(5)
    expected = squared_norms(model, x, errors_of(y), batch_size=5)
    for size in (1, 2):
        found = squared_norms(model, x, errors_of(y), method=method, batch_size=size)
        torch.testing.assert_close(found, expected, **EXACT)
    monkeypatch.setitem(norms.CHUNK, "cpu", 2**16)
    monkeypatch.setitem(norms.BUDGET, "cpu", 2**17)
    torch.testing.assert_close(squared_norms(model, x, errors_of(y), method=method), expected, **EXACT)


def test_an_even_kernel_with_same_padding():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch says that it pads twice
        model = net(lambda: nn.Conv2d(4, 4, (2, 4), padding="same", dilation=(1, 2)))
        x, y = networks.images(3, 9), networks.labels(3)
        expected = networks.squared(networks.loss_gradients(model, x, y))
    for method in layers.METHODS:
        torch.testing.assert_close(squared_norms(model, x, errors_of(y), method=method)[0], expected, **EXACT)


@pytest.mark.parametrize("method", [None, *layers.METHODS])
def test_float32_is_close_to_float64(method):
    model, x = networks.network("resnet18 pool"), networks.images(4)
    expected = squared_norms(model, x, lambda logits, _: torch.ones_like(logits)[None])
    found = squared_norms(model.float(), x.float(), lambda logits, _: torch.ones_like(logits)[None], method=method)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), expected, rtol=5e-6, atol=0)


def test_norms_from_finite_differences():
    model, x, y = networks.network("resnet8").eval(), networks.images(1, 8), networks.labels(1)
    parameters = list(model.parameters())
    generator = torch.Generator().manual_seed(0)
    slopes, step = [], 1e-5
    directions = [[torch.randn(p.shape, generator=generator, dtype=p.dtype) for p in parameters] for _ in range(2)]
    gradients = [g for each in networks.loss_gradients(model, x, y) for g in each.values()]
    length = squared_norms(model, x, errors_of(y))[0, 0].sqrt()
    directions.append([g / length for g in gradients])  # along the gradient the slope is its norm
    with torch.no_grad():
        for direction in directions:
            values = []
            for sign in (1, -2, 1):
                for parameter, part in zip(parameters, direction):
                    parameter.add_(part, alpha=sign * step)
                values.append(functional.cross_entropy(model(x), y))
            slopes.append((values[0] - values[1]) / (2 * step))
    torch.testing.assert_close(slopes[2], length, rtol=1e-6, atol=0)
    assert all(abs(slope) < 1.01 * length * torch.cat([d.flatten() for d in direction]).norm()
               for slope, direction in zip(slopes, directions))


def test_several_cotangents_are_one_after_the_other():
    model, x = networks.network("mixed"), networks.images(5)
    generator = torch.Generator().manual_seed(0)
    weights = torch.randn(3, 5, 5, dtype=torch.float64, generator=generator)
    together = {method: squared_norms(model, x, lambda _, part: weights[:, part], method=method, batch_size=2)
                for method in layers.METHODS}
    for i in range(3):
        alone = squared_norms(model, x, lambda _, part, i=i: weights[i : i + 1, part])
        for found in together.values():
            torch.testing.assert_close(found[i], alone[0], **EXACT)


@pytest.mark.parametrize("name", ["resnet8", "mixed"])
def test_parameters_that_count(name):
    model, x, y = networks.network(name), networks.images(3), networks.labels(3)
    gradients = networks.loss_gradients(model, x, y)
    kinds = {f"{at}.weight" for at, module in model.named_modules() if isinstance(module, (nn.Conv2d, nn.Linear))}
    assert 3 < len(kinds) < len(gradients[0]) - 3
    for parameters, wanted in (("weights", kinds.__contains__), ("last_layer", lambda p: p.startswith("fc."))):
        found = squared_norms(model, x, errors_of(y), parameters=parameters)
        torch.testing.assert_close(found[0], networks.squared(gradients, wanted), **EXACT)


class Scale(nn.Module):
    """A parameter on a module of one's own."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.full((4, 1, 1), 1.5))

    def forward(self, x):
        return x * self.scale


class OwnConv(nn.Conv2d):
    pass


def shared():
    first, second = nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 1)
    second.weight = first.weight
    return nn.Sequential(first, nn.Tanh(), second)


def pruned():
    conv = nn.Conv2d(4, 4, 3)
    return prune.l1_unstructured(conv, "weight", amount=0.5)


def twice(net, x):
    return net.fc(net.middle(net.middle(net.first(x)).tanh()).mean((2, 3)))


def by_hand(net, x):
    return functional.linear(net.middle(net.first(x)).mean((2, 3)), net.fc.weight, net.fc.bias)


def rows_first(net, x):
    x = net.middle(net.first(x))
    return net.fc(x.permute(2, 3, 0, 1).flatten(0, 1)).mean(0)


def by_keyword(net, x):
    return net.fc(input=net.middle(net.first(x)).mean((2, 3)))


def overwritten(net, x):
    x = net.first(x)
    y = net.middle(x).mean((2, 3))
    x.zero_()
    return net.fc(y)


def one_at_a_time(net, x):
    return net.fc(torch.cat([net.middle(net.first(image[None])).mean((2, 3)) for image in x]))


def two_at_a_time(net, x):
    return net.fc(torch.cat([net.middle(net.first(part)).mean((2, 3)) for part in x.split(2)]))


def constant_branch(net, x):
    place = net.middle(torch.linspace(0, 1, 64, dtype=x.dtype).view(1, 1, 8, 8).expand(1, 4, 8, 8))
    return net.fc((net.first(x).mean((2, 3)) + place.mean((2, 3))).tanh())


def again_by_hand(net, x):
    return net.fc(net.middle(net.first(x)).mean((2, 3))) * net.fc.weight.norm()


def no_gradients(net, x):
    with torch.no_grad():
        x = net.first(x)
    return net.fc(net.middle(x).mean((2, 3)))


UNKNOWN = {
    "own parameter": (Scale, None, "middle .Scale"),
    "own class": (lambda: OwnConv(4, 4, 3), None, "middle .OwnConv"),
    "transposed": (lambda: nn.ConvTranspose2d(4, 4, 3), None, "middle .ConvTranspose2d"),
    "shared": (shared, None, r"middle.2 .Conv2d. shares a parameter with middle.0 .Conv2d"),
    "pruned": (pruned, None, "middle .Conv2d"),
    "parametrized": (lambda: nn.utils.parametrizations.weight_norm(nn.Conv2d(4, 4, 3)), None, "middle .Parametrized"),
    "twice": (None, twice, "middle .Conv2d. runs 2 times"),
    "by hand": (None, by_hand, "fc .Linear. runs 0 times"),
    "rows first": (None, rows_first, "fc .Linear. does not have the images on its first axis"),
    "by keyword": (None, by_keyword, "fc .Linear. gets its input by keyword"),
    "overwritten": (None, overwritten, "middle .Conv2d. has its input changed in place"),
    "one at a time": (None, one_at_a_time, "first does not have the 2 images of a batch"),
    "two at a time": (None, two_at_a_time, "first does not have the 3 images of a batch"),
    "constant branch": (None, constant_branch, "middle does not have the 2 images of a batch"),
    "again by hand": (None, again_by_hand, "hooks and autograd disagree"),
    "no gradients": (None, no_gradients, "first .Conv2d. runs where the model has switched gradients off"),
}


@pytest.mark.parametrize("case", UNKNOWN)
def test_what_it_does_not_know_goes_example_by_example(case):
    middle, forward, message = UNKNOWN[case]
    model, x, y = net(middle, forward), networks.images(3, 8), networks.labels(3)
    if case == "overwritten":  # autograd would refuse it, too, if it wanted gradients of the weights
        model.middle.requires_grad_(False)
        with pytest.raises(RuntimeError, match="inplace"), pytest.warns(UserWarning, match=message):
            squared_norms(model, x, errors_of(y))
        return
    expected = networks.squared(networks.loss_gradients(model, x, y))
    with pytest.warns(UserWarning, match=message):
        found = squared_norms(model, x, errors_of(y))
    torch.testing.assert_close(found[0], expected, **EXACT)


@pytest.mark.parametrize("parameters", ["last_layer", "weights"])
def test_a_parameter_shared_with_a_layer_that_does_not_count(parameters):
    model, x, y = net(lambda: nn.Embedding(5, 4)), networks.images(3, 8), networks.labels(3)
    model.fc.weight = model.middle.weight
    model.call = lambda net, x: net.fc(net.first(x).mean((2, 3)) + net.middle(x.new_ones(len(x), dtype=torch.long)))
    counted = ("fc.weight", "fc.bias") if parameters == "last_layer" else ("fc.weight", "first.weight")
    found = dict(model.named_parameters(remove_duplicate=False))
    expected = [
        sum(g.square().sum() for g in torch.autograd.grad(
            functional.cross_entropy(model(x[i : i + 1]), y[i : i + 1]), [found[name] for name in counted]))
        for i in range(3)
    ]
    with pytest.warns(UserWarning, match="fc .Linear. shares a parameter with middle .Embedding"):
        norms_found = squared_norms(model, x, errors_of(y), parameters=parameters)[0]
    torch.testing.assert_close(norms_found, torch.stack(expected).detach(), **EXACT)


def test_inside_autocast_nothing_is_cast_down():
    # float32: autocast leaves float64 alone by itself
    model, x = networks.network("resnet8", dtype=torch.float32), networks.images(3, 8, dtype=torch.float32)
    cotangents = errors_of(networks.labels(3))
    expected = squared_norms(model, x, cotangents)
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(squared_norms(model, x, cotangents), expected, rtol=0, atol=0)


def test_slow_is_fast():
    model, x = networks.network("mixed"), networks.images(3)
    cotangents = lambda logits, _: torch.stack([torch.ones_like(logits), logits])  # noqa: E731
    fast = squared_norms(model, x, cotangents)
    model.unused = Scale().double()
    with pytest.warns(UserWarning, match="unused .Scale"):
        torch.testing.assert_close(squared_norms(model, x, cotangents), fast, **EXACT)


def test_a_layer_it_does_not_know_is_no_matter_where_it_does_not_count():
    model, x, y = net(Scale), networks.images(3, 8), networks.labels(3)
    expected = networks.squared(networks.loss_gradients(model, x, y), lambda name: name.startswith("fc."))
    torch.testing.assert_close(squared_norms(model, x, errors_of(y), parameters="last_layer")[0], expected, **EXACT)


def state(model):
    """All that could change in a model."""
    return (
        [(module.training, len(module._forward_hooks), len(module._backward_hooks)) for module in model.modules()],
        [(p.requires_grad, p.data_ptr(), None if p.grad is None else p.grad.clone()) for p in model.parameters()],
        [tensor.clone() for tensor in (*model.parameters(), *model.buffers())],
    )


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("known", [True, False])
@pytest.mark.filterwarnings("ignore:gradients go example by example")
def test_model_and_images_come_back_untouched(known, fails):
    model, x = networks.network("mixed"), networks.images(3)
    model.unused = nn.Identity() if known else Scale().double()
    model.train()
    model.maps[6].eval()
    model.fc.bias.requires_grad_(False)
    model(x).sum().backward()
    before, kept = state(model), x.clone()

    def cotangents(logits, part):
        if fails and part.start:
            raise KeyError("on the way")
        return torch.ones_like(logits)[None]

    if fails:
        with pytest.raises(KeyError):
            squared_norms(model, x, cotangents, batch_size=1)
    else:
        squared_norms(model, x, cotangents)
        predict(model, x)
    torch.testing.assert_close(state(model), before, rtol=0, atol=0)
    assert torch.equal(x, kept) and not x.requires_grad


def test_frozen_parameters_count():
    model, x, y = networks.network("mixed"), networks.images(3), networks.labels(3)
    expected = squared_norms(model, x, errors_of(y))
    assert torch.equal(squared_norms(model.requires_grad_(False), x, errors_of(y)), expected)


@pytest.mark.parametrize("around", [torch.no_grad, torch.inference_mode])
def test_inside_no_grad_and_inference_mode(around):
    model, x, y = networks.network("mixed"), networks.images(3), networks.labels(3)
    expected = squared_norms(model, x, errors_of(y))
    with around():
        torch.testing.assert_close(squared_norms(model, x.clone(), errors_of(y)), expected, **EXACT)


def test_hooks_of_others_run_on():
    model, x, y = net(), networks.images(3, 8), networks.labels(3)
    model.middle.register_forward_pre_hook(lambda module, inputs: (2 * inputs[0],))
    model.middle.register_forward_hook(lambda module, inputs, output: output.tanh())
    expected = networks.squared(networks.loss_gradients(model, x, y))
    torch.testing.assert_close(squared_norms(model, x, errors_of(y))[0], expected, **EXACT)


def test_predictions_are_in_evaluation_mode():
    model, x = networks.network("mixed").train(), networks.images(5)
    found = predict(model, x, batch_size=2)
    torch.testing.assert_close(found, model.eval()(x).detach(), **EXACT)
    assert not found.requires_grad




@pytest.mark.parametrize("size, count", [(8, 512), (128, 16), (1024, 1)])
def test_memory_of_a_batch_is_bounded(size, count):
    found = capture.chosen(model := networks.network("resnet8", dtype=torch.float32), "all")
    with capture.still(model):
        _, seen = capture.probe(model, networks.images(1, size, torch.float32), found)
    assert norms.batch_size_for(seen, model.fc.weight) == count  # width 4: 4 MiB are 16 maps of 128 × 128


@pytest.mark.parametrize("model, message", [
    (nn.Flatten(), "model: has no parameters"),
    (nn.Sequential(nn.Conv2d(3, 5, 16), nn.BatchNorm2d(5, track_running_stats=False), nn.Flatten()),
     "model: batch norm '1' stores no statistics"),
    (nn.Conv2d(3, 5, 16), r"model: gives \([13], 5, 1, 1\) for [13] images; it must give logits"),
])  # fmt: skip
def test_models_that_cannot_be(model, message):
    with pytest.raises(ValueError, match=message):
        squared_norms(model, networks.images(3, dtype=torch.float32), errors_of(networks.labels(3)))
    with pytest.raises(ValueError, match=message):
        predict(model, networks.images(3, dtype=torch.float32))


def test_arguments_that_cannot_be():
    model, x, y = networks.network("resnet8"), networks.images(3), networks.labels(3)
    for argument, value, message in (
        ("parameters", "weight", "did you mean 'weights'"), ("method", "gost", "did you mean 'ghost'"),
        ("batch_size", 0, "at least 1"), ("device", "cdua", "device: 'cdua' is unknown"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=message):
            squared_norms(model, x, errors_of(y), **{argument: value})
    for parameters in ("weights", "last_layer"):
        with pytest.raises(ValueError, match=f"parameters: '{parameters}' is not valid for a model without"):
            squared_norms(nn.Sequential(nn.BatchNorm2d(3), nn.Flatten()), x, errors_of(y), parameters=parameters)
    with pytest.raises(ValueError, match="the weight of 'middle' is computed from others"):
        squared_norms(net(pruned), networks.images(3, 8), errors_of(y), parameters="weights")
    with torch.no_grad():
        model.fc.bias[0] = torch.nan
    with pytest.raises(ValueError, match="logits hold NaN or infinity"):
        squared_norms(model, x, errors_of(y))
