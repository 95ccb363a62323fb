"""The references against themselves: the backward passes derived by hand agree
with finite differences of the forward ones. No compiler involved."""

import unittest

import numpy as np

from cases import MINIMAL
from finite_differences import worst_error
from reference import philox


class Reference(unittest.TestCase):
    def test_minimal_gradients(self):
        for case in MINIMAL:
            with self.subTest(case.name):
                self.check(case, width=5)

    def check(self, case, width):
        rng = np.random.default_rng(0)
        hidden = width * case.expansion
        inputs = [make(rng, 3, 11, width, hidden)
                  for _, make in case.inputs.values()]
        gate = "to_hidden_and_gate" if "gru" in case.name \
            else "to_hidden_and_f_i_gate"
        rows = hidden * (2 if "gru" in case.name else 3)
        p = {f"{gate}.weight": rng.standard_normal((rows, width)),
             f"{gate}.bias": rng.standard_normal(rows),
             "to_out.weight": rng.standard_normal((width, hidden)),
             "to_out.bias": rng.standard_normal(width),
             "h0": rng.standard_normal(hidden)}
        if "learned_init" not in case.body:
            del p["h0"]
        if case.expansion == 1:
            del p["to_out.weight"], p["to_out.bias"]
        if " bias" not in case.body:
            del p[f"{gate}.bias"]
            p.pop("to_out.bias", None)
        outputs = case.reference(p, *inputs)
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        weights = [rng.standard_normal(o.shape) for o in outputs]

        def loss(key, value):
            values, parameters = list(inputs), dict(p)
            if isinstance(key, tuple):
                values[key[1]] = value
            else:
                parameters[key] = value
            found = case.reference(parameters, *values)
            found = found if isinstance(found, tuple) else (found,)
            return sum((o * w).sum() for o, w in zip(found, weights))

        gradients = case.gradient(p, inputs, weights[0],
                                  weights[1] if len(weights) == 2 else None)
        self.assertEqual({k for k in gradients if isinstance(k, str)}, set(p))
        for key, gradient in gradients.items():
            value = inputs[key[1]] if isinstance(key, tuple) else p[key]
            error = worst_error(lambda v: loss(key, v), value, gradient,
                                np.abs(gradient).max(), rng, 6, 2, case.kinks)
            self.assertLess(error, 1e-7, key)

    def test_philox(self):
        """Known answers of Random123 (Salmon et al. 2011)."""
        for key, counter, wanted in (
                ((0, 0), (0, 0, 0, 0),
                 (0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8)),
                ((0xffffffff,) * 2, (0xffffffff,) * 4,
                 (0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd)),
                ((0xa4093822, 0x299f31d0),
                 (0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344),
                 (0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1))):
            self.assertEqual(tuple(int(w) for w in philox(key, counter)),
                             wanted)


if __name__ == "__main__":
    unittest.main()
