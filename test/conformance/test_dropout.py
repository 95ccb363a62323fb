"""Dropout: what the mask is, that the gradient uses the same one, statistics."""

import unittest

import numpy as np

from case import normal
from librnn import BUILD, Session, State, compile_model
from reference import philox

WIDTH, RATE = 64, 0.3
SEQUENCE = f"tensor<?x?x{WIDTH}xf32>"
# The loss sees the sum over features, weighted by a target, so that the
# gradient of x is mask / (1 - rate) * target / (batch * time).
TEXT = f"""
rnn.model @plain(%x: {SEQUENCE}) -> {SEQUENCE} {{
  %y = rnn.dropout %x rate {RATE} : {SEQUENCE}
  rnn.return %y : {SEQUENCE}
}}
rnn.objective @once(%x: {SEQUENCE}, %w: {SEQUENCE}) -> tensor<f32> {{
  %y = rnn.dropout %x rate {RATE} : {SEQUENCE}
  %p = arith.mulf %y, %w : {SEQUENCE}
  %s = rnn.reduce sum %p : {SEQUENCE} -> tensor<?x?x1xf32>
  %loss = rnn.mean %s : tensor<?x?x1xf32> -> tensor<f32>
  rnn.return %loss : tensor<f32>
}}
rnn.objective @twice(%x: {SEQUENCE}, %w: {SEQUENCE}) -> tensor<f32> {{
  %y = rnn.repeat 2 "layers" (%h = %x) : {SEQUENCE} {{
    %a = rnn.dropout %h rate 0.5 : {SEQUENCE}
    rnn.yield %a : {SEQUENCE}
  }}
  %z = rnn.dropout %y rate 0.5 : {SEQUENCE}
  %p = arith.mulf %z, %w : {SEQUENCE}
  %s = rnn.reduce sum %p : {SEQUENCE} -> tensor<?x?x1xf32>
  %loss = rnn.mean %s : tensor<?x?x1xf32> -> tensor<f32>
  rnn.return %loss : tensor<f32>
}}
"""


class Dropout(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.module = compile_model(TEXT, BUILD / "conformance" / "dropout.so")
        cls.session = Session(cls.module)

    def mask(self, shape=(5, 40), entry="once", **options):
        """Which elements are kept, scaled, from the gradient of x where w = 1;
        and the loss where x = 1."""
        ones = np.ones((*shape, WIDTH))
        loss, d_x, _ = self.session.run(f"{entry}.gradient", [ones, ones],
                                        **options)
        return d_x * (shape[0] * shape[1]), float(loss)

    def test_values_and_rate(self):
        mask, _ = self.mask()
        kept = mask != 0
        np.testing.assert_allclose(mask[kept], 1 / (1 - RATE), rtol=1e-6)
        # Binomial: four standard deviations.
        deviation = np.sqrt(RATE * (1 - RATE) / mask.size)
        self.assertLess(abs((1 - kept.mean()) - RATE), 4 * deviation)
        # No row, step or feature is favoured.
        for axis, count in ((0, 5), (1, 40), (2, WIDTH)):
            others = tuple(a for a in range(3) if a != axis)
            limit = 5 * np.sqrt(RATE * (1 - RATE) * count / mask.size)
            self.assertLess(np.abs(kept.mean(others) - (1 - RATE)).max(), limit)

    def test_forward_and_backward_agree(self):
        rng = np.random.default_rng(0)
        x, w = normal(rng, 5, 40, WIDTH), normal(rng, 5, 40, WIDTH)
        mask, ones_loss = self.mask(seed=3, step=7)
        self.assertAlmostEqual(ones_loss, mask.sum() / 200, places=3)
        loss, d_x, d_w = self.session.run("once.gradient", [x, w], seed=3,
                                          step=7)
        np.testing.assert_allclose(d_x, mask * w / 200, rtol=1e-5)
        np.testing.assert_allclose(d_w, mask * x / 200, rtol=1e-5)
        self.assertAlmostEqual(float(loss), (mask * x * w).sum() / 200,
                               places=4)

    def test_definition(self):
        """Philox4x32-10 as passes/cpu/RowDropout.cpp states it, for the one
        stream that the compiler gave to this op."""
        seed, step = 0x123456789abcdef0, 5
        kept = self.mask((2, 3), seed=seed, step=step)[0] != 0
        key = (seed + step * 0x9e3779b97f4a7c15) % 2 ** 64
        b, t, f = np.ogrid[:2, :3, :WIDTH]
        self.assertTrue(any(
            np.array_equal(kept, philox(
                (key & 0xffffffff, key >> 32),
                (f, t, b, stream << 16))[0] >= np.ceil(RATE * 2 ** 32))
            for stream in range(16)))

    def test_identity_outside_the_gradient(self):
        x = normal(np.random.default_rng(1), 2, 3, WIDTH)
        y, = self.session.run("plain.forward", [x])
        np.testing.assert_array_equal(y, x.astype(np.float32))
        loss, = self.session.run("once.loss", [x, np.ones_like(x)])
        self.assertAlmostEqual(float(loss), x.sum() / 6, places=4)

    def test_seed_and_step_choose_the_mask(self):
        first, _ = self.mask(seed=1, step=1)
        again, _ = self.mask(seed=1, step=1)
        np.testing.assert_array_equal(first, again)
        for other in (dict(seed=2, step=1), dict(seed=1, step=2)):
            self.assertAlmostEqual(
                ((self.mask(**other)[0] != 0) == (first != 0)).mean(),
                RATE ** 2 + (1 - RATE) ** 2, delta=0.03)

    def test_mask_does_not_depend_on_batch_and_time(self):
        large, _ = self.mask((5, 40))
        small, _ = self.mask((2, 7))
        np.testing.assert_array_equal((large != 0)[:2, :7], small != 0)

    def test_ops_and_layers_have_masks_of_their_own(self):
        # Three independent masks of rate 0.5 leave an eighth.
        mask, _ = self.mask(entry="twice")
        self.assertAlmostEqual((mask != 0).mean(), 0.125, delta=0.015)
        np.testing.assert_allclose(mask[mask != 0], 8, rtol=1e-5)

    def test_time_is_absolute(self):
        whole, _ = self.mask((2, 30))
        state = State(self.session, "once", 2)
        first, _ = self.mask((2, 20), state=state)
        second, _ = self.mask((2, 10), state=state)
        np.testing.assert_array_equal(
            np.concatenate([first, second], 1) != 0, whole != 0)

    def test_threads(self):
        seen = []
        for threads in (1, 2, 3):
            self.session = Session(self.module, threads)
            seen.append(self.mask()[0].tobytes())
        self.assertEqual(len(set(seen)), 1)


if __name__ == "__main__":
    unittest.main()
