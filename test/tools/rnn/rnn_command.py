"""How the tests of the rnn command line call it, and the files they give it.

The environment names what is under test: RNN_BIN the program, RNN_TEST_MODULE
test/runtime/fixture_module.c compiled and sealed. Other forms of that fixture
are looked for beside it, or are compiled here where a test needs them.
"""

import json
import os
import shutil
import struct
import subprocess
import tempfile
import time
import unittest

BIN = os.environ["RNN_BIN"]
MODULE = os.environ["RNN_TEST_MODULE"]
SEAL = os.path.join(os.path.dirname(BIN), "rnn_seal_module")
RUNTIME = os.path.join(os.path.dirname(__file__), "../../../runtime")
FIXTURE = os.path.join(os.path.dirname(__file__),
                       "../../runtime/fixture_module.c")
VERBS = ["train", "eval", "data", "generate", "run", "check", "inspect", "bench",
         "report"]


def text_of(length, seed=1):
    """A text of eight characters that a model can learn something from."""
    words = ["abba ", "cab ", "dead ", "ebb\n", "face "]
    pieces, size, state = [], 0, seed
    while size < length:
        state = (state * 1103515245 + 12345) % 2**31
        pieces.append(words[(state >> 16) % len(words)])
        size += len(pieces[-1])
    return "".join(pieces)[:length]


def read_safetensors(path):
    """{name: (dtype, shape, bytes)} and the metadata."""
    with open(path, "rb") as file:
        data = file.read()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    metadata = header.pop("__metadata__", {})
    body = data[8 + length :]
    return {
        name: (t["dtype"], t["shape"], body[slice(*t["data_offsets"])])
        for name, t in header.items()
    }, metadata


class RnnTest(unittest.TestCase):
    """A test with a folder of its own."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="rnn-test-")
        self.addCleanup(shutil.rmtree, self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, content):
        if isinstance(content, str):
            content = content.encode()
        with open(self.path(name), "wb") as file:
            file.write(content)
        return self.path(name)

    def rnn(self, *arguments, code=0, **options):
        """Runs rnn, expects its exit code, returns (stdout, stderr)."""
        options.setdefault("stdin", subprocess.DEVNULL)
        if "input" in options:
            options.pop("stdin")
        options.setdefault("stdout", subprocess.PIPE)
        done = subprocess.run(
            [BIN, *map(str, arguments)],
            stderr=subprocess.PIPE,
            timeout=120,
            **options,
        )
        err = done.stderr.decode()
        self.assertEqual(done.returncode, code, f"{arguments}\n{err}")
        out = done.stdout.decode(errors="replace") if done.stdout else ""
        return out, err

    def rnn_json(self, *arguments, **options):
        return json.loads(self.rnn(*arguments, "--json", **options)[0])

    def refuses(self, *arguments, says, code=1, **options):
        """A mistake: an exit code, one line with the cause, quickly."""
        start = time.monotonic()
        out, err = self.rnn(*arguments, code=code, **options)
        self.assertLess(time.monotonic() - start, 5)
        self.assertEqual(out, "")
        lines = [l for l in err.splitlines() if l.startswith("rnn: error: ")]
        self.assertEqual(len(lines), 1, err)
        self.assertTrue(err.splitlines()[-1] == lines[0], err)
        for words in [says] if isinstance(says, str) else says:
            self.assertIn(words, lines[0])
        return lines[0]

    def fixture(self, *definitions, replace=None):
        """The fixture compiled with definitions and a pair of texts swapped."""
        compiler = shutil.which("cc")
        if not compiler or not os.path.exists(SEAL):
            self.skipTest("no cc, or no rnn_seal_module beside rnn")
        with open(FIXTURE) as file:
            text = file.read()
        if replace:
            self.assertIn(replace[0], text)
            text = text.replace(*replace)
        source, module = self.write("fixture.c", text), self.path("fixture.so")
        subprocess.run(
            [compiler, "-std=c99", "-O1", "-shared", "-fPIC", "-I", RUNTIME,
             *("-D" + d for d in definitions), source, "-o", module, "-lm"],
            check=True)
        subprocess.run([SEAL, module], check=True)
        os.remove(source)
        return module

    def train_arguments(self, text, out, **changes):
        options = {
            "tokenizer": "chars", "batch": 4, "time": 16, "steps": 12,
            "warmup": 2, "seed": 7, "threads": 1,
        }
        options.update(changes)
        arguments = ["train", MODULE, "--text", text, "--out", out]
        for name, value in options.items():
            if value is None or value is False:
                continue
            arguments.append("--" + name.replace("_", "-"))
            if value is not True:
                arguments.append(value)
        return arguments

    def trained(self, **changes):
        """A text and a checkpoint trained on it for a few steps."""
        text = self.write("text.txt", text_of(4000))
        out = self.path("model.safetensors")
        self.rnn(*self.train_arguments(text, out, **changes))
        return text, out
