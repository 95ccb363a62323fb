"""Two plots of a result: time by the length of the sequence, and a roofline."""

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402

from limits import passes  # noqa: E402
from results import CELLS, TRAIN, name  # noqa: E402

OURS = "#c0392b"
GREYS = ("#1f618d", "#117a65", "#b9770e", "#6c3483", "#5d6d7e", "#2e86c1",
         "#229954", "#d68910", "#8e44ad", "#34495e")
# The same result gives the same file.
matplotlib.rcParams |= {"svg.hashsalt": "rnnc", "svg.fonttype": "none",
                        "font.size": 9}


def save(figure, path):
    figure.savefig(path, metadata={"Date": None}, bbox_inches="tight")
    plt.close(figure)
    return path


def by_case(measured):
    """Times of each case by the length of the sequence."""
    found = {}
    for m in measured:
        for case in m.select(precision="f32"):
            one = case["ops"].get(TRAIN, {})
            if "median" in one:
                key = case["system"], f"{CELLS[case['cell']]}, {name(case)}"
                found.setdefault(key, []).append((m.shape.time, one))
    return found


def draw_times(results, path):
    sweep = results.of("sweep")
    figure, axes = plt.subplots(figsize=(7, 4.5))
    styles = iter(GREYS * 3)
    marks = {"min_gru": "o-", "gru": "s--", "lstm": "^:"}
    cells = {CELLS[cell]: mark for cell, mark in marks.items()}
    for (system, label), points in by_case(sweep).items():
        times = [1e3 * one["median"] for _, one in points]
        spans = [[1e3 * (one["median"] - one["low"]) for _, one in points],
                 [1e3 * (one["high"] - one["median"]) for _, one in points]]
        ours = system == "rnnc"
        axes.errorbar([time for time, _ in points], times, yerr=spans,
                      fmt=cells[label.split(",")[0]], markersize=3,
                      color=OURS if ours else next(styles),
                      linewidth=2 if ours else 1, label=label)
    axes.set(xscale="log", yscale="log", xlabel="time steps",
             ylabel="forward + backward, ms")
    axes.set_title(f"One layer, batch {sweep[0].shape.batch}, "
                   f"{sweep[0].shape.features} features, f32", loc="left")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    axes.grid(alpha=0.3)
    return save(figure, path)


def draw_roofline(results, path):
    """minGRU: operations a second by operations a byte, both as counted."""
    ceilings = results.data["ceilings"]
    figure, axes = plt.subplots(figsize=(7, 4.5))
    points = []
    for m in results.of("shape"):
        for precision, mark in (("f32", "o"), ("bf16", "s")):
            counted = passes("min_gru", TRAIN, precision, m.shape)
            operations = sum(one.operations for one in counted)
            intensity = operations / sum(one.bytes for one in counted)
            ours = m.ours("min_gru", precision, TRAIN)
            peer = m.best_peer("min_gru", precision, TRAIN)
            if ours:
                points.append((intensity, operations / ours / 1e9, mark, OURS,
                               f"rnnc {precision}", str(m.shape)))
            if peer:
                points.append((intensity, operations / peer.seconds / 1e9, mark,
                               GREYS[0], f"best peer, {precision}", ""))
    seen = set()
    for intensity, rate, mark, colour, label, shape in points:
        axes.plot(intensity, rate, mark, color=colour, markersize=5,
                  label=None if label in seen else label)
        seen.add(label)
        if shape and mark == "o":
            axes.annotate(shape, (intensity, rate), fontsize=7,
                          textcoords="offset points", xytext=(5, -9))
    widest = max((point[0] for point in points), default=1)
    xs = [min((point[0] for point in points), default=1) / 4, widest * 4]
    for precision, style in (("f32", "-"), ("bf16", "--")):
        if precision == "bf16" and ceilings["bf16_is_f32"]:
            continue
        bend = ceilings[precision] / ceilings["bandwidth"]
        line = sorted({*xs, min(max(bend, xs[0]), xs[1])})
        axes.plot(line, [min(x * ceilings["bandwidth"], ceilings[precision])
                         / 1e9 for x in line], style, color="black",
                  linewidth=1, label=f"measured ceilings, {precision}")
    axes.set(xscale="log", yscale="log",
             xlabel="operations a byte that must move",
             ylabel="GFLOP/s, forward + backward")
    axes.set_title("minGRU on its roofline", loc="left")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    axes.grid(alpha=0.3)
    return save(figure, path)


def draw(results, folder):
    """The plots that the result has numbers for."""
    drawn = []
    if any(by_case(results.of("sweep"))):
        drawn.append(draw_times(results, folder / "time.svg"))
    if results.of("shape"):
        drawn.append(draw_roofline(results, folder / "roofline.svg"))
    return drawn
