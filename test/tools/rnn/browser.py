"""A page in a real browser without a window: what it makes of it, and a
picture. Debian's chromium-headless-shell (scripts/packages.txt); a chromium
does as well."""

import html.parser
import shutil
import struct
import subprocess
import tempfile
import zlib

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link",
        "meta", "source", "track", "wbr"}


def run_browser(page, *options):
    program = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if not program:
        raise AssertionError("no browser: scripts/install-packages.sh installs "
                             "chromium-headless-shell")
    with tempfile.TemporaryDirectory(prefix="rnn-browser-") as folder:
        return subprocess.run(
            # The sandbox needs rights that a container's root does not have.
            [program, "--headless", "--no-sandbox", "--disable-gpu",
             "--disable-dev-shm-usage", "--user-data-dir=" + folder,
             "--virtual-time-budget=3000", *options, "file://" + page],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, timeout=100, check=True)


class Element:
    def __init__(self, tag, attributes, parent):
        self.tag, self.parent = tag, parent
        self.attributes = {key: value or "" for key, value in attributes}
        self.children, self.words = [], []

    def __getitem__(self, key):
        return self.attributes.get(key, "")

    def all(self, tag=None, kind=None, **attributes):
        """Elements below by tag, class and attributes, in their order."""
        found = []
        for child in self.children:
            if ((tag is None or child.tag == tag)
                    and (kind is None or kind in child["class"].split())
                    and all(child[key.replace("_", "-")] == value
                            for key, value in attributes.items())):
                found.append(child)
            found += child.all(tag, kind, **attributes)
        return found

    def text(self):
        return "".join(word if isinstance(word, str) else word.text()
                       for word in self.words)


class Builder(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.root = self.at = Element("", [], None)

    def handle_starttag(self, tag, attributes):
        element = Element(tag, attributes, self.at)
        self.at.children.append(element)
        self.at.words.append(element)
        if tag not in VOID:
            self.at = element

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        element = self.at
        while element.parent and element.tag != tag:
            element = element.parent
        if element.parent:
            self.at = element.parent

    def handle_data(self, data):
        self.at.words.append(data)


def parse(text):
    builder = Builder()
    builder.feed(text)
    return builder.root


def document(page):
    """The page's elements after its script ran."""
    return parse(run_browser(page, "--dump-dom").stdout.decode())


def screenshot(page, path, *options, size=(1280, 1400)):
    """(width, height, rows of RGB bytes) of what is seen."""
    run_browser(page, "--screenshot=" + path, "--hide-scrollbars",
                "--window-size=%d,%d" % size, *options)
    return read_png(path)


def read_png(path):
    """Pictures of 8 bits a channel, as browsers write them."""
    with open(path, "rb") as file:
        data = file.read()
    assert data[:8] == b"\x89PNG\r\n\x1a\n", "not a PNG"
    at, packed = 8, b""
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        (crc,) = struct.unpack(">I", data[at + 8 + length : at + 12 + length])
        assert crc == zlib.crc32(kind + body)
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", body[:10])
        if kind == b"IDAT":
            packed += body
        at += 12 + length
    assert depth == 8 and colour in (2, 6), (depth, colour)
    channels = 3 if colour == 2 else 4
    stride, raw = width * channels, zlib.decompress(packed)
    rows, before = [], bytes(stride)
    for y in range(height):
        start = y * (stride + 1)
        before = unfilter(raw[start], raw[start + 1 : start + 1 + stride],
                          before, channels)
        rows.append(before if channels == 3 else bytes(
            value for i, value in enumerate(before) if i % 4 != 3))
    return width, height, rows


def unfilter(kind, line, above, channels):
    if kind == 0:
        return bytes(line)
    result = bytearray(line)
    for i in range(len(line)):
        left = result[i - channels] if i >= channels else 0
        up = above[i]
        corner = above[i - channels] if i >= channels else 0
        if kind == 1:
            guess = left
        elif kind == 2:
            guess = up
        elif kind == 3:
            guess = (left + up) // 2
        else:
            near = left + up - corner
            guess = min((left, up, corner), key=lambda v: abs(near - v))
        result[i] = (line[i] + guess) & 255
    return bytes(result)
