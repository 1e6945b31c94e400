"""SimCLR's batched views against torchvision's functions and distributions."""

import colorsys
import dataclasses

import pytest
import torch
from scipy import stats
from torchvision.transforms import RandomResizedCrop, functional

from prunebook.datasets.views import GREY, ViewDraws, colour_matrices, draw_views, random_views, resized_crops


def pictures(count, size=32, seed=0, dtype=torch.float64):
    return torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def drawn(count, size=32, seed=1, **options):
    return draw_views(count, size, torch.Generator().manual_seed(seed), **options)


def colour_only(factors):
    """Draws that jitter every image by the given (B, 4) factors and do nothing else."""
    count = len(factors)
    never = torch.zeros(count, dtype=bool)
    return ViewDraws(torch.zeros(count, 4), never, torch.as_tensor(factors), ~never, never)


def apply(images, draws):
    matrix, offset = colour_matrices(images.mean((2, 3)), draws)
    return torch.einsum("bij,bjhw->bihw", matrix, images) + offset[:, :, None, None]


@pytest.mark.parametrize("out", [24, 32])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 2e-5)])
def test_resized_crops_are_torchvisions(out, dtype, tolerance):
    images, draws = pictures(64, dtype=dtype), drawn(64)
    expected = []
    for image, box, flip in zip(images, draws.box.int().tolist(), draws.flip.tolist(), strict=True):
        crop = functional.resized_crop(image[None], *box, [out, out], antialias=False)[0]
        expected.append(functional.hflip(crop) if flip else crop)
    result = resized_crops(images, draws.box, draws.flip, out)
    torch.testing.assert_close(result, torch.stack(expected), rtol=0, atol=tolerance)
    assert 10 < draws.flip.sum() < 54


def test_colour_equals_torchvisions_steps_one_after_the_other():
    images = 0.4 + 0.2 * pictures(16, size=8)  # so far inside [0, 1] that no step clamps
    factors = torch.ones(16, 4, dtype=torch.float64)
    generator = torch.Generator().manual_seed(2)
    factors[:, :3] = 0.6 + 0.8 * torch.rand(16, 3, generator=generator, dtype=torch.float64)
    factors[:, 3] = 0
    expected = []
    for image, (bright, contrast, saturation, _) in zip(images, factors.tolist(), strict=True):
        image = functional.adjust_brightness(image, bright)
        image = functional.adjust_contrast(image, contrast)
        expected.append(functional.adjust_saturation(image, saturation))
    expected = torch.stack(expected)
    assert expected.min() > 0
    assert expected.max() < 1
    # torchvision writes the red weight of grey as 0.2989, not 0.299.
    torch.testing.assert_close(apply(images, colour_only(factors)), expected, rtol=0, atol=3e-4)


def test_without_colour_factors_nothing_changes():
    images = pictures(4, size=8)
    unchanged = colour_only(torch.tensor([[1.0, 1.0, 1.0, 0.0]] * 4))
    torch.testing.assert_close(apply(images, unchanged), images, rtol=0, atol=1e-9)
    not_drawn = dataclasses.replace(colour_only(torch.full((4, 4), 0.3)), jitter=torch.zeros(4, dtype=bool))
    assert torch.equal(apply(images, not_drawn), images)


def test_hue_keeps_luma_and_turns_the_colour():
    images = 0.4 + 0.2 * pictures(8, size=4)
    factors = torch.tensor([[1.0, 1.0, 1.0, turn] for turn in (-0.1, -0.07, -0.03, -0.01, 0.01, 0.03, 0.07, 0.1)])
    turned = apply(images, colour_only(factors))
    luma = GREY.double()
    torch.testing.assert_close(
        torch.einsum("c,bchw->bhw", luma, turned), torch.einsum("c,bchw->bhw", luma, images), rtol=0, atol=1e-7
    )
    assert ((turned - images).abs().amax((1, 2, 3)) > 1e-3).all()
    back = apply(turned, colour_only(factors * torch.tensor([1.0, 1.0, 1.0, -1.0])))
    torch.testing.assert_close(back, images, rtol=0, atol=1e-6)


def test_hue_turns_about_as_far_as_hsv_does_the_other_way_round():
    red = torch.tensor([0.8, 0.3, 0.3], dtype=torch.float64).view(1, 3, 1, 1)
    for turn in (-0.05, 0.05):
        turned = apply(red, colour_only(torch.tensor([[1.0, 1.0, 1.0, turn]]))).flatten().tolist()
        hue = (colorsys.rgb_to_hsv(*turned)[0] + 0.5) % 1 - 0.5
        assert 0.5 < -hue / turn < 1.5  # equal angles in YIQ are not quite equal ones in HSV


def test_grey_views_have_equal_channels():
    draws = drawn(200, size=8)
    views = random_views(pictures(200, size=8, dtype=torch.float32), draws, 8)
    spread = (views.amax(1) - views.amin(1)).amax((1, 2))
    assert (spread[draws.grey] < 1e-5).all()
    assert (spread[~draws.grey] > 1e-3).all()
    assert views.min() >= 0
    assert views.max() <= 1
    assert stats.binomtest(int(draws.grey.sum()), 200, 0.2).pvalue > 1e-3
    assert stats.binomtest(int(draws.jitter.sum()), 200, 0.8).pvalue > 1e-3


def test_single_channel_images_are_only_cropped():
    images, draws = pictures(5, size=8)[:, :1].float(), drawn(5, size=8)
    assert torch.equal(random_views(images, draws, 8), resized_crops(images, draws.box, draws.flip, 8))


@pytest.mark.parametrize("scale", [(0.2, 1.0), (0.5, 0.6)])
def test_boxes_are_distributed_as_torchvisions(scale):
    ours = drawn(3000, seed=7, scale=scale).box
    torch.manual_seed(8)
    image = torch.zeros(3, 32, 32)
    theirs = torch.tensor([RandomResizedCrop.get_params(image, scale, (3 / 4, 4 / 3)) for _ in range(3000)])
    quantities = {
        "area": lambda box: box[:, 2] * box[:, 3], "ratio": lambda box: box[:, 3] / box[:, 2],
        "top": lambda box: box[:, 0], "left": lambda box: box[:, 1],
        "bottom": lambda box: box[:, 0] + box[:, 2], "right": lambda box: box[:, 1] + box[:, 3],
    }
    for name, quantity in quantities.items():
        assert stats.ks_2samp(quantity(ours), quantity(theirs.float())).pvalue > 1e-3, name
    assert (ours[:, :2] >= 0).all()
    assert (ours[:, 0] + ours[:, 2] <= 32).all()
    assert (ours[:, 1] + ours[:, 3] <= 32).all()
    area, ratio = ours[:, 2] * ours[:, 3] / 32**2, ours[:, 3] / ours[:, 2]
    assert area.min() > scale[0] - 0.04
    assert area.max() < scale[1] + 0.04
    assert ratio.min() > 0.75 - 0.05
    assert ratio.max() < 4 / 3 + 0.08


def test_boxes_from_a_wrong_scale_are_told_apart():
    area = [drawn(3000, seed=s, scale=scale).box[:, 2:].prod(1) for s, scale in ((1, (0.2, 1.0)), (2, (0.3, 1.0)))]
    assert stats.ks_2samp(*area).pvalue < 1e-6


def test_factors_are_uniform():
    factors = drawn(3000).factors.numpy()
    for column, (low, high) in enumerate([(0.6, 1.4)] * 3 + [(-0.1, 0.1)]):
        assert stats.kstest(factors[:, column], stats.uniform(low, high - low).cdf).pvalue > 1e-3


def test_a_batch_equals_its_images_one_at_a_time():
    images, draws = pictures(12, dtype=torch.float32), drawn(12)
    together = random_views(images, draws, 24)
    for i in range(12):
        alone = random_views(images[i : i + 1], draws[i : i + 1], 24)
        torch.testing.assert_close(alone[0], together[i], rtol=0, atol=1e-5)


def test_a_seed_means_the_same_draws():
    first, again, other = drawn(9, seed=3), drawn(9, seed=3), drawn(9, seed=4)
    for field in dataclasses.fields(ViewDraws):
        assert torch.equal(getattr(first, field.name), getattr(again, field.name))
    assert not torch.equal(first.box, other.box)
