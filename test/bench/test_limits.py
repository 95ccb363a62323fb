"""The arithmetic of the limit."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))
from limits import Shape, limit_seconds, passes  # noqa: E402

MACHINE = {"bandwidth": 1e9, "f32": 1e12, "bf16": 1e13}


class Shapes(unittest.TestCase):
    def test_reads_what_it_writes(self):
        for text in ("64x256x384", "64x1000x10x100"):
            self.assertEqual(str(Shape.parse(text)), text)
        self.assertEqual(Shape.parse("8x9x4"), Shape(8, 9, 4, 4))

    def test_refuses_what_is_no_shape(self):
        for text in ("", "64", "64x256", "64x0x384", "ax2x3", "1x2x3x4x5"):
            with self.assertRaisesRegex(ValueError, "expected BATCH"):
                Shape.parse(text)


class Limits(unittest.TestCase):
    def test_min_gru_by_hand(self):
        # rows 6, 4 features: n = 24 numbers; two gates, 32 weights.
        forward, backward = passes("min_gru", "forward_backward", "f32",
                                   Shape(2, 3, 4, 4))
        self.assertEqual(forward.bytes, 4 * ((2 + 2) * 24 + 32))
        self.assertEqual(forward.operations, 2 * 6 * 2 * 4 * 4)
        # Gates, h, x and dx; the gradient of h comes from h itself.
        self.assertEqual(backward.bytes, 4 * ((3 + 2) * 24 + 2 * 32))
        self.assertEqual(backward.operations, 2 * forward.operations)

    def test_forward_alone_saves_no_gates(self):
        one, = passes("min_gru", "forward", "bf16", Shape(2, 3, 4, 4))
        self.assertEqual(one.bytes, 2 * (2 * 24 + 32))

    def test_inputs_may_be_fewer_than_features(self):
        one, = passes("min_gru", "forward", "f32", Shape(2, 3, 2, 4))
        self.assertEqual(one.bytes, 4 * (6 * (2 + 4) + 2 * 2 * 4))
        self.assertEqual(one.operations, 2 * 6 * 2 * 2 * 4)

    def test_gated_layers_multiply_their_state(self):
        one, = passes("lstm", "forward", "f32", Shape(1, 1, 2, 4))
        self.assertEqual(one.operations, 2 * 4 * 4 * (2 + 4))

    def test_the_scan_moves_three_arrays(self):
        one, = passes("scan", "forward", "f32", Shape(2, 3, 4, 4))
        self.assertEqual(one.bytes, 3 * 4 * 24)

    def test_a_pass_takes_the_longer_of_moving_and_computing(self):
        shape = Shape(2, 3, 4, 4)
        moved = sum(one.bytes for one in
                    passes("min_gru", "forward_backward", "f32", shape))
        self.assertAlmostEqual(
            limit_seconds("min_gru", "forward_backward", "f32", shape, MACHINE),
            moved / 1e9)
        slow = MACHINE | {"f32": 1.0}
        self.assertAlmostEqual(
            limit_seconds("min_gru", "forward_backward", "f32", shape, slow),
            3 * 2 * 6 * 2 * 4 * 4)

    def test_each_precision_has_its_own_peak(self):
        wide = Shape(64, 256, 384, 384)
        f32, bf16 = (limit_seconds("min_gru", "forward_backward", precision,
                                   wide, MACHINE | {"bandwidth": 1e15})
                     for precision in ("f32", "bf16"))
        self.assertAlmostEqual(f32 / bf16, 10)


if __name__ == "__main__":
    unittest.main()
