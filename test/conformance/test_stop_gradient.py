"""stop_gradient: the gradient is that of a model in which the stopped value is
an input of its own."""

import unittest

import numpy as np

from case import normal
from librnn import BUILD, Session, compile_model

SEQUENCE = "tensor<?x?x7xf32>"
TEXT = f"""
rnn.objective @stopped(%x: {SEQUENCE}, %target: {SEQUENCE}) -> tensor<f32> {{
  %t = rnn.tanh %x : {SEQUENCE}
  %s = rnn.stop_gradient %t : {SEQUENCE}
  %y = arith.mulf %s, %x : {SEQUENCE}
  %loss = rnn.mse %y, %target : {SEQUENCE}, {SEQUENCE} -> tensor<f32>
  rnn.return %loss : tensor<f32>
}}
rnn.objective @given(%x: {SEQUENCE}, %s: {SEQUENCE}, %target: {SEQUENCE})
    -> tensor<f32> {{
  %y = arith.mulf %s, %x : {SEQUENCE}
  %loss = rnn.mse %y, %target : {SEQUENCE}, {SEQUENCE} -> tensor<f32>
  rnn.return %loss : tensor<f32>
}}
rnn.objective @cut(%x: {SEQUENCE}, %target: {SEQUENCE}) -> tensor<f32> {{
  %f = rnn.linear "before" %x : {SEQUENCE} -> {SEQUENCE}
  %s = rnn.stop_gradient %f : {SEQUENCE}
  %y = rnn.linear "after" %s : {SEQUENCE} -> {SEQUENCE}
  %loss = rnn.mse %y, %target : {SEQUENCE}, {SEQUENCE} -> tensor<f32>
  rnn.return %loss : tensor<f32>
}}
"""


class StopGradient(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.session = Session(compile_model(
            TEXT, BUILD / "conformance" / "stop_gradient.so", "f64"))
        rng = np.random.default_rng(0)
        cls.x, cls.target = normal(rng, 3, 5, 7), normal(rng, 3, 5, 7)

    def test_gradient(self):
        loss, d_x, d_target = self.session.run("stopped.gradient",
                                               [self.x, self.target])
        wanted = self.session.run("given.gradient",
                                  [self.x, np.tanh(self.x), self.target])
        np.testing.assert_allclose(loss, wanted[0], rtol=1e-12)
        np.testing.assert_allclose(d_x, wanted[1], rtol=1e-10)
        np.testing.assert_allclose(d_target, wanted[3], rtol=1e-10)

    def test_nothing_before_it_learns(self):
        self.session.zero_gradients()
        _, d_x, _ = self.session.run("cut.gradient", [self.x, self.target])
        np.testing.assert_array_equal(d_x, 0)
        np.testing.assert_array_equal(
            self.session.gradient("before.weight"), 0)
        self.assertGreater(np.abs(self.session.gradient("after.weight")).max(),
                           0)


if __name__ == "__main__":
    unittest.main()
