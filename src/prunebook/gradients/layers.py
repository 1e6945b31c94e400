"""Per-example gradients of one layer, from its input and the gradient of its output.

A convolution or linear layer is, in each group, outputs (P, O) = patches (P, K) @ weight (K, O) at P positions, so an
example's gradient is patchesᵀ @ g with g (P, O) the gradient of its outputs. Its squared norm comes from
- direct: the gradient itself as a matrix product, P·K·O operations,
- grouped: the gradient as that of one convolution with a group for each example, which needs no patches,
- ghost: the inner product of the Gram matrices of patches and of g, P²·(K + O),
- shifted: the same, the Gram matrix of patches being a sum of shifted slices of that of the padded pixels: Q²·C + P²·O
  for Q pixels of C channels;
which one is fastest depends on the layer.
"""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

METHODS = ("direct", "grouped", "ghost", "shifted")
WEIGHTED = (nn.Conv2d, nn.Linear)
SCALED = (nn.BatchNorm1d, nn.BatchNorm2d, nn.GroupNorm, nn.LayerNorm)
FEW = 8  # with fewer channels in a group, patches are copied faster row by row than channel by channel

# Times below are in units of one multiplication of a matrix product, fitted on a CPU with AVX-512 at float32.
MOVE = 12  # a value that is copied or added
CALL = 2500  # one operation of torch, shared by 64 examples


@dataclass(frozen=True)
class Sizes:
    """What decides the cost of a weighted layer, for one example and one of its groups."""

    groups: int
    positions: int
    inputs: int
    outputs: int
    pixels: int  # of the padded input
    offsets: int  # positions inside a kernel
    width: int  # of the output

    def values(self, method):
        """Values of the largest temporaries, for one example."""
        p, k, o = self.positions, self.inputs, self.outputs
        return self.groups * {
            "direct": p * k + k * o,
            "grouped": self.pixels * k // self.offsets + p * o + k * o,
            "ghost": p * k + 2 * p * p,
            "shifted": self.pixels**2 + 2 * p * p,
        }[method]

    def cost(self, method, passes):
        """Estimated time for `passes` output gradients of one input."""
        p, k, o, channels = self.positions, self.inputs, self.outputs, self.inputs // self.offsets
        if method == "direct":
            return 10 * CALL + self.groups * passes * (p * k * o + (p * k + k * o) * MOVE)
        if method == "grouped":
            moved = self.pixels * channels + p * o
            return 8 * CALL + self.groups * passes * int(0.7 * p * k * o + 15 * k * o + 20 * moved)
        gram = passes * p * p * (o + 2 * MOVE)
        if method == "ghost":
            return 10 * CALL + self.groups * (gram + p * p * k + p * k * MOVE)
        slices = p * p * self.offsets * (MOVE + 200 // self.width)  # short rows are slow to add
        return (12 + self.offsets) * CALL + self.groups * (gram + self.pixels**2 * (channels + MOVE) + slices)

    def cheapest(self, passes, like):
        """The method with the least estimated time: a rule, not a measurement, so that results repeat exactly.

        Grouped is fast only in oneDNN: float32 on a CPU (`like`: a tensor), several offsets, enough channels.
        """
        known = like.device.type == "cpu" and like.dtype == torch.float32 and torch.backends.mkldnn.is_available()
        suited = known and self.offsets > 1 and min(self.inputs // self.offsets, self.outputs) >= FEW
        methods = [method for method in METHODS if suited or method != "grouped"]
        return min(methods, key=lambda method: self.cost(method, passes))


def rows(tensor):
    """(B, C, *) -> (B, positions, C); a view where channels are last in memory."""
    return tensor.movedim(1, -1).flatten(1, -2) if tensor.ndim > 2 else tensor.unsqueeze(1)


def _padding(layer):
    """Left, right, top and bottom padding of a Conv2d, as `functional.pad` takes it."""
    if layer.padding == "valid":
        return (0, 0, 0, 0)
    if layer.padding == "same":
        totals = [d * (k - 1) for d, k in zip(layer.dilation, layer.kernel_size)]
        (top, bottom), (left, right) = ((total // 2, total - total // 2) for total in totals)
        return (left, right, top, bottom)
    vertical, horizontal = layer.padding
    return (horizontal, horizontal, vertical, vertical)


def sizes(layer, x, y):
    """`Sizes` of a Conv2d or Linear with input `x` and output `y`."""
    if isinstance(layer, nn.Linear):
        positions = y[0].numel() // y.shape[-1]
        return Sizes(1, positions, x.shape[-1], y.shape[-1], positions, 1, positions)
    left, right, top, bottom = _padding(layer)
    offsets, groups = layer.kernel_size[0] * layer.kernel_size[1], layer.groups
    return Sizes(
        groups, y.shape[2] * y.shape[3], x.shape[1] // groups * offsets, y.shape[1] // groups,
        (x.shape[2] + top + bottom) * (x.shape[3] + left + right), offsets, y.shape[3],
    )


def _padded(layer, x):
    """The input with the padding of a Conv2d: (B, C, H, W) -> (B, C, H', W')."""
    padding = _padding(layer)
    if not any(padding):
        return x
    return functional.pad(x, padding, mode="constant" if layer.padding_mode == "zeros" else layer.padding_mode)


def patches(layer, x, y):
    """Patches each output sees: (B · groups, positions, inputs) from the layer's input `x`; `y`: output or gradient."""
    if isinstance(layer, nn.Linear):
        return x.reshape(len(x), -1, x.shape[-1])
    pixels, channels = _padded(layer, x), x.shape[1] // layer.groups
    few = channels < FEW
    pixels = pixels.contiguous() if few else pixels.contiguous(memory_format=torch.channels_last)
    image, channel, row, column = pixels.stride()
    down, right, kernel = layer.stride[0] * row, layer.stride[1] * column, layer.kernel_size
    inside = layer.dilation[0] * row, layer.dilation[1] * column
    first, positions = (len(x), layer.groups), y.shape[2] * y.shape[3]
    # values next to each other in memory last: both forms copy in long runs
    if few:
        shape = (*first, channels, *kernel, *y.shape[2:])
        windows = pixels.as_strided(shape, (image, channels * channel, channel, *inside, down, right))
        return windows.reshape(len(x) * layer.groups, -1, positions).mT
    shape = (*first, *y.shape[2:], *kernel, channels)
    windows = pixels.as_strided(shape, (image, channels * channel, down, right, *inside, channel))
    return windows.reshape(len(x) * layer.groups, positions, -1)


def outputs(layer, g):
    """Gradient of the outputs as (B · groups, positions, outputs)."""
    if isinstance(layer, nn.Linear):
        return g.reshape(len(g), -1, g.shape[-1])
    return rows(g).unflatten(2, (layer.groups, -1)).transpose(1, 2).flatten(0, 1)


def _shifted_gram(layer, x, y):
    """Gram matrix of the patches without forming them: (B · groups, positions, positions)."""
    if isinstance(layer, nn.Linear):
        pixels = x.reshape(len(x), -1, x.shape[-1])
        return pixels @ pixels.mT
    pixels = _padded(layer, x).movedim(1, -1)
    shape, groups = pixels.shape, layer.groups
    flat = pixels.flatten(1, 2).unflatten(2, (groups, -1)).transpose(1, 2).flatten(0, 1)
    gram = (flat @ flat.mT).view(-1, *shape[1:3], *shape[1:3])
    (height, width), total = y.shape[2:], None
    for i in range(layer.kernel_size[0]):
        vertical = slice(i * layer.dilation[0], i * layer.dilation[0] + (height - 1) * layer.stride[0] + 1,
                         layer.stride[0])
        for j in range(layer.kernel_size[1]):
            horizontal = slice(j * layer.dilation[1], j * layer.dilation[1] + (width - 1) * layer.stride[1] + 1,
                               layer.stride[1])
            part = gram[:, vertical, horizontal, vertical, horizontal]
            total = part.clone() if total is None else total.add_(part)
    return total.reshape(len(total), height * width, height * width)


def input_gram(layer, x, y, method):
    """Gram matrix of the patches: (B · groups, positions, positions)."""
    if method == "shifted":
        return _shifted_gram(layer, x, y)
    seen = patches(layer, x, y)
    return seen @ seen.mT


def _grouped(layer, x, g):
    """Gradients of a convolution's weight as those of one convolution with a group for each example: (B, ...)."""
    plain = layer.padding_mode == "zeros" and not isinstance(layer.padding, str)
    x, padding = (x, layer.padding) if plain else (_padded(layer, x), (0, 0))
    shape = (len(x) * layer.out_channels, *layer.weight.shape[1:])
    g, x = (tensor.reshape(1, -1, *tensor.shape[2:]).contiguous() for tensor in (g, x))
    return torch.ops.aten.convolution_backward(
        g, x, layer.weight.new_empty(shape), None, layer.stride, padding, layer.dilation, False, [0, 0],
        shape[0] // layer.out_channels * layer.groups, [False, True, False],
    )[1]  # fmt: skip


def weight_squared(layer, x, g, method, gram=None):
    """Squared norm of the weight's gradient for each example: (B,); ghost and shifted take `input_gram`'s result."""
    if method == "grouped" and isinstance(layer, nn.Conv2d) and x[0, 0].numel() > 1:  # torch fails on single pixels
        return _grouped(layer, x, g).square_().view(len(g), -1).sum(1)
    seen = outputs(layer, g)
    if method in ("direct", "grouped"):
        return (seen.mT @ patches(layer, x, g)).square_().view(len(g), -1).sum(1)
    return (seen @ seen.mT).mul_(gram).view(len(g), -1).sum(1).clamp_min_(0)  # rounding may go below


def bias_gradient(layer, g):
    """Gradient of a weighted layer's bias for each example: (B, outputs)."""
    return (g.reshape(len(g), -1, g.shape[-1]) if isinstance(layer, nn.Linear) else rows(g)).sum(1)


def scale_gradients(layer, x, g):
    """Gradients of scale and shift of a normalising layer in evaluation mode: two of (B, parameters)."""
    if isinstance(layer, nn.LayerNorm):
        standard = functional.layer_norm(x, layer.normalized_shape, eps=layer.eps)
        shape = (len(g), -1, layer.weight.numel())
        return (g * standard).reshape(shape).sum(1), g.reshape(shape).sum(1)
    if isinstance(layer, nn.GroupNorm):
        standard = functional.group_norm(x, layer.num_groups, eps=layer.eps)
        return rows(g * standard).sum(1), rows(g).sum(1)
    g, x = rows(g), rows(x)
    spread = (layer.running_var + layer.eps).rsqrt()
    return (x - layer.running_mean).mul_(g).sum(1) * spread, g.sum(1)
