"""Scans in one kernel with the products that feed them, and on a backward pass
with those that they feed, on the CPU (passes/cpu/BlockedRows.h): the same
numbers as one by one, and the same bits for any number of threads.
"""

import unittest
from functools import cache

from case import Instance
from cases import CASES
from test_blocked import NAMES, case_of, compiled
from test_resident import bits, compare, everything

# Of the case at a small width, products are made again in the backward pass;
# of these they are kept.
WIDE_NAMES = ("min_gru", "min_lstm_init", "selective_scan_mask_reset")
WIDE = 70
# Batch rows and steps: fewer than a block; blocks, the last one shorter, one of
# a single step; more rows than items, which have their sums in common; few
# steps, without sums over time; and chunks of time, without blocks.
SHAPES = ((2, 40), (5, 100), (3, 129), (70, 64), (3, 5), (1, 600))
# f64, f32, bf16: values and gradients.
LIMITS = {"f64": (1e-12, 1e-9), "f32": (2e-5, 2e-4), "bf16": (0.02, 0.05)}


@cache
def run_on(name, element_type, choice="always", width=None, threads=2):
    case = case_of(name, width)
    module = compiled(name, width, element_type, "cpu", choice)
    return Instance(case, case.widths[0], module, threads)


def blocked_in(run, entry):
    return [kernel for kernel in run.module.descriptor["kernels"]
            if kernel.get("runs") == "blocked"
            and any(name.endswith(entry) for name in kernel["entries"])]


class BlockedOnCpu(unittest.TestCase):
    def compare(self, name, kind, width=None):
        """Returns the forced module's instance."""
        run = run_on(name, kind, width=width)
        apart = run_on(name, kind, "never", width)
        self.assertFalse(blocked_in(apart, ""))
        if blocked_in(run, ""):
            compare(self, run, apart, SHAPES, LIMITS[kind])
        return run

    def check_numbers(self, name, width=None):
        """The numbers of products and scans one by one, in each type."""
        for kind in LIMITS:
            with self.subTest(kind=kind):
                run = self.compare(name, kind, width)
                gradient = [kernel["what"] for kernel
                            in blocked_in(run, ".gradient")]
                self.assertTrue(any("weight gradient" in what
                                    for what in gradient), gradient)

    def check_double(self, name):
        """The numbers of products and scans one by one, if any are blocked."""
        self.compare(name, "f64")

    def test_enough_rows(self):
        """By itself, on both sides of where calls begin to be blocked."""
        run = run_on("min_gru", "f64", "auto")
        least, = {kernel["least_rows"] for kernel in blocked_in(run, "")}
        few, many = (5, 100), (40, 30)
        self.assertTrue(few[0] * few[1] < least <= many[0] * many[1])
        compare(self, run, run_on("min_gru", "f64", "never"), (few, many),
                LIMITS["f64"])

    def check_threads(self, name, width=None):
        """The bits do not depend on the number of threads."""
        for kind in LIMITS:
            runs = [run_on(name, kind, width=width, threads=threads)
                    for threads in (1, 2, 3)]
            for shape in SHAPES:
                with self.subTest(kind=kind, shape=shape):
                    wanted = bits(*everything(runs[0], shape))
                    for run in runs[1:]:
                        self.assertEqual(bits(*everything(run, shape)), wanted)


def add_test(check, name, *width):
    def test(self):
        check(self, name, *width)
    test.__doc__ = f"{name}: {check.__doc__}"
    setattr(BlockedOnCpu, "_".join(("test", name, *map(str, width),
                                    check.__name__[6:])), test)


for one in CASES:
    if one.name in NAMES:
        add_test(BlockedOnCpu.check_numbers, one.name)
    else:
        add_test(BlockedOnCpu.check_double, one.name)
for one in WIDE_NAMES:
    add_test(BlockedOnCpu.check_numbers, one, WIDE)
    add_test(BlockedOnCpu.check_threads, one)
    add_test(BlockedOnCpu.check_threads, one, WIDE)

if __name__ == "__main__":
    unittest.main()
