"""The architectures as the papers use them.

Parameters for 10 classes and 3 input channels, shortcut B and small stem (tested):

| name | plain | preact | shortcut A | used by |
|---|---:|---:|---:|---|
| resnet8 | 78,042 | 77,850 | 75,290 | prunefuse |
| resnet14 | 175,258 | 175,066 | 172,506 | prunefuse |
| resnet20 | 272,474 | 272,282 | 269,722 | prunefuse |
| resnet32 | 466,906 | 466,714 | 464,154 | hypersparse (at width 32: 1,860,522) |
| resnet44 | 661,338 | 661,146 | 658,586 | |
| resnet56 | 855,770 | 855,578 | 853,018 | prunefuse |
| resnet110 | 1,730,714 | 1,730,522 | 1,727,962 | prunefuse |
| resnet164 | 1,704,154 | 1,703,258 | 1,661,274 | prunefuse (preact) |
| resnet18 | 11,173,962 | 11,172,170 | 11,000,138 | norms (stem "pool"), datadiet, drophot (stem "imagenet") |
| resnet50 | 23,520,842 | 23,513,162 | 20,744,266 | prunefuse, drophot (stem "imagenet"; 1000 classes: 25,557,032) |

| VGG | parameters | used by |
|---|---:|---|
| vgg13 | 9,413,066 | datadiet |
| vgg19 | 20,035,018 | hypersparse |
"""

from prunebook.arrays.checks import choice, integer
from prunebook.models.resnet import FOUR_STAGE, THREE_STAGE, resnet
from prunebook.models.vgg import STAGES, vgg

__all__ = ["NAMES", "build"]

NAMES = (*THREE_STAGE, *FOUR_STAGE, *STAGES)


def build(name, num_classes, *, in_channels=3, width=None, stem="small", preact=False, shortcut="B"):
    """Build an untrained network: images (B, in_channels, H, W) -> logits (B, num_classes).

    `width`: channels of the first stage (None: 16 for resnet8 … 164, 64 for resnet18, 50 and VGG). `stem`: "small"
    (3×3), "pool" (3×3 and a 3×3/2 max-pool, as the TypiClust code has it) or "imagenet" (7×7/2 and max-pool).
    `preact`: pre-activation blocks. `shortcut`: "A" zero padding or "B" 1×1 convolution.
    These three belong to residual networks; VGG takes none of them but the defaults.
    Raises ValueError for an unknown name or option. Weights come from torch's global generator.
    """
    choice("name", name, NAMES)
    choice("stem", stem, ("small", "pool", "imagenet"))
    choice("shortcut", shortcut, ("A", "B"))
    integer("num_classes", num_classes, 1)
    integer("in_channels", in_channels, 1)
    if width is not None:
        integer("width", width, 1)
    if name in STAGES:
        given = {"stem": (stem, "small"), "preact": (preact, False), "shortcut": (shortcut, "B")}
        for argument, (value, only) in given.items():
            if value != only:
                raise ValueError(f"{argument}: {value!r} is not valid for {name}; it must be {only!r}")
        return vgg(name, num_classes, in_channels=in_channels, width=width)
    return resnet(name, num_classes, in_channels=in_channels, width=width, stem=stem, preact=preact, shortcut=shortcut)
