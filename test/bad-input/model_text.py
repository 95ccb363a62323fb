# RUN: %python %s
"""What is no model: each case is refused by rnnc in one clear line."""

import sys

from refusal import fault


def model(body, arguments="%x: tensor<?x?x8xf32>"):
    return (
        f"rnn.model @m({arguments}) -> tensor<?x?x8xf32> {{\n"
        f"  {body}\n  rnn.return %x : tensor<?x?x8xf32>\n}}\n"
    )


def of_size(size):
    """A model whose features are `size`."""
    kind = f"tensor<?x?x{size}xf32>"
    return f"rnn.model @m(%x: {kind}) -> {kind} {{\n  rnn.return %x : {kind}\n}}\n"


def objective(body):
    return (
        "rnn.objective @o(%x: tensor<?x?x8xf32>, %y: tensor<?x?x8xf32>)"
        f" -> tensor<f32> {{\n  {body}\n"
        "  %loss = rnn.mse %z, %y : tensor<?x?x8xf32>, tensor<?x?x8xf32>"
        " -> tensor<f32>\n  rnn.return %loss : tensor<f32>\n}\n"
    )


STEP = "tensor<?x8xf32>"
HUGE = "tensor<?x?x1048576xf32>"
DEEP = 10_000

CASES = {
    # Before anything is parsed.
    "empty": ("", "empty"),
    "only spaces": (" \n\t\n", "empty"),
    "only a comment": ("// nothing\n", "nothing is defined"),
    "not MLIR": ("hello world\n", "no op 'hello'"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "UTF-8"),
    "not UTF-8": (b'rnn.model @m() { rnn.return } // \xff', r"0xFF is not UTF-8"),
    "a NUL byte": ("rnn.model @m\0() {}", "NUL"),
    "bytecode": (b"ML\xefR\x01", "bytecode"),
    "17 MiB": ("//" + "x" * (17 << 20), "16 MiB"),
    "attributes nested deep": (
        "rnn.model @m() attributes {a = " + "[" * DEEP + "]" * DEEP + "} {}",
        "nested",
    ),
    "regions nested deep": ('"a.b"() ({' * DEEP, "nested"),
    "types nested deep": ("!t = " + "tuple<" * DEEP + ">" * DEEP, "nested"),
    "brackets that never match": ("(>" * DEEP, "nested"),
    "a million dimensions": (
        "rnn.model @m(%x: tensor<" + "1x" * 1_000_000 + "f32>) {}",
        "dimensions",
    ),
    "dimensions with spaces": (
        "rnn.model @m(%x: tensor<" + "1 x " * 100 + "f32>) {}",
        "dimensions",
    ),
    "types of exponential length": (
        "!t0 = f32\n"
        + "".join(f"!t{i} = tuple<!t{i-1}, !t{i-1}>\n" for i in range(1, 64))
        + "rnn.model @m(%x: !t63) {}",
        "alias",
    ),
    "an affine map": ("#m = affine_map<() -> (" + "-" * DEEP + "1)>", "affine_map"),
    "an open string": ('rnn.model @"m', "error"),
    "an open bracket": ("rnn.model @m(", "expected"),
    # Ops.
    "an unknown op": (
        model('%y = rnn.lineer "l" %x : tensor<?x?x8xf32> -> tensor<?x?x8xf32>'),
        "'rnn.lineer'; did you mean 'rnn.linear'",
    ),
    "a forgotten dialect": (model("%y = sigmoid %x"), "did you mean 'rnn.sigmoid'"),
    "an unknown dialect": (model('"foo.bar"() : () -> ()'), "no such op"),
    "an op of another dialect": (
        model("%c = arith.constant 1 : i32\n  llvm.unreachable"),
        "llvm.unreachable",
    ),
    "a function": ("func.func private @f()", "func.func"),
    "a module in a module": ("module { module {} }", "builtin.module"),
    "an entry point": ("rnn.entry @e() {\n  rnn.return\n}", "rnn.entry"),
    # Recurrences.
    "a state read before it is yielded": (
        model(
            f"%a = rnn.scan over(%i = %x : tensor<?x?x8xf32>) {{\n"
            f"    %b = arith.addf %i, %next : {STEP}\n"
            f"    %next = rnn.sigmoid %b : {STEP}\n"
            f"    rnn.yield %b : {STEP}\n  }} : tensor<?x?x8xf32>"
        ),
        "does not dominate",
    ),
    "a cell that yields too little": (
        f"rnn.cell @c(%i: {STEP}) state(%h: {STEP}) -> {STEP} {{\n"
        f"  rnn.yield %i : {STEP}\n}}\n",
        "cell_c2",
    ),
    "a cell that yields another type": (
        f"rnn.cell @c(%i: {STEP}) -> tensor<?x9xf32> {{\n"
        f"  rnn.yield %i : {STEP}\n}}\n",
        "cell_c2",
    ),
    "a cell that applies itself": (
        f"rnn.cell @c(%i: {STEP}) -> {STEP} {{\n"
        f'  %y = rnn.apply @c "c" over(%i : {STEP}) : {STEP}\n'
        f"  rnn.yield %y : {STEP}\n}}\n",
        "apply_c1",
    ),
    "a model that calls itself": (
        model("%y = rnn.call @m(%x) : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32>"),
        "itself",
    ),
    "a body with side effects": (
        f"rnn.cell @c(%i: {STEP}) -> {STEP} {{\n"
        f'  rnn.set_state "s", %i : {STEP}\n  rnn.yield %i : {STEP}\n}}\n',
        "cell_c4.*side effect",
    ),
    # Sizes.
    "a dynamic feature": (of_size("?"), "model_c1"),
    "a size of zero": (of_size("0"), "model_c1"),
    "a negative size": (of_size("-8"), "error"),
    "an enormous size": (of_size("9223372036854775807"), "model_c1"),
    "a size beyond 64 bits": (of_size("18446744073709551616"), "error"),
    "sizes whose product overflows": (of_size("4294967296x4294967296"), "model_c1"),
    "parameters whose sum overflows": (
        f"rnn.model @m(%x: {HUGE}) -> {HUGE} {{\n"
        f'  %y = rnn.repeat 100000 "outer" (%a = %x) : {HUGE} {{\n'
        f'    %z = rnn.repeat 100000 "inner" (%b = %a) : {HUGE} {{\n'
        f'      %c = rnn.linear "w" %b : {HUGE} -> {HUGE}\n'
        f"      rnn.yield %c : {HUGE}\n    }}\n"
        f"    rnn.yield %z : {HUGE}\n  }}\n  rnn.return %y : {HUGE}\n}}\n",
        "error",
    ),
    "a model that repeats nothing": (
        model('%y = rnn.repeat 0 "layers" (%a = %x) : tensor<?x?x8xf32> {\n'
              "    rnn.yield %a : tensor<?x?x8xf32>\n  }"),
        "repeat_c1",
    ),
    # Names.
    "two parameters of one name": (
        model('%v = rnn.linear "l" %x : tensor<?x?x8xf32> -> tensor<?x?x8xf32>\n'
              '  %w = rnn.linear "l" %x : tensor<?x?x8xf32> -> tensor<?x?x9xf32>'),
        "l.weight",
    ),
    "two models of one name": (model("") + model(""), "redefinition"),
    "a name with a path": (
        model('%w = rnn.parameter "../w" : tensor<8xf32>'), "parameter_c3"
    ),
    # Objectives.
    "an objective that is no scalar": (
        "rnn.objective @o(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {\n"
        "  rnn.return %x : tensor<?x?x8xf32>\n}\n",
        "objective_c1",
    ),
    "an op without an adjoint": (
        objective(
            "%w = rnn.parameter \"w\" : tensor<8xf32>\n"
            "  %b = rnn.broadcast %w : tensor<8xf32> -> tensor<?x?x8xf32>\n"
            "  %s = arith.addf %x, %b : tensor<?x?x8xf32>\n"
            "  %z = math.acosh %s : tensor<?x?x8xf32>"
        ),
        "math.acosh",
    ),
}

failures = 0
for name, (text, message) in CASES.items():
    wrong = fault(text, message)
    if wrong:
        failures += 1
        print(f"{name}: {wrong}")
print(f"{len(CASES)} cases, {failures} failures")
sys.exit(bool(failures))
