"""A run's folder of a model of bytes, whose texts may end within a character or
be none: it is written, read, and shown."""

import json
import unittest

import test_tasks
from test_tasks import BUILD, EXAMPLES


class Runs(unittest.TestCase):
    setUp = test_tasks.Tasks.setUp
    run_command = test_tasks.Tasks.run_command

    def test_samples_of_bytes(self):
        rnn, module = BUILD / "bin/rnn", self.folder / "m.so"
        self.run_command(BUILD / "bin/rnnc", EXAMPLES / "char-lm/char-lm.mlir",
                         "-o", module)
        text = self.folder / "text.txt"
        text.write_text("ä → ü. " * 400)
        run = self.folder / "run"
        self.run_command(rnn, "train", module, "--text", text, "--run", run,
                         "--steps", 4, "--batch", 2, "--time", 16,
                         "--sample-every", 2, "--eval-every", 2)
        samples = [json.loads(line) for line in
                   (run / "samples.jsonl").read_text().splitlines()]
        self.assertEqual([sample["step"] for sample in samples], [2, 4])
        # An untrained model writes bytes that are no UTF-8.
        self.assertIn("\N{REPLACEMENT CHARACTER}", samples[0]["text"])
        page = self.folder / "report.html"
        self.run_command(rnn, "report", run, "--out", page)
        self.assertIn("\N{REPLACEMENT CHARACTER}", page.read_text())


if __name__ == "__main__":
    unittest.main()
