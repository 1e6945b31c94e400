"""Batched crop, flip and normalisation against torchvision, image by image."""

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import stats
from torchvision import transforms
from torchvision.transforms import functional

from prunebook.datasets.augment import crop_flip, draw_crop_flip, normalize

MEAN, STD = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)
LAYOUTS = {"planar": torch.contiguous_format, "channels last": torch.channels_last}


def pictures(count=24, channels=3, height=12, width=10, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, channels, height, width), dtype=torch.uint8, generator=generator)


def draws(count, padding, seed=1):
    return draw_crop_flip(count, padding, torch.Generator().manual_seed(seed))


def one_at_a_time(images, offsets, flips, padding, mode):
    height, width = images.shape[2:]
    results = []
    for image, (top, left), flip in zip(images, offsets.tolist(), flips.tolist(), strict=True):
        crop = functional.crop(functional.pad(image, padding, padding_mode=mode), top, left, height, width)
        results.append(functional.hflip(crop) if flip else crop)
    return torch.stack(results)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("mode", ["constant", "reflect"])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("padding", [0, 1, 4])
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float64])
def test_crops_and_flips_are_torchvisions(layout, mode, channels, padding, dtype):
    images = pictures(channels=channels).to(dtype).contiguous(memory_format=LAYOUTS[layout])
    before, (offsets, flips) = images.clone(), draws(len(images), padding)
    result = crop_flip(images, offsets, flips, padding=padding, mode=mode)
    assert torch.equal(result, one_at_a_time(images, offsets, flips, padding, mode))
    assert result.is_contiguous(memory_format=LAYOUTS[layout])
    assert torch.equal(images, before)


def test_every_corner_offset_is_in_reach():
    images = pictures(4)
    offsets = torch.tensor([[0, 0], [0, 8], [8, 0], [8, 8]])
    flips = torch.tensor([False, True, True, False])
    expected = one_at_a_time(images, offsets, flips, 4, "constant")
    assert torch.equal(crop_flip(images, offsets, flips), expected)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_whole_path_equals_the_pil_loader_bit_for_bit(layout):
    images = pictures(height=32, width=32)
    offsets, flips = draws(len(images), 4)
    tail = transforms.Compose([transforms.ToTensor(), transforms.Normalize(MEAN, STD)])
    expected = []
    for image, (top, left), flip in zip(images, offsets.tolist(), flips.tolist(), strict=True):
        picture = functional.pad(Image.fromarray(image.permute(1, 2, 0).numpy()), 4)
        picture = functional.crop(picture, top, left, 32, 32)
        expected.append(tail(functional.hflip(picture) if flip else picture))
    resident = images.contiguous(memory_format=LAYOUTS[layout])
    assert torch.equal(normalize(crop_flip(resident, offsets, flips), MEAN, STD), torch.stack(expected))


def test_stacked_runs_equal_each_run_alone():
    stacked = pictures(30).unflatten(0, (5, 6))
    offsets, flips = draws(30, 4)
    together = crop_flip(stacked.flatten(0, 1), offsets, flips).unflatten(0, (5, 6))
    for k in range(5):
        rows = slice(6 * k, 6 * k + 6)
        assert torch.equal(together[k], crop_flip(stacked[k], offsets[rows], flips[rows]))


def test_a_view_of_a_larger_tensor_is_cropped_as_its_copy_is():
    images = pictures(20)[::2, :, 1:, :-1]
    offsets, flips = draws(10, 4)
    assert torch.equal(crop_flip(images, offsets, flips), crop_flip(images.contiguous(), offsets, flips))


def test_no_images_give_no_images():
    assert crop_flip(pictures(0), torch.zeros(0, 2, dtype=torch.int64), torch.zeros(0, dtype=bool)).shape[0] == 0


@pytest.mark.parametrize(("arguments", "options", "message"), [
    ((torch.zeros(2, 3, 8, 8), torch.zeros(3, 2).long(), torch.zeros(2).bool()), {}, "offsets, flips"),
    ((torch.zeros(2, 3, 8, 8), torch.full((2, 2), 9), torch.zeros(2).bool()), {}, r"offsets.*\[0, 8\]"),
    ((torch.zeros(2, 3, 8, 8), torch.full((2, 2), -1), torch.zeros(2).bool()), {}, r"offsets.*\[0, 8\]"),
    ((torch.zeros(3, 8, 8), torch.zeros(3, 2).long(), torch.zeros(3).bool()), {}, "images"),
    ((torch.zeros(2, 3, 8, 8), torch.zeros(2, 2).long(), torch.zeros(2).bool()), {"mode": "reflekt"}, "'reflect'"),
    ((torch.zeros(2, 3, 4, 4), torch.zeros(2, 2).long(), torch.zeros(2).bool()), {"mode": "reflect"}, "padding"),
    ((torch.zeros(2, 3, 8, 8), torch.zeros(2, 2).long(), torch.zeros(2).bool()), {"padding": -1}, "padding"),
])
def test_arguments_that_do_not_fit_are_errors(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        crop_flip(*arguments, **options)


def test_draws_are_uniform_and_follow_their_seed():
    offsets, flips = draws(9000, 4, seed=5)
    for axis in (0, 1):
        assert stats.chisquare(np.bincount(offsets[:, axis], minlength=9)).pvalue > 1e-3
    assert len(offsets[:, 0].bincount(minlength=9)) == 9
    assert stats.binomtest(int(flips.sum()), 9000).pvalue > 1e-3
    again = draws(9000, 4, seed=5)
    assert torch.equal(offsets, again[0])
    assert torch.equal(flips, again[1])
    assert not torch.equal(offsets, draws(9000, 4, seed=6)[0])


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_normalize_in_other_precisions(layout, dtype):
    images = pictures().contiguous(memory_format=LAYOUTS[layout])
    exact = (images.double() / 255 - torch.tensor(MEAN).double()[:, None, None]) / torch.tensor(STD)[:, None, None]
    result = normalize(images, MEAN, STD, dtype)
    assert result.dtype == dtype
    assert result.is_contiguous(memory_format=LAYOUTS[layout])
    if dtype == torch.float64:
        mean, std = (torch.tensor(v, dtype=dtype)[:, None, None] for v in (MEAN, STD))
        assert torch.equal(result, (images.double() / 255 - mean) / std)
    else:
        torch.testing.assert_close(result.double(), exact, rtol=2**-8, atol=1e-6)


def test_normalize_takes_pixels_only():
    with pytest.raises(ValueError, match="uint8"):
        normalize(torch.zeros(2, 3, 8, 8), MEAN, STD)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("drawn_on", ["cpu", "cuda"])
def test_cuda_gives_the_cpus_pixels(layout, drawn_on):
    images = pictures().contiguous(memory_format=LAYOUTS[layout])
    offsets, flips = draws(len(images), 4)
    result = crop_flip(images.cuda(), offsets.to(drawn_on), flips.to(drawn_on))
    assert torch.equal(result.cpu(), crop_flip(images, offsets, flips))
    torch.testing.assert_close(
        normalize(result, MEAN, STD).cpu(), normalize(result.cpu(), MEAN, STD), rtol=1e-6, atol=1e-6
    )
