"""What every gradient of this room needs: a model held still, its layers' inputs and the gradients of their outputs."""

from contextlib import ExitStack, contextmanager

import torch
from torch import nn

from prunebook.arrays.checks import choice
from prunebook.gradients.layers import SCALED, WEIGHTED
from prunebook.training.device import ran_out_of_memory

PARAMETERS = ("all", "weights", "last_layer")


class UnknownLayer(Exception):
    """The fast path cannot tell the per-example gradients of a module: the message names it and says why."""


@contextmanager
def still(model):
    """The model in evaluation mode with no parameter asking for gradients; afterwards as it was, whatever happens."""
    if not isinstance(model, nn.Module):
        raise ValueError(f"model: {type(model).__name__} is not valid; it must be a torch.nn.Module")
    modes = [(module, module.training) for module in model.modules()]
    kind = next((parameter.device.type for parameter in model.parameters()), "cpu")
    wanted = [(parameter, parameter.requires_grad) for parameter in model.parameters()]
    buffers = [(buffer, buffer.clone()) for buffer in model.buffers()]
    with torch.inference_mode(False), torch.enable_grad(), torch.autocast(kind, enabled=False):
        try:
            model.eval()
            model.requires_grad_(False)
            yield model
        finally:
            for module, training in modes:
                module.training = training
            for parameter, requires_grad in wanted:
                parameter.requires_grad_(requires_grad)
            for buffer, before in buffers:
                if not torch.equal(buffer, before):
                    buffer.copy_(before)


def chosen(model, parameters):
    """[(module name, module, names of its parameters that count)] for "all", "weights" or "last_layer"."""
    choice("parameters", parameters, PARAMETERS)
    found = [
        (name, module, tuple(own for own, _ in module.named_parameters(recurse=False)))
        for name, module in model.named_modules()
    ]
    if not any(own for _, _, own in found):
        raise ValueError("model: has no parameters, so no gradients; it must have at least one")
    if parameters != "all":
        kinds = nn.Linear if parameters == "last_layer" else (nn.modules.conv._ConvNd, nn.Linear)
        found = [entry for entry in found if isinstance(entry[1], kinds)]
        found = [(*entry[:2], ("weight",)) for entry in found] if parameters == "weights" else found[-1:]
        if not found:
            needed = "linear layer" if parameters == "last_layer" else "convolution or linear layer"
            raise ValueError(f"parameters: {parameters!r} is not valid for a model without a {needed}; use 'all'")
        for name, module, _ in found:
            if "weight" not in dict(module.named_parameters(recurse=False)):
                raise ValueError(f"parameters: {parameters!r} is not valid for this model, the weight of {name!r} is "
                                 "computed from others; use 'all'")
    return [entry for entry in found if entry[2]]


def tensors(found):
    """The parameters of `chosen`, each once."""
    return list({id(p): p for _, module, own in found for p in (getattr(module, one) for one in own)}.values())


def example_gradients(logits, parameters, cotangents):
    """For each cotangent the gradients of sum(logits · cotangent), as autograd gives them; zero where unused."""
    for cotangent in cotangents:
        if logits.requires_grad:
            yield torch.autograd.grad(
                logits, parameters, cotangent, retain_graph=True, allow_unused=True, materialize_grads=True
            )
        else:
            yield [torch.zeros_like(parameter) for parameter in parameters]


def check_layers(model, layers):
    """Raise UnknownLayer unless every layer of `chosen` is of a known type and shares no parameter with any module."""
    holders = {}
    for name, module in model.named_modules():
        for parameter in module.parameters(recurse=False):
            holders.setdefault(id(parameter), []).append(_label(name, module))
    for name, module, own in layers:
        if type(module) not in WEIGHTED + SCALED or not set(own) <= {"weight", "bias"}:
            raise UnknownLayer(f"{_label(name, module)} is not a layer it knows")
        for parameter in (getattr(module, one) for one in own):
            first, *others = holders[id(parameter)]
            if others:
                raise UnknownLayer(f"{others[0]} shares a parameter with {first}")


def _label(name, module):
    return f"{name or 'the model'} ({type(module).__name__})"


def check_statistics(model):
    """Raise ValueError for a batch norm that stores no statistics: its output would depend on the batch."""
    for name, module in model.named_modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm) and module.running_mean is None:
            raise ValueError(f"model: batch norm {name!r} stores no statistics; it must track them")


@contextmanager
def watched(layers, on_forward, on_backward):
    """Call on_forward(name, x, y) as layers run and on_backward(name, g) as gradients arrive; yields a list of leaves.

    `layers`: from `chosen`, in a `still` model. Only what lies behind the first watched layers is differentiated: a
    forward pass adds to the list where that begins, `backpropagate` empties it.
    """
    leaves = []

    def hook(name, module):
        def forward(_, inputs, y):
            if not inputs:
                raise UnknownLayer(f"{_label(name, module)} gets its input by keyword")
            if not torch.is_grad_enabled():
                raise UnknownLayer(f"{_label(name, module)} runs where the model has switched gradients off")
            x = inputs[0].detach()
            version = x._version
            on_forward(name, x, y.detach())
            if not y.requires_grad:
                leaves.append(y.detach().requires_grad_())
                y = leaves[-1].clone()  # what follows may change it in place, which a leaf does not allow

            def backward(g):
                if x._version != version:
                    raise UnknownLayer(f"{_label(name, module)} has its input changed in place later")
                on_backward(name, g)

            y.register_hook(backward)
            return y

        return forward

    with ExitStack() as stack:
        for name, module, _ in layers:
            stack.callback(module.register_forward_hook(hook(name, module), prepend=True).remove)
        yield leaves


def logits_of(model, images, finite=True):
    """Logits (B, C) of a batch; ValueError if the model gives anything else or does not take the images.

    With `finite` also for logits that are NaN or infinite.
    """
    try:
        logits = model(images)
    except RuntimeError as error:
        if ran_out_of_memory(error):
            raise
        raise ValueError(f"images: a batch of shape {tuple(images.shape)} does not go through the model: {error}"
                         ) from error
    if not isinstance(logits, torch.Tensor) or logits.ndim != 2 or len(logits) != len(images):
        shape = tuple(logits.shape) if isinstance(logits, torch.Tensor) else type(logits).__name__
        raise ValueError(f"model: gives {shape} for {len(images)} images; it must give logits (images, classes)")
    if finite and not logits.detach().isfinite().all():
        raise ValueError("model: logits hold NaN or infinity; every value must be finite")
    return logits


def one_hot(logits):
    """A cotangent for each class: (B, C) logits -> (C, B, C), so that the gradients are those of single logits."""
    rows = torch.eye(logits.shape[1], dtype=logits.dtype, device=logits.device)
    return rows[:, None].expand(-1, *logits.shape)


def backpropagate(logits, cotangents, leaves):
    """Run the gradients of sum(logits · cotangent) through the graph for the hooks to see; yields before each one."""
    try:
        for i, cotangent in enumerate(cotangents):
            yield i
            if logits.requires_grad:
                more = i + 1 < len(cotangents)
                torch.autograd.grad(logits, leaves, cotangent, retain_graph=more, allow_unused=True)
    finally:
        leaves.clear()


def probe(model, image, layers):
    """One forward pass of one image (1, C, H, W): (logits, {layer name: (input, output)}).

    Raises UnknownLayer for a layer that does not run exactly once or whose first axis is not the images.
    """
    seen = {name: [] for name, _, _ in layers}
    with watched(layers, lambda name, x, y: seen[name].append((x, y)), lambda name, g: None):
        logits = logits_of(model, image)
    for name, module, _ in layers:
        label = _label(name, module)
        if len(seen[name]) != 1:
            raise UnknownLayer(f"{label} runs {len(seen[name])} times in a forward pass")
        if any(tensor.ndim < 2 or len(tensor) != 1 for tensor in seen[name][0]):
            raise UnknownLayer(f"{label} does not have the images on its first axis")
    return logits, {name: pairs[0] for name, pairs in seen.items()}


def check_batch(name, x, y, size):
    """Raise UnknownLayer unless input and output of a layer have the images of this batch on their first axis."""
    if not len(x) == len(y) == size:
        raise UnknownLayer(f"{name or 'the model'} does not have the {size} images of a batch on its first axis")


def batches(images, size, like):
    """(slice, batch) after batch, on the device and of the type of the tensor `like`, channels last in memory."""
    for start in range(0, len(images), size):
        part = slice(start, min(start + size, len(images)))
        batch = images[part].detach().to(like.device, like.dtype)
        if batch.is_inference():
            batch = batch.clone()  # tensors made in inference mode cannot enter a graph
        yield part, batch.contiguous(memory_format=torch.channels_last) if batch.ndim == 4 else batch
