"""Every model of examples/char-lm, and its paper.mlir with every mixer, compiles
and learns a little, on a text that is at hand: the README."""

import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("RNNC_BUILD", ROOT / "build"))


class Examples(unittest.TestCase):
    def test_char_lm(self):
        models = sorted((ROOT / "examples/char-lm").glob("*.mlir"))
        self.assertTrue(models)
        for model in models:
            with self.subTest(model.name):
                self.learns(model)

    def test_paper_with_every_mixer(self):
        text = (ROOT / "examples/char-lm/paper.mlir").read_text()
        lines = (ROOT / "examples/char-lm/mixers.txt").read_text().splitlines()
        self.assertEqual(text.count("%m = "), 1)
        for name, line in (one.split(None, 1) for one in lines):
            with self.subTest(name), tempfile.TemporaryDirectory() as folder:
                model = pathlib.Path(folder, f"{name}.mlir")
                model.write_text(re.sub("%m = .*", f"%m = {line}", text))
                self.learns(model)

    def learns(self, model):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            module, log = folder / "lm.so", folder / "log.jsonl"
            for command in (
                ["rnnc", model, "-o", module],
                ["rnn", "train", module, "--text", ROOT / "README.md", "--out",
                 folder / "lm.safetensors", "--log", log, "--steps", 12,
                 "--batch", 2, "--time", 32, "--warmup", 1, "--seed", 1],
            ):
                subprocess.run(
                    [str(BUILD / "bin" / command[0]), *map(str, command[1:])],
                    check=True, stdout=subprocess.DEVNULL, timeout=120)
            losses = [line["loss"] for line
                      in map(json.loads, log.read_text().splitlines())
                      if "loss" in line]
        self.assertLess(losses[-1], losses[0] - 0.3)


if __name__ == "__main__":
    unittest.main()
