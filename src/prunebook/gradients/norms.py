"""Exact per-example gradient norms over a model's parameters, in evaluation mode.

Hooks take each layer's input on the way forward and the gradient of its output on the way back; `layers` has what
follows from these two. Models with layers it does not know go example by example through autograd.
"""

import copy
import warnings

import torch

from prunebook.arrays.checks import choice, integer
from prunebook.gradients import capture, layers
from prunebook.training.device import resolve_device

# A batch holds as many images as each of these allows; on a CPU larger tensors leave the caches and cost page faults.
MOST = {"cpu": 512, "cuda": 2048}  # images
LARGEST = {"cpu": 2**22, "cuda": 2**27}  # bytes of the largest input of a layer
BUDGET = {"cpu": 2**27, "cuda": 2**32}  # bytes of the inputs of all layers
CHUNK = {"cpu": 2**22, "cuda": 2**28}  # bytes of temporaries of a layer


def squared_norms(model, images, cotangents, *, parameters="all", batch_size=None, device=None, method=None):
    """Squared norms of the gradients of sum(logits · cotangent) for each cotangent and image: a tensor (R, N).

    `images`: (N, ...) tensor; cotangents(logits (B, C), slice of the images) -> (R, B, C), held constant.
    `parameters`: "all", "weights" (of convolutions and linear layers) or "last_layer" (weight and bias of the last
    Linear), frozen ones included. `batch_size` None: as many as memory allows. `device` None: the model's; for another
    one a copy of the model moves. `method` forces one of `layers.METHODS` on every weight.
    Warns where it has to go example by example; raises ValueError for a model without parameters.
    """
    if method is not None:
        choice("method", method, layers.METHODS)
    if batch_size is not None:
        integer("batch_size", batch_size, 1)
    model = on_device(model, device)
    found = capture.chosen(model, parameters)
    capture.check_statistics(model)
    with capture.still(model):
        try:
            return _fast(model, images, cotangents, found, batch_size, method)
        except capture.UnknownLayer as reason:
            warnings.warn(f"gradients go example by example, which is exact but slow: {reason}", stacklevel=3)
        return _slow(model, images, cotangents, found)


def predict(model, images, *, batch_size=None, device=None):
    """Logits (N, C) in evaluation mode; arguments and errors as for `squared_norms`."""
    if batch_size is not None:
        integer("batch_size", batch_size, 1)
    model = on_device(model, device)
    like = next(iter(model.parameters()), None)
    if like is None:
        raise ValueError("model: has no parameters; it must have at least one")
    capture.check_statistics(model)
    with capture.still(model), torch.no_grad():
        found = capture.batches(images, batch_size or 64, like)
        return torch.cat([capture.logits_of(model, batch) for _, batch in found])


def batch_size_for(seen, like):
    """Images in a batch, from what `probe` saw of one and where the tensor `like` is."""
    sizes, kind = [x.numel() * x.element_size() for x, _ in seen.values()], like.device.type
    return max(1, min(MOST[kind], LARGEST[kind] // max(sizes), BUDGET[kind] // sum(sizes)))


def on_device(model, device):
    """The model itself, or a copy of it on another device; None: wherever it is."""
    there = {parameter.device for parameter in model.parameters()}
    if device is None:
        for own in there:
            resolve_device(own)
        return model
    device = resolve_device(device)
    same = all(own.type == device.type and device.index in (None, own.index) for own in there)
    return model if same else copy.deepcopy(model).to(device)


def _slow(model, images, cotangents, found):
    """The same by autograd for one example after the other: any layer, no assumption."""
    wanted, columns = capture.tensors(found), []
    for parameter in wanted:
        parameter.requires_grad_(True)
    for part, image in capture.batches(images, 1, wanted[0]):
        logits = capture.logits_of(model, image)
        gradients = capture.example_gradients(logits, wanted, cotangents(logits.detach(), part))
        columns.append(torch.stack([torch.stack([g.square().sum() for g in each]).sum() for each in gradients]))
    return torch.stack(columns, 1)


def _fast(model, images, cotangents, found, batch_size, method):
    """The same by hooks; UnknownLayer where that is not possible."""
    check(model, images, found)
    return _by_hooks(model, images, cotangents, found, batch_size, method)


def check(model, images, found):
    """Raise UnknownLayer where hooks do not see all there is: of the first two images autograd says the same.

    What they miss is a parameter that is also used outside its layer, or a first axis that is not the images.
    """
    capture.check_layers(model, found)

    def cotangents(logits, part):  # not zero, and another one for each image
        first, count = part.start * logits.shape[1], logits.numel()
        return torch.arange(first + 1, first + count + 1, device=logits.device).cos().to(logits).view(1, *logits.shape)

    hooks = _by_hooks(model, images[:2], cotangents, found, None, None)
    try:
        plain = _slow(model, images[:2], cotangents, found)
    finally:
        model.requires_grad_(False)
    if not torch.allclose(hooks, plain, rtol=1e-6 if plain.dtype == torch.float64 else 1e-3, atol=0):
        raise capture.UnknownLayer("hooks and autograd disagree on the first images; a parameter may be used outside "
                                   "its layer, or a layer may not have the images on its first axis")


def _by_hooks(model, images, cotangents, found, batch_size, method):
    like = getattr(found[0][1], found[0][2][0])
    first = next(capture.batches(images, 1, like))[1]
    logits, seen = capture.probe(model, first, found)
    passes = len(cotangents(logits.detach(), slice(0, 1)))
    plans = {name: _Layer(module, own, *seen[name], passes, method) for name, module, own in found}
    batch_size = batch_size or batch_size_for(seen, like)
    del logits, seen
    sums = None

    def on_forward(name, x, y):
        capture.check_batch(name, x, y, len(batch))
        plans[name].see(x)

    def on_backward(name, g):
        sums.add_(plans[name].squared(g))

    columns = []
    with capture.watched(found, on_forward, on_backward) as leaves:
        for part, batch in capture.batches(images, batch_size, like):
            logits = capture.logits_of(model, batch)
            column = []
            for _ in capture.backpropagate(logits, cotangents(logits.detach(), part), leaves):
                sums = logits.new_zeros(len(batch))
                column.append(sums)
            columns.append(torch.stack(column))
    return torch.cat(columns, 1)


class _Layer:
    """A layer's share in the squared norms: `see` its input, then `squared` for each gradient of its output."""

    def __init__(self, layer, own, x, y, passes, method):
        self.layer, self.own, self.share, self.grams = layer, own, passes > 1, {}
        values, self.method = x.numel(), None
        if isinstance(layer, layers.WEIGHTED):
            sizes = layers.sizes(layer, x, y)
            self.method = method or sizes.cheapest(passes, x)
            values = sizes.values(self.method)
        self.chunk = max(1, CHUNK[x.device.type] // (values * x.element_size()))

    def see(self, x):
        """Keep the input of a batch until the next one comes."""
        self.x = x
        self.grams.clear()

    def squared(self, g):
        """Squared norms (B,) over the layer's parameters that count, in chunks that fit the cache."""
        starts = range(0, len(g), self.chunk)
        return torch.cat([self._squared(i, self.x[i : i + self.chunk], g[i : i + self.chunk]) for i in starts])

    def _squared(self, start, x, g):
        layer, own = self.layer, self.own
        if self.method is None:
            found = dict(zip(("weight", "bias"), layers.scale_gradients(layer, x, g)))
            return sum(found[one].square().sum(1) for one in own)
        total = self._weight(start, x, g) if "weight" in own else 0
        return total + layers.bias_gradient(layer, g).square().sum(1) if "bias" in own else total

    def _weight(self, start, x, g):
        gram = self.grams.get(start)
        if gram is None and self.method in ("ghost", "shifted"):
            gram = layers.input_gram(self.layer, x, g, self.method)
            if self.share:  # it depends on the input alone, so the next output gradient takes it again
                self.grams[start] = gram
        return layers.weight_squared(self.layer, x, g, self.method, gram)
