"""Recurrences in chunks of time as one kernel with look-back
(passes/gpu/OnePass.cpp), on the simulated GPU: the same bits whatever the order
of threads and blocks, numbers against the CPU, and each thing that keeps blocks
in order found where it is left out.
"""

import os
import unittest

from case import BUILD, Instance, compile_model
from test_resident import bits, compare, everything, runs_of
from test_sim import instance, small

NAMES = ("min_gru_expansion", "min_lstm_init", "cell_cascade",
         "cell_min_gru_reverse", "space_state", "selective_scan", "aaren_reset_mask")
ORDERS = ("sim", "sim:1", "sim:2", "sim:3", "sim:4")
# Two chunks; a last one of one step; five chunks of each of three rows.
SHAPES = ((1, 128), (2, 193), (3, 321))
DRIVER = BUILD / "test" / "runtime" / "modules" / "librnn_fake_cuda.so"
# Of a kernel of one level: the turn, two flags, and the look back.
BARRIERS = 4


class OnePass(unittest.TestCase):
    def check_numbers(self, name):
        """f64 against f64 on the CPU, which has one chunk."""
        run, double = instance(name, "f64", "sim:2"), \
            instance(name, "f64", "cpu")
        self.assertIn("one pass", runs_of(run.module))
        compare(self, run, double, SHAPES, (1e-11, 1e-9))

    def check_orders(self, name):
        """The same bits in any order, however far a block looks back."""
        for shape in SHAPES[1:]:
            seen = [bits(*everything(instance(name, "f32", order), shape))
                    for order in ORDERS]
            for order, other in zip(ORDERS, seen):
                self.assertEqual(seen[0], other, (order, shape))

    def test_missing_barriers(self):
        """Each barrier that nobody waits at is a mistake."""
        case = small("min_gru_expansion")
        paths = [BUILD / "conformance" / f"one_pass.{i}.so" for i in range(2)]
        _, module = [compile_model(case.module_text(), path, "f32", target)
                     for path, target in zip(paths, ("sim", "cuda:sm_90"))]
        kernel = next(
            kernel["name"] for kernel in instance(
                "min_gru_expansion", "f32", "sim").module.descriptor["kernels"]
            if kernel.get("runs") == "one pass")
        for barrier in range(BARRIERS):
            for key, value in {"RNN_CUDA_LIBRARY": DRIVER,
                               "FAKE_CUDA_KERNELS": paths[0],
                               "FAKE_CUDA_SKIP": barrier,
                               "FAKE_CUDA_SKIP_IN": kernel}.items():
                os.environ[key] = str(value)
                self.addCleanup(os.environ.pop, key, None)
            run = Instance(case, case.widths[0], module,
                           device="cuda:0")
            with self.subTest(barrier=barrier), \
                    self.assertRaisesRegex(RuntimeError, "CUDA"):
                run.forward(run.random_inputs(2, 193))


def add_test(name, check):
    def test(self):
        check(self, name)
    test.__doc__ = f"{name}: {check.__doc__}"
    setattr(OnePass, f"test_{name}_{check.__name__[6:]}", test)


for one in NAMES:
    add_test(one, OnePass.check_numbers)
    add_test(one, OnePass.check_orders)

if __name__ == "__main__":
    unittest.main()
