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
  %y = {apply} {SEQUENCE}
  rnn.return %y : {SEQUENCE}
}}
rnn.objective @{name}_loss(%x: {SEQUENCE}, %target: {SEQUENCE}) -> tensor<f32> {{
  %y = rnn.call @{name}(%x) : ({SEQUENCE}) -> {SEQUENCE}
  %loss = rnn.mse %y, %target : {SEQUENCE}, {SEQUENCE} -> tensor<f32>
  rnn.return %loss : tensor<f32>
}}
"""


TEXT = cell_text("my_min_gru") + objective("ours", 'rnn.min_gru "ours" %x :') \
    + objective("users", 'rnn.apply @my_min_gru "users" '
                f"bind {{D = {WIDTH}, H = {WIDTH}}} over(%x : {SEQUENCE}) :")


class Cells(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # In f64, whose products are ours: oneDNN's may add up in another order
        # for another number of columns, as on a CPU with AVX2 at most.
        cls.module = compile_model(
            TEXT, BUILD / "conformance" / "twins.f64.so", "f64")
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
        the same ones. Products around them, which some have in one kernel with
        them, are the model's."""
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
                and kernel["what"].startswith("scan")
                and kernel.get("runs") != "blocked"]


def rows(gates):
    """Where a cell's parameters are in the built-in op's."""
    return {f"{side}_{gate}": (f"{kind}_l0", row)
            for side, kind in (("input", "ih"), ("hidden", "hh"))
            for row, gate in enumerate(gates)}


# The cell, and in which rows of which parameter its layers are found.
GATED = {
    "gru": rows(("reset", "update", "new")),
    "lstm": rows(("input", "forget", "candidate", "output")),
    "elman": {"input": ("ih_l0", 0), "hidden": ("hh_l0", 0)},
}


class GatedCells(unittest.TestCase):
    """Cells that read the state: the same numbers in f64 (the sums have another
    order), and the same is found about them."""

    @classmethod
    def setUpClass(cls):
        text = "".join(
            cell_text(op)
            + objective(f"{op}_ours",
                        f'rnn.{op} "{op}_ours" %x bias : {SEQUENCE} ->')
            + objective(f"{op}_users", f'rnn.apply @{op} "{op}_users" bind '
                        f"{{D = {WIDTH}, H = {WIDTH}}} over(%x : {SEQUENCE}) :")
            for op in GATED)
        cls.module = compile_model(text, BUILD / "conformance" / "gated.so",
                                   "f64")
        cls.session = Session(cls.module)

    def pairs(self, op):
        """(the cell's parameter, the op's, the row's range)."""
        for layer, (name, row) in GATED[op].items():
            for what in ("weight", "bias"):
                users = f"{op}_users.{layer}.{what}"
                if users in self.module.shapes:
                    yield users, f"{op}_ours.{what}_{name}", slice(
                        row * WIDTH, (row + 1) * WIDTH)

    def test_numbers(self):
        rng = np.random.default_rng(1)
        x, target = normal(rng, 3, 37, WIDTH), normal(rng, 3, 37, WIDTH)
        for op in GATED:
            found = {}
            for name, shape in self.module.shapes.items():
                if name.startswith(f"{op}_ours"):
                    found[name] = normal(rng, *shape) / 10
            if op == "elman":  # the cell has one bias
                found["elman_ours.bias_hh_l0"][:] = 0
            for name, value in found.items():
                self.session.set(name, value)
            for users, ours, part in self.pairs(op):
                self.session.set(users, found[ours][part])
            self.session.zero_gradients()
            a, b = (self.session.run(f"{op}_{who}_loss.gradient", [x, target])
                    for who in ("ours", "users"))
            for one, other in zip(a, b):
                self.assert_close(one, other, op)
            self.assert_close(
                *(self.session.run(f"{op}_{who}.forward", [x])[0]
                  for who in ("ours", "users")), op)
            for users, ours, part in self.pairs(op):
                self.assert_close(self.session.gradient(users),
                                  self.session.gradient(ours)[part], users)

    def assert_close(self, a, b, what):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-12 * np.abs(b).max(),
                                   err_msg=what)

    def test_classification(self):
        forms = [r["form"] for r in self.module.descriptor["recurrences"]]
        self.assertEqual(forms, ["sequential"] * 2 * len(GATED))


if __name__ == "__main__":
    unittest.main()
