"""f32 functions that are polynomials of ours: their errors in units in the last
place, as passes/cpu/ExpandMath.cpp states them, and their special values."""

import unittest

import numpy as np

from librnn import BUILD, Session, compile_model

SEQUENCE = "tensor<?x?x64xf32>"
# Op, the function in float64, the limit.
FUNCTIONS = {
    "exp": ("math.exp", np.exp, 1.3),
    "tanh": ("math.tanh", np.tanh, 1.4),
    "sigmoid": ("rnn.sigmoid", lambda x: 1 / (1 + np.exp(-x)), 2.0),
}
SPECIAL = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1e-42, -1e-42, 1e-20,
                    0.625, -0.625, 88.7, 90, -90, 1e30, -1e30] + [1.0] * 49,
                   np.float32)


class Functions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.session = Session(compile_model("".join(
            f"rnn.model @{name}(%x: {SEQUENCE}) -> {SEQUENCE} {{\n"
            f"  %y = {op} %x : {SEQUENCE}\n  rnn.return %y : {SEQUENCE}\n}}\n"
            for name, (op, _, _) in FUNCTIONS.items()),
            BUILD / "conformance" / "functions.so"))

    def run_on(self, name, x):
        y, = self.session.run(name + ".forward", [x.reshape(1, -1, 64)])
        return y.reshape(-1)

    def test_errors(self):
        rng = np.random.default_rng(0)
        x = np.concatenate([rng.uniform(-a, a, 32000) for a in (12, 1, 0.1)])
        x = x.astype(np.float32)
        for name, (_, function, limit) in FUNCTIONS.items():
            wanted = function(x.astype(np.float64))
            unit = np.spacing(np.abs(wanted).astype(np.float32))
            worst = np.abs((self.run_on(name, x) - wanted) / unit).max()
            self.assertLessEqual(worst, limit, name)

    def test_special_values(self):
        with np.errstate(over="ignore"):
            for name, (_, function, _) in FUNCTIONS.items():
                wanted = function(SPECIAL.astype(np.float64))
                wanted = wanted.astype(np.float32)
                found = self.run_on(name, SPECIAL)
                # Below the smallest normal number sigmoid is 0.
                np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-38,
                                           err_msg=name)
                np.testing.assert_array_equal(
                    np.signbit(found)[wanted == 0],
                    np.signbit(wanted)[wanted == 0], err_msg=name)


if __name__ == "__main__":
    unittest.main()
