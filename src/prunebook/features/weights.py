"""Network weights as half-precision arrays, so that a record can carry a small encoder."""

import numpy as np
import torch


def pack(encoder):
    """State of a module -> {name: ndarray}: floats as float16 (relative error below 5e-4), integers as they are.

    Raises ValueError for a value that is not finite or does not fit float16.
    """
    arrays = {}
    for name, tensor in encoder.state_dict().items():
        array = tensor.detach().cpu()
        if array.is_floating_point():
            array = array.to(torch.float16)
            if not array.isfinite().all():
                raise ValueError(f"encoder: {name!r} holds values that float16 cannot (above 65504, infinite or NaN)")
        arrays[name] = array.contiguous().numpy()
    return arrays


def unpack(encoder, arrays):
    """Load the arrays of `pack` into a module of the same architecture, in place; ValueError if they do not fit."""
    state = encoder.state_dict()
    shapes = {name: tuple(tensor.shape) for name, tensor in state.items()}
    found = {name: np.shape(array) for name, array in arrays.items()}
    if shapes != found:
        wrong = sorted(name for name in shapes.keys() | found.keys() if shapes.get(name) != found.get(name))
        raise ValueError(f"arrays: {wrong[0]!r} does not fit the encoder ({len(wrong)} of {len(shapes)} differ)")
    encoder.load_state_dict({name: torch.from_numpy(np.array(array)) for name, array in arrays.items()})
