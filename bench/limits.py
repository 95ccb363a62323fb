"""The least time that a layer can take on a machine, counted, not measured.

A pass is bound by what it must move or by what it must compute, whichever takes
longer. Of a layer with G gate products, I inputs and H features, with s bytes a
number and rows = batch * time, that is:

  forward alone     reads x, writes h, reads the weights
  forward to train  the same, and writes the G gates' pre-activations
  backward          reads the gates, h and x, writes dx; reads the weights and
                    writes their gradients; twice the operations

No gradient of h is read: the loss here is of h itself. A gated layer multiplies
its state too; its weights are read once here, as if the cache kept them. That
its steps wait for each other is not counted.
"""

from dataclasses import dataclass

GATES = {"min_gru": 2, "gru": 3, "lstm": 4, "scan": 2}
SIZES = {"f32": 4, "bf16": 2}


@dataclass(frozen=True)
class Shape:
    batch: int
    time: int
    inputs: int
    features: int

    @staticmethod
    def parse(text):
        """64x256x384, or with other inputs than features 64x1000x10x100."""
        try:
            sizes = [int(size) for size in text.split("x")]
        except ValueError:
            sizes = []
        if len(sizes) not in (3, 4) or min(sizes) < 1:
            raise ValueError(f"'{text}' is no shape: expected BATCHxTIMExFEATURES "
                             "or BATCHxTIMExINPUTSxFEATURES, as in 64x256x384")
        return Shape(sizes[0], sizes[1], sizes[2], sizes[-1])

    def __str__(self):
        inputs = "" if self.inputs == self.features else f"{self.inputs}x"
        return f"{self.batch}x{self.time}x{inputs}{self.features}"


@dataclass(frozen=True)
class Pass:
    bytes: float
    operations: float

    def seconds(self, bandwidth, peak):
        return max(self.bytes / bandwidth, self.operations / peak)


def passes(cell, op, precision, shape):
    """What each pass of an op must move and compute."""
    rows, gates = shape.batch * shape.time, GATES[cell]
    size, h = SIZES[precision], shape.features
    if cell == "scan":  # some dozens of operations an element never bind
        forward = Pass((gates + 1) * rows * h * size, 12 * rows * h)
        if op == "forward":
            return [forward]
        return [forward, Pass((1 + 2 * gates) * rows * h * size, 20 * rows * h)]
    width = shape.inputs + (0 if cell == "min_gru" else h)
    weights = gates * h * width
    product = 2 * rows * weights
    io = rows * (shape.inputs + h)
    if op == "forward":
        return [Pass((io + weights) * size, product)]
    kept = rows * gates * h
    return [Pass((io + kept + weights) * size, product),
            Pass((io + kept + rows * shape.inputs + 2 * weights) * size,
                 2 * product)]


def limit_seconds(cell, op, precision, shape, ceilings):
    """ceilings: bandwidth in bytes, and operations of f32 and bf16, a second."""
    return sum(one.seconds(ceilings["bandwidth"], ceilings[precision])
               for one in passes(cell, op, precision, shape))
