"""Products of steps by weights that were laid out beforehand
(runtime/cpu/PackedWeights.h): for any number of rows and columns the numbers of
the forward pass, whatever has changed the parameters since.
"""

import ctypes
import os
import tempfile
import unittest
from functools import cache

import numpy as np

from case import BUILD
from librnn import Session, State, Trainer, call, compile_model

MODEL = """
rnn.model @m(%x: tensor<?x?x{n}xf32>) -> tensor<?x?x{n}xf32> {{
  %u = rnn.linear "in" %x bias : tensor<?x?x{n}xf32> -> tensor<?x?x{wide}xf32>
  %g = rnn.gelu %u : tensor<?x?x{wide}xf32>
  %v = rnn.linear "out" %g : tensor<?x?x{wide}xf32> -> tensor<?x?x{n}xf32>
  %h = rnn.min_gru "mixer" %v : tensor<?x?x{n}xf32>
  rnn.return %h : tensor<?x?x{n}xf32>
}}
rnn.objective @o(%x: tensor<?x?x{n}xf32>) -> tensor<f32> {{
  %h = rnn.call @m(%x) : (tensor<?x?x{n}xf32>) -> tensor<?x?x{n}xf32>
  %s = arith.mulf %h, %h : tensor<?x?x{n}xf32>
  %r = rnn.reduce sum %s : tensor<?x?x{n}xf32> -> tensor<?x?x1xf32>
  %loss = rnn.mean %r : tensor<?x?x1xf32> -> tensor<f32>
  rnn.return %loss : tensor<f32>
}}
"""
# Columns of less than a vector, of a panel and of more, the last one partial.
WIDTHS = ((1, 3), (37, 64), (64, 200))
STEPS = 3


@cache
def module(n, wide):
    return compile_model(MODEL.format(n=n, wide=wide),
                         BUILD / "conformance" / f"step_weights_{n}_{wide}.so")


def inputs_of(n, batch):
    rng = np.random.default_rng([n, batch])
    return rng.standard_normal((batch, STEPS, n)).astype(np.float32)


class StepWeights(unittest.TestCase):
    def check(self, session, n, batch):
        """Steps of a new state are those of the forward pass."""
        x = inputs_of(n, batch)
        wanted, = session.run("m.forward", [x])
        state = State(session, "m.forward", batch)
        for t in range(STEPS):
            found, = state.step("m.step", [x[:, t:t + 1].copy()])
            np.testing.assert_allclose(found.reshape(batch, n), wanted[:, t],
                                       rtol=0, atol=1e-5)

    def test_rows_and_columns(self):
        """Each number of rows that a block may have, and threads."""
        for n, wide in WIDTHS:
            for threads in (1, 2, 3):
                session = Session(module(n, wide), threads, seed=n)
                for batch in (*range(1, 15), 40):
                    with self.subTest(n=n, threads=threads, batch=batch):
                        self.check(session, n, batch)

    def steps(self, session, state, n):
        x = inputs_of(n, 2)
        return state.step("m.step", [x[:, :1].copy()])[0]

    def check_change(self, change):
        """A state that has stepped before sees the change at its next step."""
        n, wide = WIDTHS[1]
        session = Session(module(n, wide), seed=1)
        state = State(session, "m.forward", 2)
        before = self.steps(session, state, n)
        change(session)
        call("rnn_state_reset", state.handle)
        after = self.steps(session, state, n)
        self.assertGreater(abs(after - before).max(), 1e-4)
        wanted, = session.run("m.forward", [inputs_of(n, 2)[:, :1].copy()])
        np.testing.assert_allclose(after.reshape(wanted.shape), wanted, rtol=0,
                                   atol=1e-5)

    def test_set(self):
        """After rnn_session_set_parameter."""
        def change(session):
            session.set("out.weight", 2 * session.get("out.weight"))
        self.check_change(change)

    def test_initialize(self):
        """After rnn_session_initialize."""
        self.check_change(lambda session: call(
            "rnn_session_initialize", session.handle, ctypes.c_uint64(7)))

    def test_load(self):
        """After rnn_session_load."""
        n, wide = WIDTHS[1]
        with tempfile.TemporaryDirectory() as folder:
            path = os.fsencode(os.path.join(folder, "other.safetensors"))
            other = Session(module(n, wide), seed=9)
            call("rnn_session_save", other.handle, path)
            self.check_change(lambda session: call("rnn_session_load",
                                                   session.handle, path))

    def test_train(self):
        """After a step of training."""
        def change(session):
            trainer = Trainer(session, "o")
            state = State(session, "o.loss", 4)
            for _ in range(5):
                trainer.step([inputs_of(WIDTHS[1][0], 4)], state)
        self.check_change(change)


if __name__ == "__main__":
    unittest.main()
