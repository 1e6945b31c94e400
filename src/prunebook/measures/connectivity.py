"""Linear mode connectivity: the error on the straight line between the weights of two networks."""

import copy

import numpy as np
import torch
from torch import nn

from prunebook.arrays.checks import integer
from prunebook.gradients.capture import logits_of
from prunebook.scores.errors import class_labels
from prunebook.training.device import resolve_device


def error_barrier(model_a, model_b, images, labels, *, points=11, statistics=None, batch_size=250, device=None):
    """Error barrier between two networks: max over α of error(α) minus the mean of the two ends', in [0, 1].

    Linear interpolation instability of Frankle et al. 2020 (Data Diet, B.3), the supremum over α taken on a grid that
    holds the ends, so it is never negative; more points can only find a higher barrier. Arguments and errors are
    those of `error_path`.
    """
    _, errors = error_path(
        model_a, model_b, images, labels, points=points, statistics=statistics, batch_size=batch_size, device=device
    )
    return float(errors.max() - (errors[0] + errors[-1]) / 2)


@torch.inference_mode()
def error_path(model_a, model_b, images, labels, *, points=11, statistics=None, batch_size=250, device=None):
    """Error rates on the line (1 − α)·a + α·b between the weights of two networks: (α (points,), errors (points,)).

    `images`: normalised floating point (N, C, H, W); `labels` (N,). `points`: values of α from 0 to 1, evenly spaced.
    All parameters and the running statistics of batch norm are interpolated. With `statistics`, images like those of
    the training set, the running statistics are estimated anew from these at every α, ends included: the mean of the
    statistics of batches of about `batch_size`. Counters keep the value of model_a; everything else is in evaluation
    mode. `device` None: that of model_a. Both models stay as they are; nothing is computed in a lower precision than
    given. Raises ValueError for networks of different architectures, naming what differs, and for wrong images,
    labels or points.
    """
    integer("points", points, 3)
    integer("batch_size", batch_size, 1)
    states = _states(model_a, model_b)
    images = _images("images", images, 1)
    device = resolve_device(next(model_a.parameters()).device if device is None else device)
    statistics = None if statistics is None else _images("statistics", statistics, 2)
    dtype = _widest(images, *states[0].values(), *states[1].values())
    model = copy.deepcopy(model_a).to(device, dtype, memory_format=torch.channels_last).eval()
    states = [{name: _moved(value, device, dtype) for name, value in state.items()} for state in states]
    images = images.to(device, dtype, memory_format=torch.channels_last).split(batch_size)
    if statistics is not None:  # equal parts, so that no small one counts as much as a large one
        count = min(max(1, round(len(statistics) / batch_size)), len(statistics) // 2)
        statistics = statistics.to(device, dtype, memory_format=torch.channels_last).tensor_split(count)
    alphas, errors, wanted = np.linspace(0, 1, points), [], None
    for alpha in alphas:
        model.load_state_dict({name: _between(a, states[1][name], alpha) for name, a in states[0].items()})
        if statistics is not None:
            _estimate_statistics(model, statistics)
        logits = torch.cat([logits_of(model, part, finite=False) for part in images])
        if wanted is None:
            wanted = class_labels(labels, *logits.shape).to(device)
        # The largest of several NaN may sit at the right class by chance.
        wrong = (logits.argmax(1) != wanted) | logits.isnan().any(1)
        errors.append(wrong.double().mean())
    return alphas, torch.stack(errors).cpu().numpy()


def _states(model_a, model_b):
    """State dicts of both models; ValueError unless names and shapes agree and there is something to interpolate."""
    for argument, model in (("model_a", model_a), ("model_b", model_b)):
        if not isinstance(model, nn.Module):
            raise ValueError(f"{argument}: {type(model).__name__} is not valid; it must be a torch.nn.Module")
    states = model_a.state_dict(), model_b.state_dict()
    for name in [*states[0], *states[1]]:
        shapes = [tuple(state[name].shape) if name in state else "nothing" for state in states]
        if shapes[0] != shapes[1]:
            raise ValueError(f"model_b: another architecture than model_a: {name} is {shapes[1]}, not {shapes[0]}; the "
                             "line between two networks needs parameters and buffers of the same names and shapes")
    if not any(True for _ in model_a.parameters()):
        raise ValueError("model_a: has no parameters; there must be something to interpolate")
    for argument, state in zip(("model_a", "model_b"), states):
        for name, value in state.items():
            if value.is_floating_point() and not value.isfinite().all():
                raise ValueError(f"{argument}: {name} holds NaN or infinity; a network that diverged has no barrier")
    return states


def _images(argument, images, least):
    if not isinstance(images, (torch.Tensor, np.ndarray, list)):
        raise ValueError(f"{argument}: {type(images).__name__} is not valid; they must be an array or a tensor")
    images = images if isinstance(images, torch.Tensor) else torch.tensor(np.asarray(images))
    if not images.is_floating_point() or images.ndim != 4 or len(images) < least:
        raise ValueError(f"{argument}: {images.dtype} of shape {tuple(images.shape)} is not valid; they must be "
                         f"normalised floating point (N, C, H, W) with N at least {least}")
    if not images.isfinite().all():
        raise ValueError(f"{argument}: hold NaN or infinity; every value must be finite")
    return images.detach()


def _widest(*tensors):
    dtype = torch.float16
    for tensor in tensors:
        dtype = torch.promote_types(dtype, tensor.dtype) if tensor.is_floating_point() else dtype
    return dtype


def _moved(value, device, dtype):
    return value.to(device, dtype) if value.is_floating_point() else value.to(device)


def _between(a, b, alpha):
    return torch.lerp(a, b, float(alpha)) if a.is_floating_point() else a


def _estimate_statistics(model, batches):
    """Replace the running statistics of batch norm by the mean of those of `batches`; nothing else in training mode."""
    norms = [
        module for module in model.modules()
        if isinstance(module, nn.modules.batchnorm._BatchNorm) and module.track_running_stats
    ]
    kept = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # torch's word for a plain mean over batches
        norm.train()
    for batch in batches:
        model(batch)
    for norm, momentum in zip(norms, kept):
        norm.momentum = momentum
        norm.eval()
