# RUN: %python %s %source --seed 1 --count 250
"""Models with mistakes that chance makes: rnnc compiles them or refuses them in
one clear line, but never crashes, hangs or says nothing.

    mutants.py SOURCE --seed S --count N [--keep FOLDER]

Each mutant is one of the project's own models with one to three changes: a word,
number or bracket lost, doubled, swapped or taken from elsewhere. More than the
test runs are worth a try after a change of parsers or verifiers; --keep leaves
the texts that were found.
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
    for path in sorted((root / "test" / "dialect").glob("*.mlir")):
        text = re.sub(r"// *(RUN|CHECK)[^\n]*\n", "", path.read_text())
        yield from (part for part in text.split("// -----") if "rnn.model" in part)


def mutant(source, tokens, pool, rng):
    """`tokens` with some changed."""
    tokens = list(tokens)
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        at = rng.randrange(len(tokens))
        while tokens[at].isspace() and rng.random() < 0.95:
            at = rng.randrange(len(tokens))
        change = rng.randrange(9)
        if change == 0:
            del tokens[at]
        elif change == 1:
            tokens.insert(at, tokens[at])
        elif change == 2:
            other = rng.randrange(len(tokens))
            tokens[at], tokens[other] = tokens[other], tokens[at]
        elif change == 3:
            tokens[at] = rng.choice(pool)
        elif change == 4:
            tokens[at] = rng.choice(tokens)
        elif change == 5:  # a line goes
            line = "".join(tokens).split("\n")
            del line[rng.randrange(len(line))]
            tokens = TOKEN.findall("\n".join(line))
        elif change == 6:  # two lines change places
            line = "".join(tokens).split("\n")
            a, b = rng.randrange(len(line)), rng.randrange(len(line))
            line[a], line[b] = line[b], line[a]
            tokens = TOKEN.findall("\n".join(line))
        else:  # a type or a number becomes another
            kinds = [i for i, t in enumerate(tokens)
                     if t.startswith("tensor<") or re.fullmatch(r"[\d.e+-]+", t)]
            if kinds:
                at = rng.choice(kinds)
                size = rng.choice([1, 7, 8, 64, 0, 1 << 40, (1 << 63) - 1])
                tokens[at] = (rng.choice(TYPES).format(size, size)
                              if tokens[at].startswith("tensor<")
                              else rng.choice(NUMBERS))
        if not tokens:
            return source
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
        return complaint(errors, str(path))


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
    sources = [(text, TOKEN.findall(text)) for text in texts_of(options.source)]
    pool = [token for _, tokens in sources for token in tokens if not token.isspace()]
    tried = [mutant(*rng.choice(sources), pool, rng) for _ in range(options.count)]
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
