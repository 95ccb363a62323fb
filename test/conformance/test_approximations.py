"""A GPU's approximations of functions of f32, on the simulated GPU, which makes
each instruction as wrong as it may be: within the bounds that
passes/gpu/ApproximateMath.cpp states; with --precise the bits of the CPU.
"""

import unittest

import numpy as np

from librnn import BUILD, Session, compile_model

U = 2.0 ** -22
ROUND = 2.0 ** -24  # of one operation of f32 around it
BODIES = {
    "exp": "%y = math.exp %x : $X",
    "log": "%y = math.log %x : $X",
    "sqrt": "%y = math.sqrt %x : $X",
    "rsqrt": "%y = math.rsqrt %x : $X",
    "tanh": "%y = math.tanh %x : $X",
    "log1p": "%y = math.log1p %x : $X",
    "softplus": "%y = rnn.softplus %x : $X",
    "sigmoid": "%y = rnn.sigmoid %x : $X",
    "divide": "%y = arith.divf %x, %b : $X",
}
WIDTH = 64


def text(name):
    body = BODIES[name].replace("$X", f"tensor<?x?x{WIDTH}xf32>")
    return f"""
rnn.model @f(%x: tensor<?x?x{WIDTH}xf32>, %b: tensor<?x?x{WIDTH}xf32>)
    -> tensor<?x?x{WIDTH}xf32> {{
  {body}
  %zero = rnn.constant 0.0 : tensor<?x?x{WIDTH}xf32>
  %none = arith.mulf %b, %zero : tensor<?x?x{WIDTH}xf32>
  %sum = arith.addf %y, %none : tensor<?x?x{WIDTH}xf32>
  rnn.return %sum : tensor<?x?x{WIDTH}xf32>
}}
"""


def compute(name, x, b, target="sim", options=()):
    path = BUILD / "conformance" / f"approximate_{name}_{target}" \
        f"{''.join(options)}.so"
    module = compile_model(text(name), path, "f32", target, options)
    padded = [np.resize(np.asarray(v, np.float32), (1, -(-len(x) // WIDTH),
                                                    WIDTH)) for v in (x, b)]
    run = Session(module, device=target)
    return run.run("f.forward", padded)[0].reshape(-1)[:len(x)]


def points(low, high, count=6000):
    """Numbers of both kinds: evenly spread, and at every order of size."""
    rng = np.random.default_rng(0)
    even = rng.uniform(low, high, count)
    sizes = 10.0 ** rng.uniform(-30, np.log10(max(abs(low), abs(high))), count)
    signs = np.where(rng.random(count) < 0.5, 1, -1) if low < 0 else 1
    return np.concatenate([even, sizes * signs]).astype(np.float32)


class Approximations(unittest.TestCase):
    def check(self, name, x, wanted, bound, b=None):
        b = np.ones_like(x) if b is None else b
        found = compute(name, x, b).astype(np.float64)
        with np.errstate(all="ignore"):
            error = np.abs(found - wanted) / bound
        worst = np.nanargmax(error)
        self.assertLess(error[worst], 1, f"{name}({x[worst]}): "
                        f"{found[worst]}, not {wanted[worst]}")
        # It is an approximation, not what --precise gives.
        self.assertGreater(error[worst], 0.2)
        exact = compute(name, x, b, "sim", ("--precise",))
        cpu = compute(name, x, b, "cpu")
        self.assertEqual(exact.tobytes(), cpu.tobytes())

    def test_exp(self):
        x = points(-80, 80)
        wide = np.exp(x.astype(np.float64))
        self.check("exp", x, wide,
                   wide * (U + np.abs(x) * 2.0 ** -23 + ROUND))

    def test_exp_of_what_no_number_is(self):
        x = np.array([np.inf, -np.inf, np.nan, 200, -200, -103, 0.0, -0.0],
                     np.float32)
        y = compute("exp", x, np.ones_like(x))
        self.assertEqual(list(y[[0, 1, 3, 4, 5]]), [np.inf, 0, np.inf, 0, 0])
        self.assertTrue(np.isnan(y[2]))
        np.testing.assert_allclose(y[6:], 1, rtol=U)

    def test_log(self):
        x = np.abs(points(1e-3, 1e30))
        x = np.concatenate([x, np.linspace(0.5, 2, 3001, dtype=np.float32)])
        wide = np.log(x.astype(np.float64))
        near = (x > 0.5) & (x < 2)
        self.check("log", x, wide, np.where(near, 1, np.abs(wide)) * 2 * U)

    def test_log1p(self):
        x = np.concatenate([points(-0.999, 1), np.abs(points(1, 1e30))])
        wide = np.log1p(x.astype(np.float64))
        self.check("log1p", x, wide, np.abs(wide) * 3 * U + 1e-45)

    def test_log1p_of_what_has_none(self):
        x = np.array([-1, -2, np.inf, np.nan, 0.0, -0.0], np.float32)
        y = compute("log1p", x, np.ones_like(x))
        self.assertEqual(list(y[[0, 2, 4, 5]]), [-np.inf, np.inf, 0, 0])
        self.assertTrue(np.isnan(y[[1, 3]]).all())

    def test_softplus(self):
        x = points(-80, 80)
        wide = np.logaddexp(0, x.astype(np.float64))
        self.check("softplus", x, wide,
                   wide * (4 * U + np.abs(x) * 2.0 ** -23))

    def test_sqrt(self):
        x = np.abs(points(0, 1e30))
        wide = np.sqrt(x.astype(np.float64))
        self.check("sqrt", x, wide, wide * (U + ROUND))

    def test_rsqrt(self):
        x = np.abs(points(1e-3, 1e30))
        wide = 1 / np.sqrt(x.astype(np.float64))
        self.check("rsqrt", x, wide, wide * (U + ROUND))

    def test_tanh(self):
        x = points(-20, 20)
        wide = np.tanh(x.astype(np.float64))
        self.check("tanh", x, wide, np.abs(wide) * 3 * U)

    def test_sigmoid(self):
        x = points(-60, 60)
        power = np.exp(-np.abs(x.astype(np.float64)))
        wide = np.where(x > 0, 1, power) / (1 + power)
        self.check("sigmoid", x, wide,
                   wide * (3 * U + np.abs(x) * 2.0 ** -23))

    def test_divide(self):
        x, b = points(-1e10, 1e10), points(-1e8, 1e8)[::-1].copy()
        wide = x.astype(np.float64) / b
        normal = (np.abs(wide) > 2.0 ** -126) & (np.abs(wide) < 2.0 ** 126)
        x, b, wide = x[normal], b[normal], wide[normal]
        self.check("divide", x, wide, np.abs(wide) * (U + ROUND), b)


if __name__ == "__main__":
    unittest.main()
