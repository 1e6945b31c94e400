"""Residual networks as the five papers use them: small-image, ImageNet-style and pre-activation forms."""

from torch import nn
from torch.nn import functional

# blocks in each stage, bottleneck?, width of the first stage
THREE_STAGE = {f"resnet{depth}": ((depth - 2) // 6, False) for depth in (8, 14, 20, 32, 44, 56, 110)}
THREE_STAGE["resnet164"] = ((164 - 2) // 9, True)
FOUR_STAGE = {"resnet18": ((2, 2, 2, 2), False), "resnet50": ((3, 4, 6, 3), True)}


class ZeroPadShortcut(nn.Module):
    """Shortcut A of He et al. 2016: subsample, then pad new channels with zeros; no parameters."""

    def __init__(self, in_channels: int, out_channels: int, stride: int):
        super().__init__()
        self.stride, self.extra = stride, out_channels - in_channels

    def forward(self, x):
        x = x[:, :, :: self.stride, :: self.stride]
        return functional.pad(x, (0, 0, 0, 0, self.extra // 2, self.extra - self.extra // 2))


class Block(nn.Module):
    """Basic or bottleneck residual block, after He et al. 2016 (`preact`: their second paper)."""

    def __init__(self, in_channels, width, stride, *, bottleneck, preact, shortcut):
        super().__init__()
        out_channels = 4 * width if bottleneck else width
        kernels = (1, 3, 1) if bottleneck else (3, 3)
        strides = (1, stride, 1) if bottleneck else (stride, 1)
        sizes = (in_channels, width, width, out_channels) if bottleneck else (in_channels, width, width)
        self.preact = preact
        self.convs = nn.ModuleList(
            nn.Conv2d(i, o, k, s, k // 2, bias=False)
            for i, o, k, s in zip(sizes[:-1], sizes[1:], kernels, strides, strict=True)
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(c) for c in (sizes[:-1] if preact else sizes[1:]))
        self.shortcut = nn.Identity()
        if stride != 1 or in_channels != out_channels:
            if shortcut == "A":
                self.shortcut = ZeroPadShortcut(in_channels, out_channels, stride)
            else:
                self.shortcut = nn.Sequential(nn.Conv2d(in_channels, out_channels, 1, stride, bias=False))
                if not preact:
                    self.shortcut.append(nn.BatchNorm2d(out_channels))
        self.out_channels = out_channels

    def forward(self, x):
        if not self.preact:
            y = x
            for i, (conv, norm) in enumerate(zip(self.convs, self.norms, strict=True)):
                y = norm(conv(y))
                if i + 1 < len(self.convs):
                    y = functional.relu(y)
            return functional.relu(y + self.shortcut(x))
        y = functional.relu(self.norms[0](x))
        # The projection sees the activated input, the identity the raw one (He et al. 2016b, fig. 4e).
        skip = x if isinstance(self.shortcut, nn.Identity) else self.shortcut(y)
        y = self.convs[0](y)
        for conv, norm in zip(self.convs[1:], self.norms[1:], strict=True):
            y = conv(functional.relu(norm(y)))
        return y + skip


class ResNet(nn.Module):
    """Residual network: images (B, C, H, W) -> logits (B, classes); `features` gives the pooled layer."""

    def __init__(self, blocks, num_classes, *, in_channels, width, stem, preact, shortcut, bottleneck):
        super().__init__()
        if stem == "imagenet":
            self.stem = nn.Conv2d(in_channels, width, 7, 2, 3, bias=False)
        else:
            self.stem = nn.Conv2d(in_channels, width, 3, 1, 1, bias=False)
        self.stem_norm = nn.Identity() if preact else nn.BatchNorm2d(width)
        self.pool = nn.Identity() if stem == "small" else nn.MaxPool2d(3, 2, 1)
        stages, channels = [], width
        for stage, count in enumerate(blocks):
            for i in range(count):
                stride = 2 if stage > 0 and i == 0 else 1
                block = Block(
                    channels, width * 2**stage, stride, bottleneck=bottleneck, preact=preact, shortcut=shortcut
                )
                stages.append(block)
                channels = block.out_channels
        self.blocks = nn.Sequential(*stages)
        self.final_norm = nn.BatchNorm2d(channels) if preact else nn.Identity()
        self.preact = preact
        self.num_features = channels
        self.fc = nn.Linear(channels, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def feature_map(self, x):
        """Last activations before pooling: (B, C, H, W) -> (B, num_features, h, w)."""
        x = self.stem(x)
        if not self.preact:
            x = functional.relu(self.stem_norm(x))
        x = self.blocks(self.pool(x))
        return functional.relu(self.final_norm(x)) if self.preact else x

    def features(self, x):
        """Penultimate layer: (B, C, H, W) -> (B, num_features)."""
        return self.feature_map(x).mean((2, 3))

    def forward(self, x):
        return self.fc(self.features(x))


def resnet(name, num_classes, *, in_channels, width, stem, preact, shortcut):
    """Build a named ResNet; see `prunebook.models.build` for the arguments."""
    common = {"in_channels": in_channels, "stem": stem, "preact": preact, "shortcut": shortcut}
    if name in THREE_STAGE:
        count, bottleneck = THREE_STAGE[name]
        return ResNet((count,) * 3, num_classes, width=width or 16, bottleneck=bottleneck, **common)
    blocks, bottleneck = FOUR_STAGE[name]
    return ResNet(blocks, num_classes, width=width or 64, bottleneck=bottleneck, **common)
