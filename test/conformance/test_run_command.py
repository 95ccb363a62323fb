"""`rnn run` on .npy files and a safetensors file: the road on which anyone
compares us with another framework, and nothing else of ours."""

import json
import subprocess
import tempfile
import unittest
from pathlib import Path

import numpy as np

import reference as ref
from cases import CASES
from librnn import BUILD, RNN, RNNC

CASE = next(c for c in CASES if c.name == "min_gru_reset_learned")
WIDTH = 7
NAME = CASE.instance(WIDTH)


def read_safetensors(path):
    data = Path(path).read_bytes()
    size = int.from_bytes(data[:8], "little")
    header, body = json.loads(data[8:8 + size]), data[8 + size:]
    types = {"F32": np.float32, "F64": np.float64}
    return {name: np.frombuffer(body[slice(*t["data_offsets"])],
                                types[t["dtype"]]).reshape(t["shape"])
            for name, t in header.items() if name != "__metadata__"}


class RunCommand(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        CASE.compile("f64")
        cls.module = BUILD / "conformance" / f"{CASE.name}.f64.so"
        cls.folder = tempfile.TemporaryDirectory()
        cls.at = Path(cls.folder.name)
        cls.parameters = cls.at / "p.safetensors"
        cls.rnn("--seed", "3", "--write-parameters", cls.parameters)
        cls.p = {name.removeprefix(NAME + "."): value for name, value
                 in read_safetensors(cls.parameters).items()
                 if name.startswith(NAME + ".")}
        rng = np.random.default_rng(0)
        cls.inputs = {"x": rng.standard_normal((3, 37, WIDTH)),
                      "reset": rng.random((3, 37)) < 0.2,
                      "target": rng.standard_normal((3, 37, WIDTH))}
        for name, value in cls.inputs.items():
            np.save(cls.at / name, value)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def rnn(cls, *arguments):
        done = subprocess.run([str(RNN), "run", str(cls.module),
                               *map(str, arguments)],
                              capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)

    def run_entry(self, entry, names, *more):
        out = self.at / entry
        given = [word for name in names
                 for word in ("--input", f"{name}={self.at / name}.npy")]
        self.rnn(entry, "--parameters", self.parameters, *given, "--out", out,
                 *more)
        return {path.stem: np.load(path) for path in out.glob("*.npy")}

    def layer(self):
        return ref.MinimalRNN(
            self.p["to_hidden_and_gate.weight"], 1,
            self.p["to_hidden_and_gate.bias"], self.p["to_out.weight"],
            self.p["to_out.bias"], "positive")

    def test_forward(self):
        found = self.run_entry(NAME, ["x", "reset"])
        wanted, _ = self.layer().forward(self.inputs["x"], self.p["h0"],
                                         self.inputs["reset"])
        np.testing.assert_allclose(found["result0"], wanted, rtol=1e-10,
                                   atol=1e-12)

    def test_gradients(self):
        found = self.run_entry(NAME + "_loss", ["x", "reset", "target"],
                               "--gradients")
        layer = self.layer()
        y, _ = layer.forward(self.inputs["x"], self.p["h0"],
                             self.inputs["reset"])
        dy = 2 * (y - self.inputs["target"]) / y.size
        wanted = layer.backward(dy)
        for name, key in (("to_hidden_and_gate.weight", "weight"),
                          ("to_hidden_and_gate.bias", "bias"),
                          ("to_out.weight", "out"),
                          ("to_out.bias", "out_bias")):
            np.testing.assert_allclose(found[f"{NAME}.{name}"], wanted[key],
                                       rtol=1e-8, atol=1e-12, err_msg=name)
        np.testing.assert_allclose(found[f"{NAME}.h0"], wanted["init"].sum(0),
                                   rtol=1e-8, atol=1e-12)
        np.testing.assert_allclose(found["d_x"], wanted["x"], rtol=1e-8,
                                   atol=1e-12)

    def test_check(self):
        """`rnn check` agrees that the same model is right."""
        done = subprocess.run([str(RNN), "check", str(self.module)],
                              capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_examples_compile_and_check(self):
        from librnn import REPOSITORY
        for model in sorted((REPOSITORY / "examples" / "cells").glob("*.mlir")):
            module = self.at / (model.stem + ".so")
            subprocess.run([str(RNNC), str(model), "-o", str(module),
                            "--element-type=f64"], check=True, timeout=60)
            done = subprocess.run([str(RNN), "check", str(module)],
                                  capture_output=True, text=True, timeout=120)
            self.assertEqual(done.returncode, 0,
                             f"{model.name}\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    unittest.main()
