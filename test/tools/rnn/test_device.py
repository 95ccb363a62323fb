"""--device: where a verb runs its module. What a GPU computes is tested in
test/conformance."""

import os
import shutil
import subprocess
import unittest

from rnn_command import MODULE, SEAL, RnnTest

VERBS = {
    "bench": [], "check": [], "eval": ["--parameters", "p", "--text", "t"],
    "generate": ["--parameters", "p"], "run": ["x", "--out", "o"],
    "train": ["--text", "t", "--out", "o", "--steps", "1"],
}
GPU = os.path.join(os.path.dirname(MODULE), "gpu_sim.so")
CUDA = os.path.join(os.path.dirname(MODULE), "gpu_cuda.so")


class DeviceTest(RnnTest):
    def test_every_verb_has_it(self):
        for verb in VERBS:
            self.assertIn("--device NAME", self.rnn(verb, "--help")[0])

    def test_names(self):
        self.rnn("bench", MODULE, "--device", "cpu", "--batch", "1", "--time",
                 "1", "--repeat", "1")
        for name in ("gpu", "cuda", "cuda:x", "sim:", "cpu:0", "cuda:1234"):
            self.refuses("bench", MODULE, "--device", name,
                         says=[f"there is no device '{name}'",
                               "expected cpu, sim, or cuda: with a number"])

    def test_module_of_another_device(self):
        self.refuses("bench", MODULE, "--device", "cuda:0",
                     says=["compiled for cpu and cannot run on cuda:0",
                           "rnnc --target"])
        self.refuses("bench", GPU, "--device", "cpu",
                     says="compiled for sim and cannot run on cpu")

    def test_simulated(self):
        for device in ("sim", "sim:5"):
            out, _ = self.rnn("bench", GPU, "--device", device, "--batch", "2",
                              "--time", "3", "--repeat", "1")
            self.assertIn("scale.forward", out)

    def test_profile(self):
        results = self.rnn_json("bench", GPU, "--batch", "2", "--time", "300",
                                "--repeat", "3", "--profile")
        kernel, = results[0]["kernels"]
        self.assertEqual(kernel["kernel"], "scale")
        self.assertEqual(kernel["launches"], 2)
        # Each of 3 calls reads and writes 1800 numbers, in two launches.
        self.assertEqual(kernel["bytes"], 2 * 4 * 1800)
        self.assertEqual(kernel["operations"], 1800)
        self.assertAlmostEqual(kernel["gb_per_second"],
                               kernel["bytes"] / kernel["ms"] / 1e6)
        self.assertNotIn("products", results[0])
        out, _ = self.rnn("bench", GPU, "--repeat", "1", "--profile")
        self.assertRegex(out, r"scale +2 .* 100.0% .* twice the input")
        self.refuses("bench", GPU, "--profile", "--limits",
                     says=["limits are measured of the CPU only",
                           "compiled for sim"])

    def test_profile_of_the_cpu(self):
        results = self.rnn_json("bench", MODULE, "next_token.loss", "--batch", "2",
                                "--time", "32", "--repeat", "3", "--threads",
                                "1", "--profile", "--limits")
        kernels = {row["kernel"]: row for row in results[0]["kernels"]}
        # Two calls of one shape; 64 rows of 8, f32.
        product = kernels["product_f32_64x8x8"]
        self.assertEqual(product["launches"], 2)
        self.assertEqual(product["operations"], 2 * 2 * 64 * 8 * 8)
        self.assertEqual(product["bytes"],
                         2 * 4 * (64 * 8 + 8 * 8 + 64 * 8))
        self.assertEqual(kernels["scan_rows"]["launches"], 1)
        self.assertNotIn("of_limit", kernels["scan_rows"])
        limits = results[0]["limits"]
        least = max(product["bytes"] / limits["gb_per_second"],
                    product["operations"] / limits["gop_per_second"]) / 1e6
        self.assertAlmostEqual(product["of_limit"], least / product["ms"])
        self.assertLess(sum(k["ms"] for k in kernels.values()),
                        results[0]["median_ms"] * 20)
        out, _ = self.rnn("bench", MODULE, "--repeat", "1", "--profile")
        self.assertNotIn("limit", out)
        self.refuses("bench", MODULE, "--limits", says="--profile", code=2)

    def test_profile_of_a_stripped_module(self):
        module = self.path("stripped.so")
        shutil.copy(MODULE, module)
        subprocess.run(["strip", module], check=True)
        subprocess.run([SEAL, module], check=True)
        results = self.rnn_json("bench", module, "next_token.loss", "--repeat", "1",
                                "--profile")
        names = [row["kernel"] for row in results[0]["kernels"]]
        self.assertIn("loop_1", names)

    def test_no_driver(self):
        self.refuses("bench", CUDA, says="there is no CUDA driver",
                     env=os.environ | {
                         "RNN_CUDA_LIBRARY": self.path("none.so")})

    def test_inspect(self):
        for module, device in ((GPU, "sim"), (CUDA, "cuda:sm_90")):
            out, _ = self.rnn("inspect", module)
            self.assertIn(f"\ndevice   {device}, 1 kernels\n", out)
            self.assertNotIn("does not run here", out)

    def test_check_of_a_text(self):
        model = self.write("m.mlir", "rnn.model")
        self.refuses("check", model, "--device", "cuda:0",
                     says="gradients are checked in f64, on cpu or sim")


if __name__ == "__main__":
    unittest.main()
