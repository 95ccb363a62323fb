# RUN: %python %s
"""Every operand and result of every op, of a wrong rank, element type or width.

Each row of OPS is right as it stands, which is checked too. Then each of its
types is replaced by wrong ones, and rnnc must refuse the line.
"""

import pathlib
import re
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

from refusal import compile_file, fault

X, Y = "tensor<?x?x8xf32>", "tensor<?x?x4xf32>"
TOKENS, RESET = "tensor<?x?xi32>", "tensor<?x?xi1>"
STEP, WIDE_STEP, SCALAR = "tensor<?x8xf32>", "tensor<?x16xf32>", "tensor<f32>"

# %0 is an argument of type {0}; types that are no argument's are results'.
OPS = [
    ('rnn.embedding "l" %0 vocabulary 5 weight(%1 : {1}) : {0} -> {2}',
     [TOKENS, "tensor<5x8xf32>", X]),
    ('rnn.linear "l" %0 weight(%1 : {1}) : {0} -> {2}', [X, "tensor<4x8xf32>", Y]),
    ('rnn.causal_conv1d "l" %0 reset(%1 : {1}) mask(%2 : {2}) : {0}',
     [X, RESET, RESET]),
    ('rnn.min_gru "l" %0 expansion 2 init(%1 : {1}) reset(%2 : {2})'
     " mask(%3 : {3}) : {0} last {4}",
     [X, WIDE_STEP, RESET, RESET, WIDE_STEP]),
    ('rnn.min_lstm "l" %0 expansion 2 init(%1 : {1}) reset(%2 : {2})'
     " : {0} last {3}", [X, WIDE_STEP, RESET, WIDE_STEP]),
    ('rnn.attention "l" %0 heads 2 context 5 reset(%1 : {1}) mask(%2 : {2}) : {0}',
     [X, RESET, RESET]),
    ('rnn.gru "l" %0 layers 2 init(%1 : {1}) reset(%2 : {2}) mask(%3 : {3})'
     " : {0} -> {4} last {5}", [X, STEP, RESET, RESET, Y, STEP]),
    ('rnn.lstm "l" %0 layers 2 init(%1, %2 : {1}, {2}) : {0} -> {3}'
     " last {4}, {5}", [X, STEP, STEP, Y, STEP, STEP]),
    ('rnn.elman "l" %0 layers 2 init(%1 : {1}) mask(%2 : {2}) : {0} -> {3}'
     " last {4}", [X, STEP, RESET, Y, STEP]),
    ('rnn.selective_scan "l" %0 state 3 kernel 1 init(%1 : {1}) reset(%2 : {2})'
     " mask(%3 : {3}) : {0} last {4}",
     [X, "tensor<?x16x3xf32>", RESET, RESET, "tensor<?x16x3xf32>"]),
    ('rnn.s4d "l" %0 state 6 init(%1, %1 : {1}, {1}) mask(%2 : {2}) : {0}',
     [X, "tensor<?x8x3xf32>", RESET]),
    ('rnn.aaren "l" %0 heads 2 init(%1, %1, %2 : {1}, {1}, {2}) : {0}',
     [X, "tensor<?x2x1xf32>", "tensor<?x2x4xf32>"]),
    ('rnn.linear_attention "l" %0 heads 2 init(%1, %2 : {1}, {2}) : {0}',
     [X, "tensor<?x2x4x4xf32>", "tensor<?x2x4xf32>"]),
    ("rnn.cross_entropy %0, %1 mask(%2 : {2}) : {0}, {1} -> {3}",
     [X, TOKENS, RESET, SCALAR]),
    ("rnn.mse %0, %1 mask(%2 : {2}) : {0}, {1} -> {3}", [X, X, RESET, SCALAR]),
    ("rnn.broadcast %0 : {0} -> {1}", [STEP, X]),
    ("rnn.reduce sum %0 : {0} -> {1}", [X, "tensor<?x?x1xf32>"]),
    ("rnn.slice %0[4] : {0} -> {1}", [X, Y]),
    ("rnn.concat %0, %1 : {0}, {1} -> {2}", [X, Y, "tensor<?x?x12xf32>"]),
    ("rnn.lookup %0[%1] : {0}, {1} -> {2}", ["tensor<5x8xf32>", TOKENS, X]),
    ("rnn.matmul %0, %1 : {0}, {1} -> {2}", [X, "tensor<8x4xf32>", Y]),
    ("rnn.mean %0 : {0} -> {1}", ["tensor<?x?x1xf32>", SCALAR]),
    ("rnn.call @callee(%0) : ({0}) -> {1}", [X, STEP]),
    ('rnn.apply @cell "l" over(%0 : {0}) init(%1 : {1}) reset(%2 : {2})'
     " mask(%3 : {3}) : {4} last {5}", [X, STEP, RESET, RESET, X, STEP]),
]
# Of these the type is free, but for its element.
SAME_TYPE = ["sigmoid", "softplus", "stop_gradient", "relu", "silu", "gelu",
             "tanh", "positive", 'rms_norm "l"', 'layer_norm "l"']

# Changes that leave a row right.
STILL_RIGHT = {
    ("rnn.causal_conv1d", 0, "tensor<?x?x8xf64>"),
    ("rnn.causal_conv1d", 0, "tensor<?x?x9xf32>"),
    ("rnn.attention", 0, "tensor<?x?x8xf64>"),
    ("rnn.gru", 0, "tensor<?x?x9xf32>"),
    ("rnn.lstm", 0, "tensor<?x?x9xf32>"),
    ("rnn.elman", 0, "tensor<?x?x9xf32>"),
    ("rnn.cross_entropy", 0, "tensor<?x?x9xf32>"),
    ("rnn.broadcast", 0, "tensor<?x?x8xf32>"),
    ("rnn.broadcast", 0, "tensor<8xf32>"),
    ("rnn.broadcast", 1, "tensor<?x8xf32>"),
    ("rnn.reduce", 0, "tensor<?x?x9xf32>"),
    ("rnn.slice", 0, "tensor<?x?x9xf32>"),
    ("rnn.lookup", 0, "tensor<6x8xf32>"),
    ("rnn.mean", 0, "tensor<?x?xf32>"),
}

CALLEE = (
    f"rnn.model @callee(%x: {X}) -> {STEP} {{\n"
    f'  %h = rnn.constant 0.0 : {STEP}\n  rnn.return %h : {STEP}\n}}\n'
    f"rnn.cell @cell(%x: {STEP}) state(%h: {STEP}) -> {STEP} {{\n"
    f"  rnn.yield %x : {STEP} next(%h : {STEP})\n}}\n"
)


def text_of(op, types):
    arguments = sorted(set(re.findall(r"%(\d)", op)))
    signature = ", ".join(f"%{'abcdef'[int(a)]}: {types[int(a)]}" for a in arguments)
    line = re.sub(r"%(\d)", lambda m: "%" + "abcdef"[int(m.group(1))], op)
    # The first result may have the input's type, which stands there once.
    results = max(1, len(types) - len(arguments) + (
        " last " in op and "->" not in op and not op.startswith("rnn.apply")))
    return CALLEE + (
        f"rnn.model @m({signature}) {{\n"
        f"  {', '.join(f'%r{i}' for i in range(results))} = "
        f"{line.format(*types)}\n  rnn.return\n}}\n"
    )


def wrong_types(kind):
    shape, element = re.match(r"tensor<(.*?)(f32|i32|i1)>", kind).groups()
    others = {"f32": ["i32", "f64"], "i32": ["f32", "i1"], "i1": ["i32", "f32"]}
    for other in others[element]:
        yield f"tensor<{shape}{other}>"
    yield f"tensor<?x{shape}{element}>"
    if shape:
        yield f"tensor<{shape.split('x', 1)[1]}{element}>"
    yield f"tensor<{shape}2x{element}>"
    widths = re.findall(r"\d+", shape)
    if widths:
        yield f"tensor<{re.sub(r'[0-9]+x$', '', shape)}{int(widths[-1]) + 1}x{element}>"
    yield element
    yield f"tensor<*x{element}>"


def cases():
    for op, types in OPS:
        for i, right in enumerate(types):
            for wrong in wrong_types(right):
                if (op.split()[0], i, wrong) not in STILL_RIGHT:
                    changed = types[:i] + [wrong] + types[i + 1 :]
                    yield f"{op}, {i} is {wrong}", text_of(op, changed)
    for name in SAME_TYPE:
        for wrong in ("tensor<?x?x8xi32>", "tensor<?x?x8xf16>", "f32", "tensor<*xf32>"):
            text = text_of(f"rnn.{name} %0 : {{0}}", [wrong])
            yield f"rnn.{name}, 0 is {wrong}", text


def faults_of_right_rows():
    for op, types in OPS:
        with tempfile.TemporaryDirectory() as name:
            path = pathlib.Path(name) / "model.mlir"
            path.write_text(text_of(op, types))
            process = compile_file(path, pathlib.Path(name) / "model.so")
            if process is None or process.returncode != 0:
                yield f"{op} should be right: {process and process.stderr.decode()}"


with ThreadPoolExecutor(2) as pool:
    tried = list(cases())
    faults = pool.map(lambda case: fault(case[1], ""), tried)
    failures = [f"{case[0]}: {f}" for case, f in zip(tried, faults) if f]
failures += faults_of_right_rows()
print("\n".join(failures))
print(f"{len(tried)} cases, {len(failures)} failures")
sys.exit(bool(failures))
