"""rnn eval: the mean over a whole split, against sums over `rnn run`."""

import json
import unittest

import numpy as np
from rnn_command import MODULE, RnnTest, read_safetensors


class EvalTest(RnnTest):
    def setUp(self):
        super().setUp()
        self.text, self.out = self.trained()

    def eval(self, *more, **options):
        return self.rnn_json("eval", MODULE, "--parameters", self.out,
                             "--text", self.text, *more, **options)

    def test_parts_of_the_text(self):
        counts = [self.eval("--split", part)["predictions"]
                  for part in ("train", "val", "all")]
        self.assertEqual(counts, [3599, 399, 3999])
        self.assertEqual(self.eval()["split"], "val")
        losses = [self.eval("--split", part)["loss"]
                  for part in ("train", "val", "all")]
        self.assertEqual(len(set(losses)), 3)

    def test_batch_does_not_change_the_mean(self):
        one = self.eval("--time", 16, "--batch", 1)
        many = self.eval("--time", 16, "--batch", 64)
        self.assertAlmostEqual(one["loss"], many["loss"], 5)
        # Streams begin without a past, so theirs may differ a little.
        self.assertAlmostEqual(one["carried_loss"], many["carried_loss"], 1)

    def test_windows_against_run(self):
        with open(self.text) as file:
            text = file.read()
        _, metadata = read_safetensors(self.out)
        characters = json.loads(metadata["tokenizer"])["characters"]
        tokens = np.array([characters.index(c) for c in text], np.int32)
        part = tokens[len(tokens) * 9 // 10 :]
        time, total = 30, 0.0
        for start in range(0, len(part) - 1, time):
            window = part[start : start + time + 1]
            total += self.loss(window[None, :]) * (len(window) - 1)
        got = self.eval("--time", time)
        self.assertAlmostEqual(got["loss"], total / (len(part) - 1), 5)
        # One window as long as the part: the carried state at its purest.
        whole = self.loss(part[None, :])
        got = self.eval("--time", time, "--batch", 1)
        self.assertAlmostEqual(got["carried_loss"], whole, 5)

    def loss(self, window):
        objective = self.rnn_json("inspect", MODULE)["objectives"][0]["name"]
        names = [i["name"] for e in self.rnn_json("inspect", MODULE)["entries"]
                 if e["kind"] == "loss" for i in e["inputs"]]
        arguments = []
        for name, array in zip(names, (window[:, :-1], window[:, 1:])):
            path = self.path(name + ".npy")
            np.save(path, np.ascontiguousarray(array))
            arguments += ["--input", f"{name}={path}"]
        out = self.path("out")
        self.rnn("run", MODULE, objective, "--parameters", self.out,
                 *arguments, "--out", out)
        return float(np.load(out + "/loss.npy"))

    def test_random_batches(self):
        def random(*more):
            return self.eval("--time", 16, "--batch", 4, *more)
        whole = random("--split", "all")["loss"]
        many = random("--split", "all", "--random", 200)
        self.assertEqual(many["predictions"], 200 * 4 * 16)
        self.assertNotEqual(many["loss"], whole)
        self.assertLess(abs(many["loss"] - whole), 0.02)
        few = [random("--random", 2, "--seed", seed)["loss"]
               for seed in (1, 1, 2)]
        self.assertEqual(few[0], few[1])
        self.assertNotEqual(few[0], few[2])
        # The only window that is as long as its part is the whole of it.
        one = self.eval("--time", 399, "--random", 3)["loss"]
        self.assertAlmostEqual(one, self.eval("--time", 399)["loss"], 5)
        self.refuses("eval", MODULE, "--parameters", self.out, "--text",
                     self.text, "--time", 400, "--random", 3,
                     says=["this part of the data", "--time"])
        self.refuses("eval", MODULE, "--parameters", self.out, "--text",
                     self.text, "--seed", 3, says="--random", code=2)
        self.refuses("eval", MODULE, "--parameters", self.out, "--task",
                     "parity", "--random", 3, says="--random", code=2)
        out, _ = self.rnn("eval", MODULE, "--parameters", self.out, "--text",
                          self.text, "--random", 3)
        self.assertRegex(out, r"3 random batches of 16 windows of 256 +\d")

    def test_words(self):
        out, _ = self.rnn("eval", MODULE, "--parameters", self.out, "--text",
                          self.text)
        self.assertRegex(out, r"zero state +\d+\.\d+\n")
        self.assertRegex(out, r"carried +\d+\.\d+\n")

    def refuses_eval(self, says, parameters=None, text=None):
        self.refuses("eval", MODULE, "--parameters", parameters or self.out,
                     "--text", text or self.text, says=says)

    def test_texts_that_cannot_be_measured(self):
        self.refuses_eval("needs at least 2", text=self.write("e.txt", ""))
        self.refuses_eval("needs at least 2", text=self.write("o.txt", "a"))
        self.refuses_eval(["'z'", "position 4"],
                          text=self.write("z.txt", "abbazab"))
        self.refuses_eval("directory", text=self.folder)
        self.refuses_eval("No such file", text=self.path("none"))

    def test_damaged_checkpoints(self):
        with open(self.out, "rb") as file:
            good = file.read()
        values = read_safetensors(self.out)[0]
        for parameter in self.rnn_json("inspect", MODULE)["parameters"]:
            flipped = bytearray(good)
            flipped[good.index(values[parameter["name"]][2]) + 3] ^= 1
            self.refuses_eval(parameter["name"],
                              parameters=self.write("flipped", flipped))
        for size in (0, 4, 100, len(good) - 1):
            self.refuses_eval("", parameters=self.write("cut", good[:size]))
        self.refuses_eval("none", parameters=self.path("none"))
        self.refuses_eval("", parameters=MODULE)


if __name__ == "__main__":
    unittest.main()
