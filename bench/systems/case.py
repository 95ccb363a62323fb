"""What a system can do, and what it is asked to do."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import cells  # noqa: E402
from measure import cpu_flags  # noqa: E402

TRAIN, INFER, DECODE = ("forward", "forward_backward"), ("forward",), ("step",)
LAYERS = 3  # of a model that decodes


@dataclass(frozen=True)
class Case:
    cell: str
    variant: str
    precision: str = "f32"
    ops: tuple = TRAIN
    why: str = ""  # it can not, and why


class Work:
    """The arrays of a shape, made once for all cases that need them."""

    def __init__(self, shape):
        self.shape, self._inputs = shape, {}

    def inputs(self, cell):
        """The arrays that the cell reads, batch first."""
        return self._drawn(cell)[0]

    def slope(self, cell):
        """The gradient of the output."""
        return self._drawn(cell)[1]

    def _drawn(self, cell):
        kind = cell if cell == "scan" else "layer"
        if kind not in self._inputs:
            s = self.shape
            self._inputs[kind] = cells.inputs(cell, s.batch, s.time, s.inputs,
                                              s.features)
        return self._inputs[kind]

    def parameters(self, cell, layer=0):
        return cells.parameters(cell, self.shape.inputs, self.shape.features,
                                layer)

    def layers(self, cell):
        """The parameters of a model that decodes."""
        return [self.parameters(cell, layer) for layer in range(LAYERS)]


class Checked(Work):
    """The small slice on which a system is checked; the gradient of the output
    is that of the mean over rows of the sum of squares."""

    def slope(self, cell):
        y, _ = cells.reference(cell, self.parameters(cell), self.inputs(cell))
        return cells.squares_slope(y).astype(np.float32)


def threads():
    return int(os.environ["BENCH_THREADS"])


def has_bf16():
    return bool(cpu_flags() & {"avx512_bf16", "amx_bf16"})
