# RUN: %python %s
"""Texts that are deep, long or grow: refused in a clear line, or compiled, before
they cost the compiler its stack, its memory or minutes."""

import sys
from concurrent.futures import ThreadPoolExecutor

from refusal import fault

TYPE = "tensor<?x?x8xf32>"
STEP = "tensor<?x8xf32>"
DEEP = 10_000
LONG = 10_000_000


def model(body, arguments=f"%x: {TYPE}"):
    return (f"rnn.model @m({arguments}) -> {TYPE} {{\n{body}\n"
            f"  rnn.return %x : {TYPE}\n}}\n")


def with_attribute(text):
    return f"rnn.model @m() attributes {{a = {text}}} {{\n  rnn.return\n}}\n"


def lines(count, line):
    return "".join(line.format(i) for i in range(count))


DEPTHS = {
    f"{what} nested deep": (text, "nested more than 256")
    for what, text in {
        "round brackets": '"a.b"(' + "(" * DEEP + ")" * DEEP,
        "attributes": with_attribute("[" * DEEP + "]" * DEEP),
        "dictionaries": with_attribute("{b = " * DEEP + "1" + "}" * DEEP),
        "types": "!t = " + "tuple<" * DEEP + ">" * DEEP,
        "functions": "rnn.model @m(%x: " + "(" * DEEP,
        "regions": '"a.b"() ({' * DEEP,
        "repeats": model('rnn.repeat 1 "r" (%a = %x) : {TYPE} {{\n' * DEEP),
        "locations": model(f"  %y = rnn.relu %x : {TYPE} loc(" + "fused[" * DEEP),
        "brackets that never match": "(>" * DEEP,
        "all kinds in turn": "([{<" * DEEP,
    }.items()
}
DIMENSIONS = {
    "a million dimensions": f"rnn.model @m(%x: tensor<{'1x' * 1_000_000}f32>) {{}}",
    "a vector of a million": f"rnn.model @m(%x: vector<{'2x' * 1_000_000}f32>) {{}}",
    "dimensions with spaces": f"rnn.model @m(%x: tensor<{'1 x ' * 100}f32>) {{}}",
}
WORDS = {
    f"ten million {what}": (text, "a model's have at most (256|4096)")
    for what, text in {
        "digits": model(f'%y = rnn.min_gru "l" %x expansion {"1" * LONG} : {TYPE}'),
        "digits of a dimension": f"rnn.model @m(%x: tensor<?x?x{'1' * LONG}xf32>) {{}}",
        "hexadecimal digits": with_attribute("0x" + "f" * LONG + " : i64"),
        "decimals": model(f"%y = rnn.constant 0.{'1' * LONG} : {TYPE}"),
        "letters of an op": model(f"  rnn.{'y' * LONG} %x : {TYPE}"),
        "letters of a value": model(f"  %{'y' * LONG} = rnn.relu %x : {TYPE}"),
        "letters of a symbol": f"rnn.model @{'m' * LONG}() {{}}",
        "letters of a type": f"rnn.model @m(%x: !foo.bar<{'x' * LONG}>) {{}}",
        "letters of a string": model(f'  %y = rnn.parameter "{"x" * LONG}" : tensor<8xf32>'),
        "bytes of data": with_attribute(f'dense<"0x{"1" * LONG}"> : tensor<5000000xi8>'),
    }.items()
}
DOUBLING = (
    f"rnn.model @m0(%x: {TYPE}) -> {TYPE} {{\n  %y = rnn.relu %x : {TYPE}\n"
    f"  rnn.return %y : {TYPE}\n}}\n"
)
for i in range(1, 40):
    DOUBLING += (
        f"rnn.model @m{i}(%x: {TYPE}) -> {TYPE} {{\n"
        f"  %y = rnn.call @m{i-1}(%x) : ({TYPE}) -> {TYPE}\n"
        f"  %z = rnn.call @m{i-1}(%y) : ({TYPE}) -> {TYPE}\n"
        f"  rnn.return %z : {TYPE}\n}}\n"
    )
TOO_MANY = "too many to compile; write equal layers as one rnn.repeat"
LENGTHS = {
    "17 MiB": ("//" + "x" * (17 << 20), "16 MiB"),
    "ten million empty lines": ("\n" * LONG + "x", "no op 'x'"),
    "ten million brackets closed": (")" * LONG, "error"),
    "ten million quotes": ('"' * LONG, "error"),
    "ten million slashes": ("/" * LONG, "nothing is defined"),
    "ten million at signs": ("@" * LONG, "error"),
    "a hundred thousand ops": (
        model(lines(100_000, f"  %y{{}} = rnn.relu %x : {TYPE}\n")), TOO_MANY),
    "a hundred thousand models": (
        lines(100_000, "rnn.model @m{}() {{\n  rnn.return\n}}\n"), TOO_MANY),
    "a hundred thousand arguments": (
        "rnn.model @m(" + lines(100_000, f"%x{{}}: {TYPE}, ") + f"%y: {TYPE}) {{\n"
        "  rnn.return\n}\n", TOO_MANY),
    "a hundred thousand results": (
        "rnn.model @m() -> (" + f"{TYPE}, " * 100_000 + TYPE + ") {\n  rnn.return\n}\n",
        r"returns \(\), but 'm' declares .* \.\.\.$"),
    "a hundred thousand undefined values": (
        model(lines(100_000, f'  rnn.set_state "s", %y{{}} : {STEP}\n')),
        "'%y0' is used, but nothing defines it"),
    "a type of ten million bytes": (
        f"rnn.model @m(%x: tuple<{f'{TYPE}, ' * 500_000}{TYPE}>) {{\n  rnn.return\n}}\n",
        r"model_c1.* \.\.\.$"),
    "types of exponential length": (
        "!t0 = f32\n" + "".join(f"!t{i} = tuple<!t{i-1}, !t{i-1}>\n" for i in range(1, 64))
        + "rnn.model @m(%x: !t63) {}", "alias"),
    "an affine map": ("#m = affine_map<() -> (" + "-" * DEEP + "1)>", "affine_map"),
    "calls that double": (DOUBLING, TOO_MANY),
    "a cell copied thousands of times": (
        f"rnn.cell @c(%x: {STEP}) -> {STEP} {{\n"
        + lines(1000, f"  %y{{}} = rnn.relu %x : {STEP}\n")
        + f"  rnn.yield %x : {STEP}\n}}\n"
        + model(lines(1000, f'  %y{{0}} = rnn.apply @c "c{{0}}" over(%x : {TYPE})'
                            f" : {TYPE}\n")),
        TOO_MANY),
}
CASES = {**DEPTHS, **{n: (t, "dimensions") for n, t in DIMENSIONS.items()}, **WORDS,
         **LENGTHS}

with ThreadPoolExecutor(2) as pool:
    faults = pool.map(lambda case: fault(*case), CASES.values())
failures = [f"{name}: {wrong}" for name, wrong in zip(CASES, faults) if wrong]
print("\n".join(failures))
print(f"{len(CASES)} cases, {len(failures)} failures")
sys.exit(bool(failures))
