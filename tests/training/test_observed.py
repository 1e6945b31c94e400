"""A watched training is the training itself; what it saw equals a loop written out with torch."""

import copy

import pytest
import torch

from prunebook import models
from prunebook.datasets.augment import crop_flip, draw_crop_flip, normalize
from prunebook.training.checkpoint import Checkpoint
from prunebook.training.loop import train
from prunebook.training.observed import train_observed
from prunebook.training.settings import Training

STATISTICS = dict(mean=(0.3,), std=(0.4,))
SETTINGS = Training(epochs=4, batch_size=5, lr=0.05, drop_last=True, schedule="constant", precision="float64")


def examples(n=13, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (n, 1, 8, 8), dtype=torch.uint8, generator=generator), torch.arange(n) % 10


def network(seed=0):
    torch.manual_seed(seed)
    return models.build("resnet8", 10, in_channels=1, width=4)


def equal(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def observe(model=None, at=(2, 4), settings=SETTINGS, seed=7, **options):
    model = model or network()
    history, seen = train_observed(model, *examples(), settings, seed=seed, at=at, **STATISTICS, **options)
    return model, history, seen


@pytest.mark.parametrize("drop_last", [True, False])
def test_what_was_seen_equals_a_loop_written_out(drop_last):
    settings = Training(epochs=3, batch_size=5, lr=0.05, drop_last=drop_last, schedule="constant", precision="float64")
    seen = observe(settings=settings, at=(1, 3))[2]

    images, labels = examples()
    theirs, generator, kept = network().double(), torch.Generator().manual_seed(7), {}
    optimizer = torch.optim.SGD(theirs.parameters(), 0.05, momentum=0.9, weight_decay=5e-4)
    correct, drawn = torch.zeros(2, 3, 13, dtype=torch.bool)
    for epoch in range(3):
        order = torch.randperm(13, generator=generator)
        offsets, flips = draw_crop_flip(13, 4, generator)
        for rows in torch.arange(10 if drop_last else 13).split(5):
            part = order[rows]
            pixels = crop_flip(images[part], offsets[rows], flips[rows], padding=4)
            logits = theirs(normalize(pixels, (0.3,), (0.4,), torch.float64))
            correct[epoch, part] = logits.argmax(1) == labels[part]
            drawn[epoch, part] = True
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(logits, labels[part]).backward()
            optimizer.step()
        kept[epoch + 1] = copy.deepcopy(theirs.state_dict())
    assert torch.equal(seen.correct, correct)
    assert torch.equal(seen.seen, drawn)
    assert seen.seen.sum(1).tolist() == [10 if drop_last else 13] * 3
    assert 0 < seen.correct.sum() < seen.seen.sum()  # otherwise nothing was compared
    assert list(seen.weights) == [1, 3]
    for epoch, state in seen.weights.items():
        for name, value in state.items():
            torch.testing.assert_close(value, kept[epoch][name], rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_watching_changes_nothing(precision):
    settings = Training(epochs=3, batch_size=5, lr=0.05, precision=precision)
    plain, (images, labels) = network(), examples()
    before = images.clone(), labels.clone()
    expected = train(plain, images, labels, settings, seed=7, **STATISTICS)
    told = []
    watched, history, seen = observe(settings=settings, at=(), progress=lambda *at, **said: told.append((at, *said)))
    assert equal(watched.state_dict(), plain.state_dict())
    assert (history.train_loss, history.train_accuracy) == (expected.train_loss, expected.train_accuracy)
    assert history.train_accuracy == pytest.approx(float(seen.correct[-1].float().mean()))
    assert told == [((1, 3), "loss"), ((2, 3), "loss"), ((3, 3), "loss")]
    assert seen.weights == {}
    assert torch.equal(images, before[0])
    assert torch.equal(labels, before[1])


def test_kept_weights_are_those_of_a_training_that_ends_there():
    model, _, seen = observe(at=(2, 4))
    shorter = observe(at=(2,), settings=Training(**{**vars(SETTINGS), "epochs": 2}))[0]
    assert equal(seen.weights[2], shorter.state_dict())
    assert equal(seen.weights[4], model.state_dict())
    assert not equal(seen.weights[2], seen.weights[4])
    assert all(value.device.type == "cpu" for value in seen.weights[2].values())


class Killed(Exception):
    pass


def test_killed_and_resumed_saw_the_same(tmp_path):
    through, expected, whole = observe(at=(1, 3, 4))

    def kill(done, total, **values):
        if done == 3:
            raise Killed

    path = tmp_path / "training.pt"
    with pytest.raises(Killed):
        observe(at=(1, 3, 4), checkpoint=Checkpoint(path, every=0), progress=kill)
    for seed in (99, 5):  # the second time there is nothing left to train
        resumed, history, seen = observe(network(seed), at=(1, 3, 4), checkpoint=Checkpoint(path, every=0))
        assert equal(resumed.state_dict(), through.state_dict())
        assert torch.equal(seen.correct, whole.correct)
        assert torch.equal(seen.seen, whole.seen)
        assert list(seen.weights) == [1, 3, 4]
        assert all(equal(seen.weights[epoch], whole.weights[epoch]) for epoch in (1, 3, 4))
        assert history.train_loss == expected.train_loss


def test_no_hook_is_left_behind():
    assert not observe()[0]._forward_hooks
    model = network()

    def kill(done, total, **values):
        raise Killed

    with pytest.raises(Killed):
        observe(model, progress=kill)
    assert not model._forward_hooks


@pytest.mark.parametrize("at", [(0,), (2, 5), (-1,)])
def test_epochs_that_never_come_are_named(at):
    with pytest.raises(ValueError, match=f"at: epoch {at[-1]} .* epochs 1 to 4"):
        observe(at=at)


def test_the_loops_own_checks_hold():
    images, labels = examples()
    for bad, named in ((labels + 1, "labels: 10"), (labels[:-1], "labels: shape"), (labels - 1, "labels: -1")):
        with pytest.raises(ValueError, match=named):
            train_observed(network(), images, bad, SETTINGS, seed=0, at=(1,), **STATISTICS)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu_it_sees_the_same():
    here, there = (observe(device=device)[2] for device in ("cpu", "cuda"))
    assert torch.equal(here.seen, there.seen)
    assert torch.equal(here.correct[0], there.correct[0])
    assert all(value.device.type == "cpu" for value in there.weights[2].values())
