"""What `rnnc --explain=json` says of a recurrence holds in numbers.

Random steps of one or two states, built from elementwise ops, are classified
by the compiler and computed here in NumPy. A step that is called affine must be
affine in its states, a maximum max(s + a, b), a log-sum-exp affine in e^s. No
step's form is known beforehand, so nothing is promised of those that are called
sequential but that there are some, and of each other form enough to trust this.
"""

import json
import random
import subprocess
import unittest
from collections import Counter

import numpy as np

import reference as ref
from librnn import RNNC

COUNT, SEED = 2000, 7
S = "tensor<?x2xf32>"
X = "tensor<?x?x2xf32>"

UNARY = {
    "arith.negf": np.negative, "math.exp": np.exp, "math.log": np.log,
    "math.log1p": np.log1p, "rnn.softplus": lambda x: np.logaddexp(0, x),
    "rnn.sigmoid": ref.sigmoid, "math.absf": np.abs,
    "rnn.stop_gradient": lambda x: x,
}
BINARY = {
    "arith.addf": np.add, "arith.subf": np.subtract, "arith.mulf": np.multiply,
    "arith.divf": np.divide, "arith.maximumf": np.maximum,
    "arith.minimumf": np.minimum,
}
# Some ops are worth more tries than others.
LIKELY = ["arith.addf"] * 4 + ["arith.subf"] * 4 + ["arith.mulf"] * 2 \
    + ["arith.maximumf"] * 3 + ["arith.minimumf"] * 2 + ["math.exp"] * 3 + ["math.log"] * 4 \
    + ["select"] * 2 + list(UNARY) + list(BINARY)


class Step:
    """A random step: ops as (name of the result, op, operands)."""

    def __init__(self, rng):
        self.states = ["s", "t"][:rng.choice([1, 1, 2])]
        self.ops, values = [], self.states + ["a", "b"]
        for i in range(rng.randint(2, 8)):
            op = rng.choice(LIKELY)
            count = 1 if op in UNARY else 2
            # What was computed last is read more often.
            operands = [rng.choice(values + values[-2:] * 2 + self.states)
                        for _ in range(count)]
            self.ops.append((f"v{i}", op, operands))
            values.append(f"v{i}")
        self.next = [values[-1 - i] for i in range(len(self.states))]

    def text(self, name):
        lines = [f"    %{result} = arith.select %on, %{v[0]}, %{v[1]} "
                 f": tensor<?x2xi1>, {S}" if op == "select" else
                 f"    %{result} = {op} %{', %'.join(v)} : {S}"
                 for result, op, v in self.ops]
        states, types = len(self.states), ", ".join([S] * len(self.states))
        return f"""
rnn.cell @{name}(%a: {S}, %b: {S}, %on: tensor<?x2xi1>)
    state({", ".join(f"%{s}: {S}" for s in self.states)}) -> {S} {{
{chr(10).join(lines)}
    rnn.yield %{self.next[0]} : {S} next(%{", %".join(self.next)} : {types})
}}
rnn.model @m_{name}(%a: {X}, %b: {X}, %on: tensor<?x?x2xi1>) -> {X} {{
  %y = rnn.apply @{name} "{name}" over(%a, %b, %on : {X}, {X}, tensor<?x?x2xi1>) : {X}
  rnn.return %y : {X}
}}
"""

    def run(self, values):
        """`values` of a, b, on and the states; the next states."""
        values = dict(values)
        with np.errstate(all="ignore"):
            for result, op, operands in self.ops:
                v = [values[operand] for operand in operands]
                values[result] = np.where(values["on"], *v) if op == "select" \
                    else (UNARY | BINARY)[op](*v)
        return [values[n] for n in self.next]


class Forms(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        rng = random.Random(SEED)
        cls.steps = {f"c{i}": Step(rng) for i in range(COUNT)}
        cls.found = []
        names = list(cls.steps)
        for first in range(0, COUNT, 100):  # a text has its limits
            text = "".join(cls.steps[name].text(name)
                           for name in names[first:first + 100])
            found = subprocess.run(
                [RNNC, "-", "--explain=json"], input=text, text=True,
                check=True, capture_output=True).stdout
            cls.found += json.loads(found)["recurrences"]

    def test_claims(self):
        counts = Counter()
        for recurrence in self.found:
            step = self.steps[recurrence["layer"]]
            for component in recurrence["components"]:
                form = component.get("combination", component["form"])
                if form == "affine" and component["block"] == 2:
                    form = "block"
                counts[form] += 1
                if form == "sequential":
                    self.assertIn("reason_at", component)
                    continue
                states = component["states"]
                # Shifts of each other are told as one.
                groups = [[s] for s in states] if form == "shift" else [states]
                with self.subTest(text=step.text("cell"), claim=component):
                    for group in groups:
                        for seed in range(8):
                            self.check(step, group, form, seed)
        print("\nsteps of each form:", dict(counts))
        for form in ("shift", "affine", "block", "max", "min", "log_sum_exp",
                     "sequential"):
            self.assertGreater(counts[form], 3, form)

    def check(self, step, states, form, seed):
        rng = np.random.default_rng(seed)
        values = {name: rng.uniform(-1.5, 1.5) for name in "abst"}
        values["on"] = seed % 2 == 0
        seen = [1.0]  # how large the terms are that should cancel

        def at(*given):
            following = step.run(values | dict(zip(states, given)))
            found = np.array([following[step.states.index(s)] for s in states])
            seen.append(np.abs(found).max())
            return found
        with np.errstate(all="ignore"):
            left = np.asarray(self.remainder(rng, len(states), form, at))
        # What overflows, or has no logarithm, says nothing.
        if np.isfinite(seen).all() and np.isfinite(left).all():
            self.assertLess(np.abs(left).max(initial=0), 1e-9 * max(seen))

    def remainder(self, rng, states, form, at):
        """Zero if the step `at` has the form."""
        if form == "shift":
            return [at(x) - at(y) for x, y in rng.uniform(-2, 2, (3, 2))]
        if form in ("affine", "block"):
            x, d, e = rng.uniform(-2, 2, (3, states))
            return at(*x + d + e) - at(*x + d) - at(*x + e) + at(*x)
        if form == "log_sum_exp":
            # e^s' = P e^s + Q with P, Q >= 0.
            x, y, z = [np.exp(at(s)) for s in np.log([1.0, 2.0, 3.0])]
            self.assertFalse(np.any(y - x < -1e-9 * y))
            self.assertFalse(np.any(2 * x - y < -1e-9 * y))
            return np.log(z) - np.log(2 * y - x)
        far, pick = (1e3, np.maximum) if form == "max" else (-1e3, np.minimum)
        a, b = at(far) - far, at(-far)
        if abs(a) > 500:  # no state survives, as after a reset
            a = -far
        if abs(b) > 500:  # nor does `far` tell the two apart
            return []
        return [at(x) - pick(x + a, b) for x in np.linspace(-4, 4, 9)]


if __name__ == "__main__":
    unittest.main()
