"""What parameters start as, by the initializer in the text."""

import unittest

import numpy as np

from librnn import BUILD, Session, compile_model

KINDS = {"uniform": "uniform(0.5)", "range": "uniform(-3.0, -1.0)",
         "normal": "normal(0.5)", "constant": "constant(2.5)",
         "arange": "arange(0.75)", "log_arange": "log_arange(1.0)"}
SHAPE = (40, 25)


def text():
    kind = "tensor<40x25xf32>"
    lines = [f'  %{name} = rnn.parameter "{name}" init {init} : {kind}'
             for name, init in KINDS.items()]
    lines += [f"  %sum{i} = arith.addf %{'uniform' if i == 1 else f'sum{i - 1}'}"
              f", %{name} : {kind}" for i, name in enumerate(KINDS) if i]
    return "\n".join(["rnn.model @m() -> tensor<40x25xf32> {", *lines,
                      f"  rnn.return %sum{len(KINDS) - 1} : {kind}", "}"])


class Initializers(unittest.TestCase):
    def setUp(self):
        module = compile_model(text(), BUILD / "conformance" / "initial.so",
                               "f64")
        self.session = Session(module)

    def test_drawn(self):
        for name, low, high in (("uniform", -0.5, 0.5), ("range", -3, -1)):
            value = self.session.get(name)
            self.assertTrue(low <= value.min() and value.max() < high, name)
            self.assertAlmostEqual(value.mean(), (low + high) / 2, delta=0.1)
        value = self.session.get("normal")
        self.assertAlmostEqual(value.mean(), 0, delta=0.05)
        self.assertAlmostEqual(value.std(), 0.5, delta=0.05)

    def test_given(self):
        i = np.arange(SHAPE[1])
        for name, row in (("constant", 2.5 + 0 * i), ("arange", 0.75 * i),
                          ("log_arange", np.log(1.0 + i))):
            np.testing.assert_allclose(
                self.session.get(name), np.broadcast_to(row, SHAPE),
                rtol=1e-15, err_msg=name)


if __name__ == "__main__":
    unittest.main()
