# RUN: %python %s %source
"""No text test may stay green without having looked at anything.

Every test has a RUN line; one that calls FileCheck has a line for each prefix
it asks for; every RUN line ends in something that checks.
"""

import pathlib
import re
import sys

RUN = "RUN" + ":"  # apart, or lit would read it as one
CHECKS = re.compile(
    r"FileCheck|-verify-diagnostics|\bnot\b|%python|\bcmp\b|\bdiff\b|\btest\b"
)


def run_lines(text):
    """The RUN lines, continued ones joined."""
    lines = re.findall(r"(?m)(?:^|//|#|;)\s*" + RUN + r"\s*(.*)", text)
    return re.sub(r"\\\n", " ", "\n".join(lines)).splitlines()


def faults(path):
    text = path.read_text()
    runs = run_lines(text)
    if not runs:
        yield "has no RUN line"
    # Lines that prepare files for a later one that checks.
    if runs and not any(CHECKS.search(run) for run in runs):
        yield "has no RUN line that checks anything"
    for run in runs:
        makes_file = re.search(r"\s-o[ =]?\s*\S|>\s*%t|split-file|mkdir|rm ", run)
        if not CHECKS.search(run) and not makes_file:
            yield f"has a RUN line that checks nothing: {run}"
        for call in re.findall(r"FileCheck[^|]*", run):
            prefixes = re.findall(r"-check-prefix(?:es)?[= ](\S+)", call)
            names = ",".join(prefixes).split(",") if prefixes else ["CHECK"]
            for name in names:
                if not re.search(rf"(?m)(^|//|#|;)\s*{name}(-\w+)*:", text):
                    yield f"calls FileCheck but has no line {name}:"
        if "-verify-diagnostics" in run and "expected-" not in text:
            yield "verifies diagnostics but expects none"


def main(root):
    tests = [
        path
        for path in sorted((root / "test").rglob("*"))
        if path.suffix in (".mlir", ".test") and "Inputs" not in path.parts
    ]
    failures = [f"{path}: {fault}" for path in tests for fault in faults(path)]
    print("\n".join(failures))
    return bool(failures) or not tests


sys.exit(main(pathlib.Path(sys.argv[1])))
