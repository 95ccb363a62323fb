"""The table and the plots of a result, as often as one likes.

    bench/run.sh --render DIR

reads DIR/result.json, writes DIR/table.md and the plots beside it.
"""

import re
import sys
from pathlib import Path

import aims
from limits import SIZES
from results import CELLS, DECODE, INFER, Results, TITLES, TRAIN, name

CELL_ORDER = list(CELLS)


def slug(text):
    """A name for a folder: AMD EPYC 9R14 -> amd-epyc-9r14."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "cpu"


def rows(header, lines):
    return ["| " + " | ".join(header) + " |", "|" + "---|" * len(header),
            *("| " + " | ".join(line) + " |" for line in lines), ""]


def number(value):
    """Three digits that count."""
    if value is None:
        return ""
    if value >= 100:
        return f"{value:.0f}"
    if value >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if value >= 1 else f"{value:.3g}"


def milliseconds(op):
    """The median with its quartiles, one call alone, or that it took longer."""
    if "more_than" in op:
        return f"> {number(1e3 * op['more_than'])}"
    if "median" not in op:
        return "-"
    if op["calls"] == 1:
        return f"{number(1e3 * op['median'])} (one call)"
    low, high = (number(1e3 * op[key]) for key in ("low", "high"))
    return f"{number(1e3 * op['median'])} ({low} - {high})"


def head(results):
    data = results.data
    machine, ceilings = data["machine"], data["ceilings"]
    versions = ", ".join(f"{one} {version}" for one, version
                         in data["versions"].items())
    giga = {key: ceilings[key] / 1e9 for key in ("bandwidth", "f32", "bf16")}
    if ceilings["bf16_is_f32"]:
        bf16 = ("no bf16 arithmetic, so the limit of bf16 takes f32's peak")
    else:
        bf16 = f"bf16 {number(giga['bf16'])} GFLOP/s"
        if ceilings.get("bf16_registers"):
            registers = number(ceilings["bf16_registers"] / 1e9)
            bf16 += f" with operands from L2, {registers} in registers"
    amx = "AMX." if results.has_amx else "**this CPU has no AMX.**"
    lines = [
        f"# {machine['cpu']}, threads: {machine['threads']}, {data['date']}", "",
        f"{machine['cpus']} CPUs ({', '.join(machine['has']) or 'no AVX2'}; "
        f"{amx}), {machine['memory_gib']} GiB, Linux {machine['kernel']}; load "
        f"before {machine['load']:.1f}. Revision {data['revision']}, "
        f"{data['seconds']} s. {versions}.", "",
        f"Ceilings, the best of the run: {number(giga['bandwidth'])} GB/s; f32 "
        f"{number(giga['f32'])} GFLOP/s; {bf16}.", "",
        f"Times are medians of up to {data['rounds']} calls in turn, within "
        f"{data['cap']:g} s, with quartiles; \"one call\": it was so slow that no "
        "other was made; \">\": it was not waited for.", ""]
    if data["quick"]:
        lines += ["**A quick run: it shows that everything works, and no "
                  "speed.**", ""]
    for system, why in data["unavailable"].items():
        lines += [f"{TITLES[system]} is missing: {why}", ""]
    return lines


def aim_lines(results):
    lines = []
    for aim in aims.aims(results):
        worst = ""
        if aim.values:
            shape, value = aim.worst()
            worst = f"{number(value)} at {shape}"
        lines.append((aim.text, worst, aim.verdict(results.has_amx)))
    return ["## Aims", "", *rows(("aim", "furthest from it", ""), lines)]


def summary_lines(results):
    """Ours beside the limit and the fastest peer, forward + backward."""
    lines = []
    for m in results.of("shape"):
        for cell in CELL_ORDER:
            for precision in SIZES:
                ours = m.ours(cell, precision, TRAIN)
                if ours is None:
                    continue
                limit, peer = (m.limit(cell, TRAIN, precision),
                               m.best_peer(cell, precision, TRAIN))
                lines.append((
                    str(m.shape), f"{CELLS[cell]} {precision}",
                    number(1e3 * limit), number(1e3 * ours),
                    number(ours / limit),
                    number(1e3 * peer.seconds) if peer else "-",
                    peer.name if peer else "",
                    number(peer.seconds / ours) if peer else ""))
    return ["## Forward + backward of one layer, milliseconds", "",
            *rows(("batch x time x features", "layer", "limit", "rnnc",
                   "times the limit", "best peer", "which",
                   "peer / rnnc"), lines)]


def mebibytes(case):
    bytes_ = case["memory"].get("bytes")
    return number(bytes_ / 2 ** 20) if bytes_ is not None else ""


def shape_lines(m):
    lines = []
    for cell in CELL_ORDER:
        for precision in SIZES:
            for case in m.select(cell=cell, precision=precision):
                ops = case["ops"]
                train, limit = (ops.get(TRAIN, {}),
                                m.limit(cell, TRAIN, precision))
                ours = m.ours(cell, precision, TRAIN)
                median = train.get("median")
                lines.append((
                    f"{CELLS[cell]} {precision}", name(case),
                    milliseconds(ops.get(INFER, {})), milliseconds(train),
                    number(median / limit) if median else "",
                    number(median / ours) if median and ours else "",
                    mebibytes(case)))
    return [f"### {m.shape}", "",
            *rows(("layer", "system", "forward, ms", "forward + backward, ms",
                   "times the limit", "times rnnc", "peak, MiB"), lines)]


def decode_lines(results):
    lines = [(CELLS[case["cell"]], name(case),
              number(1e6 * case["ops"][DECODE]["median"]))
             for m in results.of("decode") for case in m.select()
             if "median" in case["ops"].get(DECODE, {})]
    lines.sort(key=lambda line: float(line[2]))
    shapes = ", ".join(str(m.shape.features) for m in results.of("decode"))
    return [f"## Decoding: 3 layers of {shapes} features, batch 1", "",
            *rows(("layer", "system", "microseconds a token"), lines)]


def missing_lines(results):
    """What was not measured, by reason."""
    found = {}
    for m in results.measured:
        for case in m.select():
            for op, one in case["ops"].items():
                if "why" in one and "median" not in one:
                    what = f"{name(case)}: {CELLS[case['cell']]} " \
                           f"{case['precision']}"
                    found.setdefault((what, one["why"]), {}) \
                        .setdefault(str(m.shape), []).append(op)
            if "why" in case["memory"]:
                found.setdefault((f"{name(case)}: peak memory",
                                  case["memory"]["why"]), {})[str(m.shape)] = []
    lines = [(what, ", ".join(shapes), why)
             for (what, why), shapes in found.items()]
    return ["## Not measured", "",
            *rows(("what", "where", "why"), lines)] if lines else []


def table(results):
    lines = head(results) + aim_lines(results) + summary_lines(results)
    if results.of("decode"):
        lines += decode_lines(results)
    if results.of("shape"):
        lines += ["## Everything", ""]
    for m in results.of("shape"):
        lines += shape_lines(m)
    return "\n".join(lines + missing_lines(results)).rstrip() + "\n"


def render(folder):
    results = Results.read(folder)
    (Path(folder) / "table.md").write_text(table(results))
    print("\n".join(head(results) + aim_lines(results)
                    + summary_lines(results)))
    import plots  # the table alone needs no matplotlib
    for path in (Path(folder) / "table.md",
                 *plots.draw(results, Path(folder))):
        print(path)


if __name__ == "__main__":
    if len(sys.argv) != 2 or not Path(sys.argv[1], "result.json").exists():
        sys.exit("usage: run.sh --render DIR, where DIR/result.json is")
    render(sys.argv[1])
