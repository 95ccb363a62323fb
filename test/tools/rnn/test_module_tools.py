"""rnn inspect, bench and check."""

import os
import re
import shutil
import stat
import subprocess
import unittest

from rnn_command import BIN, MODULE, RnnTest


class InspectTest(RnnTest):
    def test_module(self):
        out, _ = self.rnn("inspect", MODULE, "--batch", 4, "--time", 100)
        descriptor = self.rnn_json("inspect", MODULE)
        for part in ("parameters", "entries"):
            for item in descriptor[part]:
                self.assertIn("\n  " + item["name"], out)
        self.assertIn("at batch 4, time 100", out)
        for size, steps, rows, constant in re.findall(
                r"workspace (\d+) bytes at batch 4, time 100 "
                r"\((\d+) x batch x time \+ (\d+) x batch \+ (\d+)\)", out):
            self.assertEqual(int(size), int(steps) * 400 + int(rows) * 4
                             + int(constant))
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
        # The address sanitizer would end the process before `new` can fail.
        environment = {**os.environ,
                       "ASAN_OPTIONS": "allocator_may_return_null=1"}
        self.refuses("bench", MODULE, "--batch", 2**23, "--time", 2**23,
                     says="out of memory", env=environment)


class CheckTest(RnnTest):
    def test_f32_is_refused(self):
        self.refuses("check", MODULE, says="--element-type=f64")

    def test_a_module_needs_no_plugin(self):
        self.refuses("check", self.fixture("FIXTURE_F64"),
                     "--load-dialect-plugin", "p.so",
                     says="--load-dialect-plugin is for rnnc")

    def verdicts(self, code=0, replace=None):
        module = self.fixture("FIXTURE_F64", "FIXTURE_REGRESSION",
                              replace=replace)
        result = self.rnn_json("check", module, code=code)
        self.assertEqual(result["passed"], code == 0)
        return {f"{r['of']} {r['subject']}": r["verdict"]
                for r in result["results"]}

    def test_gradients_and_step(self):
        verdicts = self.verdicts()
        self.assertEqual(set(verdicts.values()), {"pass"})
        for subject in ("char_lm output result0", "char_lm state layer.h",
                        "next_token parameter embed.weight",
                        "regression parameter scale", "regression input x"):
            self.assertIn(subject, verdicts)
        out, _ = self.rnn("check", self.path("fixture.so"), "--time", 1,
                          "--batch", 1, "--seed", 5)
        self.assertRegex(out, r"(?m)^pass +\S+e-\d+  next_token: parameter")

    def test_wrong_gradient_fails_where_it_is_wrong(self):
        verdicts = self.verdicts(1, (
            "(t->b.c[i] - before) * z * (1 - z)",
            "(t->b.c[i] - before) * z"))
        wrong = {s for s, v in verdicts.items() if v != "pass"}
        self.assertEqual(wrong, {
            "next_token parameter layer.gate.weight",
            "next_token parameter layer.gate.bias",
            "next_token parameter embed.weight"})
        self.assertEqual({verdicts[s] for s in wrong}, {"FAIL"})

    def test_wrong_step_fails(self):
        verdicts = self.verdicts(1, (
            "if (call->carry)", "if (call->carry && call->time > 1)"))
        self.assertEqual(verdicts["char_lm output result0"], "FAIL")
        self.assertEqual(verdicts["char_lm state layer.h"], "FAIL")

    def test_nan_fails(self):
        verdicts = self.verdicts(1, ("p[HEAD_BIAS + v];",
                                     "p[HEAD_BIAS + v] + sqrt(-1.0);"))
        self.assertEqual(verdicts["char_lm output result0"], "FAIL")
        self.assertEqual(verdicts["next_token parameter head.weight"], "FAIL")

    def test_kinks_are_said_and_do_not_fail(self):
        verdicts = self.verdicts(0, (
            "scale[j] * scale[j] * x[i] * x[i]);",
            "fabs(sin(1e5 * scale[j] * x[i])));"))
        self.assertEqual(verdicts["regression parameter scale"], "kink")
        self.assertEqual(verdicts["regression input x"], "kink")
        self.assertEqual(verdicts["next_token parameter head.weight"], "pass")

    def test_model_text_goes_to_the_compiler(self):
        # A copy of rnn: beside the one under test there may be an rnnc.
        os.mkdir(self.path("bin"))
        program = shutil.copy(BIN, self.path("bin"))
        model = self.write("model.mlir", "")
        module = self.fixture("FIXTURE_F64")
        environment = {"PATH": self.path("path") + ":/usr/bin:/bin",
                       "TMPDIR": self.path("temporary")}
        os.mkdir(self.path("path"))
        os.mkdir(self.path("temporary"))

        def check(*options):
            done = subprocess.run([program, "check", model, *options],
                                  env=environment, capture_output=True,
                                  text=True)
            self.assertEqual(os.listdir(self.path("temporary")), [])
            return done.returncode, done.stderr

        code, err = check()
        self.assertEqual(code, 1)
        self.assertIn("cannot run rnnc", err)
        for place in ("path/rnnc", "bin/rnnc"):
            self.write(place, f'#!/bin/sh\n[ "$1 $2 $4" = "{model} -o '
                       f'--element-type=f64" ] && cp "{module}" "$3"\n')
            os.chmod(self.path(place), 0o755)
            self.assertEqual(check(), (0, ""))
            self.write(place, "#!/bin/sh\necho why >&2\nexit 1\n")
            self.assertEqual(check(), (1, "why\nrnn: error: rnnc could not "
                                          f"compile '{model}'\n"))
            self.write(place, '#!/bin/sh\nshift 5\necho "$*" >&2\nexit 1\n')
            options = ("--load-dialect-plugin=a.so", "--load-dialect-plugin=b.so")
            self.assertTrue(check(*options)[1].startswith(" ".join(options) + "\n"))


if __name__ == "__main__":
    unittest.main()
