"""A last look at the built book: what a reader would stumble over is an error of the build."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

FETCHED_LINKS = {"stylesheet", "preload", "prefetch", "icon", "shortcut", "modulepreload", "apple-touch-icon"}
IMPORTED = re.compile(r"""(?:@import\s+(?:url\()?|url\()\s*['"]?(?:https?:)?//""")
TRACEBACK = "Traceback (most recent call last)"


def book(root, names):
    """Every finding about the built book below `root` with the pages `names`, a sentence each; none is good."""
    html = Path(root) / "_build" / "html"
    findings = []
    anchors, links = {}, []
    for name in names:
        page = html / f"{name}.html"
        if not page.is_file():
            findings.append(f"{name}: the page is in _toc.yml but not in the built book")
    for page in sorted(set(html.rglob("*.html")) - set((html / "_static").rglob("*"))):
        text = page.read_text("utf-8")
        reader = _Page()
        reader.feed(text)
        place = page.relative_to(html)
        anchors[page] = reader.anchors
        links += [(page, link) for link in reader.links]
        findings += [f"{place}: asks another host for {address}" for address in reader.fetched if _external(address)]
        if TRACEBACK in text:
            findings.append(f"{place}: shows a traceback")
    findings += _dead(html, anchors, links)
    findings += [
        f"{sheet.relative_to(html)}: asks another host for a font or a style"
        for sheet in sorted(html.rglob("*.css"))
        if IMPORTED.search(sheet.read_text("utf-8", errors="replace"))
    ]
    for name in names:
        findings += notebook(Path(root) / f"{name}.ipynb", name)
    return findings


def notebook(path, name):
    """Findings about the outputs of one executed notebook: errors, and anything on standard error."""
    if not path.is_file():
        return []
    cells = json.loads(path.read_text("utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", ())]
    findings = []
    for output in outputs:
        if output["output_type"] == "error":
            findings.append(f"{name}: a cell ended with {output['ename']}: {output['evalue']}")
        if output["output_type"] == "stream" and output["name"] == "stderr":
            first = "".join(output["text"]).strip().splitlines()
            findings.append(f"{name}: a cell wrote to standard error: {first[0] if first else ''}")
    return findings


def _external(address):
    return bool(urlsplit(address).netloc)


def _dead(html, anchors, links):
    """Links, images and downloads that lead to no file, or to no place inside the page they name."""
    findings = []
    for page, link in links:
        parts = urlsplit(link)
        if parts.scheme or parts.netloc or link.startswith(("#search", "javascript:")):
            continue
        target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
        if target.is_dir():
            target /= "index.html"
        if not target.is_file():
            findings.append(f"{page.relative_to(html)}: leads to {link}, which is not in the book")
        elif parts.fragment and target in anchors and unquote(parts.fragment) not in anchors[target]:
            findings.append(f"{page.relative_to(html)}: leads to {link}, a place that is not on that page")
    return findings


class _Page(HTMLParser):
    """Collects of one HTML page what it fetches, where it leads, and the places that can be led to."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.fetched, self.links, self.anchors = [], [], {"", "top"}

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.anchors |= {found[key] for key in ("id", "name") if found.get(key)}
        source = found.get("src")
        if source and not source.startswith("data:"):
            self.fetched.append(source)
            self.links.append(source)
        if tag == "a" and found.get("href"):
            self.links.append(found["href"])
        if tag == "link" and found.get("href") and FETCHED_LINKS & set((found.get("rel") or "").split()):
            self.fetched.append(found["href"])
            self.links.append(found["href"])
