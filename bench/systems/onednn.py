"""oneDNN's own GRU and LSTM primitives, each in a small program (onednn_rnn.cpp)
that keeps the time itself."""

import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from systems.case import Case, DECODE, LAYERS

PROGRAM = os.environ.get("BENCH_ONEDNN", "")
# oneDNN's order of gates by PyTorch's places: update, reset, new; an LSTM's are
# the same.
ORDER = {"gru": (1, 0, 2), "lstm": (0, 1, 2, 3)}


def to_plain(cell, weight):
    """[G H, I] to [I, G, H]."""
    parts = np.split(weight, len(ORDER[cell]))
    return np.stack([parts[i].T for i in ORDER[cell]], 1)


def from_plain(cell, array):
    parts = [None] * len(ORDER[cell])
    for place, i in enumerate(ORDER[cell]):
        parts[i] = array[:, place].T
    return np.concatenate(parts)


def bias_to_plain(cell, p):
    """A GRU's has a fourth row: the new gate's bias of the state's product."""
    b_ih, b_hh = (np.split(p[name], len(ORDER[cell]))
                  for name in ("b_ih", "b_hh"))
    if cell == "lstm":
        return np.stack([i + h for i, h in zip(b_ih, b_hh)])
    return np.stack([b_ih[1] + b_hh[1], b_ih[0] + b_hh[0], b_ih[2], b_hh[2]])


def bias_from_plain(cell, array):
    if cell == "lstm":
        both = array.reshape(-1)
        return {"b_ih": both, "b_hh": both}
    z, r, n, n_h = array
    return {"b_ih": np.concatenate((r, z, n)),
            "b_hh": np.concatenate((r, z, n_h))}


class Prepared:
    def __init__(self, case, work):
        self.case, self.work = case, work
        self.decodes = case.ops == DECODE
        self.folder = tempfile.TemporaryDirectory()
        stack = work.layers(case.cell) if self.decodes \
            else [work.parameters(case.cell)]
        self._write("x", work.inputs(case.cell)[0].swapaxes(0, 1))
        self._write("w_layer", np.stack([to_plain(case.cell, p["w_ih"])
                                         for p in stack]))
        self._write("w_iter", np.stack([to_plain(case.cell, p["w_hh"])
                                        for p in stack]))
        self._write("bias", np.stack([bias_to_plain(case.cell, p)
                                      for p in stack]))
        if not self.decodes:
            self._write("dy", work.slope(case.cell).swapaxes(0, 1))
        self._start()

    def _start(self):
        s = self.work.shape
        sizes = (s.time, s.batch, s.inputs, s.features,
                 LAYERS if self.decodes else 1)
        self.process = subprocess.Popen(
            [PROGRAM, self.case.cell, self.case.precision,
             *map(str, sizes), self.folder.name], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)
        self.pid = self.process.pid
        self._answer()

    def _write(self, name, array):
        Path(self.folder.name, name).write_bytes(
            np.ascontiguousarray(array, np.float32).tobytes())

    def _read(self, name, *shape):
        return np.fromfile(Path(self.folder.name, name),
                           np.float32).reshape(shape)

    def _answer(self):
        line = self.process.stdout.readline().strip()
        if not line or line.startswith("error: "):
            raise RuntimeError(line.removeprefix("error: ")
                               or "onednn_rnn ended without a word")
        return line

    def _ask(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return float(self._answer())

    def forward(self):
        return self._ask("forward")

    def forward_backward(self):
        return self._ask("forward_backward")

    def step(self, tokens):
        return self._ask(f"step {tokens}")

    def results(self):
        self._ask("write")
        s, cell = self.work.shape, self.case.cell
        y = self._read("y", s.time, s.batch, s.features).swapaxes(0, 1)
        if self.decodes:
            return {"y": y}
        gates = len(ORDER[cell])
        d_layer = self._read("d_layer", s.inputs, gates, s.features)
        d_iter = self._read("d_iter", s.features, gates, s.features)
        return {"y": y,
                "x": self._read("dx", s.time, s.batch,
                                s.inputs).swapaxes(0, 1),
                "w_ih": from_plain(cell, d_layer),
                "w_hh": from_plain(cell, d_iter),
                **bias_from_plain(cell, self._read("d_bias", 4, s.features))}

    def release(self):
        """A program anew, which has run nothing yet."""
        self.close()
        self._start()

    def close(self):
        self.process.stdin.close()
        self.process.wait()

    __del__ = close


class System:
    def __init__(self):
        if not PROGRAM:
            raise RuntimeError("onednn_rnn was not built: libdnnl-dev is missing")

    def versions(self):
        done = subprocess.run([PROGRAM, "--version"], capture_output=True,
                              text=True, check=True)
        return {"oneDNN": done.stdout.strip()}

    def cases(self):
        return [Case(cell, cell.upper(), precision)
                for cell in ("gru", "lstm") for precision in ("f32", "bf16")] \
            + [Case("gru", "GRU", ops=DECODE)]

    def prepare(self, case, work):
        return Prepared(case, work)
