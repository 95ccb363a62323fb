"""rnn run: entries on .npy files, gradients, states, parameters."""

import os
import struct
import unittest

import numpy as np
from rnn_command import MODULE, RnnTest, read_safetensors


class RunTest(RnnTest):
    def setUp(self):
        super().setUp()
        self.descriptor = self.rnn_json("inspect", MODULE)
        self.model = self.descriptor["models"][0]
        self.objective = self.descriptor["objectives"][0]["name"]
        self.entries = {e["name"]: e for e in self.descriptor["entries"]}
        self.forward = self.entries[self.model["forward"]]
        self.bound = self.forward["inputs"][0].get("bound", 256)
        self.out = self.path("out")

    def tokens(self, batch, time, seed=0):
        generator = np.random.default_rng(seed)
        return generator.integers(0, self.bound, (batch, time), np.int32)

    def input(self, array, name=None):
        name = name or self.forward["inputs"][0]["name"]
        path = self.path(name + ".npy")
        np.save(path, array)
        return ["--input", f"{name}={path}"]

    def run_forward(self, array, *more):
        self.rnn("run", MODULE, self.model["name"], *self.input(array),
                 "--out", self.out, *more)
        return np.load(f"{self.out}/{self.forward['outputs'][0]['name']}.npy")

    def pair(self, batch=2, time=5):
        loss = next(e for e in self.descriptor["entries"]
                    if e["kind"] == "loss")
        return [word for i, spec in enumerate(loss["inputs"])
                for word in self.input(self.tokens(batch, time, i),
                                       spec["name"])]

    def test_forward(self):
        for batch, time in ((1, 1), (3, 1), (1, 7), (3, 37)):
            result = self.run_forward(self.tokens(batch, time))
            self.assertEqual(result.shape[:2], (batch, time))
            self.assertEqual(result.dtype, np.float32)
        listing = self.rnn_json("run", MODULE, self.model["name"],
                                *self.input(self.tokens(2, 3)), "--out",
                                self.out)
        self.assertEqual(listing["outputs"][0]["shape"][:2], [2, 3])

    def test_wide_integers_convert(self):
        narrow = self.tokens(2, 3)
        expected = self.run_forward(narrow)
        wide = self.run_forward(narrow.astype(np.int64))
        np.testing.assert_array_equal(expected, wide)

    def test_states_carry_over_calls(self):
        tokens, file = self.tokens(3, 10), self.path("state.npy")
        whole = self.run_forward(tokens)
        first = self.run_forward(tokens[:, :4].copy(), "--state-out", file)
        state = np.load(file)
        width = sum(int(np.prod(s["shape"])) for s in self.forward["states"])
        self.assertEqual(state.shape, (3, width))
        second = self.run_forward(tokens[:, 4:].copy(), "--state-in", file)
        np.testing.assert_allclose(
            np.concatenate([first, second], 1), whole, atol=1e-5)
        self.refuses("run", MODULE, self.model["name"],
                     *self.input(self.tokens(2, 3)), "--out", self.out,
                     "--state-in", file, says=["state", "[3, ", "[2, "])

    def test_parameters_and_seed(self):
        tokens, file = self.tokens(1, 5), self.path("p.safetensors")
        self.rnn("run", MODULE, "--seed", 3, "--write-parameters", file)
        names = {p["name"]: p["shape"] for p in self.descriptor["parameters"]}
        tensors, _ = read_safetensors(file)
        self.assertEqual({n: t[1] for n, t in tensors.items()}, names)
        a = self.run_forward(tokens, "--parameters", file)
        b = self.run_forward(tokens, "--seed", 3)
        c = self.run_forward(tokens, "--seed", 4)
        np.testing.assert_array_equal(a, b)
        self.assertFalse(np.array_equal(a, c))

    def test_gradients(self):
        gradients = self.path("g.safetensors")
        self.rnn("run", MODULE, self.objective, *self.pair(), "--gradients",
                 "--out", self.out)
        loss = float(np.load(self.out + "/loss.npy"))
        self.rnn("run", MODULE, self.objective, *self.pair(), "--out",
                 self.path("file"), "--gradients-file", gradients)
        self.assertEqual(os.listdir(self.path("file")), ["loss.npy"])
        tensors, _ = read_safetensors(gradients)
        self.assertEqual(len(tensors), len(self.descriptor["parameters"]))
        square = 0.0
        for name, (_, shape, data) in tensors.items():
            gradient = np.load(f"{self.out}/{name}.npy")
            np.testing.assert_array_equal(
                gradient, np.frombuffer(data, np.float32).reshape(shape))
            square += float((gradient.astype(np.float64) ** 2).sum())
        # Along the gradient the loss falls at its squared norm.
        step = 1e-2 / np.sqrt(square)
        losses = [self.moved_loss(gradients, s) for s in (-step, step)]
        self.assertAlmostEqual((losses[1] - losses[0]) / (2 * step) / square,
                               1, 1)
        self.assertTrue(losses[0] < loss < losses[1])

    def test_gradients_of_float_inputs(self):
        regression = self.fixture("FIXTURE_REGRESSION")
        x = np.random.default_rng(0).normal(size=(2, 3, 8))
        mask = np.array([[1, 0, 1], [1, 1, 0]], bool)
        arguments = [*self.input(x, "x"), *self.input(mask, "mask")]
        self.rnn("run", regression, "regression", *arguments, "--gradients",
                 "--out", self.out)
        weight = mask[:, :, None] / 6
        np.testing.assert_allclose(np.load(self.out + "/loss.npy"),
                                   (weight * x * x).sum() / 2, rtol=1e-5)
        np.testing.assert_allclose(np.load(self.out + "/d_x.npy"), weight * x,
                                   rtol=1e-5)
        np.testing.assert_allclose(np.load(self.out + "/scale.npy"),
                                   (weight * x * x).sum((0, 1)), rtol=1e-5)
        self.refuses("run", regression, "regression", "--out", self.out,
                     *self.input(x, "x"), *self.input(x, "mask"),
                     says=["mask", "bool"])

    def moved_loss(self, gradients, step):
        start, moved = self.path("start"), self.path("moved")
        self.rnn("run", MODULE, "--write-parameters", start)
        values, _ = read_safetensors(start)
        slopes, _ = read_safetensors(gradients)
        header, body = "{", b""
        for name, (dtype, shape, data) in values.items():
            new = (np.frombuffer(data, np.float32) +
                   np.float32(step) * np.frombuffer(slopes[name][2],
                                                    np.float32))
            offsets = [len(body), len(body) + new.nbytes]
            body += new.astype(np.float32).tobytes()
            header += (f'{"," if len(header) > 1 else ""}"{name}":'
                       f'{{"dtype":"{dtype}","shape":{shape},'
                       f'"data_offsets":{offsets}}}')
        header += "}"
        with open(moved, "wb") as file:
            file.write(struct.pack("<Q", len(header)) + header.encode() + body)
        self.rnn("run", MODULE, self.objective, *self.pair(), "--parameters",
                 moved, "--out", self.out)
        return float(np.load(self.out + "/loss.npy"))

    def refuses_input(self, says, *arguments):
        self.refuses("run", MODULE, self.model["name"], *arguments, "--out",
                     self.out, says=says)

    def test_inputs_that_do_not_fit(self):
        name = self.forward["inputs"][0]["name"]
        self.refuses_input(["needs input", name])
        self.refuses_input("NAME=FILE", "--input", "tokens.npy")
        self.refuses_input("has no input 'other'",
                           *self.input(self.tokens(1, 2)),
                           *self.input(self.tokens(1, 2), "other"))
        self.refuses_input("twice", *self.input(self.tokens(1, 2)),
                           *self.input(self.tokens(1, 2)))
        self.refuses_input("shape [5]", *self.input(np.zeros(5, np.int32)))
        self.refuses_input("f32", *self.input(np.zeros((1, 2), np.float32)))
        for empty in ((0, 3), (3, 0)):
            self.refuses_input([name, "at least 1"],
                               *self.input(np.zeros(empty, np.int32)))
        tokens = self.tokens(2, 3)
        tokens[1, 2] = self.bound
        self.refuses_input([name, str(self.bound)], *self.input(tokens))
        tokens[1, 2] = -1
        self.refuses_input([name, "-1"], *self.input(tokens))

    def test_arrays_of_the_objective_must_agree(self):
        loss = next(e for e in self.descriptor["entries"]
                    if e["kind"] == "loss")
        names = [i["name"] for i in loss["inputs"]]
        self.refuses("run", MODULE, self.objective,
                     *self.input(self.tokens(2, 3), names[0]),
                     *self.input(self.tokens(2, 4), names[1]),
                     "--out", self.out, says=names[1])

    def test_npy_files_that_are_refused(self):
        wide = self.tokens(1, 2).astype(np.int64)
        wide[0, 1] = 2**40
        self.refuses_input(["element 1", str(2**40)], *self.input(wide))
        self.refuses_input("Fortran", *self.input(np.asfortranarray(
            self.tokens(3, 4))))
        for dtype in (np.float16, np.uint8, ">i4", np.complex64, object):
            self.refuses_input("convert", *self.input(
                np.zeros((1, 2), dtype)))
        good = self.path("good.npy")
        np.save(good, self.tokens(2, 3))
        with open(good, "rb") as file:
            data = file.read()
        name = self.forward["inputs"][0]["name"]
        for damaged in [data[:n] for n in range(0, len(data), 7)] + [
                data + b"x", b"\x93NUMPY\x03" + data[7:],
                data.replace(b"(2, 3)", b"(2,-3)"),
                data.replace(b"(2, 3)", b"(9, 9)"),
                data.replace(b"'shape'", b"'sharp'"),
                data.replace(b"(2, 3), }" + b" " * 30,
                             b"(99999999999, 99999999999), }".ljust(39))]:
            self.refuses_input("damaged.npy", "--input", f"{name}=" +
                               self.write("damaged.npy", damaged))
        os.mkfifo(self.path("fifo"))
        self.refuses_input("regular", "--input", f"{name}=" +
                           self.path("fifo"))

    def test_entries_and_folders_that_are_refused(self):
        tokens = self.input(self.tokens(1, 2))
        self.refuses("run", MODULE, "nobody", *tokens, "--out", self.out,
                     says=["nobody", self.forward["name"]])
        self.refuses("run", MODULE, self.model["name"], *tokens, "--out",
                     self.out, "--gradients", says="no objective")
        self.refuses("run", MODULE, self.model["name"], *tokens, "--out",
                     "/proc/none", says="/proc/none")
        self.refuses("run", MODULE, self.model["name"], *tokens, "--out",
                     self.write("file", ""), says="file")
        self.refuses("run", MODULE, "--write-parameters", "/proc/p",
                     says="/proc/p")


if __name__ == "__main__":
    unittest.main()
