"""Scans in one kernel with the products that feed them, on the simulated GPU
(passes/cpu/BlockedShape.h): the same numbers as on the CPU, and the bits of the
product and the scan by themselves.
"""

import os
import unittest
from dataclasses import replace
from functools import cache

from case import BUILD, Instance
from cases import CASES
from librnn import compile_model
from test_resident import DRIVER, bits, compare, everything
from test_sim import instance, small

NAMES = ("min_gru", "min_gru_expansion", "min_gru_mask_reverse",
         "min_gru_reset_learned", "min_lstm_unscaled", "min_lstm_init",
         "selective_scan_mask_reset", "aaren_reset_mask",
         "linear_attention_decay_reverse", "cell_two_layers", "repeat_2")
# Steps: some; more than a tile, the last one shorter; in chunks of time, which
# run as without blocked scans.
SHAPES = ((3, 5), (2, 100), (1, 200))
ORDERS = ("sim", "sim:1", "sim:2")
PRECISIONS = ("f32", "bf16", "tf32")
WIDE = 70  # elements of more than a block, and k of five panels
WIDE_NAMES = ("min_gru", "min_lstm")
# Of a block: before the product of its first and its last panel, before its
# first scan, and before the product of the next tile's first panel.
BARRIERS = (0, 4, 5, 6)
# Of a thread: for a panel that is not the last one, and for the last.
WAITS = (0, 4, 9)


@cache
def case_of(name, width):
    if width is None:
        return small(name)
    case = next(c for c in CASES if c.name == name)
    return replace(case, widths=(width,), name=f"{name}_{width}")


def path_of(name, width, element_type, target, choice):
    return BUILD / "conformance" / \
        f"{name}{width or ''}.blocked_{choice}.{element_type}.{target}.so"


@cache
def compiled(name, width, element_type, target, choice):
    return compile_model(case_of(name, width).module_text(),
                         path_of(name, width, element_type, target, choice),
                         element_type, target, [f"--blocked={choice}"])


def run_on(name, element_type="f32", device="sim", choice="always", width=None,
           target="sim"):
    case = case_of(name, width)
    return Instance(case, case.widths[0],
                    compiled(name, width, element_type, target, choice),
                    device=device)


def blocked_in(run, entry):
    """The blocked kernels of a model's entry."""
    return [kernel["name"] for kernel in run.module.descriptor["kernels"]
            if kernel.get("runs") == "blocked"
            and any(name.endswith(entry) for name in kernel["entries"])]


class Blocked(unittest.TestCase):
    def check_numbers(self, name):
        """f64 against f64 on the CPU."""
        run, double = run_on(name, "f64", "sim:3"), instance(name, "f64", "cpu")
        self.assertTrue(blocked_in(run, ".forward"))
        # Elsewhere the loss is part of the recurrence's kernel.
        if "expansion" in name:
            self.assertTrue(blocked_in(run, ".gradient"))
        compare(self, run, double, SHAPES, (1e-12, 1e-9))

    def check_bits(self, name, width=None):
        """Those of the product and the scan by themselves, in any order and in
        each precision."""
        for precision in PRECISIONS:
            for shape in SHAPES:
                with self.subTest(precision=precision, shape=shape):
                    apart = run_on(name, precision, choice="never", width=width)
                    self.assertFalse(blocked_in(apart, ""))
                    wanted = bits(*everything(apart, shape))
                    for order in ORDERS:
                        run = run_on(name, precision, order, width=width)
                        self.assertEqual(bits(*everything(run, shape)), wanted,
                                         order)

    def use_driver(self, name, **settings):
        settings = {"RNN_CUDA_LIBRARY": DRIVER, "FAKE_CUDA_KERNELS":
                    path_of(name, WIDE, "f32", "sim", "always"), **settings}
        for key, value in settings.items():
            os.environ[key] = str(value)
            self.addCleanup(os.environ.pop, key, None)

    def check_mistake(self, **settings):
        """What is left out in the kernel of a forward pass is told."""
        kernel, = blocked_in(run_on("min_gru", width=WIDE), ".forward")
        self.use_driver("min_gru", FAKE_CUDA_SKIP_IN=kernel, **settings)
        run = run_on("min_gru", device="cuda:0", width=WIDE,
                     target="cuda:sm_90")
        with self.subTest(**settings), \
                self.assertRaisesRegex(RuntimeError, "CUDA"):
            run.forward(run.random_inputs(2, 100))

    def test_missing_barriers(self):
        """Each barrier that nobody waits at is a mistake."""
        for barrier in BARRIERS:
            self.check_mistake(FAKE_CUDA_SKIP=barrier)

    def test_missing_waits(self):
        """So is each panel that nobody waits for."""
        for wait in WAITS:
            self.check_mistake(FAKE_CUDA_SKIP_WAIT=wait)


def add_test(name, check, *width):
    def test(self):
        check(self, name, *width)
    test.__doc__ = f"{name}: {check.__doc__}"
    setattr(Blocked, "_".join(("test", name, *map(str, width),
                               check.__name__[6:])), test)


for one in NAMES:
    add_test(one, Blocked.check_numbers)
    add_test(one, Blocked.check_bits)
for one in WIDE_NAMES:
    add_test(one, Blocked.check_bits, WIDE)

if __name__ == "__main__":
    unittest.main()
