"""No entry of a compiled module touches anything but its buffers, whatever the
batch, the time and the width, and none of what its workspace held before
reaches its results. Every case of the table runs in a process of its own, which
a wrong access ends."""

import ctypes
import os
import signal
import traceback
import unittest

import numpy as np

import guarded
from case import Case
from cases import CASES, X
from librnn import compile_model, BUILD, REPOSITORY

SHAPES = ((1, 1), (3, 2), (2, 5))  # batch, time
BLOCKED = (*SHAPES, (2, 70))       # and more steps than a block has
COUNTS = (1, 7, 16, 385)           # elements of an update


def in_a_process_of_its_own(body):
    """What went wrong in body(), or None."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        message = ""
        try:
            body()
        except BaseException:
            message = traceback.format_exc()
        os.write(write, message.encode()[-4000:])
        os._exit(bool(message))
    os.close(write)
    with os.fdopen(read) as file:
        message = file.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return "ended by " + signal.Signals(os.WTERMSIG(status)).name
    return message or None


def random_inputs(entry, batch, time, rng):
    """Values for the inputs of any entry."""
    for spec in entry["inputs"]:
        shape = [{"batch": batch, "time": time}.get(d, d)
                 for d in spec["shape"]]
        if spec["type"] == "i32":
            yield rng.integers(0, spec.get("bound", 2), shape)
        elif spec["type"] == "bool":
            yield rng.random(shape) < 0.3
        else:
            yield rng.uniform(0.25, 1, shape)


def finite(where, arrays):
    for array in arrays:
        if array.dtype.kind == "f":
            assert np.isfinite(array).all(), f"{where}: not finite"


def check_entry(module, entry, batch, time):
    rng = np.random.default_rng([batch, time])
    inputs = list(random_inputs(entry, batch, time, rng))
    states = rng.uniform(-1, 1, batch * entry["state_count"])
    for carried in (None, states) if states.size else (None,):
        finite((entry["name"], batch, time),
               module.run(entry, batch, time, inputs, carried))


def check_module(descriptor, path, shapes):
    rng = np.random.default_rng(0)
    parameters = rng.uniform(-0.1, 0.1, descriptor["parameter_count"])
    for at_end in (True, False):
        module = guarded.Module(path, descriptor, parameters, at_end)
        for entry in descriptor["entries"]:
            for batch, time in shapes:
                check_entry(module, entry, batch,
                            1 if entry["kind"] == "step" else time)
        for count in COUNTS:
            finite(f"update of {count}", module.update(count))


class Memory(unittest.TestCase):
    """Filled with test_<case> below."""

    def stays_inside(self, module, path, shapes=SHAPES):
        problem = in_a_process_of_its_own(
            lambda: check_module(module.descriptor, path, shapes))
        self.assertIsNone(problem, problem)

    def test_char_lm(self):
        path = BUILD / "conformance" / "char_lm.memory.so"
        text = (REPOSITORY / "examples/char-lm/char-lm.mlir").read_text()
        self.stays_inside(compile_model(text, path), path)

    def test_dropout(self):
        case = Case("dropout", """%d = rnn.dropout %x rate 0.5 : $X
  %y = rnn.min_gru "$N" %d expansion 2 : $X""", None, X, expansion=2)
        path = BUILD / "conformance" / "dropout.memory.so"
        self.stays_inside(compile_model(case.module_text(), path), path)

    def test_an_access_outside_is_seen(self):
        def touch(before):
            array = guarded.array(5, np.float32, at_end=not before)
            ctypes.memset(array.ctypes.data + (-1 if before else 20), 0, 1)

        def write():
            array = guarded.copy(np.ones(5), np.float32, at_end=True)
            ctypes.memset(array.ctypes.data, 0, 1)
        for wrong in (lambda: touch(True), lambda: touch(False), write):
            self.assertEqual(in_a_process_of_its_own(wrong), "ended by SIGSEGV")


def add_test(case):
    def test(self):
        for element_type in ("f32", "f64"):
            with self.subTest(element_type=element_type):
                self.stays_inside(
                    case.compile(element_type), BUILD / "conformance"
                    / f"{case.name}.{element_type}.so")
        with self.subTest("blocked"):
            path = BUILD / "conformance" / f"{case.name}.memory.blocked.so"
            module = compile_model(case.module_text(), path,
                                   options=["--blocked=always"])
            self.stays_inside(module, path, BLOCKED)
    test.__doc__ = f"{case.name} stays inside its buffers"
    setattr(Memory, f"test_{case.name}", test)


for one in CASES:
    add_test(one)

if __name__ == "__main__":
    unittest.main()
