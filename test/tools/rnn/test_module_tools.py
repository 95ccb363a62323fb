"""rnn inspect, bench and check."""

import os
import stat
import unittest

from rnn_command import BIN, MODULE, MODULE_F64, RnnTest


class InspectTest(RnnTest):
    def test_module(self):
        out, _ = self.rnn("inspect", MODULE, "--batch", 4, "--time", 100)
        descriptor = self.rnn_json("inspect", MODULE)
        for part in ("parameters", "entries"):
            for item in descriptor[part]:
                self.assertIn("\n  " + item["name"], out)
        self.assertIn("at batch 4, time 100", out)
        self.assertTrue(descriptor["file"]["runs_here"])

    def test_reads_without_running(self):
        """A module that cannot be loaded is described all the same."""
        copy = self.path("copy.so")
        with open(MODULE, "rb") as file:
            self.write("copy.so", file.read())
        os.chmod(copy, stat.S_IRUSR)
        self.rnn("inspect", copy)

    def test_checkpoint(self):
        _, out = self.trained()
        text, _ = self.rnn("inspect", out)
        self.assertIn("tokenizer = ", text)
        self.assertIn("metadata", self.rnn_json("inspect", out))

    def test_refusals(self):
        with open(MODULE, "rb") as file:
            data = file.read()
        for name, content in {"cut": data[:-1], "half": data[: len(data) // 2],
                              "short": data[:20], "empty": b"",
                              "words": b"no module"}.items():
            self.refuses("inspect", self.write(name, content), says=name)
        flipped = bytearray(data)
        flipped[len(data) // 2] ^= 1
        self.refuses("inspect", self.write("flipped", flipped), says="flipped")
        self.refuses("inspect", "/lib/x86_64-linux-gnu/libc.so.6",
                     says="libc.so.6")
        os.mkfifo(self.path("fifo"))
        self.refuses("inspect", self.path("fifo"), says="regular")


class BenchTest(RnnTest):
    def test_every_entry(self):
        results = self.rnn_json("bench", MODULE, "--batch", 2, "--time", 8,
                                "--repeat", 3)
        entries = self.rnn_json("inspect", MODULE)["entries"]
        self.assertEqual([r["entry"] for r in results],
                         [e["name"] for e in entries])
        for result in results:
            self.assertLessEqual(result["min_ms"], result["median_ms"])
            self.assertGreater(result["tokens_per_second"], 0)

    def test_one_entry(self):
        model = self.rnn_json("inspect", MODULE)["models"][0]
        out, _ = self.rnn("bench", MODULE, model["name"], "--repeat", 2)
        self.assertEqual(len(out.splitlines()), 2)
        self.assertIn(model["forward"], out)
        self.refuses("bench", MODULE, "nobody", says="nobody")

    def test_memory_that_is_not_there(self):
        self.refuses("bench", MODULE, "--batch", 2**23, "--time", 2**23,
                     says="")


class CheckTest(RnnTest):
    def test_f32_is_refused(self):
        self.refuses("check", MODULE, says="--element-type=f64")

    @unittest.skipUnless(MODULE_F64, "no module in f64")
    def test_gradients_and_step(self):
        result = self.rnn_json("check", MODULE_F64)
        self.assertTrue(result["passed"])
        subjects = [r["subject"] for r in result["results"]]
        for parameter in self.rnn_json("inspect", MODULE_F64)["parameters"]:
            self.assertIn("parameter " + parameter["name"], subjects)
        self.assertTrue(any(s.startswith("output ") for s in subjects))
        self.assertTrue(any(s.startswith("state ") for s in subjects))
        for line in result["results"]:
            self.assertEqual(line["verdict"], "pass", line)
            self.assertLess(line["error"], 1e-5)
        out, _ = self.rnn("check", MODULE_F64, "--time", 1, "--batch", 1)
        self.assertRegex(out, r"(?m)^pass +\S+e-\d+  \w+: parameter")

    def test_model_text_needs_the_compiler(self):
        if os.path.exists(os.path.join(os.path.dirname(BIN), "rnnc")):
            self.skipTest("rnnc is beside rnn")
        model = self.write("model.mlir", "")
        self.refuses("check", model, says="cannot run rnnc",
                     env={"PATH": "/nowhere"})

    def test_model_text_goes_to_the_compiler(self):
        if os.path.exists(os.path.join(os.path.dirname(BIN), "rnnc")):
            self.skipTest("rnnc is beside rnn")
        model = self.write("model.mlir", "")
        compiler = self.write(
            "rnnc", f'#!/bin/sh\n[ "$4" = --element-type=f64 ] && '
            f'cp "{MODULE_F64 or MODULE}" "$3"\n')
        os.chmod(compiler, 0o755)
        environment = {"PATH": self.folder + ":/usr/bin:/bin",
                       "TMPDIR": self.folder}
        if MODULE_F64:
            self.rnn("check", model, env=environment)
        else:
            self.refuses("check", model, says="f64", env=environment)
        self.assertEqual(sorted(os.listdir(self.folder)),
                         ["model.mlir", "rnnc"])
        self.write("rnnc", "#!/bin/sh\nexit 1\n")
        self.refuses("check", model, says="could not compile",
                     env=environment)


if __name__ == "__main__":
    unittest.main()
