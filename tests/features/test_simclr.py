"""SimCLR: the loss against a loop, the encoder's shapes, training that learns and goes on after a kill."""

import math

import pytest
import torch

from prunebook import datasets
from prunebook.features.simclr import Encoder, nt_xent, parameter_groups, train_simclr, warmup_cosine
from prunebook.training.checkpoint import Checkpoint

RECIPE = {"epochs": 2, "batch_size": 128, "lr": 0.1, "decay_all": False, "nesterov": True, "temperature": 0.2}


def small_encoder():
    torch.manual_seed(0)
    return Encoder("resnet8", in_channels=1, width=4, expand=16)


@pytest.fixture(scope="module")
def digits():
    return datasets.load("digits")


def slow_nt_xent(a, b, temperature, both):
    """Chen et al. 2020, eq. (1), anchor by anchor."""
    views = [row / row.norm() for row in torch.cat([a, b]).double()]
    count, losses = len(a), []
    for i in range(2 * count if both else count):
        positive = (i + count) % (2 * count)
        similar = [math.exp(float(views[i] @ views[j]) / temperature) for j in range(2 * count)]
        others = sum(similar) - similar[i]
        losses.append(-math.log(similar[positive] / others))
    return sum(losses) / len(losses)


@pytest.mark.parametrize("both", [True, False])
@pytest.mark.parametrize("temperature", [0.1, 0.5])
def test_nt_xent_is_the_papers_equation(both, temperature):
    a, b = torch.randn(2, 7, 5, generator=torch.Generator().manual_seed(1))
    expected = slow_nt_xent(a, b, temperature, both)
    assert float(nt_xent(a, b, temperature, both=both)) == pytest.approx(expected, rel=1e-5)


def test_one_sided_losses_average_to_the_two_sided():
    a, b = torch.randn(2, 7, 5, generator=torch.Generator().manual_seed(1))
    one, other = nt_xent(a, b, 0.1, both=False), nt_xent(b, a, 0.1, both=False)
    assert float(one) != pytest.approx(float(other), rel=1e-3)
    assert float(one + other) / 2 == pytest.approx(float(nt_xent(a, b, 0.1, both=True)), rel=1e-5)


@pytest.mark.parametrize(("expand", "features"), [(0, 32), (48, 48)])
def test_encoder_shapes(expand, features):
    encoder = Encoder("resnet18", in_channels=3, width=4, expand=expand).eval()
    assert encoder(torch.randn(2, 3, 16, 16)).shape == (2, features)
    assert encoder.num_features == features
    assert not any(name.startswith("trunk.fc") for name in encoder.state_dict())


def test_expansion_raises_the_rank_above_the_trunks_width(digits):
    torch.manual_seed(0)
    encoder = Encoder("resnet8", in_channels=1, width=4, expand=48).eval()
    with torch.no_grad():
        features = encoder(digits.train_images[:200].float() / 255)
    assert encoder.trunk.num_features == 16
    assert torch.linalg.matrix_rank(features.double()) > 40


def test_warmup_cosine_has_its_ends():
    factors = [warmup_cosine(step, 100, warmup=0.1, floor=0.01) for step in range(100)]
    assert factors[0] == pytest.approx(0.1)
    assert factors[9] == factors[10] == pytest.approx(1)
    assert factors == factors[:10] + sorted(factors[10:], reverse=True)
    assert factors[-1] < 0.012
    assert warmup_cosine(100, 100, warmup=0.1, floor=0.01) == pytest.approx(0.01)
    assert warmup_cosine(50, 100, warmup=0, floor=0) == pytest.approx(0.5)


@pytest.mark.parametrize("decay_all", [True, False])
def test_norms_and_biases_are_decayed_only_when_asked(decay_all):
    encoder = small_encoder()
    decayed, free = parameter_groups([encoder], 1e-4, decay_all=decay_all)
    assert decayed["weight_decay"] == 1e-4
    assert free["weight_decay"] == 0
    assert len(decayed["params"]) + len(free["params"]) == len(list(encoder.parameters()))
    assert all(p.ndim == 1 for p in free["params"])
    assert bool(free["params"]) == (not decay_all)


def test_training_lowers_the_loss_and_ends_in_evaluation_mode(digits):
    encoder, losses = small_encoder(), []
    train_simclr(encoder, digits.train_images, digits.mean, digits.std, **RECIPE,
                 progress=lambda epoch, epochs, loss: losses.append(loss))
    assert len(losses) == 2
    assert losses[1] < losses[0] - 0.1
    assert not encoder.training


def test_a_killed_training_goes_on_to_the_same_weights(digits, tmp_path):
    def stop_in_epoch_two(epoch, epochs, loss):
        if epoch == 2:
            raise KeyboardInterrupt

    images = digits.train_images[:600]
    arguments = (images, digits.mean, digits.std)
    whole = small_encoder()
    train_simclr(whole, *arguments, **RECIPE, seed=5)
    with pytest.raises(KeyboardInterrupt):
        train_simclr(small_encoder(), *arguments, **RECIPE, seed=5, progress=stop_in_epoch_two,
                     checkpoint=Checkpoint(tmp_path / "half.pt", every=0))
    assert Checkpoint(tmp_path / "half.pt").load()["epoch"] == 1
    resumed, epochs = small_encoder(), []
    seconds = train_simclr(resumed, *arguments, **RECIPE, seed=5, checkpoint=Checkpoint(tmp_path / "half.pt", every=0),
                           progress=lambda epoch, *_, loss: epochs.append(epoch))
    assert epochs == [2]
    assert seconds > 0
    for name, tensor in whole.state_dict().items():
        assert torch.equal(tensor, resumed.state_dict()[name]), name


def test_the_seed_decides_the_training_and_torchs_generator_is_left_alone(digits):
    def trained(seed):
        encoder = small_encoder()
        state = torch.get_rng_state()
        train_simclr(encoder, digits.train_images[:128], digits.mean, digits.std, **RECIPE | {"epochs": 1}, seed=seed)
        assert torch.equal(torch.get_rng_state(), state)
        return encoder.trunk.stem.weight.detach()

    first = trained(1)
    assert torch.equal(trained(1), first)
    assert not torch.equal(trained(2), first)


@pytest.mark.parametrize(("options", "message"), [
    ({"precision": "float16"}, "'bfloat16'"), ({"epochs": 0}, "epochs"), ({"batch_size": 1}, "batch_size"),
])
def test_unknown_values_are_errors(digits, options, message):
    with pytest.raises(ValueError, match=message):
        train_simclr(small_encoder(), digits.train_images[:64], digits.mean, digits.std, **RECIPE | options)
