"""--precision=bf16: every case of cases.py, on the CPU and on the simulated GPU,
against the CPU in f64, within what 8 bits of fraction allow; some on the
simulated GPU with --precision=tf32, which has 11 in factors of products.
"""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest
from dataclasses import replace
from functools import cache

import numpy as np

import report
import test_chunks
from case import Instance
from cases import CASES
from librnn import BUILD, compile_model
from test_layers import relative
from test_sim import CHUNKED, compile_all, small

RNN = os.environ.get("RNN_BIN", str(BUILD / "bin" / "rnn"))
SHAPES = ((3, 5), (1, 2))
KINDS = (("bf16", "cpu"), ("bf16", "sim"), ("tf32", "sim"))
# Limits of values and of gradients, relative to the largest.
# With products in every place that a kernel has for them.
TF32 = ("linear_bias", "min_gru", "lstm", "attention", "selective_scan",
        "matrix_state")
LIMITS = {"bf16": (0.012, 0.03), "tf32": (0.0015, 0.004)}


@cache
def instance(name, element_type, device):
    case = small(name)
    return Instance(case, case.widths[0], case.compile(element_type, device),
                    device=device)


def setUpModule():
    compile_all(PROPERTIES, lambda name: [
        kind for kind in (("f64", "cpu"), *KINDS)
        if kind[0] != "tf32" or name in TF32])


def tearDownModule():
    print("\n" + report.table())


class Narrow(unittest.TestCase):
    """Filled with test_<precision>_<target>_<case> below."""

    def holds(self, name, what, error, limit, where):
        self.assertTrue(report.record(name, what, error, limit),
                        f"{what} at {where}: error {error:.2e}, limit {limit}")

    def compare(self, name, element_type, device):
        double = instance(name, "f64", "cpu")
        run = instance(name, element_type, device)
        values_within, slopes_within = LIMITS[element_type]
        what = f"{element_type} {device}"
        shapes = SHAPES
        if device == "cpu" and name in test_chunks.NAMES:
            shapes += ((1, CHUNKED),)
        for shape in shapes:
            inputs = run.random_inputs(*shape)
            wanted = double.forward(inputs)
            for a, b in zip(run.forward(inputs), wanted, strict=True):
                self.assertEqual(a.dtype.name, "float32")
                self.holds(name, what, relative(a, b, 1e-2), values_within,
                           shape)
            inputs += run.random_targets(*shape, wanted)
            loss, gradients = run.gradients(inputs)
            exact, slopes = double.gradients(inputs)
            self.holds(name, what, relative(loss, exact, 1e-2), values_within,
                       shape)
            largest = max(abs(g).max(initial=0) for g in slopes.values())
            for key, slope in slopes.items():
                self.holds(name, what + " grad", relative(
                    gradients[key], slope, 0.2 * largest), slopes_within,
                    (key, shape))


class Products(unittest.TestCase):
    """Of several tiles, and of rows that can be read 16 bytes at a time."""

    SHAPE = (3, 50)

    def check(self, kind, device):
        case = next(c for c in CASES if c.name == "linear_bias")
        case = replace(case, widths=(72,), name="linear_wide")
        run, double = (Instance(case, 72, case.compile(type, target),
                                device=target)
                       for type, target in ((kind, device), ("f64", "cpu")))
        inputs = run.random_inputs(*self.SHAPE)
        wanted = double.forward(inputs)
        values, slopes = LIMITS[kind]
        self.assertLess(relative(run.forward(inputs)[0], wanted[0]), values)
        inputs += run.random_targets(*self.SHAPE, wanted)
        gradients, exact = (one.gradients(inputs)[1] for one in (run, double))
        for key, slope in exact.items():
            self.assertLess(relative(gradients[key], slope), slopes, key)

    def test_bf16_cpu(self):
        self.check("bf16", "cpu")

    def test_bf16_sim(self):
        self.check("bf16", "sim")

    def test_tf32_sim(self):
        self.check("tf32", "sim")


class Training(unittest.TestCase):
    """A small run on a text: the loss of bf16 follows that of f32, in half the
    memory for each step of a sequence."""

    TEXT = """
rnn.model @lm(%tokens: tensor<?x?xi32>) -> tensor<?x?x256xf32> {
  %x0 = rnn.embedding "embed" %tokens : tensor<?x?xi32> -> tensor<?x?x48xf32>
  %x = rnn.repeat 2 "layers" (%a = %x0) : tensor<?x?x48xf32> {
    %n = rnn.rms_norm "norm" %a : tensor<?x?x48xf32>
    %h = rnn.min_gru "mixer" %n expansion 2 : tensor<?x?x48xf32>
    %r = arith.addf %a, %h : tensor<?x?x48xf32>
    rnn.yield %r : tensor<?x?x48xf32>
  }
  %y = rnn.linear "head" %x : tensor<?x?x48xf32> -> tensor<?x?x256xf32>
  rnn.return %y : tensor<?x?x256xf32>
}
rnn.objective @next(%tokens: tensor<?x?xi32>, %targets: tensor<?x?xi32>)
    -> tensor<f32> {
  %y = rnn.call @lm(%tokens) : (tensor<?x?xi32>) -> tensor<?x?x256xf32>
  %l = rnn.cross_entropy %y, %targets
      : tensor<?x?x256xf32>, tensor<?x?xi32> -> tensor<f32>
  rnn.return %l : tensor<f32>
}
"""

    def losses(self, kind, text, folder):
        module = BUILD / "conformance" / f"training.{kind}.so"
        compile_model(self.TEXT, module, kind)
        log = folder / f"{kind}.jsonl"
        subprocess.run(
            [RNN, "train", module, "--text", text, "--out",
             folder / f"{kind}.safetensors", "--steps", "120", "--batch", "8",
             "--time", "64", "--seed", "3", "--warmup", "20", "--log", log],
            check=True, capture_output=True, timeout=300)
        rows = [json.loads(line) for line in log.read_text().splitlines()]
        return np.array([row["loss"] for row in rows if "loss" in row])

    def test_losses_follow_those_of_f32(self):
        rng = np.random.default_rng(0)
        words = ["".join(rng.choice(list("abcdefgh"), 1 + i % 7))
                 for i in range(40)]
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            text = folder / "text"
            text.write_text(" ".join(rng.choice(words, 8000)))
            wide, narrow = (self.losses(kind, text, folder)
                            for kind in ("f32", "bf16"))
        self.assertGreater(len(wide), 5)
        self.assertEqual(len(wide), len(narrow))
        self.assertLess(wide[-1], 0.6 * wide[0])
        self.assertLess(abs(narrow / wide - 1).max(), 0.02)

    def test_memory_of_a_step_is_half(self):
        bytes_of = {}
        for kind in ("f32", "bf16"):
            path = BUILD / "conformance" / f"training.{kind}.so"
            compile_model(self.TEXT, path, kind)
            shown = subprocess.run([RNN, "inspect", path, "--json"], check=True,
                                   capture_output=True, text=True).stdout
            entries = json.loads(shown)["entries"]
            bytes_of[kind] = next(e["workspace"]["batch_time"] for e in entries
                                  if e["kind"] == "gradient")
        self.assertLess(bytes_of["bf16"], 0.55 * bytes_of["f32"])


PROPERTIES = {f"{kind}_{device}": (kind, device) for kind, device in KINDS}

for one in CASES:
    for property_name, how in PROPERTIES.items():
        if how[0] == "tf32" and one.name not in TF32:
            continue

        def test(self, name=one.name, how=how):
            self.compare(name, *how)
        setattr(Narrow, f"test_{one.name}_{property_name}", test)

if __name__ == "__main__":
    unittest.main()
