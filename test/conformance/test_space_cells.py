"""Layers with several numbers a channel as cells of textbook steps: the same
numbers as the built-in op's in f64, and the same is found about them."""

import unittest

import numpy as np

from case import cell_text, normal
from librnn import BUILD, Session, compile_model

WIDTH = 21
SEQUENCE = f"tensor<?x?x{WIDTH}xf32>"

# The op's options, the cell's widths, and for each of the cell's parameters the
# op's and where in it: the whole, or an index.
LAYERS = {
    "selective_scan": ("state 5", f"F = {WIDTH}, D = 42, N = 5, R = 2", {
        "in.weight": ("in_proj.weight", np.s_[:42]),
        "gate.weight": ("in_proj.weight", np.s_[42:]),
        "tap0": ("conv1d.weight", np.s_[:, 0, 0]),
        "tap1": ("conv1d.weight", np.s_[:, 0, 1]),
        "tap2": ("conv1d.weight", np.s_[:, 0, 2]),
        "tap3": ("conv1d.weight", np.s_[:, 0, 3]),
        "conv_bias": ("conv1d.bias", np.s_[:]),
        "rank.weight": ("x_proj.weight", np.s_[:2]),
        "b.weight": ("x_proj.weight", np.s_[2:7]),
        "c.weight": ("x_proj.weight", np.s_[7:]),
        "dt.weight": ("dt_proj.weight", np.s_[:]),
        "dt.bias": ("dt_proj.bias", np.s_[:]),
        "A_log": ("A_log", np.s_[:]),
        "D": ("D", np.s_[:]),
        "out.weight": ("out_proj.weight", np.s_[:])}),
    "s4d": ("state 6", f"D = {WIDTH}, P = 3", {
        "log_dt": ("log_dt", np.s_[:]),
        "log_A_real": ("log_A_real", np.s_[:]),
        "A_imag": ("A_imag", np.s_[:]),
        "C_re": ("C", np.s_[..., 0]),
        "C_im": ("C", np.s_[..., 1]),
        "D": ("D", np.s_[:])}),
    "aaren": ("heads 3", "H = 3, K = 7", {
        "query": ("query", np.s_[:]),
        "key.weight": ("to_kv.weight", np.s_[:WIDTH]),
        "value.weight": ("to_kv.weight", np.s_[WIDTH:]),
        "out.weight": ("to_out.weight", np.s_[:])}),
    "linear_attention": ("heads 3", "H = 3, K = 7", {
        "query.weight": ("to_qkv.weight", np.s_[:WIDTH]),
        "key.weight": ("to_qkv.weight", np.s_[WIDTH:2 * WIDTH]),
        "value.weight": ("to_qkv.weight", np.s_[2 * WIDTH:]),
        "out.weight": ("to_out.weight", np.s_[:])}),
}


def model(name, layer):
    return f"""
rnn.model @{name}(%x: {SEQUENCE}) -> {SEQUENCE} {{
  %y = {layer} : {SEQUENCE}
  rnn.return %y : {SEQUENCE}
}}
rnn.objective @{name}_loss(%x: {SEQUENCE}, %target: {SEQUENCE}) -> tensor<f32> {{
  %y = rnn.call @{name}(%x) : ({SEQUENCE}) -> {SEQUENCE}
  %loss = rnn.mse %y, %target : {SEQUENCE}, {SEQUENCE} -> tensor<f32>
  rnn.return %loss : tensor<f32>
}}
"""


def compiled(op, which):
    options, widths, _ = LAYERS[op]
    text = model("ours", f'rnn.{op} "ours" %x {options}')
    if which == "users":
        text = cell_text(op) + model(
            "users", f'rnn.apply @{op} "users" bind {{{widths}}} '
            f"over(%x : {SEQUENCE})")
    return compile_model(text, BUILD / "conformance" / f"{op}.{which}.so",
                         "f64")


class SpaceCells(unittest.TestCase):
    def check(self, op):
        pairs = LAYERS[op][2]
        ours, users = compiled(op, "ours"), compiled(op, "users")
        self.assertEqual(self.found(ours), self.found(users))

        one, other = Session(ours), Session(users)
        rng = np.random.default_rng(0)
        for user, (name, part) in pairs.items():
            other.set(f"users.{user}", one.get(f"ours.{name}")[part])
        x, target = normal(rng, 3, 37, WIDTH), normal(rng, 3, 37, WIDTH)
        self.assert_close(other.run("users.forward", [x])[0],
                          one.run("ours.forward", [x])[0], "forward")
        found = [session.run(f"{name}_loss.gradient", [x, target])
                 for session, name in ((other, "users"), (one, "ours"))]
        for a, b, what in zip(*found, ("loss", "x", "target")):
            self.assert_close(a, b, what)
        covered = {name: np.zeros(ours.shapes[name], bool)
                   for name in ours.shapes}
        for user, (name, part) in pairs.items():
            self.assert_close(other.gradient(f"users.{user}"),
                              one.gradient(f"ours.{name}")[part], user)
            covered[f"ours.{name}"][part] = True
        for name, elements in covered.items():
            self.assertTrue(elements.all(), name)

    def found(self, module):
        """Of each recurrence; an op may be several scans, a cell is one."""
        return sorted(
            ([state.lower() for state in component["states"]],
             component["form"], component.get("block"),
             component.get("combination"), component.get("rank_one"))
            for recurrence in module.descriptor["recurrences"]
            for component in recurrence["components"])

    def assert_close(self, a, b, what):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-11 * np.abs(b).max(),
                                   err_msg=what)


for layer in LAYERS:
    setattr(SpaceCells, f"test_{layer}",
            lambda self, op=layer: self.check(op))

if __name__ == "__main__":
    unittest.main()
