"""Random crop, flip and normalisation of whole uint8 batches, equal bit for bit to torchvision image by image.

Measured by tests/benchmarks/bench_loading.py. A crop is copied row by row of pixels out of the padded batch
(`index_select` of contiguous runs is a memory copy; a gather of single pixels is an order of magnitude slower).
"""

import functools

import torch
from torch.nn import functional

from prunebook.arrays.checks import choice, integer


def draw_crop_flip(n, padding, generator):
    """Random numbers of `n` crops and flips: offsets int64 (n, 2) in [0, 2·padding], flips bool (n,)."""
    offsets = torch.randint(0, 2 * padding + 1, (n, 2), generator=generator, device=generator.device)
    return offsets, torch.rand(n, generator=generator, device=generator.device) < 0.5


def crop_flip(images, offsets, flips, *, padding=4, mode="constant"):
    """Pad by `padding` pixels, cut H×W at (top, left) = offsets, mirror where `flips`: (B, C, H, W) -> the same.

    Any dtype and device; channels-last images stay so. `mode`: "constant" (zeros) or "reflect". Stacked runs
    (K, B, …) go in with their first two axes flattened. Raises ValueError for shapes that do not fit, or offsets
    (checked on the CPU) outside [0, 2·padding].
    """
    choice("mode", mode, ("constant", "reflect"))
    integer("padding", padding, 0)
    _check(images, offsets, flips, padding)
    count, channels, height, width = images.shape
    device = images.device
    planar = images.is_contiguous() or not images.is_contiguous(memory_format=torch.channels_last)
    padded = _pad(images, padding, mode, torch.contiguous_format if planar else torch.channels_last)
    per_image, per_channel, per_row, per_pixel = padded.stride()
    run = width * per_pixel
    top, left = offsets.to(device).T
    starts = (torch.arange(count, device=device) * per_image + top * per_row + left * per_pixel)[:, None, None]
    starts = starts + torch.arange(channels if planar else 1, device=device)[:, None] * per_channel
    starts = starts + torch.arange(height, device=device) * per_row
    crops = padded.as_strided((max(padded.numel() - run + 1, 0), run), (1, 1)).index_select(0, starts.flatten())
    # Both forms of every crop, then a choice: cheaper than writing half of them back, and nothing waits for a count.
    if planar:
        crops = crops.view(count, channels, height, width)
        return _either(crops, crops.flip(3), flips)
    crops = crops.view(count, height, width, channels)
    return _either(crops, crops.flip(2), flips).permute(0, 3, 1, 2)


def _either(plain, mirrored, flips):
    rows = torch.arange(len(plain), device=plain.device) + len(plain) * flips.to(plain.device)
    return torch.cat([plain, mirrored]).index_select(0, rows)


def _check(images, offsets, flips, padding):
    if images.ndim != 4:
        raise ValueError(f"images: shape {tuple(images.shape)} is not valid; it must be (B, C, H, W)")
    count = len(images)
    if offsets.shape != (count, 2) or flips.shape != (count,):
        raise ValueError(
            f"offsets, flips: shapes {tuple(offsets.shape)}, {tuple(flips.shape)} are not valid for {count} images; "
            f"they must be ({count}, 2) and ({count},)"
        )
    # Looking at values on an accelerator would wait for it at every batch.
    if count and offsets.device.type == "cpu" and (offsets.min() < 0 or offsets.max() > 2 * padding):
        raise ValueError(f"offsets: values must lie in [0, {2 * padding}] for padding={padding}")


def _pad(images, padding, mode, layout):
    if mode == "reflect" and padding:
        height, width = images.shape[2:]
        if padding >= min(height, width):
            raise ValueError(f"padding: {padding} is not valid; it must be below the images' {height}×{width}")
        for axis, size in ((2, height), (3, width)):
            place = torch.arange(-padding, size + padding, device=images.device).abs()
            images = images.index_select(axis, torch.minimum(place, 2 * (size - 1) - place))
    elif padding:
        images = functional.pad(images, (padding,) * 4)
    return images.contiguous(memory_format=layout)


def normalize(images, mean, std, dtype=torch.float32):
    """(pixels/255 − mean)/std, a channel each: uint8 (B, C, H, W) -> `dtype`, as ToTensor and Normalize round it.

    float64 is computed in float64; narrower types are rounded from float32. Channels-last images stay so.
    """
    if images.dtype != torch.uint8:
        raise ValueError(f"images: {images.dtype} is not valid; pixels must be torch.uint8")
    exact = torch.float64 if dtype == torch.float64 else torch.float32
    values = images.to(exact)
    planar = values.is_contiguous() or not values.is_contiguous(memory_format=torch.channels_last)
    mean, std = (_on_device(tuple(map(float, v)), exact, images.device) for v in (mean, std))
    if planar:
        rows, mean, std = values, mean[:, None, None], std[:, None, None]
    else:  # an inner axis of three values would keep the arithmetic from being vectorised
        rows = values.permute(0, 2, 3, 1).flatten(2)
        mean, std = mean.repeat(images.shape[3]), std.repeat(images.shape[3])
    rows.div_(255).sub_(mean).div_(std)
    return values.to(dtype)


@functools.lru_cache(maxsize=64)
def _on_device(values, dtype, device):
    return torch.tensor(values, dtype=dtype, device=device)
