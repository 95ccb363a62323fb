# RUN: %python %s %source --seed 1 --count 250
"""Models with mistakes that chance makes: rnnc compiles them or refuses them in
clear lines, but never crashes, hangs or says nothing.

    mutants.py SOURCE --seed S --count N [--keep FOLDER]

Each mutant is one of the project's own models with one to three changes: a word,
number or bracket lost, doubled, swapped or taken from elsewhere; a value, op,
size or type in the place of another of its kind. More than the test runs are
worth a try after a change of parsers, verifiers or passes; --keep leaves the
texts that were found.
"""

import argparse
import pathlib
import random
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

from refusal import complaint

SECONDS = 20
TOKEN = re.compile(
    r"\n|//.*|\"[^\"\n]*\"|tensor<[^<>\n]*>|[%@!#]?[\w$.]+|->|\s+|."
)
TYPES = [
    "tensor<?x?x{}xf32>", "tensor<?x{}xf32>", "tensor<{}xf32>", "tensor<f32>",
    "tensor<?x?xi32>", "tensor<?x?xi1>", "tensor<?x?x{}xi32>", "f32", "i1",
    "tensor<?x?x?xf32>", "tensor<?x?x{}x{}xf32>", "tensor<*xf32>", "vector<4xf32>",
    "tensor<?x?x{}xf64>", 'tensor<?x?xf32, "H">', "index", "tensor<?x?x{}xbf16>",
    "none", "tuple<>", "memref<?x{}xf32>", "tensor<0xf32>", "tensor<?x{}xi1>",
]
NUMBERS = ["0", "1", "-1", "2", "64", "65", "100001", "9223372036854775807", "1e400",
           "0x7FC00000", "18446744073709551616", "4294967296", "0.5", "true"]


def texts_of(root):
    """The project's models, one function at a time where there are many."""
    for path in sorted((root / "examples").rglob("*.mlir")):
        yield path.read_text()
    for folder in ("dialect", "passes", "cpu"):
        for path in sorted((root / "test" / folder).glob("*.mlir")):
            text = re.sub(r"//[^\n]*\n", "\n", path.read_text())
            if "rnn.model" in text and not path.stem.endswith("-invalid"):
                yield text


def kind_of(token):
    """What may stand in each other's place and be read as well."""
    for kind, form in (
        ("value", r"%[\w$.#]+"), ("op", r"(rnn|arith|math)\.\w+"),
        ("type", r"tensor<.*"), ("number", r"[\d.]+(e[+-]\d+)?"), ("string", r'".*"'),
    ):
        if re.fullmatch(form, token):
            return kind
    return None


def change_kind(tokens, pool, rng):
    """One value, op, type, number or string becomes another of its kind: once,
    or for numbers and types everywhere in the text."""
    at = rng.choice([i for i, token in enumerate(tokens) if kind_of(token)])
    old, kind = tokens[at], kind_of(tokens[at])
    alike = [token for token in tokens if kind_of(token) == kind]
    new = rng.choice(alike)
    size = rng.choice([1, 2, 7, 64, 1000])
    if rng.random() < 0.3:
        new = rng.choice([token for token in pool if kind_of(token) == kind])
    if kind == "number" and rng.random() < 0.5:
        new = rng.choice(NUMBERS)
    if kind == "type" and rng.random() < 0.5:
        new = rng.choice(TYPES).format(size, rng.choice([1, 0, 1 << 40, (1 << 63) - 1]))
    if kind == "type" and rng.random() < 0.5:  # one width, everywhere
        widths = re.findall(r"x(\d+)x", old)
        if widths:
            width = rng.choice(widths)
            return [re.sub(rf"x{width}x", f"x{size}x", t) if kind_of(t) == "type" else t
                    for t in tokens]
    everywhere = kind in ("type", "number") and rng.random() < 0.5
    return [new if i == at or (everywhere and token == old) else token
            for i, token in enumerate(tokens)]


def change_text(tokens, pool, rng):
    """One token or line is lost, doubled, moved or replaced by any other."""
    at, other = rng.randrange(len(tokens)), rng.randrange(len(tokens))
    change = rng.randrange(6)
    if change == 0:
        del tokens[at]
    elif change == 1:
        tokens.insert(at, tokens[at])
    elif change == 2:
        tokens[at], tokens[other] = tokens[other], tokens[at]
    elif change == 3:
        tokens[at] = rng.choice(pool)
    else:
        lines = "".join(tokens).split("\n")
        a, b = rng.randrange(len(lines)), rng.randrange(len(lines))
        lines[a], lines[b] = lines[b], lines[a] if change == 4 else ""
        tokens = TOKEN.findall("\n".join(lines))
    return tokens


def mutant(tokens, pool, rng):
    tokens = list(tokens)
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        change = change_kind if rng.random() < 0.75 else change_text
        tokens = change(tokens, pool, rng)
    return "".join(tokens)


def fault(text, stage):
    """What is wrong with the way in which rnnc takes the text, or None."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "model.mlir"
        path.write_text(text)
        command = ["rnnc", str(path), f"--emit={stage}", "-o", f"{folder}/out"]
        try:
            process = subprocess.run(command, capture_output=True, timeout=SECONDS)
        except subprocess.TimeoutExpired:
            return f"ran for more than {SECONDS} s"
        errors = process.stderr.decode("utf-8", "replace")
        if process.returncode == 0:
            return None if not errors else f"compiled, but said: {errors[:300]}"
        if process.returncode != 1:
            return f"exit status {process.returncode}: {errors[-500:]}"
        return complaint(errors, str(path), several=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("source", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=250)
    parser.add_argument("--stage", default="kernels")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--keep", type=pathlib.Path)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    sources = [TOKEN.findall(text) for text in texts_of(options.source)]
    pool = [token for tokens in sources for token in tokens if not token.isspace()]
    tried = [mutant(rng.choice(sources), pool, rng) for _ in range(options.count)]
    with ThreadPoolExecutor(options.threads) as threads:
        faults = list(threads.map(lambda text: fault(text, options.stage), tried))
    found = [(i, text, what) for i, (text, what) in enumerate(zip(tried, faults)) if what]
    for i, text, what in found:
        print(f"mutant {i} of seed {options.seed}: {what}")
        if options.keep:
            options.keep.mkdir(exist_ok=True)
            (options.keep / f"{options.seed}-{i}.mlir").write_text(text)
    print(f"{len(tried)} mutants, {len(found)} faults")
    return bool(found) or not tried


sys.exit(main())
