"""One module for several CPUs: the best that the machine has is used, or the one
that RNN_CPU names, to the bits of a module for that CPU alone. Damaged files and
CPUs that lack something: test/runtime/ModuleTest.cpp."""

import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

import numpy as np

from librnn import REPOSITORY, RNN, RNNC

MODEL = REPOSITORY / "examples" / "cells" / "gru.mlir"
CPUS = ["x86-64-v2", "x86-64-v3"]
class Variants(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.at = Path(cls.folder.name)
        cls.all = cls.compile("all", ",".join(CPUS))
        np.save(cls.at / "x", np.random.default_rng(0).standard_normal(
            (2, 9, 64)).astype(np.float32))

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def compile(cls, name, cpus):
        path = cls.at / f"{name}.so"
        subprocess.run([str(RNNC), str(MODEL), f"--cpu={cpus}", "-o",
                        str(path)], check=True, timeout=120)
        return path

    def rnn(self, *arguments, cpu=None):
        environment = {**os.environ, **({"RNN_CPU": cpu} if cpu else {})}
        return subprocess.run([str(RNN), *map(str, arguments)],
                              capture_output=True, text=True, timeout=60,
                              env=environment)

    def outputs(self, module, cpu=None):
        out = self.at / "out"
        done = self.rnn("run", module, "smoother", "--input",
                        f"x={self.at / 'x.npy'}", "--out", out, "--seed", 3,
                        cpu=cpu)
        self.assertEqual(done.returncode, 0, done.stderr)
        return {path.name: path.read_bytes() for path in out.glob("*.npy")}

    def inspect(self, module, cpu=None):
        return json.loads(self.rnn("inspect", module, "--json", cpu=cpu).stdout)

    def test_each_is_what_it_is_alone(self):
        for cpu in CPUS:
            alone = self.outputs(self.compile(cpu, cpu))
            self.assertTrue(alone)
            self.assertEqual(alone, self.outputs(self.all, cpu), cpu)

    def test_the_first_that_runs_is_taken(self):
        found = self.inspect(self.all)
        self.assertEqual(found["target"]["cpu"], CPUS[-1])
        self.assertEqual([v["cpu"] for v in found["file"]["variants"]],
                         CPUS[::-1])
        self.assertEqual(self.outputs(self.all),
                         self.outputs(self.all, CPUS[-1]))
        text = self.rnn("inspect", self.all).stdout
        self.assertIn(f"variant {CPUS[-1]}: used here", text)
        self.assertEqual(self.inspect(self.all, CPUS[0])["target"]["cpu"],
                         CPUS[0])

    def test_a_cpu_that_is_not_there(self):
        unknown = self.rnn("bench", self.all, cpu="pdp-11")
        self.assertEqual(unknown.returncode, 1)
        self.assertIn("nothing for the CPU 'pdp-11' that RNN_CPU names, but "
                      "for x86-64-v3, x86-64-v2", unknown.stderr)


if __name__ == "__main__":
    unittest.main()
