"""A user's rnn.cell is the built-in op: the same bits, the same kernels."""

import unittest

import numpy as np

from case import cell_text, normal
from librnn import BUILD, Session, compile_model

WIDTH = 100
SEQUENCE = f"tensor<?x?x{WIDTH}xf32>"


def objective(name, apply):
    return f"""
rnn.model @{name}(%x: {SEQUENCE}) -> {SEQUENCE} {{
  %y = {apply} : {SEQUENCE}
  rnn.return %y : {SEQUENCE}
}}
rnn.objective @{name}_loss(%x: {SEQUENCE}, %target: {SEQUENCE}) -> tensor<f32> {{
  %y = rnn.call @{name}(%x) : ({SEQUENCE}) -> {SEQUENCE}
  %loss = rnn.mse %y, %target : {SEQUENCE}, {SEQUENCE} -> tensor<f32>
  rnn.return %loss : tensor<f32>
}}
"""


TEXT = cell_text("my_min_gru") + objective("ours", 'rnn.min_gru "ours" %x') \
    + objective("users", 'rnn.apply @my_min_gru "users" '
                f"bind {{D = {WIDTH}, H = {WIDTH}}} over(%x : {SEQUENCE})")


class Cells(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.module = compile_model(TEXT, BUILD / "conformance" / "twins.so")
        cls.session = Session(cls.module)
        rng = np.random.default_rng(0)
        cls.weight = normal(rng, 2 * WIDTH, WIDTH) / 10
        cls.session.set("ours.to_hidden_and_gate.weight", cls.weight)
        cls.session.set("users.candidate.weight", cls.weight[:WIDTH])
        cls.session.set("users.gate.weight", cls.weight[WIDTH:])
        cls.x = normal(rng, 3, 37, WIDTH)
        cls.target = normal(rng, 3, 37, WIDTH)

    def test_forward_bits(self):
        ours, = self.session.run("ours.forward", [self.x])
        users, = self.session.run("users.forward", [self.x])
        self.assertEqual(ours.tobytes(), users.tobytes())

    def test_gradient_bits(self):
        found = []
        for name in ("ours", "users"):
            self.session.zero_gradients()
            found.append(self.session.run(name + "_loss.gradient",
                                          [self.x, self.target]))
            if name == "ours":
                weight = self.session.gradient("ours.to_hidden_and_gate.weight")
            else:
                parts = [self.session.gradient(f"users.{part}.weight")
                         for part in ("candidate", "gate")]
        (loss, d_x, d_target), (users_loss, users_d_x, users_d_target) = found
        self.assertEqual(loss.tobytes(), users_loss.tobytes())
        self.assertEqual(d_target.tobytes(), users_d_target.tobytes())
        # Two weights where ours has one: the sum of two products instead of
        # one longer product, so another order of adding.
        np.testing.assert_allclose(users_d_x, d_x, rtol=0,
                                   atol=1e-6 * np.abs(d_x).max())
        self.assertEqual(weight.tobytes(), np.concatenate(parts).tobytes())

    def test_kernels(self):
        """The scans are not only alike: equal kernels exist once, so both use
        the same ones."""
        for kind in ("forward", "step", "loss", "gradient"):
            used = []
            for name in ("ours", "users"):
                entry = name + ("" if kind in ("forward", "step") else "_loss")
                used.append([k["name"] for k in self.kernels(f"{entry}.{kind}")])
            self.assertTrue(used[0])
            self.assertEqual(*used, kind)

    def kernels(self, entry):
        return [kernel for kernel in self.module.descriptor["kernels"]
                if entry in kernel["entries"]
                and kernel["what"].startswith("scan")]


if __name__ == "__main__":
    unittest.main()
