"""The documented result of examples/char-lm, on tiny Shakespeare.

The text is the file that RNN_TINYSHAKESPEARE names, or shared/data beside the
repository; without one the test is skipped: nothing is downloaded.
"""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("RNNC_BUILD", ROOT / "build"))
TEXT = pathlib.Path(
    os.environ.get(
        "RNN_TINYSHAKESPEARE", ROOT.parent / "shared/data/tinyshakespeare.txt"
    )
)


@unittest.skipUnless(TEXT.is_file(), "no tiny Shakespeare; set RNN_TINYSHAKESPEARE")
class CharLm(unittest.TestCase):
    def test_validation_loss_after_three_minutes(self):
        def run(tool, *arguments):
            command = [str(BUILD / "bin" / tool), *map(str, arguments)]
            return subprocess.run(
                command, check=True, stdout=subprocess.PIPE, text=True
            ).stdout

        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            module, checkpoint = folder / "lm.so", folder / "lm.safetensors"
            run("rnnc", ROOT / "examples/char-lm/char-lm.mlir", "-o", module)
            run("rnn", "train", module, "--text", TEXT, "--out", checkpoint,
                "--minutes", 3)
            result = json.loads(
                run("rnn", "eval", module, "--parameters", checkpoint,
                    "--text", TEXT, "--json")
            )
        self.assertLessEqual(result["loss"], 1.88)


if __name__ == "__main__":
    unittest.main()
