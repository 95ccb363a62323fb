"""Modules for an NVIDIA GPU through the CUDA device, on a driver that has no GPU
(test/runtime/FakeCuda.cpp): it runs the same kernels as compiled for the
simulated GPU, so that the bits must be those of that device.
"""

import ctypes
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

import numpy as np

from case import BUILD, Instance, compile_model
from cases import CASES
from librnn import REPOSITORY, RNN, Module, Session, State, Trainer
from test_sim import small

DRIVER = BUILD / "test" / "runtime" / "modules" / "librnn_fake_cuda.so"
NAMES = ("min_gru", "gru", "selective_scan", "linear_attention", "attention",
         "embedding")

MODEL = """
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


def calls(function):
    """How often this process has called a function of the driver."""
    return ctypes.CDLL(str(DRIVER)).fake_cuda_calls(function.encode())


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
        text = REPOSITORY / "CMakeLists.txt"
        seen = []
        for target, device in (("sim", "sim"), ("cuda:sm_90", "cuda:0")):
            path = BUILD / "conformance" / f"trained.{target}.so"
            compile_model(MODEL, path, "f32", target)
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

    def test_graphs(self):
        """A training step is one graph, and has the bits of its launches."""
        text = MODEL.replace("  %y = rnn.linear \"head\" %h", """
  %d = rnn.dropout %h rate 0.5 : tensor<?x?x8xf32>
  %y = rnn.linear "head" %d""")
        for target in ("sim", "cuda:sm_90"):
            compile_model(text, BUILD / "conformance" / f"graphs.{target}.so",
                          "f32", target)
        use_driver(BUILD / "conformance" / "graphs.sim.so")
        module = Module(BUILD / "conformance" / "graphs.cuda:sm_90.so")
        rng = np.random.default_rng(0)
        batches = [[rng.integers(0, 256, (2, time)).astype(np.int32)
                    for _ in range(2)] for time in [8] * 6 + [13] * 3]
        runs, counted = [], []
        for fails in ("", "cuGraphCreate:801"):
            os.environ["FAKE_CUDA_FAIL"] = fails
            self.addCleanup(os.environ.pop, "FAKE_CUDA_FAIL", None)
            session = Session(module, device="cuda:0")
            state = State(session, "next", 2)
            trainer = Trainer(session, "next")
            seen, steps = [], []
            for inputs in batches:
                functions = ("cuLaunchKernel", "cuGraphLaunch",
                             "cuGraphInstantiateWithFlags")
                before = [calls(function) for function in functions]
                seen.append(trainer.step(inputs, state))
                steps.append([calls(function) - was for function, was
                              in zip(functions, before)])
            names = [p["name"] for p in module.descriptor["parameters"]]
            runs.append((seen, [session.get(n).tobytes() for n in names]))
            counted.append(steps)
        self.assertEqual(*runs)
        graphs, single = counted
        outside = graphs[-1][0]  # the norm, the updates of weights and biases
        self.assertLessEqual(outside, 4)
        launches = graphs[0][0]
        self.assertGreater(launches, 15)
        # The state's two buffers: a graph for each. A new shape is launched.
        again = [outside, 1, 0]
        made = [outside, 1, 1]
        self.assertEqual(graphs, [[launches, 0, 0], made, made, again, again,
                                  again, [launches, 0, 0], made, made])
        self.assertEqual(single, [[launches, 0, 0]] * len(batches))

    def test_steps_are_graphs(self):
        """Each step of decoding is one, from the second on; also of a second
        state, whose addresses differ. The bits are those of launches."""
        for target in ("sim", "cuda:sm_90"):
            compile_model(MODEL, BUILD / "conformance" / f"trained.{target}.so",
                          "f32", target)
        use_driver(BUILD / "conformance" / "trained.sim.so")
        module = Module(BUILD / "conformance" / "trained.cuda:sm_90.so")
        tokens = np.arange(20, dtype=np.int32).reshape(10, 2, 1)
        runs, counted = [], []
        for fails in ("", "cuGraphCreate:801"):
            os.environ["FAKE_CUDA_FAIL"] = fails
            self.addCleanup(os.environ.pop, "FAKE_CUDA_FAIL", None)
            session = Session(module, device="cuda:0")
            states = [State(session, "m", 2) for _ in range(2)]
            seen, steps = [], []
            for i, token in enumerate(tokens):
                before = [calls(function) for function
                          in ("cuLaunchKernel", "cuGraphLaunch")]
                state = states[i >= 6]
                seen.append(state.step("m.step", [token])[0].tobytes())
                steps.append([calls("cuLaunchKernel") - before[0],
                              calls("cuGraphLaunch") - before[1]])
            runs.append(seen)
            counted.append(steps)
        self.assertEqual(*runs)
        launches = counted[1][0][0]
        self.assertGreaterEqual(launches, 2)
        self.assertEqual(counted, [[[launches, 0]] + [[0, 1]] * 9,
                                   [[launches, 0]] * 10])

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
