"""A figure on a page: drawn light and dark, one number, one caption, alt text in words made from the data."""

import base64
import html
import io
import re
import sys

from prunebook.page import show
from prunebook.page.drawing import styles, summary, themed
from prunebook.page.means import mean_interval
from prunebook.page.style import words

# Screens show 96 pixels an inch; twice that stays sharp in JupyterLab.
PNG_DOTS = 144


def save(draw, folder, name):
    """Draw for both themes into `folder`/`name`-light.svg and -dark.svg; returns the PNG of the light one on white."""
    folder.mkdir(parents=True, exist_ok=True)
    for style in styles():
        with themed(style):
            figure = draw(style)
            if not hasattr(figure, "savefig"):
                raise ValueError(f"figure {name}: draw(style) returned {type(figure).__name__}, not a Figure")
            figure.savefig(folder / f"{name}-{style.name}.svg", metadata={"Date": None})
            figure.set_layout_engine("none")  # where everything stands is settled; working it out again takes a third
            if style.name == "light":
                png = io.BytesIO()
                figure.savefig(png, format="png", dpi=PNG_DOTS, facecolor="white", transparent=False)
            _close(figure)
    return png.getvalue()


def _close(figure):
    # Figures made by pyplot would otherwise be shown a second time at the end of the cell.
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close(figure)


def myst(folder, name, label, caption, alt):
    """The figure as MyST: the light image has the number, the dark one stands in the legend (book.css places it)."""
    dark = show.directive("image", f"{folder}/{name}-dark.svg", {"alt": alt, "class": "only-dark"}, "")
    options = {"name": label, "alt": alt, "class": "only-light", "figclass": "light-dark"}
    return show.directive("figure", f"{folder}/{name}-light.svg", options, f"{caption}\n\n{dark}")


def fallback(png, caption, alt):
    """The figure as HTML with the PNG inside, for JupyterLab."""
    data = base64.b64encode(png).decode()
    return (
        f'<figure><img src="data:image/png;base64,{data}" alt="{html.escape(alt, quote=True)}">'
        f"<figcaption>{show.inline_html(caption)}</figcaption></figure>"
    )


def check(name, caption, alt):
    """A ValueError for a name that is no file name, or for a figure without caption or alt text."""
    check_name("figure", name)
    for argument, text in (("caption", caption), ("alt", alt)):
        if not isinstance(text, str) or not text.strip():
            raise ValueError(f"figure {name}: {argument} is empty; say in words what the figure shows")


def check_name(kind, name):
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", str(name)):
        raise ValueError(f"{kind}: {name!r} is no valid name; use lower-case letters, digits and hyphens")


def describe(table, value, *, by, over=None, labels=()):
    """Alt text from data: for each `by`, the mean of `value` at the ends of `over`; other `labels` set apart."""
    if value not in table or table.empty:
        return "Nothing has been run yet."
    outer = [name for name in labels if name not in (by, over, "seed") and table[name].astype(str).nunique() > 1]
    sentences = []
    for key, part in table.groupby(outer, sort=False) if outer else [((), table)]:
        where = f"{', '.join(words(k) for k in key)}: " if outer else ""
        sentences.append(where + "; ".join(_arm(group, words(arm), value, over)
                                           for arm, group in part.groupby(by, sort=False)) + ".")
    return " ".join(sentences)


def ranked(table, value, *, by):
    """ "From the highest to the lowest: full data 79.5, random share 78.8.": means of `value` for each `by`."""
    if value not in table or table.empty:
        return "Nothing has been run yet."
    # Means as the tables take them: pandas sums in another order, and 79.55 is then 79.5 here and 79.6 there.
    means = sorted(summary(table, by, value), key=lambda point: point[1], reverse=True)
    listed = "; ".join(f"{words(name)} {show.number(mean)}" for name, mean, *_ in means)
    return f"From the highest to the lowest: {listed}."


def _arm(group, name, value, over):
    if over is None:
        return f"{name} {show.number(mean_interval(group[value])[0])}"
    points = summary(group, over, value)
    first, last = points[0], points[-1]
    start = f"{name} {show.number(float(first[1]))} at {words(first[0])}"
    return start if len(points) == 1 else f"{start} and {show.number(float(last[1]))} at {words(last[0])}"
