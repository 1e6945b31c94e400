"""GraNd and its label-free variants: how far one example would move the parameters (Paul et al. 2021)."""

import numpy as np
import torch

from prunebook.arrays.checks import choice, rows
from prunebook.gradients.capture import one_hot
from prunebook.gradients.norms import predict, squared_norms
from prunebook.scores.errors import class_labels


def grand(model, images, labels, *, parameters="all", batch_size=None, device=None):
    """GraNd of eq. (8) for one network: (N, C, H, W) and (N,) -> (N,), the norm of each example's loss gradient.

    Cross-entropy in evaluation mode, over "all" parameters, "weights" (of convolutions and linear layers) or
    "last_layer" (weight and bias of the last Linear). The expectation of eq. (8) is the mean over networks of what
    this returns. `images` are normalised, or rows (N, d) of a model that takes such; `batch_size` and `device` as for
    `gradients.norms.squared_norms`.
    """
    images = _images(model, images)
    labels = class_labels(labels, len(images), predict(model, images[:1], device=device).shape[1])

    def errors(logits, part):
        true = labels[part].to(logits.device)[:, None]
        others = logits.softmax(1).scatter(1, true, 0)  # p - 1 would lose the digits of an example that is known well
        return others.scatter(1, true, -others.sum(1, keepdim=True))[None]

    squared = squared_norms(model, images, errors, parameters=parameters, batch_size=batch_size, device=device)
    return squared[0].sqrt().cpu().numpy()


def label_free(model, images, *, kind, batch_size=None, device=None):
    """Scores 1, 2 and 3 of eqs. (10)-(12) for one network: (N, C, H, W) -> (N,), no labels needed.

    `kind` 1: the norm of the gradient of the summed logits; 2: the distance of the softmax from uniform; 3: the sum
    over classes of the squared norms of the logits' gradients. Everything else as for `grand`.
    """
    choice("kind", kind, (1, 2, 3))
    images = _images(model, images)
    if kind == 2:
        probabilities = predict(model, images, batch_size=batch_size, device=device).softmax(1)
        return torch.linalg.vector_norm(probabilities - 1 / probabilities.shape[1], dim=1).cpu().numpy()

    def cotangents(logits, _):
        return torch.ones_like(logits)[None] if kind == 1 else one_hot(logits)

    squared = squared_norms(model, images, cotangents, batch_size=batch_size, device=device)
    return (squared[0].sqrt() if kind == 1 else squared.sum(0)).cpu().numpy()


def _images(model, value):
    """Images as a float tensor (N, C, H, W), or rows (N, d), that the model can take without loss, checked."""
    known = isinstance(value, (np.ndarray, torch.Tensor))
    if not known or not (value.dtype.kind == "f" if isinstance(value, np.ndarray) else value.is_floating_point()):
        kind = value.dtype if known else type(value).__name__
        raise ValueError(f"images: type {kind} is not valid; they must be normalised, as a float array or tensor")
    if not isinstance(model, torch.nn.Module):
        raise ValueError(f"model: {type(model).__name__} is not valid; it must be a torch.nn.Module")
    if value.ndim not in (2, 4) or 0 in value.shape:
        raise ValueError(f"images: shape {tuple(value.shape)} is not valid; it must be (N, C, H, W), or (N, features) "
                         "for a model of rows, none of them 0")
    images = rows("images", value.reshape(len(value), -1)).reshape(value.shape)
    types = {parameter.dtype for parameter in model.parameters()}
    if not types <= {torch.float32, torch.float64}:
        raise ValueError(f"model: {', '.join(map(str, types))} is not valid; parameters must be float32 or float64")
    if images.dtype == torch.float64 and torch.float32 in types:
        raise ValueError("images: float64 is not valid for a float32 model; convert the images or the model")
    return images
