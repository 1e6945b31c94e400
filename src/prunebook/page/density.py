"""Two scores of all training examples against each other, as a density; a scatter of 50,000 points shows its edge."""

import numpy as np

BINS = 16, 64  # fewest and most an axis
COLOUR = "#2d69a5"
RASTER = 200  # dots an inch of the cells, which would be thousands of paths otherwise
BEYOND = 0.08  # where infinite values stand, in spans above the largest finite one


def density(ax, x, y, *, log=False):
    """Draw the density of x (N,) and y (N,) in `ax`, darker for more on a logarithmic scale of counts.

    Infinite values stand beyond the end of their axis, at a tick called "never". `log`: both axes logarithmic, for
    positive values. Nothing is drawn without values.
    """
    from matplotlib.colors import LinearSegmentedColormap, LogNorm, to_rgba

    if not len(x):
        return
    (x, across), (y, up) = (_placed(values, log) for values in (x, y))
    bins = int(np.clip(np.sqrt(len(x)), *BINS))
    counts, x_edges, y_edges = np.histogram2d(x, y, bins=(_edges(x, bins, log), _edges(y, bins, log)))
    shades = LinearSegmentedColormap.from_list("density", [to_rgba(COLOUR, 0.25), to_rgba(COLOUR, 1.0)])
    ax.pcolormesh(x_edges, y_edges, np.ma.masked_equal(counts.T, 0), cmap=shades, rasterized=True, linewidth=0,
                  norm=LogNorm(1, max(2, counts.max())))
    ax.figure.set_dpi(RASTER)
    if log:
        ax.set(xscale="log", yscale="log")
    for axis, limits, at in ((ax.xaxis, ax.set_xlim, across), (ax.yaxis, ax.set_ylim, up)):
        if at is not None:
            low, high = limits()
            room = 0 if log else BEYOND * (at - low)
            ticks = [tick for tick in axis.get_majorticklocs() if low <= tick < at - room]
            axis.set_ticks([*ticks, at], [*(f"{tick:g}" for tick in ticks), "never"])
            limits(low, high)


def _placed(values, log):
    """Values with the infinite ones beyond the largest finite one, and where these stand (None: there are none)."""
    values = np.asarray(values, dtype=np.float64)
    finite = np.isfinite(values)
    if finite.all():
        return values, None
    low, high = (float(end(values[finite])) if finite.any() else 1.0 for end in (np.min, np.max))
    at = high * (max(high / low, 2) ** BEYOND if log else 1) + (0 if log else BEYOND * ((high - low) or 1.0))
    return np.where(finite, values, at), at


def _edges(values, bins, log):
    low, high = float(values.min()), float(values.max())
    if low == high:
        low, high = (low / 2, high * 2) if log else (low - 0.5, high + 0.5)
    return np.geomspace(low, high, bins + 1) if log else np.linspace(low, high, bins + 1)
