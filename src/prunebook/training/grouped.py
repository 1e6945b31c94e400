"""K networks of one architecture as one: grouped convolutions, joint batch norm, batched linear layers."""

import copy

import torch
from torch import nn
from torch.nn import functional

from prunebook.models.resnet import ZeroPadShortcut


class GroupedLinear(nn.Module):
    """K linear layers side by side: (b, K·in) -> (b, K·out); weight (K, out, in), bias (K, out)."""

    def __init__(self, layers):
        super().__init__()
        self.runs, self.features = len(layers), layers[0].in_features
        self.weight = nn.Parameter(torch.stack([layer.weight.detach() for layer in layers]))
        self.bias = None
        if layers[0].bias is not None:
            self.bias = nn.Parameter(torch.stack([layer.bias.detach() for layer in layers]))

    def forward(self, x):
        x = x.reshape(len(x), self.runs, self.features).transpose(0, 1)
        weight = self.weight.transpose(1, 2)
        y = torch.bmm(x, weight) if self.bias is None else torch.baddbmm(self.bias[:, None], x, weight)
        return y.transpose(0, 1).flatten(1)


class GroupedZeroPad(nn.Module):
    """Shortcut A for K runs: each run's channels are padded by themselves."""

    def __init__(self, layers):
        super().__init__()
        self.runs, self.stride, self.extra = len(layers), layers[0].stride, layers[0].extra

    def forward(self, x):
        x = x[:, :, :: self.stride, :: self.stride].unflatten(1, (self.runs, -1))
        x = functional.pad(x, (0, 0, 0, 0, self.extra // 2, self.extra - self.extra // 2))
        return x.flatten(1, 2).contiguous(memory_format=torch.channels_last)


def _grouped_conv(layers):
    first, runs = layers[0], len(layers)
    conv = nn.Conv2d(
        runs * first.in_channels, runs * first.out_channels, first.kernel_size, first.stride, first.padding,
        first.dilation, runs * first.groups, first.bias is not None, first.padding_mode,
        device="meta",  # the weights come right after; a real one would draw random numbers for nothing
    )
    for name, parameter in first.named_parameters():
        joined = torch.cat([getattr(layer, name).detach() for layer in layers])
        setattr(conv, name, nn.Parameter(joined, requires_grad=parameter.requires_grad))
    return conv


def _grouped_norm(layers):
    first = layers[0]
    norm = copy.deepcopy(first)
    norm.num_features = len(layers) * first.num_features
    for name, tensor in (*first.named_parameters(), *first.named_buffers()):
        if tensor.ndim:
            joined = torch.cat([getattr(layer, name).detach() for layer in layers])
            setattr(norm, name, nn.Parameter(joined) if isinstance(tensor, nn.Parameter) else joined)
    return norm


GROUPED = {
    nn.Conv2d: _grouped_conv, nn.BatchNorm2d: _grouped_norm, nn.Linear: GroupedLinear, ZeroPadShortcut: GroupedZeroPad
}


def groupable(models):
    """Names of the layers to group; ValueError where the models differ or a layer cannot be grouped."""
    shapes = [{name: tensor.shape for name, tensor in model.state_dict().items()} for model in models]
    if any(shape != shapes[0] for shape in shapes):
        raise ValueError("models: they differ in architecture; models trained together must have equal shapes")
    names = [name for name, module in models[0].named_modules() if type(module) in GROUPED]
    for name, module in models[0].named_modules():
        own = [*module.parameters(recurse=False), *module.buffers(recurse=False)]
        if (own or isinstance(module, nn.Dropout)) and name not in names:
            raise ValueError(f"models: layer {name!r} ({type(module).__name__}) cannot be trained together; "
                             f"valid are {', '.join(kind.__name__ for kind in GROUPED)}")
    return names


class Grouped(nn.Module):
    """K models of one architecture as one network: images (K·b, C, H, W), run by run -> logits (K·b, classes).

    Holds copies of the weights, run after run along the channels; `restore(models)` writes them back. Layers with
    parameters must be convolutions, batch norms or linear layers, otherwise ValueError.
    """

    def __init__(self, models):
        super().__init__()
        self.runs = len(models)
        self.network = copy.deepcopy(models[0])
        for name in groupable(models):
            parts = [model.get_submodule(name) for model in models]
            parent, _, child = name.rpartition(".")
            setattr(self.network.get_submodule(parent), child, GROUPED[type(parts[0])](parts))

    def forward(self, images):
        channels, height, width = images.shape[1:]
        x = images.view(self.runs, -1, channels, height, width).permute(1, 3, 4, 0, 2)
        x = x.reshape(-1, height, width, self.runs * channels).permute(0, 3, 1, 2)  # channels-last, in one copy
        y = self.network(x)
        return y.view(len(y), self.runs, -1).transpose(0, 1).flatten(0, 1)

    @torch.no_grad()
    def restore(self, models):
        """Copy the weights and batch-norm statistics into the K `models`."""
        ours = self.network.state_dict()
        for k, model in enumerate(models):
            for name, tensor in model.state_dict().items():
                source = ours[name]
                if tensor.ndim:
                    source = source.reshape(self.runs, *tensor.shape)[k]
                tensor.copy_(source)
