"""SimCLR on resident images: encoder, NT-Xent loss and training (Chen et al. 2020; norms section 4)."""

import math
import time

import torch
from torch import nn
from torch.nn import functional

from prunebook import models
from prunebook.arrays.checks import choice, integer
from prunebook.datasets.views import draw_views, random_views
from prunebook.training.checkpoint import Checkpoint


class Encoder(nn.Module):
    """ResNet without classifier: images (B, C, H, W) -> features (B, num_features).

    `expand` > 0 adds a 1×1 convolution with batch norm and ReLU before pooling, so that a narrow network still
    has features of high rank (Gram-Schmidt cannot pick more examples than the rank).
    """

    def __init__(self, model, *, in_channels=3, width=None, stem="small", expand=0):
        super().__init__()
        self.trunk = models.build(model, 1, in_channels=in_channels, width=width, stem=stem)
        self.trunk.fc = nn.Identity()
        self.num_features = expand or self.trunk.num_features
        self.expand = nn.Identity()
        if expand:
            conv = nn.Conv2d(self.trunk.num_features, expand, 1, bias=False)
            nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")
            self.expand = nn.Sequential(conv, nn.BatchNorm2d(expand), nn.ReLU())

    def forward(self, x):
        return self.expand(self.trunk.feature_map(x)).mean((2, 3))


def projection_head(features, hidden=512, out=128):
    """SimCLR's head: features -> hidden, ReLU -> out."""
    return nn.Sequential(nn.Linear(features, hidden), nn.ReLU(), nn.Linear(hidden, out))


def nt_xent(a, b, temperature, *, both=True):
    """NT-Xent of two (B, d) batches of views, mean over anchors (`both=False`: only `a` anchors, as SCAN's code)."""
    views = functional.normalize(torch.cat([a, b]).float(), dim=1)
    count = len(a)
    anchors = views if both else views[:count]
    logits = anchors @ views.T / temperature
    rows = torch.arange(len(anchors), device=logits.device)
    logits[rows, rows] = -math.inf
    return functional.cross_entropy(logits, (rows + count) % (2 * count))


def warmup_cosine(step, steps, *, warmup, floor):
    """Factor on the learning rate: linear over the first `warmup` share, then cosine down to `floor`."""
    start = warmup * steps
    if step < start:
        return (step + 1) / start
    return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * (step - start) / max(1, steps - start)))


def parameter_groups(modules, weight_decay, *, decay_all):
    """Optimizer groups; biases and norm parameters are not decayed unless `decay_all`."""
    parameters = [p for m in modules for p in m.parameters()]
    decayed = [p for p in parameters if decay_all or p.ndim > 1]
    free = [p for p in parameters if not (decay_all or p.ndim > 1)]
    return [{"params": decayed, "weight_decay": weight_decay}, {"params": free, "weight_decay": 0.0}]


def train_simclr(encoder, images, mean, std, *, epochs, batch_size=512, lr=0.4, warmup=0.0, floor=1e-3,
                 weight_decay=1e-4, decay_all=True, nesterov=False, temperature=0.1, both=False, crop=None,
                 precision="float32", seed=0, device="cpu", checkpoint=None, progress=None):
    """Train `encoder` in place on resident uint8 images (N, C, H, W); returns seconds spent, over all restarts.

    Defaults are the published recipe (method facts: SCAN's configuration). `crop`: side of the views in pixels
    (None: that of the images). `precision`: "float32" or "bfloat16". The last partial batch is dropped.
    """
    choice("precision", precision, ("float32", "bfloat16"))
    integer("epochs", epochs, 1)
    integer("batch_size", batch_size, 2)
    integer("number of images", len(images), 2)
    checkpoint = checkpoint or Checkpoint()
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        head = projection_head(encoder.num_features)
    head.to(device)
    encoder.to(device, memory_format=torch.channels_last).train()
    images = images.to(device)
    batch_size = min(batch_size, len(images))
    steps_per_epoch = len(images) // batch_size
    optimizer = torch.optim.SGD(
        parameter_groups((encoder, head), weight_decay, decay_all=decay_all), lr=lr, momentum=0.9, nesterov=nesterov
    )
    parts = {"encoder": encoder, "head": head, "optimizer": optimizer}
    epoch, seconds = _resume(checkpoint, parts, generator)
    mean, std = (torch.as_tensor(v, device=device).view(1, -1, 1, 1) for v in (mean, std))
    while epoch < epochs:
        start, order, total = time.perf_counter(), torch.randperm(len(images), generator=generator), 0.0
        for i in range(steps_per_epoch):
            factor = warmup_cosine(epoch * steps_per_epoch + i, epochs * steps_per_epoch, warmup=warmup, floor=floor)
            for group in optimizer.param_groups:
                group["lr"] = lr * factor
            views = _two_views(images, order[i * batch_size : (i + 1) * batch_size], generator, crop)
            views = ((views - mean) / std).contiguous(memory_format=torch.channels_last)
            with torch.autocast(torch.device(device).type, torch.bfloat16, enabled=precision == "bfloat16"):
                projected = head(encoder(views))
            loss = nt_xent(*projected.chunk(2), temperature, both=both)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            total += loss.detach()
        epoch, seconds = epoch + 1, seconds + time.perf_counter() - start
        if progress:
            progress(epoch, epochs, loss=float(total) / steps_per_epoch)
        if checkpoint.due() or epoch == epochs:
            state = {name: part.state_dict() for name, part in parts.items()}
            checkpoint.save(state | {"generator": generator.get_state(), "epoch": epoch, "seconds": seconds})
    encoder.eval()
    return seconds


def _two_views(images, rows, generator, crop):
    """Both views of the images in `rows`, first all of one view, then all of the other: floats in [0, 1]."""
    batch = images[rows.to(images.device)].float().div_(255)
    size = images.shape[-1]
    draws = draw_views(2 * len(rows), size, generator)
    return random_views(torch.cat([batch, batch]), draws, crop or size)


def _resume(checkpoint, parts, generator):
    """Load the last state, if there is one, into `parts` and `generator`; returns epochs done and seconds spent."""
    state = checkpoint.load()
    if state is None:
        return 0, 0.0
    for name, part in parts.items():
        part.load_state_dict(state[name])
    generator.set_state(state["generator"])
    return state["epoch"], state["seconds"]
