"""VGG networks for small images: 3×3 convolutions with batch norm, five 2×2 max-pools, one linear layer."""

from torch import nn
from torch.nn import functional

# convolutions of each stage (configurations B and E of Simonyan and Zisserman 2015) and their widths over the first
STAGES = {"vgg13": (2, 2, 2, 2, 2), "vgg19": (2, 2, 4, 4, 4)}
WIDENING = (1, 2, 4, 8, 8)


class VGG(nn.Module):
    """Images (B, C, H, W) -> logits (B, classes); a pool is left out once the map is one pixel wide."""

    def __init__(self, counts, num_classes, *, in_channels, width):
        super().__init__()
        stages, channels = [], in_channels
        for count, times in zip(counts, WIDENING, strict=True):
            layers = []
            for _ in range(count):
                layers += [nn.Conv2d(channels, width * times, 3, 1, 1, bias=False), nn.BatchNorm2d(width * times),
                           nn.ReLU()]
                channels = width * times
            stages.append(nn.Sequential(*layers))
        self.stages = nn.ModuleList(stages)
        self.num_features = channels
        self.fc = nn.Linear(channels, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def feature_map(self, x):
        """Last activations before pooling: (B, C, H, W) -> (B, num_features, h, w)."""
        for stage in self.stages:
            x = stage(x)
            if min(x.shape[2:]) > 1:  # an 8×8 digit is one pixel after three pools
                x = functional.max_pool2d(x, 2)
        return x

    def features(self, x):
        """Penultimate layer: (B, C, H, W) -> (B, num_features)."""
        return self.feature_map(x).mean((2, 3))

    def forward(self, x):
        return self.fc(self.features(x))


def vgg(name, num_classes, *, in_channels, width):
    """Build a named VGG; see `prunebook.models.build` for the arguments."""
    return VGG(STAGES[name], num_classes, in_channels=in_channels, width=width or 64)
