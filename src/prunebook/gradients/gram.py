"""Exact Gram matrix of logit gradients, the empirical neural tangent kernel on m images (Paul et al. 2021, eq. 7)."""

import math
import warnings

import torch

from prunebook.arrays.checks import integer
from prunebook.gradients import capture, layers
from prunebook.gradients.norms import batch_size_for, check, on_device


def logit_gram(model, images, *, parameters="all", memory=2**29, device=None):
    """K = Ψ Ψᵀ with Ψ (m·C, parameters) in evaluation mode: (m, ...) tensor -> (m·C, m·C) tensor.

    Row i·C + k of Ψ is the gradient of logit k of image i, over the `parameters` that `squared_norms` describes. Ψ is
    never held: layers are taken in groups, in blocks of about `memory` bytes. `device`, warnings and errors as there.
    """
    integer("memory", memory, 2**20)
    model = on_device(model, device)
    found = capture.chosen(model, parameters)
    capture.check_statistics(model)
    with capture.still(model):
        try:
            return _fast(model, images, found, memory)
        except capture.UnknownLayer as reason:
            warnings.warn(f"gradients go example by example, which is exact but slow: {reason}", stacklevel=2)
        return _slow(model, images, found, memory)


def _slow(model, images, found, memory):
    """The same by autograd, `memory` bytes of columns of Ψ at a time; every block differentiates everything again."""
    wanted = capture.tensors(found)
    for parameter in wanted:
        parameter.requires_grad_(True)
    columns, start, gram = sum(parameter.numel() for parameter in wanted), 0, 0
    while start < columns:
        rows = []
        for _, image in capture.batches(images, 1, wanted[0]):
            logits = capture.logits_of(model, image)
            width = _step(memory, len(images) * logits.numel(), logits)
            for each in capture.example_gradients(logits, wanted, capture.one_hot(logits.detach())):
                rows.append(torch.cat([gradient.flatten() for gradient in each])[start : start + width].clone())
        block = torch.stack(rows)
        gram, start = gram + block @ block.T, start + width
    return gram


def _fast(model, images, found, memory):
    """The same from layer inputs and output gradients, one group of layers after the other."""
    check(model, images, found)
    like = getattr(found[0][1], found[0][2][0])
    logits, seen = capture.probe(model, next(capture.batches(images, 1, like))[1], found)
    size, classes = len(images), logits.shape[1]
    gram = logits.detach().new_zeros(size * classes, size * classes)
    groups, left = [], 0
    for name, module, own in found:
        needed = _Layer.values(module, own, *seen[name], classes) * size * gram.element_size()
        left -= needed
        if left < 0:
            groups.append([])
            left = memory // 2 - needed
        groups[-1].append((name, module, own))
    batch_size = batch_size_for(seen, like)
    for group in groups:
        shares = {name: _Layer(module, own, *seen[name], size, classes) for name, module, own in group}
        _collect(model, images, group, shares, batch_size, like)
        for name in list(shares):
            shares.pop(name).add_to(gram, memory // 2)
    return gram.tril() + gram.tril(-1).T


def _collect(model, images, group, shares, batch_size, like):
    """Run the images through the model and the gradients of every logit back, for the layers of a group."""
    part = k = None  # of the images and the logit that the hooks hear of

    def on_forward(name, x, y):
        capture.check_batch(name, x, y, len(batch))
        shares[name].see(part, x)

    def on_backward(name, g):
        shares[name].take(part, k, g)

    with capture.watched(group, on_forward, on_backward) as leaves:
        for part, batch in capture.batches(images, batch_size, like):  # noqa: B007
            logits = capture.logits_of(model, batch)
            for k in capture.backpropagate(logits, capture.one_hot(logits.detach()), leaves):  # noqa: B007
                pass


class _Layer:
    """A layer's share in the Gram matrix: `see` its inputs, `take` the gradients of its outputs, then `add_to` it.

    Rows of Ψ are kept for scales, shifts and biases; of a weight only what they are products of.
    """

    @staticmethod
    def values(layer, own, x, y, classes):
        """Values kept for one image, from the input and output of one."""
        if isinstance(layer, layers.WEIGHTED) and "weight" in own:
            return x.numel() + classes * y.numel()
        return x.numel() + classes * sum(getattr(layer, one).numel() for one in own)

    def __init__(self, layer, own, x, y, size, classes):
        self.layer, self.own, self.y = layer, own, y
        self.inputs = x.new_empty(size, *x.shape[1:])
        self.weighted = isinstance(layer, layers.WEIGHTED) and "weight" in own
        if self.weighted:
            self.sizes = layers.sizes(layer, x, y)
            shape = self.sizes.groups, self.sizes.positions, self.sizes.outputs
            self.gradients = x.new_zeros(size, classes, *shape)
        kept = [one for one in own if not (self.weighted and one == "weight")]
        self.rows = x.new_zeros(size, classes, sum(getattr(layer, one).numel() for one in kept))

    def see(self, part, x):
        """Keep the inputs of some images."""
        self.inputs[part] = x

    def take(self, part, k, g):
        """Keep the gradients of logit `k` of some images."""
        if self.weighted:
            self.gradients[part, k] = layers.outputs(self.layer, g).view(len(g), *self.gradients.shape[2:])
        if isinstance(self.layer, layers.WEIGHTED):
            if "bias" in self.own:
                self.rows[part, k] = layers.bias_gradient(self.layer, g)
            return
        found = dict(zip(("weight", "bias"), layers.scale_gradients(self.layer, self.inputs[part], g)))
        self.rows[part, k] = torch.cat([found[one] for one in self.own], 1)

    def add_to(self, gram, memory):
        """Add the products of this layer's gradients to the lower triangle of the Gram matrix."""
        _add_lower(gram, self.rows.flatten(0, 1))
        if not self.weighted:
            return
        size, classes, groups, p, o = self.gradients.shape
        pair = p * p * self.sizes.inputs + (p * classes + classes * classes + layers.MOVE * classes) * p * o
        direct = classes * (classes + 2 * p / size) * self.sizes.inputs * o
        for group in range(groups):
            if direct < pair:
                self._add_rows(gram, group, memory)
            else:
                self._add_pairs(gram, group, memory)

    def _patches(self, part, group):
        """Patches (b, positions, inputs) of one group of channels."""
        x = self.inputs[part]
        y = self.y.expand(len(x), *self.y.shape[1:])
        return layers.patches(self.layer, x, y).unflatten(0, (len(x), -1))[:, group]

    def _add_rows(self, gram, group, memory):
        """Through Ψ itself, as many outputs of the layer at a time as memory allows."""
        size, classes, _, _, outputs = self.gradients.shape
        bytes_each = size * classes * self.sizes.inputs * gram.element_size()
        step, chunk = max(1, memory // bytes_each), _step(memory, self.sizes.values("direct"), gram)
        for start in range(0, outputs, step):
            seen = self.gradients[:, :, group, :, start : start + step]
            rows = gram.new_empty(size, classes, seen.shape[-1], self.sizes.inputs)
            for i in range(0, size, chunk):
                part = slice(i, i + chunk)
                rows[part] = seen[part].mT @ self._patches(part, group)[:, None]
            _add_lower(gram, rows.view(len(gram), -1))

    def _add_pairs(self, gram, group, memory):
        """Through the products of patches, images i and j in blocks: Σ g_i · (patches_i patches_jᵀ g_j)."""
        size, classes, _, p, o = self.gradients.shape
        step = min(_step(memory // 4, p * self.sizes.inputs, gram),
                   math.isqrt(_step(memory // 4, p * p + 2 * p * classes * o, gram)))
        blocks = [slice(i, min(i + step, size)) for i in range(0, size, step)]
        for n, block in enumerate(blocks):
            right = self._patches(block, group).flatten(0, 1).T
            right_g = self.gradients[block, :, group].transpose(1, 2).flatten(2)  # (b, P, C·O)
            for other in blocks[: n + 1]:
                left_g = self.gradients[other, :, group].flatten(2)  # (b', C, P·O)
                products = self._patches(other, group).flatten(0, 1) @ right
                moved = products.unflatten(1, (-1, p)).transpose(0, 1) @ right_g  # (b, b'·P, C·O)
                moved = moved.view(len(right_g), len(left_g), p, classes, o).permute(1, 2, 4, 0, 3)
                found = (left_g @ moved.reshape(len(left_g), p * o, -1)).flatten(0, 1)
                rows, columns = (slice(s.start * classes, s.stop * classes) for s in (block, other))
                gram[rows, columns] += found.T


def _add_lower(gram, rows):
    """Add rows · rowsᵀ to the lower triangle of a Gram matrix; blocks leave out almost half of the work."""
    step = -(-len(rows) // 8)
    for start in range(0, len(rows), step):
        end = start + step
        gram[start:end, :end].addmm_(rows[start:end], rows[:end].T)


def _step(memory, values, like):
    """How many times `values` of the type of `like` fit into `memory` bytes, at least once."""
    return max(1, memory // (values * like.element_size()))
