"""What a page shows: MyST for the book, HTML for JupyterLab, from one call."""

import html
import json
import math
import re

MINUS, UNBROKEN = "−", "\N{NO-BREAK SPACE}"


def show(myst, fallback=None):
    """Display MyST in the built book and `fallback` (HTML) in JupyterLab; without a fallback, Markdown in both."""
    from IPython.display import display

    bundle = {"text/markdown": myst}
    if fallback is not None:
        bundle["text/html"] = fallback
    display(bundle, raw=True)


def directive(name, argument, options, body):
    """One MyST directive; `options` without a value are left out, text is quoted so that nothing in it is special."""
    fence = "`" * max(4, 1 + max(map(len, re.findall("`+", body)), default=0))
    lines = [f":{key}: {_option(value)}" for key, value in options.items() if value not in (None, "")]
    return "\n".join([f"{fence}{{{name}}} {argument}".rstrip(), *lines, "", body.strip(), fence])


def _option(value):
    return value if re.fullmatch(r"[\w\- ]+", value) else json.dumps(" ".join(value.split()), ensure_ascii=False)


def admonition(kind, title, text):
    """A note or warning with a title, as MyST and as HTML."""
    myst = directive("admonition", title, {"class": kind}, text)
    return myst, f"<blockquote><p><b>{html.escape(title)}</b></p><p>{inline_html(text)}</p></blockquote>"


def inline_html(text):
    """Bold, emphasis, code and line breaks of short Markdown as HTML."""
    text = html.escape(text, quote=False)
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
    text = re.sub(r"\*\*([^*]+)\*\*", r"<b>\1</b>", text)
    return re.sub(r"\*([^*]+)\*", r"<em>\1</em>", text).replace("\n\n", "<br><br>")


def number(value, digits=3):
    """A number for readers: `digits` significant ones, never an exponent, a real minus sign; – where undefined."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "–"
    if isinstance(value, int):
        return str(value).replace("-", MINUS)
    size = math.floor(math.log10(abs(value))) if value else 0
    return f"{value:.{min(6, max(0, digits - 1 - size))}f}".replace("-", MINUS)


def with_interval(effect, low, high, unit="", least=0):
    """ "1.2 [0.4, 2.0] points": an effect with its interval, with the decimals that the interval's width calls for.

    At least `least`, and more where a bound would read 0 without being it.
    """
    if not all(map(math.isfinite, (low, high))):
        return f"{number(effect)} {unit}".strip()
    width = high - low
    decimals = max(least, 1 - math.floor(math.log10(width))) if width > 0 else 2
    while decimals < 6 and any(bound and not float(f"{bound:.{decimals}f}") for bound in (low, high)):
        decimals += 1
    decimals = min(6, decimals)
    parts = (f"{value:.{decimals}f}".replace("-", MINUS) for value in (effect, low, high))
    text = f"{{}} [{{}},{UNBROKEN}{{}}]".format(*parts)
    return f"{text} {unit}" if unit else text


def p_value(p):
    """A p-value for readers."""
    if p is None or not math.isfinite(p):
        return "–"
    return f"<{UNBROKEN}0.001" if p < 0.001 else f"{p:.3f}"


def listing(words, limit=8):
    """ "a, b and c"; beyond `limit` members only their number."""
    words = [str(word) for word in words]
    if len(words) > limit:
        return f"{len(words)} values"
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
