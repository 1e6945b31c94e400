"""Weights that a stored training kept on the way, back in a network."""


def restored(network, stored, epoch):
    """`network` with the weights after `epoch`, arrays "epoch/parameter" of the Record `stored`; 0 leaves it as it is.

    ValueError names the epochs there are.
    """
    import torch

    if not epoch:
        return network
    prefix = f"{epoch}/"
    weights = {name.removeprefix(prefix): torch.tensor(value)
               for name, value in stored.arrays.items() if name.startswith(prefix)}
    if not weights:
        kept = sorted({int(name.split("/")[0]) for name in stored.arrays if "/" in name})
        raise ValueError(f"epoch: the training kept no weights after epoch {epoch}; it has those of {kept}")
    network.load_state_dict(weights)
    return network
