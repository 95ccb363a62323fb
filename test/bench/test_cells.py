"""The references that every system is checked with: gradients by differences."""

import sys
import unittest
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))
import cells  # noqa: E402

STEP = 1e-6


class Gradients(unittest.TestCase):
    def check(self, cell):
        p = {name: value.astype(np.float64) for name, value
             in cells.parameters(cell, 3, 4).items()}
        read = [value.astype(np.float64)
                for value in cells.inputs(cell, 2, 5, 3, 4)[0]]

        def loss():
            y = cells.CELLS[cell](p, read, cells.squares_slope)[0]
            return np.square(y).sum(-1).mean()
        _, slopes = cells.reference(cell, p, read)
        arrays = p | dict(zip(("k", "c") if cell == "scan" else ("x",), read))
        self.assertEqual(sorted(slopes), sorted(arrays))
        rng = np.random.default_rng(0)
        for name, array in arrays.items():
            direction = rng.standard_normal(array.shape)
            array += STEP * direction
            above = loss()
            array -= 2 * STEP * direction
            below = loss()
            array += STEP * direction
            self.assertAlmostEqual(np.vdot(slopes[name], direction),
                                   (above - below) / (2 * STEP), places=7,
                                   msg=f"{cell} {name}")

    def test_all(self):
        for cell in cells.CELLS:
            with self.subTest(cell):
                self.check(cell)

    def test_a_stack_is_one_layer_after_the_other(self):
        layers = [cells.parameters("gru", 4, 4, i) for i in range(2)]
        x, = cells.inputs("gru", 1, 3, 4, 4)[0]
        once, _ = cells.reference("gru", layers[0], [x])
        twice, _ = cells.reference("gru", layers[1], [once])
        np.testing.assert_array_equal(
            cells.reference_stack("gru", layers, x), twice)


if __name__ == "__main__":
    unittest.main()
