"""Questions to a result of run.py."""

import json
from dataclasses import dataclass
from pathlib import Path

from limits import Shape, limit_seconds

TITLES = {"rnnc": "rnnc", "torch_eager": "PyTorch",
          "torch_compile": "PyTorch, compiled", "jax_scan": "JAX",
          "onnx_runtime": "ONNX Runtime", "onednn": "oneDNN"}
CELLS = {"min_gru": "minGRU", "gru": "GRU", "lstm": "LSTM", "scan": "scan"}
TRAIN, INFER, DECODE = "forward_backward", "forward", "step"


@dataclass(frozen=True)
class Time:
    """Of a case's op. A bound is less than what it takes: it was not waited
    for."""
    name: str
    seconds: float
    bound: bool = False
    calls: int = 0


class Measured:
    """All cases at one shape."""

    def __init__(self, record, ceilings):
        self.kind, self.cases = record["kind"], record["cases"]
        self.shape, self.ceilings = Shape.parse(record["shape"]), ceilings

    def select(self, cell=None, precision=None, systems=None, variant=None):
        for case in self.cases:
            if (cell is None or case["cell"] == cell) \
                    and precision in (None, case["precision"]) \
                    and (systems is None or case["system"] in systems) \
                    and variant in (None, case["variant"]):
                yield case

    def times(self, op, **which):
        """Every time there is, and where there is none but a bound, that."""
        found = []
        for case in self.select(**which):
            one = case["ops"].get(op, {})
            if "median" in one:
                found.append(Time(name(case), one["median"],
                                  calls=one["calls"]))
            elif "more_than" in one:
                found.append(Time(name(case), one["more_than"], True))
        return sorted(found, key=lambda time: (time.seconds, time.bound))

    def ours(self, cell, precision, op):
        """Seconds, or None."""
        found = self.times(op, cell=cell, precision=precision,
                           systems=("rnnc",))
        return found[0].seconds if found else None

    def best_peer(self, cell, precision, op):
        """The fastest, or None. A bf16 layer is compared with peers of either
        precision, so that a slow bf16 of theirs is no help to ours."""
        found = self.times(op, cell=cell, systems=set(TITLES) - {"rnnc"},
                           precision=None if precision == "bf16" else precision)
        return next((time for time in found if not time.bound), None)

    def limit(self, cell, op, precision):
        return limit_seconds(cell, op, precision, self.shape, self.ceilings)

    def peak(self, **which):
        """The least peak memory of a training step, in bytes, or None."""
        return min((case["memory"]["bytes"] for case in self.select(**which)
                    if "bytes" in case["memory"]), default=None)


def name(case):
    title = TITLES[case["system"]]
    if case["variant"] != case["system"]:
        title += f", {case['variant']}"
    return title + (", bf16" if case["precision"] == "bf16"
                    and case["system"] != "rnnc" else "")


class Results:
    def __init__(self, data):
        self.data = data
        self.measured = [Measured(record, data["ceilings"])
                         for record in data["measured"]]

    @staticmethod
    def read(folder):
        return Results(json.loads((Path(folder) / "result.json").read_text()))

    def of(self, kind):
        return [one for one in self.measured if one.kind == kind]

    @property
    def has_amx(self):
        return "amx_bf16" in self.data["machine"]["has"]
