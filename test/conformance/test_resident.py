"""Recurrences whose step multiplies the state by matrices, on the simulated GPU
in each of their forms: a block for each batch row, and teams of blocks that keep
the matrices in shared memory (passes/cpu/ResidentShape.h). What one block can
keep by itself is in test_sim.py.
"""

import os
import unittest
from functools import cache

from case import BUILD, Instance, compile_model
from test_layers import relative
from test_sim import instance, small

NAMES = ("gru", "gru_reset_learned", "gru_mask_reverse", "gru_before", "lstm",
         "lstm_init", "elman")
# Blocks of a team, the last of which has fewer columns, and how many matrices
# stay in their memory, if not all; -1: rows.
TEAMS = ((-1,), (3,), (3, 1))
ORDERS = ("sim", "sim:1", "sim:2", "sim:3", "sim:4")
# Three rows; and more than a block takes at a time.
SHAPES = ((3, 5), (19, 3))
DRIVER = BUILD / "test" / "runtime" / "modules" / "librnn_fake_cuda.so"
BARRIERS = 4  # of a round: two of them around waiting for the team


def path_of(name, element_type, target, team):
    form = "_".join(map(str, team))
    return BUILD / "conformance" / f"{name}.team{form}.{element_type}.{target}.so"


@cache
def compiled(name, element_type, target, team):
    return compile_model(small(name).module_text(),
                         path_of(name, element_type, target, team),
                         element_type, target,
                         [f"--{option}={number}" for option, number
                          in zip(("team", "kept"), team)])


def run_on(name, element_type, device, team, target="sim"):
    case = small(name)
    return Instance(case, case.widths[0],
                    compiled(name, element_type, target, team), device=device)


def everything(run, shape):
    """Outputs, the loss and gradients."""
    inputs = run.random_inputs(*shape)
    outputs = run.forward(inputs)
    loss, gradients = run.gradients(
        inputs + run.random_targets(*shape, outputs))
    return outputs + [loss], gradients


def compare(test, run, double, shapes, limits):
    """Values and gradients of `run` are those of `double`, within `limits`,
    relative to the largest."""
    for shape in shapes:
        values, gradients = everything(run, shape)
        wanted, slopes = everything(double, shape)
        for a, b in zip(values, wanted, strict=True):
            test.assertLess(relative(a, b, 1e-6), limits[0], shape)
        largest = max(abs(g).max(initial=0) for g in slopes.values())
        for key, value in slopes.items():
            test.assertLess(relative(gradients[key], value, 1e-3 * largest),
                            limits[1], (key, shape))


def bits(values, gradients):
    return [value.tobytes() for value in values[:-1]] + values[-1:] \
        + [g.tobytes() for g in gradients.values()]


def runs_of(module):
    return {kernel.get("runs") for kernel in module.descriptor["kernels"]}


class Resident(unittest.TestCase):
    def check_numbers(self, name, team):
        """f64 against f64 on the CPU."""
        run, double = run_on(name, "f64", "sim:3", team), \
            instance(name, "f64", "cpu")
        self.assertEqual("resident" in runs_of(run.module), team[0] > 0)
        compare(self, run, double, SHAPES, (1e-12, 1e-10))

    def check_orders(self, name, team):
        """The same bits for any number of teams, in any order."""
        for shape in SHAPES:
            seen = [bits(*everything(run_on(name, "f32", order, team), shape))
                    for order in ORDERS]
            for order, other in zip(ORDERS, seen):
                self.assertEqual(seen[0], other, (order, shape))

    def test_kept(self):
        """The same bits, wherever matrices are."""
        for name in ("gru", "lstm"):
            wanted = bits(*everything(run_on(name, "f32", "sim", (3,)), (19, 3)))
            for kept in (0, 1):
                run = run_on(name, "f32", "sim", (3, kept))
                self.assertEqual(bits(*everything(run, (19, 3))), wanted)

    def use_driver(self, name, **settings):
        settings = {"RNN_CUDA_LIBRARY": DRIVER, "FAKE_CUDA_KERNELS":
                    path_of(name, "f32", "sim", (3,)), **settings}
        for key, value in settings.items():
            os.environ[key] = str(value)
            self.addCleanup(os.environ.pop, key, None)

    def test_cuda(self):
        """Through the CUDA device: launched as blocks that all run at once."""
        for name in ("gru", "lstm"):
            wanted = bits(*everything(run_on(name, "f32", "sim", (3,)), (19, 3)))
            self.use_driver(name)
            run = run_on(name, "f32", "cuda:0", (3,), "cuda:sm_90")
            self.assertEqual(bits(*everything(run, (19, 3))), wanted)

    def test_missing_barriers(self):
        """Each barrier of a round that nobody waits at is a mistake."""
        module = run_on("gru", "f32", "sim", (3,)).module
        kernel = next(kernel["name"] for kernel in module.descriptor["kernels"]
                      if kernel.get("runs") == "resident")
        for barrier in range(BARRIERS):
            self.use_driver("gru", FAKE_CUDA_SKIP=barrier,
                            FAKE_CUDA_SKIP_IN=kernel)
            run = run_on("gru", "f32", "cuda:0", (3,), "cuda:sm_90")
            with self.subTest(barrier=barrier), \
                    self.assertRaisesRegex(RuntimeError, "CUDA"):
                run.forward(run.random_inputs(3, 5))

    def test_too_small(self):
        """A GPU that does not run a team at once is told, not hung."""
        run_on("gru", "f32", "sim", (3,))
        self.use_driver("gru", FAKE_CUDA_BLOCKS=2)
        run = run_on("gru", "f32", "cuda:0", (3,), "cuda:sm_90")
        with self.assertRaisesRegex(
                RuntimeError, r"needs 3 blocks at once, and cuda:0 runs 2"):
            run.forward(run.random_inputs(3, 5))


def add_test(name, team, check):
    def test(self):
        check(self, name, team)
    test.__doc__ = f"{name}: {check.__doc__}"
    form = "rows" if team[0] < 0 else "kept" if len(team) > 1 else "team"
    setattr(Resident, f"test_{name}_{form}_{check.__name__[6:]}", test)


for one in NAMES:
    for blocks in TEAMS:
        add_test(one, blocks, Resident.check_numbers)
        add_test(one, blocks, Resident.check_orders)

if __name__ == "__main__":
    unittest.main()
