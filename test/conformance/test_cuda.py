"""Modules for an NVIDIA GPU through the CUDA device, on a driver that has no GPU
(test/runtime/FakeCuda.cpp): it runs the same kernels as compiled for the
simulated GPU, so that the bits must be those of that device.
"""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

from case import BUILD, Instance, compile_model
from cases import CASES
from librnn import REPOSITORY, RNN, State
from test_sim import small

DRIVER = BUILD / "test" / "runtime" / "modules" / "librnn_fake_cuda.so"
NAMES = ("min_gru", "gru", "selective_scan", "linear_attention", "attention",
         "embedding")


def use_driver(kernels):
    os.environ["RNN_CUDA_LIBRARY"] = str(DRIVER)
    os.environ["FAKE_CUDA_KERNELS"] = str(kernels)


class Cuda(unittest.TestCase):
    def check(self, name):
        case = small(name)
        kernels = BUILD / "conformance" / f"{case.name}.f32.sim.so"
        runs = []
        for target, device in (("sim", "sim"), ("cuda:sm_90", "cuda:0")):
            module = case.compile("f32", target)
            use_driver(kernels)
            run = Instance(case, case.widths[0], module, device=device)
            inputs = run.random_inputs(3, 5)
            outputs = run.forward(inputs)
            targets = run.random_targets(3, 5, outputs)
            loss, gradients = run.gradients(inputs + targets)
            seen = [o.tobytes() for o in outputs] + [loss] \
                + [g.tobytes() for g in gradients.values()]
            if case.continues:
                state = State(run.session, run.name, 3)
                first = [value[:, :1] if value.ndim > 1 else value
                         for value in inputs]
                seen += [o.tobytes() for o
                         in state.step(run.name + ".step", first)]
            runs.append(seen)
        self.assertEqual(*runs)

    def test_missing_barriers(self):
        """Each of the first barriers that nobody waits at is a mistake."""
        for name in ("gru", "attention", "selective_scan"):
            case = small(name)
            case.compile("f32", "sim")
            module = case.compile("f32", "cuda:sm_90")
            use_driver(BUILD / "conformance" / f"{case.name}.f32.sim.so")
            for barrier in range(3):
                os.environ["FAKE_CUDA_SKIP"] = str(barrier)
                self.addCleanup(os.environ.pop, "FAKE_CUDA_SKIP", None)
                run = Instance(case, case.widths[0], module, device="cuda:0")
                inputs = run.random_inputs(3, 5)
                with self.subTest(case=name, barrier=barrier), \
                        self.assertRaisesRegex(RuntimeError, "CUDA"):
                    outputs = run.forward(inputs)
                    run.gradients(
                        inputs + run.random_targets(3, 5, outputs))

    def test_training(self):
        """rnn train and generate: the same losses and text on both."""
        model = """
rnn.model @m(%t: tensor<?x?xi32>) -> tensor<?x?x256xf32> {
  %e = rnn.embedding "embed" %t vocabulary 256
      : tensor<?x?xi32> -> tensor<?x?x8xf32>
  %h = rnn.min_gru "mixer" %e : tensor<?x?x8xf32>
  %y = rnn.linear "head" %h : tensor<?x?x8xf32> -> tensor<?x?x256xf32>
  rnn.return %y : tensor<?x?x256xf32>
}
rnn.objective @next(%t: tensor<?x?xi32>, %n: tensor<?x?xi32>) -> tensor<f32> {
  %y = rnn.call @m(%t) : (tensor<?x?xi32>) -> tensor<?x?x256xf32>
  %l = rnn.cross_entropy %y, %n : tensor<?x?x256xf32>, tensor<?x?xi32>
      -> tensor<f32>
  rnn.return %l : tensor<f32>
}
"""
        text = REPOSITORY / "CMakeLists.txt"
        seen = []
        for target, device in (("sim", "sim"), ("cuda:sm_90", "cuda:0")):
            path = BUILD / "conformance" / f"trained.{target}.so"
            compile_model(model, path, "f32", target)
            use_driver(BUILD / "conformance" / "trained.sim.so")
            with tempfile.TemporaryDirectory() as folder:
                saved = Path(folder) / "m.safetensors"
                log = Path(folder) / "log"
                self.rnn("train", path, "--text", text, "--out", saved,
                         "--steps", "3", "--batch", "2", "--time", "8",
                         "--device", device, "--log", log)
                losses = [line.split('"loss":')[1].split(",")[0] for line
                          in log.read_text().splitlines() if '"loss":' in line]
                self.assertGreaterEqual(len(losses), 1)
                seen.append((losses, saved.read_bytes(), self.rnn(
                    "generate", path, "--parameters", saved, "--prompt", "a",
                    "--tokens", "5", "--device", device)))
        self.assertEqual(*seen)

    def rnn(self, *words):
        done = subprocess.run([str(RNN), *map(str, words)],
                              capture_output=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        return done.stdout


def add_test(name):
    setattr(Cuda, f"test_{name}", lambda self: self.check(name))


for one in NAMES:
    assert any(case.name == one for case in CASES), one
    add_test(one)

if __name__ == "__main__":
    unittest.main()
