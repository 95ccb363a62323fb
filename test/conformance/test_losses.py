"""Losses with a mask: the mean over the steps that count, and its gradient,
against NumPy; 0 where no step counts."""

import unittest

import numpy as np

import reference
from case import normal
from finite_differences import worst_error
from librnn import BUILD, Session, compile_model

X, N, M = "tensor<?x?x7xf32>", "tensor<?x?xi32>", "tensor<?x?xi1>"
TEXT = f"""
rnn.objective @classes(%x: {X}, %targets: {N}, %mask: {M}) -> tensor<f32> {{
  %y = rnn.linear "head" %x : {X} -> {X}
  %loss = rnn.cross_entropy %y, %targets mask(%mask : {M})
      : {X}, {N} -> tensor<f32>
  rnn.return %loss : tensor<f32>
}}
rnn.objective @numbers(%x: {X}, %targets: {X}, %mask: {M}) -> tensor<f32> {{
  %y = rnn.linear "head2" %x : {X} -> {X}
  %loss = rnn.mse %y, %targets mask(%mask : {M}) : {X}, {X} -> tensor<f32>
  rnn.return %loss : tensor<f32>
}}
"""


def inputs(name, batch, time, share=0.4):
    rng = np.random.default_rng([batch, time])
    x = normal(rng, batch, time, 7)
    targets = normal(rng, batch, time, 7) if name == "numbers" \
        else rng.integers(0, 7, (batch, time)).astype(np.int32)
    return [x, targets, rng.random((batch, time)) < share]


def wanted(name, weight, x, targets, mask):
    """The loss and its gradients in x and weight, by hand."""
    y = x @ weight.T
    if name == "numbers":
        loss = reference.mse(y[mask], targets[mask])
        dy = 2 * (y - targets) / y[mask].size
    else:
        loss = reference.cross_entropy(y[mask][None], targets[mask][None])
        e = np.exp(y - y.max(-1, keepdims=True))
        dy = e / e.sum(-1, keepdims=True) - np.eye(7)[targets]
        dy /= mask.sum()
    dy = np.where(mask[..., None], dy, 0)
    return loss, dy @ weight, np.einsum("btn,btk->nk", dy, x)


class MaskedLosses(unittest.TestCase):
    def session(self, kind="f64", target="cpu"):
        session = Session(compile_model(
            TEXT, BUILD / "conformance" / f"losses.{kind}.{target}.so", kind,
            target))
        rng = np.random.default_rng(4)
        self.weight = normal(rng, 7, 7)
        for name in ("head.weight", "head2.weight"):
            session.set(name, self.weight)
        return session

    def gradient(self, session, name, given):
        session.zero_gradients()
        result = session.run(name + ".gradient", given)
        parameter = "head2.weight" if name == "numbers" else "head.weight"
        return result[0], result[1], session.gradient(parameter)

    def check(self, kind, target, tolerance):
        session = self.session(kind, target)
        for name in ("classes", "numbers"):
            for batch, time in ((1, 1), (3, 5), (5, 64)):
                given = inputs(name, batch, time, 1 if time == 1 else 0.4)
                loss = session.run(name + ".loss", given)[0]
                found = self.gradient(session, name, given)
                for value, right in zip((loss, *found), (
                        wanted(name, self.weight, *given)[0],
                        *wanted(name, self.weight, *given)), strict=True):
                    np.testing.assert_allclose(
                        value, right, rtol=tolerance,
                        atol=tolerance * np.abs(right).max(),
                        err_msg=f"{name} {batch} {time}")

    def test_f64(self):
        self.check("f64", "cpu", 1e-12)

    def test_f32(self):
        self.check("f32", "cpu", 2e-5)

    def test_bf16(self):
        self.check("bf16", "cpu", 2e-2)

    def test_sim(self):
        self.check("f32", "sim", 2e-5)

    def test_bf16_sim(self):
        self.check("bf16", "sim", 2e-2)

    def test_differences(self):
        session = self.session()
        for name in ("classes", "numbers"):
            x, targets, mask = inputs(name, 3, 5)
            _, d_x, _ = self.gradient(session, name, [x, targets, mask])
            error = worst_error(
                lambda v: float(session.run(name + ".loss",
                                            [v, targets, mask])[0]),
                x, d_x, 1, np.random.default_rng(0), elements=10, random=4)
            self.assertLess(error, 1e-7)

    def test_what_does_not_count_is_free(self):
        session = self.session()
        for name in ("classes", "numbers"):
            x, targets, mask = inputs(name, 3, 5)
            loss = session.run(name + ".loss", [x, targets, mask])[0]
            x[~mask] = 100
            np.testing.assert_array_equal(
                session.run(name + ".loss", [x, targets, mask])[0], loss)

    def test_none_counts(self):
        for target in ("cpu", "sim"):
            session = self.session("f32", target)
            for name in ("classes", "numbers"):
                for value in self.gradient(session, name,
                                           inputs(name, 3, 5, share=0)):
                    np.testing.assert_array_equal(value, 0)


if __name__ == "__main__":
    unittest.main()
