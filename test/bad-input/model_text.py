# RUN: %python %s
"""What is no model: each case is refused by rnnc in one clear line."""

import sys

from refusal import fault, fault_of_several


def model(body, arguments="%x: tensor<?x?x8xf32>"):
    return (
        f"rnn.model @m({arguments}) -> tensor<?x?x8xf32> {{\n"
        f"  {body}\n  rnn.return %x : tensor<?x?x8xf32>\n}}\n"
    )


def of_size(size):
    """A model whose features are `size`."""
    kind = f"tensor<?x?x{size}xf32>"
    return f"rnn.model @m(%x: {kind}) -> {kind} {{\n  rnn.return %x : {kind}\n}}\n"


def objective(body, more=""):
    return (
        f"rnn.objective @o({more}%x: tensor<?x?x8xf32>, %y: tensor<?x?x8xf32>)"
        f" -> tensor<f32> {{\n  {body}\n"
        "  %loss = rnn.mse %z, %y : tensor<?x?x8xf32>, tensor<?x?x8xf32>"
        " -> tensor<f32>\n  rnn.return %loss : tensor<f32>\n}\n"
    )


STEP = "tensor<?x8xf32>"
HUGE = "tensor<?x?x1048576xf32>"
VAST = "tensor<?x?x1099511627776xf32>"
SEQUENCE = "tensor<?x?x8xf32>"


def cell(body, states="%h: tensor<?x8xf32>", use=""):
    """A cell @c, and a model that applies it."""
    return (
        f"rnn.cell @c(%i: {STEP}) state({states}) -> {STEP} {{\n  {body}\n}}\n"
        + (model(f"%y = rnn.apply @c \"c\" over(%x : {SEQUENCE}) {use}") if use else "")
    )


RIGHT = f"rnn.yield %i : {STEP} next(%h : {STEP})"

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
    "an affine map": ("#m = affine_map<() -> (1)>", "affine_map"),
    "file metadata": (model("") + "{-# dialect_resources: {} #-}", "metadata"),
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
        "used before it is computed",
    ),
    "a value that nothing defines": (
        model("%y = rnn.sigmoid %z : tensor<?x?x8xf32>"),
        "'%z' is used, but nothing defines it",
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
    "a cell that yields too many states": (
        cell(f"rnn.yield %i : {STEP} next(%h, %i : {STEP}, {STEP})"), "cell_c2"
    ),
    "a cell whose state changes its type": (
        cell(f"rnn.yield %i : {STEP} next(%i : {STEP})", "%h: tensor<?x9xf32>"),
        "cell_c2.*tensor<\\?x9xf32>.*tensor<\\?x8xf32>",
    ),
    "an initial state of another width": (
        cell(RIGHT, use=f"init(%s : tensor<?x9xf32>) : {SEQUENCE}").replace(
            "%x: tensor", "%s: tensor<?x9xf32>, %x: tensor"
        ),
        "recurrent_c2.*init.*tensor<\\?x8xf32>",
    ),
    "two initial states for one": (
        cell(RIGHT, use=f"init(%s, %s : {STEP}, {STEP}) : {SEQUENCE}").replace(
            "%x: tensor", f"%s: {STEP}, %x: tensor"
        ),
        "recurrent_c1.*gives 2",
    ),
    "a last state of another width": (
        cell(RIGHT, use=f": {SEQUENCE} last tensor<?x9xf32>").replace("%y =", "%y, %l ="),
        "recurrent_c2.*last",
    ),
    "a scan that yields too few states": (
        model(
            f"%z = rnn.constant 0.0 : {STEP}\n"
            f"  %a = rnn.scan over(%i = %x : {SEQUENCE}) state(%h = %z : {STEP}) {{\n"
            f"    rnn.yield %i : {STEP}\n  }} : {SEQUENCE}"
        ),
        "scan_c2",
    ),
    "a scan whose state changes its type": (
        model(
            f"%z = rnn.constant 0.0 : tensor<?x9xf32>\n"
            f"  %a = rnn.scan over(%i = %x : {SEQUENCE})"
            " state(%h = %z : tensor<?x9xf32>) {\n"
            f"    rnn.yield %i : {STEP} next(%i : {STEP})\n  }} : {SEQUENCE}"
        ),
        "scan_c2",
    ),
    "a repeat that changes its type": (
        model(
            f'%y = rnn.repeat 3 "l" (%a = %x) : {SEQUENCE} {{\n'
            f'    %b = rnn.linear "w" %a : {SEQUENCE} -> tensor<?x?x9xf32>\n'
            "    rnn.yield %b : tensor<?x?x9xf32>\n  }"
        ),
        "repeat_c2",
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
    "models that call each other": (
        f"rnn.model @a(%x: {SEQUENCE}) -> {SEQUENCE} {{\n"
        f"  %y = rnn.call @b(%x) : ({SEQUENCE}) -> {SEQUENCE}\n"
        f"  rnn.return %y : {SEQUENCE}\n}}\n"
        f"rnn.model @b(%x: {SEQUENCE}) -> {SEQUENCE} {{\n"
        f"  %y = rnn.call @a(%x) : ({SEQUENCE}) -> {SEQUENCE}\n"
        f"  rnn.return %y : {SEQUENCE}\n}}\n",
        "calls itself",
    ),
    "cells that apply each other": (
        f"rnn.cell @a(%i: {STEP}) -> {STEP} {{\n"
        f'  %y = rnn.apply @b "b" over(%i : {STEP}) : {STEP}\n'
        f"  rnn.yield %y : {STEP}\n}}\n"
        f"rnn.cell @b(%i: {STEP}) -> {STEP} {{\n"
        f'  %y = rnn.apply @a "a" over(%i : {STEP}) : {STEP}\n'
        f"  rnn.yield %y : {STEP}\n}}\n",
        "apply_c1",
    ),
    "a model called inside of a cell": (
        cell(f"%y = rnn.call @m(%i) : ({STEP}) -> {STEP}\n  {RIGHT}")
        + f"rnn.model @m(%x: {STEP}) -> {STEP} {{\n  rnn.return %x : {STEP}\n}}\n",
        "cell_c4",
    ),
    "a body with side effects": (
        f"rnn.cell @c(%i: {STEP}) -> {STEP} {{\n"
        f'  rnn.set_state "s", %i : {STEP}\n  rnn.yield %i : {STEP}\n}}\n',
        "cell_c4.*side effect",
    ),
    "a scan with side effects": (
        model(
            f"%a = rnn.scan over(%i = %x : {SEQUENCE}) {{\n"
            f'    rnn.set_state "s", %i : {STEP}\n'
            f"    rnn.yield %i : {STEP}\n  }} : {SEQUENCE}"
        ),
        "scan_c4.*side effect",
    ),
    "a cell that reads a carried state": (
        cell(f'%s = rnn.state "s" : {STEP}\n  {RIGHT}'), "cell_c4.*side effect"
    ),
    "a cell that looks at a whole sequence": (
        model(
            f"%a = rnn.scan over(%i = %x : {SEQUENCE}) {{\n"
            f"    %s = rnn.sigmoid %x : {SEQUENCE}\n"
            f"    rnn.yield %i : {STEP}\n  }} : {SEQUENCE}"
        ),
        "scan_c4",
    ),
    # Sizes.
    "a dynamic feature": (of_size("?"), "model_c1"),
    "a dynamic feature inside": (
        model('%y = rnn.linear "l" %x : tensor<?x?x8xf32> -> tensor<?x?x?xf32>'),
        "linear_c1|model_c1",
    ),
    "a dynamic feature of a cell": (
        cell(RIGHT.replace("h : tensor<?x8", "h : tensor<?x?"), "%h: tensor<?x?xf32>"),
        "cell_c1",
    ),
    "a dynamic parameter": (
        model('%w = rnn.parameter "w" : tensor<?x8xf32>'), "parameter_c1"
    ),
    "a dynamic vocabulary": (
        model('%w = rnn.parameter "w" : tensor<?xf32>'), "parameter_c1"
    ),
    "a width that is not bound": (
        "rnn.cell @c<H>(%i: tensor<?x?xf32, \"H\">) -> tensor<?x?xf32, \"H\"> {\n"
        "  rnn.yield %i : tensor<?x?xf32, \"H\">\n}\n"
        + model(f'%y = rnn.apply @c "c" over(%x : {SEQUENCE}) : {SEQUENCE}'),
        "apply_c1.*not bound",
    ),
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
    "an enormous vocabulary": (
        model(
            '%e = rnn.embedding "e" %t vocabulary 9223372036854775807'
            " : tensor<?x?xi32> -> tensor<?x?x8xf32>",
            "%x: tensor<?x?x8xf32>, %t: tensor<?x?xi32>",
        ),
        "embedding_c1",
    ),
    "a parameter of 2^41 elements": (
        model(f'%y = rnn.linear "l" %z : {HUGE} -> tensor<?x?x2097152xf32>',
              f"%x: tensor<?x?x8xf32>, %z: {HUGE}"),
        "2097152x1048576.*at most 2\\^40",
    ),
    "an enormous expansion": (
        model('%y = rnn.min_gru "l" %x expansion 9223372036854775807'
              " : tensor<?x?x8xf32>"),
        "min_gru_c1",
    ),
    "an enormous offset": (
        model("%y = rnn.slice %x[9223372036854775807]"
              " : tensor<?x?x8xf32> -> tensor<?x?x4xf32>"),
        "slice_c1",
    ),
    "a row that no stack holds": (
        f"rnn.model @m(%x: {HUGE}) -> {HUGE} {{\n"
        f'  %y = rnn.linear "l" %x : {HUGE} -> {SEQUENCE}\n'
        f"  %m = rnn.rms_norm \"n\" %x : {HUGE}\n"
        f"  %e = math.exp %m : {HUGE}\n"
        f"  %k = rnn.rms_norm \"k\" %e : {HUGE}\n"
        f"  rnn.return %k : {HUGE}\n}}\n",
        "use fewer features",
    ),
    "memory beyond 2^48 bytes": (
        objective(
            f'%r = rnn.repeat 100000 "l" (%a = %v) : {VAST} {{\n'
            f"    %b = arith.mulf %a, %a : {VAST}\n    rnn.yield %b : {VAST}\n  }}\n"
            f"  %z = rnn.slice %r[0] : {VAST} -> {SEQUENCE}",
            f"%v: {VAST}, ",
        ),
        "'o.gradient' needs more than 2\\^48 bytes",
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

# Several mistakes: each has its line, all at once.
SEVERAL = {
    "ops without an adjoint": (
        cell(f"%s = math.asinh %h : {STEP}\n  %t = arith.addf %s, %i : {STEP}\n"
             f"  %r = arith.remf %t, %i : {STEP}\n"
             f"  rnn.yield %r : {STEP} next(%r : {STEP})")
        + objective(
            f'%w = rnn.parameter "w" : tensor<8xf32>\n'
            f"  %b = rnn.broadcast %w : tensor<8xf32> -> {SEQUENCE}\n"
            f"  %s = math.acosh %b : {SEQUENCE}\n"
            f'  %r = rnn.repeat 2 "l" (%a = %s) : {SEQUENCE} {{\n'
            f'    %p = rnn.apply @c "p" over(%a : {SEQUENCE}) : {SEQUENCE}\n'
            f'    %q = rnn.apply @c "q" over(%p : {SEQUENCE}) : {SEQUENCE}\n'
            f"    %t = math.atan2 %q, %b : {SEQUENCE}\n"
            f"    rnn.yield %t : {SEQUENCE}\n  }}\n"
            f"  %z = arith.addf %r, %s : {SEQUENCE}"
        ),
        [
            "10: 'math.acosh' op has no adjoint.*README",
            "2: 'math.asinh' op has no adjoint",
            "4: 'arith.remf' op has no adjoint",
            "14: 'math.atan2' op has no adjoint",
        ],
    ),
    "values that nothing defines": (
        model("%y = arith.addf %v, %w : tensor<?x?x8xf32>"),
        ["2: '%v' is used, but nothing", "2: nor '%w'"],
    ),
    "ops of wrong types in two models": (
        model("%y = rnn.slice %x[0] : tensor<?x?x8xf32> -> tensor<?x?x9xf32>")
        + model("%y = rnn.mean %x : tensor<?x?x8xf32> -> tensor<f32>").replace("@m", "@n"),
        ["2: 'rnn.slice' op slice_c1", "6: 'rnn.mean' op mean_c1"],
    ),
}

failures = 0
for name, (text, message) in CASES.items():
    wrong = fault(text, message)
    if wrong:
        failures += 1
        print(f"{name}: {wrong}")
for name, (text, messages) in SEVERAL.items():
    wrong = fault_of_several(text, messages)
    if wrong:
        failures += 1
        print(f"{name}: {wrong}")
print(f"{len(CASES) + len(SEVERAL)} cases, {failures} failures")
sys.exit(bool(failures))
