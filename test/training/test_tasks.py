"""The examples of tasks, from model text to an answer: every mixer learns
something, and a series of numbers is predicted."""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("RNNC_BUILD", ROOT / "build"))
EXAMPLES = ROOT / "examples"
MIXERS = [line.split()[0] for line in
          (EXAMPLES / "mixers.txt").read_text().splitlines()]

SERIES = """
rnn.model @forecast(%steps: tensor<?x?x2xf32>) -> tensor<?x?x2xf32> {
  %h = rnn.min_gru "mixer" %steps expansion 8 : tensor<?x?x2xf32>
  %y = rnn.linear "head" %h bias : tensor<?x?x2xf32> -> tensor<?x?x2xf32>
  rnn.return %y : tensor<?x?x2xf32>
}
rnn.objective @next(%steps: tensor<?x?x2xf32>, %after: tensor<?x?x2xf32>)
    -> tensor<f32> {
  %y = rnn.call @forecast(%steps) : (tensor<?x?x2xf32>) -> tensor<?x?x2xf32>
  %loss = rnn.mse %y, %after
      : tensor<?x?x2xf32>, tensor<?x?x2xf32> -> tensor<f32>
  rnn.return %loss : tensor<f32>
}
"""

ADDING = """
rnn.model @adder(%inputs: tensor<?x?x2xf32>) -> tensor<?x?x1xf32> {
  %x = rnn.linear "in" %inputs bias : tensor<?x?x2xf32> -> tensor<?x?x32xf32>
  %h = rnn.lstm "mixer" %x layers 1 bias
      : tensor<?x?x32xf32> -> tensor<?x?x32xf32>
  %y = rnn.linear "head" %h bias : tensor<?x?x32xf32> -> tensor<?x?x1xf32>
  rnn.return %y : tensor<?x?x1xf32>
}
rnn.objective @sum(%inputs: tensor<?x?x2xf32>, %targets: tensor<?x?x1xf32>,
                   %mask: tensor<?x?xi1>) -> tensor<f32> {
  %y = rnn.call @adder(%inputs) : (tensor<?x?x2xf32>) -> tensor<?x?x1xf32>
  %loss = rnn.mse %y, %targets mask(%mask : tensor<?x?xi1>)
      : tensor<?x?x1xf32>, tensor<?x?x1xf32> -> tensor<f32>
  rnn.return %loss : tensor<f32>
}
"""

# What comes later matters here: only `valid` keeps the padding out.
BACKWARDS = """
rnn.model @reader(%inputs: tensor<?x?xi32>, %valid: tensor<?x?xi1>)
    -> tensor<?x?x5xf32> {
  %x = rnn.embedding "embed" %inputs : tensor<?x?xi32> -> tensor<?x?x8xf32>
  %h = rnn.min_gru "mixer" %x expansion 1 mask(%valid : tensor<?x?xi1>) reverse
      : tensor<?x?x8xf32>
  %y = rnn.linear "head" %h bias : tensor<?x?x8xf32> -> tensor<?x?x5xf32>
  rnn.return %y : tensor<?x?x5xf32>
}
rnn.objective @answers(%inputs: tensor<?x?xi32>, %targets: tensor<?x?xi32>,
    %mask: tensor<?x?xi1>, %valid: tensor<?x?xi1>) -> tensor<f32> {
  %y = rnn.call @reader(%inputs, %valid)
      : (tensor<?x?xi32>, tensor<?x?xi1>) -> tensor<?x?x5xf32>
  %loss = rnn.cross_entropy %y, %targets mask(%mask : tensor<?x?xi1>)
      : tensor<?x?x5xf32>, tensor<?x?xi32> -> tensor<f32>
  rnn.return %loss : tensor<f32>
}
"""


class Tasks(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def run_command(self, *command, code=0):
        done = subprocess.run([*map(str, command)], capture_output=True,
                              text=True, timeout=300,
                              env={**os.environ, "OUT": str(self.folder),
                                   "RNNC_BIN": str(BUILD / "bin")})
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stdout if code == 0 else done.stderr

    def compile(self, text):
        (self.folder / "m.mlir").write_text(text)
        self.run_command(BUILD / "bin/rnnc", self.folder / "m.mlir", "-o",
                         self.folder / "m.so")
        return self.folder / "m.so"

    def rnn(self, *arguments, code=0):
        return self.run_command(BUILD / "bin/rnn", *arguments, code=code)

    def train(self, module, *arguments):
        return json.loads(self.rnn("train", module, "--out",
                                   self.folder / "m.safetensors", "--threads",
                                   1, "--seed", 1, "--json", *arguments))

    def losses(self, log):
        return [line["loss"] for line in
                map(json.loads, (self.folder / log).read_text().splitlines())
                if "loss" in line]

    def test_selective_copying_with_every_mixer(self):
        for mixer in MIXERS:
            with self.subTest(mixer):
                out = self.run_command(
                    EXAMPLES / "selective-copy/run.sh", mixer, 1, "--task",
                    "selective-copying:symbols=6,memorize=2", "--length", 8,
                    "--batch", 16, "--steps", 40, "--lr", 3e-3, "--threads", 1,
                    "--eval-count", 20, "--log", self.folder / "log")
                self.assertRegex(out, r"accuracy \d\.\d+, of whole")
                losses = self.losses("log")
                self.assertLess(losses[-1], losses[0] - 0.5)

    def test_min_gru_copies_selectively(self):
        out = self.run_command(
            EXAMPLES / "selective-copy/run.sh", "min-gru", 2, "--task",
            "selective-copying:symbols=6,memorize=2", "--length", 10,
            "--batch", 32, "--steps", 400, "--lr", 3e-3, "--threads", 1)
        accuracy = float(out.split("accuracy ")[1].split(",")[0])
        self.assertGreater(accuracy, 0.9)  # by chance 0.25

    def test_chomsky_generalises_in_length(self):
        out = self.run_command(
            EXAMPLES / "chomsky/run.sh", "cycle-navigation:cycle=2", "lstm",
            "--length", "3..12", "--batch", 32, "--steps", 300, "--lr", 3e-3,
            "--threads", 1)
        lines = dict(line.rsplit(None, 1) for line in out.splitlines()
                     if line.startswith(("loss", "accuracy")))
        # Of 2 places, by chance 0.5.
        self.assertGreater(float(lines["accuracy"]), 0.5)

    def test_padding_changes_nothing(self):
        module = self.compile(BACKWARDS)
        self.train(module, "--task", "reverse-string", "--length", "1..9",
                   "--steps", 20, "--batch", 8)
        made = self.folder / "made"
        self.rnn("data", "make", "reverse-string", "--length", "1..9",
                 "--count", 60, "--validation", "--out", made)
        scores = [json.loads(self.rnn(
            "eval", module, "--parameters", self.folder / "m.safetensors",
            *data, "--batch", batch, "--json"))
            for data in (("--task", "reverse-string", "--length", "1..9",
                          "--count", 60), ("--data", made, "--split", "all"))
            for batch in (1, 60)]
        for score in scores[1:]:
            self.assertAlmostEqual(score["loss"], scores[0]["loss"], 5)
            for key in ("accuracy", "sequence_accuracy", "predictions"):
                self.assertEqual(score[key], scores[0][key])

    def test_adding(self):
        module = self.compile(ADDING)
        result = self.train(module, "--task", "adding", "--length", 8,
                            "--steps", 600, "--batch", 32, "--lr", 1e-2)
        # Who always says 1 has 0.167.
        self.assertLess(result["validation_loss"], 0.05)
        self.assertNotIn("validation_accuracy", result)

    def test_series_of_numbers(self):
        module = self.compile(SERIES)
        time = np.arange(3000)
        series = np.stack([np.sin(time / 5), np.cos(time / 5)], 1)
        np.save(self.folder / "s.npy", series)
        np.savetxt(self.folder / "s.csv", series, "%.17g", ",", header="a,b",
                   comments="")
        results = [self.train(module, "--data", self.folder / name, "--time",
                              32, "--steps", 200, "--lr", 1e-2)
                   for name in ("s.npy", "s.csv")]
        self.assertEqual(results[0], results[1])
        # Who always says 0 has 0.5.
        self.assertLess(results[0]["validation_loss"], 0.05)
        self.assertEqual(results[0]["predictions"], 299)
        measured = json.loads(self.rnn(
            "eval", module, "--parameters", self.folder / "m.safetensors",
            "--data", self.folder / "s.npy", "--json"))
        self.assertAlmostEqual(measured["carried_loss"],
                               results[0]["carried_validation_loss"], 3)
        carried = self.train(module, "--data", self.folder / "s.npy", "--time",
                             32, "--steps", 200, "--lr", 1e-2, "--carry-state")
        self.assertLess(carried["validation_loss"], 0.1)

    def test_series_that_cannot_be_read(self):
        module = self.compile(SERIES)

        def refused(name, content, *words):
            path = self.folder / name
            if isinstance(content, str):
                path.write_text(content)
            else:
                np.save(path, content)
            err = self.rnn("train", module, "--data", path, "--out",
                           self.folder / "x", code=1)
            self.assertEqual(err.count("rnn: error:"), 1, err)
            for word in words:
                self.assertIn(word, err)
        refused("a.csv", "1,2\n3\n", "a.csv:2", "1 cell")
        refused("b.csv", "1,2\n3,x\n", "b.csv:2", "'x'")
        refused("c.csv", "1,2\nnan,4\n", "c.csv:2", "'nan'")
        refused("d.csv", "1\n2\n3\n", "cannot take this series",
                "[batch, time, 1]")
        refused("e.npy", np.zeros((9, 3)), "[batch, time, 3]")
        refused("f.npy", np.full((9, 2), np.inf), "element [0, 0] is inf")
        refused("g.npy", np.zeros((9, 2)), "too few")
        refused("h.npy", np.array([[1e300, 0]] * 9), "f32 can hold")


if __name__ == "__main__":
    unittest.main()
