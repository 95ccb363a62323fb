"""What rnnc wants to reach on a CPU, and whether a run reached it."""

from dataclasses import dataclass

from limits import passes
from results import DECODE, INFER, TRAIN

PYTORCH_JAX = ("torch_eager", "torch_compile", "jax_scan")


@dataclass(frozen=True)
class Aim:
    """Of each shape a value, which `at_least` or `at_most` must be kept."""
    text: str
    values: dict  # shape -> value
    at_most: float = None
    at_least: float = None
    needs_amx: bool = False

    def meets(self, value):
        return value <= self.at_most if self.at_least is None \
            else value >= self.at_least

    def worst(self):
        """The shape that is furthest from the aim, and its value."""
        choose = min if self.at_most is None else max
        return choose(self.values.items(), key=lambda item: item[1])

    def verdict(self, has_amx):
        if not self.values:
            return "not measured"
        if self.needs_amx and not has_amx:
            return "no AMX here: not decided"
        met = sum(map(self.meets, self.values.values()))
        if met == len(self.values):
            return "met"
        return f"not met at {len(self.values) - met} of {len(self.values)}"


def each(measured, value):
    """value(m) by shape, without those that it can not tell."""
    found = {str(m.shape): value(m) for m in measured}
    return {shape: value for shape, value in found.items() if value is not None}


def quotient(above, below):
    return None if above is None or not below else above / below


def times_limit(precision):
    def value(m):
        return quotient(m.ours("min_gru", precision, TRAIN),
                        m.limit("min_gru", TRAIN, precision))
    return value


def faster_than(factor, cell, precision, op, systems, cells=None):
    """How many times as fast as the fastest of some systems; of bf16, which
    peers may do in either precision. One that was not waited for counts by its
    bound where that is enough for the factor; else nothing is decided."""
    def value(m):
        theirs = [time for other in cells or (cell,)
                  for time in m.times(op, cell=other, systems=systems,
                                      precision=None if precision == "bf16"
                                      else precision)]
        ours = m.ours(cell, precision, op)
        least = min((time.seconds for time in theirs), default=None)
        ratio = quotient(least, ours)
        if ratio is not None and ratio < factor:
            known = [time.seconds for time in theirs if not time.bound]
            ratio = quotient(min(known, default=None), ours)
            return ratio if ratio is not None and ratio < factor else None
        return ratio
    return value


def scan_bandwidth(m):
    ours = m.ours("scan", "f32", INFER)
    moved = passes("scan", INFER, "f32", m.shape)[0].bytes
    return ours and moved / ours / m.ceilings["bandwidth"]


def memory_of(precision, system, cell, variant):
    def value(m):
        return quotient(
            m.peak(cell="min_gru", precision=precision, systems=("rnnc",)),
            m.peak(cell=cell, variant=variant, systems=(system,),
                   precision="f32"))
    return value


def decode_microseconds(m):
    ours = m.ours("min_gru", "f32", DECODE)
    return ours and 1e6 * ours


def aims(results):
    shapes, decode = results.of("shape"), results.of("decode")
    found = []

    def add(text, value, measured=shapes, **bounds):
        found.append(Aim(text, each(measured, value), **bounds))
    for precision, limit, factor in (("bf16", 2.5, 5), ("f32", 1.5, 2)):
        amx = {"needs_amx": precision == "bf16"}
        add(f"minGRU {precision}, forward + backward: at most {limit} x the "
            "limit", times_limit(precision), at_most=limit, **amx)
        add(f"minGRU {precision}, forward + backward: at least {factor} x "
            "faster than the fastest minGRU of PyTorch or JAX",
            faster_than(factor, "min_gru", precision, TRAIN, PYTORCH_JAX),
            at_least=factor, **amx)
        add(f"minGRU {precision}, forward + backward: not slower than nn.GRU "
            "or nn.LSTM", faster_than(1, "min_gru", precision, TRAIN,
                                      ("torch_eager",), ("gru", "lstm")),
            at_least=1)
    add("scan alone: at least 0.9 of the memory's bandwidth", scan_bandwidth,
        at_least=0.9)
    for cell in ("gru", "lstm"):
        for op, words in ((INFER, "forward"), (TRAIN, "forward + backward")):
            add(f"{cell.upper()} f32, {words}: not slower than PyTorch's or "
                "oneDNN's", faster_than(1, cell, "f32", op,
                                        ("torch_eager", "onednn")), at_least=1)
    add("decode of 3 minGRU layers: at most 30 microseconds a token",
        decode_microseconds, decode, at_most=30)
    add("decode of 3 minGRU layers: at least 2 x faster than ONNX Runtime's "
        "GRU", faster_than(2, "min_gru", "f32", DECODE, ("onnx_runtime",),
                           ("gru",)), decode, at_least=2)
    add("memory of a training step, minGRU: at most a quarter of PyTorch's in "
        "log space", memory_of("f32", "torch_eager", "min_gru", "log space"),
        at_most=0.25)
    add("memory of a training step, minGRU: at most nn.GRU's",
        memory_of("f32", "torch_eager", "gru", "nn.GRU"), at_most=1)
    return found
