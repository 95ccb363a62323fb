"""rnn.matrix_scan and its adjoint, which go by chunks of 16 steps, against the
recurrence and its adjoint written step by step in float64."""

import unittest
from itertools import product

import numpy as np

from case import normal
from librnn import BUILD, Session, compile_model

# heads, keys, values, decays of a head (0: none), words. Sizes below, beside and
# above whole vectors.
SHAPES = [
    ("plain", 2, 5, 3, 0, ""),
    ("wide", 1, 33, 17, 0, ""),
    ("reversed", 2, 16, 8, 0, "reverse"),
    ("turned", 2, 7, 20, 0, "values_first"),
    ("one", 3, 5, 9, 1, ""),
    ("one_turned", 1, 17, 5, 1, "reverse values_first"),
    ("each", 2, 6, 5, 6, ""),
    ("each_wide", 1, 33, 18, 33, "reverse"),
    ("each_turned", 2, 16, 7, 16, "values_first"),
    ("smallest", 1, 1, 1, 1, ""),
]
TIMES = (1, 2, 15, 16, 17, 50)


def model(name, heads, keys, values, decays, words):
    def sequence(*features):
        return "tensor<?x?x" + "x".join(map(str, features)) + "xf32>"
    q, v, a = (sequence(heads, n) for n in (keys, values, max(decays, 1)))
    shape = (values, keys) if "values_first" in words else (keys, values)
    state = sequence(heads, *shape).replace("?x?", "?")
    size = -(-keys * values // 16)
    flat, whole = sequence(heads * values), sequence(heads * keys * values)
    step = whole.replace("?x?", "?")
    given = f"decays(%a : {a})" if decays else ""
    inputs = {"q": q, "k": q, "v": v} | ({"a": a} if decays else {}) \
        | {"s": state}
    arguments = ", ".join(f"%{n}: {t}" for n, t in inputs.items())
    return f"""
rnn.model @{name}({arguments}) -> ({v}, {state}) {{
  %o, %last, %starts = rnn.matrix_scan %q, %k, %v {given} init(%s : {state})
      {words} : {q}, {v} -> {sequence(heads, size)}
  rnn.return %o, %last : {v}, {state}
}}
rnn.objective @{name}_loss({arguments}, %y: {flat}, %z: {whole})
    -> tensor<f32> {{
  %o, %last = rnn.call @{name}({", ".join("%" + n for n in inputs)})
      : ({", ".join(inputs.values())}) -> ({v}, {state})
  %row = rnn.reshape %o : {v} -> {flat}
  %one = rnn.mse %row, %y : {flat}, {flat} -> tensor<f32>
  %end = rnn.reshape %last : {state} -> {step}
  %wide = rnn.broadcast %end : {step} -> {whole}
  %two = rnn.mse %wide, %z : {whole}, {whole} -> tensor<f32>
  %loss = arith.addf %one, %two : tensor<f32>
  rnn.return %loss : tensor<f32>
}}
"""


def forward(q, k, v, a, s, reverse):
    """Results, and the states before each step. s is [batch, heads, K, V]."""
    steps = range(q.shape[1])
    o, before = np.zeros_like(v), {}
    for t in reversed(steps) if reverse else steps:
        before[t] = s
        o[:, t] = np.einsum("bhkv,bhk->bhv", s, q[:, t])
        s = a[:, t, :, :, None] * s + k[:, t, :, :, None] * v[:, t, :, None]
    return o, s, before


def backward(q, k, v, a, before, do, ds, reverse):
    steps = range(q.shape[1])
    dq, dk, dv, da = (np.zeros_like(x) for x in (q, k, v, q))
    for t in steps if reverse else reversed(steps):
        s = before[t]
        dq[:, t] = np.einsum("bhkv,bhv->bhk", s, do[:, t])
        dk[:, t] = np.einsum("bhkv,bhv->bhk", ds, v[:, t])
        dv[:, t] = np.einsum("bhkv,bhk->bhv", ds, k[:, t])
        da[:, t] = (s * ds).sum(-1)
        ds = a[:, t, :, :, None] * ds + q[:, t, :, :, None] * do[:, t, :, None]
    return dq, dk, dv, da, ds


class MatrixScan(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        text = "".join(model(*shape) for shape in SHAPES)
        cls.modules = {
            kind: compile_model(text, BUILD / "conformance" /
                                f"matrix_scan_{kind}.so", kind)
            for kind in ("f64", "f32")}
        cls.modules["sim"] = compile_model(
            text, BUILD / "conformance" / "matrix_scan_f64.sim.so", "f64",
            "sim")

    def inputs(self, rng, batch, time, heads, keys, values, decays, words):
        """With decays of 0 and below 0 among them; and the targets."""
        q, k = (normal(rng, batch, time, heads, keys) for _ in range(2))
        v = normal(rng, batch, time, heads, values)
        a = rng.uniform(-0.3, 1, (batch, time, heads, max(decays, 1)))
        a[rng.random(a.shape) < 0.1] = 0
        shape = (values, keys) if "values_first" in words else (keys, values)
        s = normal(rng, batch, heads, *shape)
        return [q, k, v] + ([a] if decays else []) + [s], [
            normal(rng, batch, time, heads * values),
            normal(rng, batch, time, heads * keys * values)]

    def expected(self, given, targets, decays, words):
        q, k, v, *rest, s = (x.astype(np.float64) for x in given)
        reverse, turned = "reverse" in words, "values_first" in words
        one = rest[0] if decays else np.ones(q.shape[:3] + (1,))
        a = np.broadcast_to(one, q.shape)
        s = np.swapaxes(s, 2, 3) if turned else s
        o, last, before = forward(q, k, v, a, s, reverse)

        def outside(state):
            return np.swapaxes(state, 2, 3) if turned else state
        y, z = targets
        do = 2 * (o - y.reshape(o.shape)) / y.size
        wide = outside(last).reshape(len(y), 1, -1)
        ds = (2 * (wide - z) / z.size).sum(1).reshape(outside(last).shape)
        dq, dk, dv, da, ds = backward(q, k, v, a, before, do, outside(ds),
                                      reverse)
        if decays == 1:
            da = da.sum(-1, keepdims=True)
        return [o, outside(last)], \
            [dq, dk, dv] + ([da] if decays else []) + [outside(ds)]

    def compare(self, kind, limit, times=TIMES, device=None):
        session = Session(self.modules[kind], device=device)
        dtype = np.float32 if kind == "f32" else np.float64
        for (name, *shape), time in product(SHAPES, times):
            rng = np.random.default_rng(time)
            given, targets = self.inputs(rng, 3, time, *shape)
            given, targets = ([x.astype(dtype) for x in list]
                              for list in (given, targets))
            results, gradients = self.expected(given, targets, *shape[3:])
            found = session.run(f"{name}.forward", given)
            found += session.run(f"{name}_loss.gradient",
                                 given + targets)[1:1 + len(given)]
            for i, (ours, reference) in enumerate(
                    zip(found, results + gradients, strict=True)):
                with self.subTest(shape=name, time=time, value=i):
                    error = np.abs(ours - reference).max()
                    self.assertLessEqual(
                        error, limit * max(np.abs(reference).max(), 1e-3))

    def test_in_double(self):
        self.compare("f64", 1e-12)

    def test_in_single(self):
        self.compare("f32", 2e-5)

    def test_simulated(self):
        """On the simulated GPU, in several orders of its threads."""
        self.compare("sim", 1e-12, (1, 17, 33), "sim")
        for device in ("sim:1", "sim:2"):
            self.compare("sim", 1e-12, (17,), device)

    def test_threads(self):
        name, *shape = SHAPES[6]
        given, targets = self.inputs(np.random.default_rng(0), 5, 37, *shape)
        runs = []
        for threads in (1, 2, 3):
            session = Session(self.modules["f64"], threads)
            runs.append(session.run(f"{name}_loss.gradient", given + targets))
        for run in runs[1:]:
            for one, other in zip(runs[0], run, strict=True):
                np.testing.assert_array_equal(one, other)


if __name__ == "__main__":
    unittest.main()
