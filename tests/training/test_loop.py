import copy

import pytest
import torch

from prunebook import models
from prunebook.datasets.augment import crop_flip, draw_crop_flip, normalize
from prunebook.training.checkpoint import Checkpoint
from prunebook.training.device import ran_out_of_memory, resolve_device
from prunebook.training.loop import evaluate, train
from prunebook.training.settings import Training

STATISTICS = dict(mean=(0.3,), std=(0.4,))


def examples(n=13, size=8, channels=1, seed=0):
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(0, 256, (n, channels, size, size), dtype=torch.uint8, generator=generator)
    return images, torch.arange(n) % 10


def network(seed=0, name="resnet8", **options):
    torch.manual_seed(seed)
    return models.build(name, 10, in_channels=1, **{"width": 4, **options})


def weights(model):
    return torch.cat([tensor.double().flatten() for tensor in model.state_dict().values()])


@pytest.mark.parametrize("kind", ["sgd", "adam"])
def test_equals_a_loop_written_out_with_torch(kind):
    images, labels = examples()
    settings = Training(epochs=3, batch_size=5, lr=0.05, optimizer=kind, nesterov=True, precision="float64")
    ours, theirs = network().double(), network().double()
    history = train(ours, images, labels, settings, seed=7, **STATISTICS)

    generator = torch.Generator().manual_seed(7)
    if kind == "sgd":
        optimizer = torch.optim.SGD(theirs.parameters(), 0.05, momentum=0.9, nesterov=True, weight_decay=5e-4)
    else:
        optimizer = torch.optim.Adam(theirs.parameters(), 0.05, weight_decay=5e-4)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 3)
    for _ in range(3):
        order = torch.randperm(13, generator=generator)
        offsets, flips = draw_crop_flip(13, 4, generator)
        losses, correct = 0.0, 0
        for rows in torch.arange(13).split(5):
            x = normalize(crop_flip(images[order[rows]], offsets[rows], flips[rows], padding=4), (0.3,), (0.4,),
                          torch.float64)
            logits = theirs(x)
            loss = torch.nn.functional.cross_entropy(logits, labels[order[rows]])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses += loss.item() * len(rows)
            correct += int((logits.argmax(1) == labels[order[rows]]).sum())
        scheduler.step()
    assert torch.allclose(weights(ours), weights(theirs), rtol=1e-9, atol=1e-11)
    assert history.steps == 9 and history.seconds > 0
    assert history.train_loss == pytest.approx(losses / 13) and history.train_accuracy == pytest.approx(correct / 13)


def test_steps_pass_over_the_subset_again_until_they_are_done():
    images, labels = examples(6)
    model = network()
    assert train(model, images, labels, Training(steps=7, batch_size=4), seed=0, **STATISTICS).steps == 7
    assert int(model.stem_norm.num_batches_tracked) == 7


@pytest.mark.parametrize("precision, optimizer", [("float32", "sgd"), ("bfloat16", "adam")])
def test_killed_and_resumed_is_bit_for_bit_the_uninterrupted_training(tmp_path, precision, optimizer):
    images, labels = examples()
    settings = Training(epochs=4, batch_size=5, lr=0.01, optimizer=optimizer, precision=precision)
    through = network()
    expected = train(through, images, labels, settings, seed=3, **STATISTICS)

    class Killed(Exception):
        pass

    def kill(done, total, **values):
        if done == 3:
            raise Killed  # after the save at 2, before the one at 3

    path = tmp_path / "training.pt"
    with pytest.raises(Killed):
        train(network(), images, labels, settings, seed=3, checkpoint=Checkpoint(path, every=0), progress=kill,
              **STATISTICS)
    seen = []
    resumed = network(seed=99)
    history = train(resumed, images, labels, settings, seed=3, checkpoint=Checkpoint(path, every=0),
                    progress=lambda done, total, loss: seen.append((done, total)), **STATISTICS)
    assert seen == [(3, 4), (4, 4)]
    assert torch.equal(weights(resumed), weights(through))
    assert (history.train_loss, history.train_accuracy) == (expected.train_loss, expected.train_accuracy)
    again = train(network(seed=5), images, labels, settings, seed=3, checkpoint=Checkpoint(path), **STATISTICS)
    assert again.train_loss == expected.train_loss


def test_checkpoint_of_another_training_is_not_used(tmp_path):
    images, labels = examples()
    settings, checkpoint = Training(epochs=1, lr=0.01), Checkpoint(tmp_path / "training.pt", every=0)
    train(network(), images, labels, settings, seed=1, checkpoint=checkpoint, **STATISTICS)
    fresh, after = network(), network()
    train(fresh, images, labels, settings, seed=2, **STATISTICS)
    train(after, images, labels, settings, seed=2, checkpoint=checkpoint, **STATISTICS)
    assert torch.equal(weights(fresh), weights(after))


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_learns_what_can_be_learned(precision):
    images = torch.zeros(40, 1, 8, 8, dtype=torch.uint8)
    labels = torch.arange(40) % 2
    images[labels == 1, :, 2:6, 2:6] = 255
    model = network()
    settings = Training(epochs=15, lr=0.05, batch_size=20, precision=precision)
    assert train(model, images, labels, settings, seed=0, **STATISTICS).train_accuracy == 1
    assert evaluate(model, images, labels, precision=precision, batch_size=7, **STATISTICS) == 1


def test_evaluate_equals_one_plain_forward_and_restores_modes():
    images, labels = examples(23)
    model = network().train()
    model.stem_norm.eval()
    before = weights(model)
    found = {size: evaluate(model, images, labels, batch_size=size, precision="float64", **STATISTICS)
             for size in (5, 1000)}
    assert model.training and not model.stem_norm.training and torch.equal(before, weights(model))
    assert next(model.parameters()).dtype == torch.float32
    plain = copy.deepcopy(model).eval().double()
    logits = plain(normalize(images, (0.3,), (0.4,), torch.float64))
    assert set(found.values()) == {float((logits.argmax(1) == labels).double().mean())}


@pytest.mark.parametrize("change, message", [
    (lambda images, labels: (images[:0], labels[:0]), "images: the subset is empty"),
    (lambda images, labels: (images, labels + 1), "labels: 10 is out of range; the model has classes 0 to 9"),
    (lambda images, labels: (images, labels - 1), "labels: -1 is out of range"),
    (lambda images, labels: (images, labels[:3]), "labels: shape"),
    (lambda images, labels: (images.float(), labels), "images: .*uint8"),
])
def test_bad_examples_are_named(change, message):
    with pytest.raises(ValueError, match=message):
        train(network(), *change(*examples()), Training(steps=1), seed=0, **STATISTICS)


def test_devices():
    assert resolve_device("cpu").type == "cpu"
    assert resolve_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    with pytest.raises(ValueError, match="device: 'gpu' is unknown"):
        resolve_device("gpu")
    with pytest.raises(ValueError, match="device: 'cuda:99' is not there"):
        resolve_device("cuda:99")


def test_a_training_that_does_not_fit_says_so(monkeypatch):
    def no_memory(*arguments, **options):
        raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr("prunebook.training.loop.step", no_memory)
    with pytest.raises(MemoryError, match="batch_size: .*does not fit into the memory of cpu"):
        train(network(), *examples(), Training(steps=1), seed=0, **STATISTICS)
    assert not ran_out_of_memory(RuntimeError("shape mismatch"))
