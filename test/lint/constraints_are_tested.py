# RUN: %python %s %source
"""A numbered constraint stands in three places: description, check and test.

`scan_c1` in dialect/*.td needs a check in dialect/*.cpp and an expected-error
in test/, and the other way round.
"""

import pathlib
import re
import sys

NUMBER = re.compile(r"\b([a-z0-9_]+_c)(\d+)\b")
# These share verifiers, which put the op's name before the number.
SHARERS = {"min_gru", "min_lstm", "gru", "lstm", "elman"}
SHARED = re.compile(r'"(_c\d+)')


def read(files):
    return "\n".join(file.read_text() for file in files)


def constraints(text):
    return {op + number for op, number in NUMBER.findall(text)}


def described(text):
    """With `x_c1` .. `x_c4` counting as all of them."""
    found = constraints(text)
    for op, first, last in re.findall(r"`(\w+_c)(\d+)` \.\. `\1(\d+)`", text):
        found |= {f"{op}{n}" for n in range(int(first), int(last) + 1)}
    return found


def main(root):
    wanted = described(read((root / "dialect").glob("*.td")))
    source = read((root / "dialect").glob("*.cpp"))
    shared = set(SHARED.findall(source))
    checked = constraints(source)
    checked |= {op + n for op in SHARERS for n in shared} & wanted
    errors = re.findall(
        r"expected-error.*|CHECK.*", read((root / "test").rglob("*.mlir"))
    )
    tested = constraints("\n".join(errors))
    failures = (
        [f"{c}: described, but no check in dialect/*.cpp" for c in wanted - checked]
        + [f"{c}: described, but no negative test" for c in wanted - tested]
        + [f"{c}: checked, but not described" for c in checked - wanted]
    )
    print("\n".join(sorted(failures)))
    return bool(failures) or not wanted


sys.exit(main(pathlib.Path(sys.argv[1])))
