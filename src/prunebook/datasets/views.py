"""SimCLR's random views for whole batches: random resized crop, flip, colour jitter, grey (Chen et al. 2020)."""

import math
from dataclasses import dataclass

import torch
from torch.nn import functional

GREY = torch.tensor([0.299, 0.587, 0.114])
_YIQ = torch.tensor([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
ATTEMPTS = 10  # torchvision's RandomResizedCrop gives up after ten and takes the whole (square) image


@dataclass(frozen=True)
class ViewDraws:
    """The random numbers of one batch of views; every field's first axis is the image.

    `box`: (B, 4) top, left, height, width in pixels. `flip`: (B,) bool. `factors`: (B, 4) brightness, contrast,
    saturation, hue (turns). `jitter`, `grey`: (B,) bool.
    """

    box: torch.Tensor
    flip: torch.Tensor
    factors: torch.Tensor
    jitter: torch.Tensor
    grey: torch.Tensor

    def __getitem__(self, rows):
        return ViewDraws(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


def draw_views(count, size, generator, *, scale=(0.2, 1.0), strength=(0.4, 0.4, 0.4, 0.1), jitter=0.8, grey=0.2):
    """Random numbers for `count` views of size×size images, distributed as torchvision's transforms draw them."""
    def uniform(*shape):
        return torch.rand(*shape, generator=generator)

    area = size * size * (scale[0] + (scale[1] - scale[0]) * uniform(count, ATTEMPTS))
    ratio = torch.exp(math.log(3 / 4) + math.log(16 / 9) * uniform(count, ATTEMPTS))
    width, height = (area * ratio).sqrt().round(), (area / ratio).sqrt().round()
    fits = (width <= size) & (height <= size) & (width > 0) & (height > 0)
    first = fits.int().argmax(1, keepdim=True)
    some = fits.any(1)
    width = torch.where(some, width.gather(1, first)[:, 0], float(size))
    height = torch.where(some, height.gather(1, first)[:, 0], float(size))
    top, left = (uniform(2, count) * torch.stack([size - height + 1, size - width + 1])).floor()
    spread = torch.tensor(strength)
    factors = 1 + spread * (2 * uniform(count, 4) - 1)
    factors[:, 3] -= 1
    return ViewDraws(
        torch.stack([top, left, height, width], 1), uniform(count) < 0.5, factors,
        uniform(count) < jitter, uniform(count) < grey,
    )


def resized_crops(images, box, flip, out):
    """Crop each image to its box, resize bilinearly to out×out, mirror: (B, C, H, W) float -> (B, C, out, out)."""
    height, width = images.shape[2:]
    steps = (torch.arange(out, device=images.device, dtype=images.dtype) + 0.5) / out
    top, left, rows, columns = box.to(images).T[:, :, None]
    # Coordinates stay inside the box, so that its edge is repeated as if the crop were cut out first.
    y = torch.minimum((top + steps * rows - 0.5).clamp(min=top), top + rows - 1)
    x = torch.minimum((left + steps * columns - 0.5).clamp(min=left), left + columns - 1)
    x = torch.where(flip.to(images.device)[:, None], x.flip(1), x)
    y, x = 2 * (y + 0.5) / height - 1, 2 * (x + 0.5) / width - 1
    grid = torch.stack([x[:, None, :].expand(-1, out, -1), y[:, :, None].expand(-1, -1, out)], -1)
    return functional.grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)


def colour_matrices(means, draws):
    """Brightness, contrast, saturation, hue and grey as one affine map an image: (B, 3) -> (B, 3, 3), (B, 3).

    Hue is a rotation of the chrominance plane (YIQ), which is linear in RGB; torchvision shifts HSV hue. A positive
    factor turns against HSV's direction, which is all the same, since it is drawn symmetrically about 0.
    """
    device = means.device
    grey, yiq, eye = GREY.to(means), _YIQ.to(means), torch.eye(3).to(means)
    to_grey = grey.expand(3, 3)
    bright, contrast, saturation, hue = draws.factors.to(means).T[:, :, None, None]
    matrix = contrast * bright * eye
    offset = (((1 - contrast) * bright)[:, :, 0] * (means @ grey)[:, None]).expand(-1, 3)
    angle = 2 * math.pi * hue[:, 0, 0]
    cos, sin, zero, one = angle.cos(), angle.sin(), torch.zeros_like(angle), torch.ones_like(angle)
    turn = torch.stack([one, zero, zero, zero, cos, -sin, zero, sin, cos], 1).reshape(-1, 3, 3)
    step = torch.linalg.inv(yiq) @ turn @ yiq @ (saturation * eye + (1 - saturation) * to_grey)
    matrix, offset = step @ matrix, (step @ offset[:, :, None])[:, :, 0]
    keep = draws.jitter.to(device)[:, None]
    matrix, offset = torch.where(keep[:, :, None], matrix, eye), torch.where(keep, offset, zero[:, None])
    to_grey = torch.where(draws.grey.to(device)[:, None, None], to_grey, eye)
    return to_grey @ matrix, (to_grey @ offset[:, :, None])[:, :, 0]


def random_views(images, draws, out):
    """One view of each image: (B, C, H, W) float in [0, 1] -> (B, C, out, out) in [0, 1]; colour for C = 3 only."""
    views = resized_crops(images, draws.box, draws.flip, out)
    if images.shape[1] != 3:
        return views
    matrix, offset = colour_matrices(views.mean((2, 3)), draws)
    return torch.baddbmm(offset[:, :, None], matrix, views.flatten(2)).unflatten(2, (out, out)).clamp_(0, 1)
