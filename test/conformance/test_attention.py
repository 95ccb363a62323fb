"""What the table of rows does not show of rnn.attention: gradients behind a
carried past, skipped steps, states that a caller sets, threads over many
blocks."""

import ctypes
import unittest

import numpy as np

from case import normal
from finite_differences import worst_error
from librnn import BUILD, Session, State, TensorView, call, compile_model

SEQUENCE, FLAGS = "tensor<?x?x12xf32>", "tensor<?x?xi1>"


def model(name, layer, flags=()):
    inputs = [("x", SEQUENCE)] + [(flag, FLAGS) for flag in flags]
    arguments = ", ".join(f"%{name}: {type}" for name, type in inputs)
    return f"""
rnn.model @{name}({arguments}) -> {SEQUENCE} {{
  {layer}
  rnn.return %y : {SEQUENCE}
}}
rnn.objective @{name}_loss({arguments}, %target: {SEQUENCE})
    -> tensor<f32> {{
  %y = rnn.call @{name}({", ".join("%" + name for name, _ in inputs)})
      : ({", ".join(type for _, type in inputs)}) -> {SEQUENCE}
  %loss = rnn.mse %y, %target : {SEQUENCE}, {SEQUENCE} -> tensor<f32>
  rnn.return %loss : tensor<f32>
}}
"""


def attention(options):
    return f'rnn.attention "mixer" %h heads 3 {options} : {SEQUENCE}'


TEXT = model("stack", f"""%y = rnn.repeat 2 "stack" (%h = %x) : {SEQUENCE} {{
    %m = {attention("context 90 rotary 100.0")}
    %r = arith.addf %h, %m : {SEQUENCE}
    rnn.yield %r : {SEQUENCE}
  }}""") + model("flagged", f"""%y = rnn.attention "flagged" %x heads 3
      context 6 rotary 100.0 bias reset(%reset : {FLAGS}) mask(%mask : {FLAGS})
      : {SEQUENCE}""", ("reset", "mask"))


class Attention(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.module = compile_model(TEXT, BUILD / "conformance" / "attending.so",
                                   "f64")
        cls.session = Session(cls.module)
        cls.rng = np.random.default_rng(0)

    def state_after(self, name, inputs):
        state = State(self.session, name, len(inputs[0]))
        self.session.run(name + ".forward", inputs, state=state)
        return state

    def check_gradient(self, name, before, inputs):
        """The gradient of a window, given the one before it."""
        def loss(inputs):
            state = self.state_after(name, before)
            return float(self.session.run(name + "_loss.loss", inputs,
                                          state=state)[0])
        self.session.zero_gradients()
        found, d_x, *_ = self.session.run(name + "_loss.gradient", inputs,
                                          state=self.state_after(name, before))
        self.assertAlmostEqual(float(found), loss(inputs), places=12)
        error = worst_error(lambda x: loss([x, *inputs[1:]]), inputs[0], d_x,
                            np.abs(d_x).max(), self.rng, 6, 2)
        self.assertLess(error, 1e-6)

    def test_gradient_behind_a_past(self):
        for first, second in ((3, 5), (100, 40), (40, 100)):
            with self.subTest(first=first, second=second):
                self.check_gradient(
                    "stack", [normal(self.rng, 2, first, 12)],
                    [normal(self.rng, 2, second, 12) for _ in range(2)])

    def flagged(self, batch, time):
        return [normal(self.rng, batch, time, 12),
                self.rng.random((batch, time)) < 0.2,
                self.rng.random((batch, time)) < 0.6]

    def test_gradient_behind_a_past_with_flags(self):
        inputs = self.flagged(3, 11)
        self.check_gradient("flagged", self.flagged(3, 9),
                            [*inputs, normal(self.rng, 3, 11, 12)])

    def test_windows_with_flags(self):
        inputs = self.flagged(3, 30)
        whole, = self.session.run("flagged.forward", inputs)
        state, parts, start = State(self.session, "flagged", 3), [], 0
        for length in (4, 1, 20, 5):
            parts += self.session.run(
                "flagged.forward",
                [v[:, start:start + length] for v in inputs], state=state)
            start += length
        np.testing.assert_allclose(np.concatenate(parts, 1), whole, rtol=1e-12,
                                   atol=1e-14)

    def test_skipped_steps_are_as_if_not_there(self):
        x, reset, mask = self.flagged(1, 40)
        y, = self.session.run("flagged.forward", [x, reset, mask])
        np.testing.assert_array_equal(y[~mask], 0)
        kept = [v[:, mask[0]] for v in (x, reset, mask)]
        short, = self.session.run("flagged.forward", kept)
        np.testing.assert_allclose(y[:, mask[0]], short, rtol=1e-12, atol=1e-14)
        nothing, = self.session.run("flagged.forward",
                                    [x, reset, np.zeros_like(mask)])
        np.testing.assert_array_equal(nothing, 0)

    def set_state(self, state, name, value):
        view = TensorView(np.asarray(value, np.float64))
        call("rnn_state_set", state.handle, name.encode(),
             ctypes.byref(view.tensor))

    def test_any_length_may_be_set(self):
        inputs = self.flagged(2, 3)
        inputs[2][:] = True
        shapes = {s["name"]: s["shape"] for s
                  in self.module.entries["flagged.forward"]["states"]}
        past = {name: normal(self.rng, 2, *shape)
                for name, shape in shapes.items()}

        def run(length):
            state = State(self.session, "flagged", 2)
            for name, value in past.items():
                self.set_state(state, name, value)
            self.set_state(state, "flagged.length", np.full((2, 1), length))
            return self.session.run("flagged.forward", inputs, state=state)[0]
        fresh, = self.session.run("flagged.forward", inputs)
        for length in (0, -3, np.nan, -np.inf, 0.9):
            np.testing.assert_array_equal(run(length), fresh, str(length))
        for length in (5, 6, 1e300, np.inf):
            np.testing.assert_array_equal(run(length), run(5), str(length))
        self.assertTrue((run(4)[:, 0] != run(5)[:, 0]).any())

    def test_threads(self):
        module = compile_model(TEXT, BUILD / "conformance" / "attending32.so")
        x, target = normal(self.rng, 2, 2, 200, 12)
        seen = set()
        for threads in (1, 2, 3, 7):
            session = Session(module, threads)
            found = session.run("stack.forward", [x]) \
                + session.run("stack_loss.gradient", [x, target]) \
                + [session.gradient(f"stack.{i}.mixer.to_qkv.weight")
                   for i in range(2)]
            seen.add(b"".join(value.tobytes() for value in found))
        self.assertEqual(len(seen), 1)


if __name__ == "__main__":
    unittest.main()
