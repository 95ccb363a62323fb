"""The plots of a result of run.py: time, memory and speed-up by the length of the
sequence."""

import plots  # bench's: colours, and how a figure is saved
from table import NAMES, PAIRS, title


def draw(result, path, key, label, scale, wanted):
    figure, axes = plots.plt.subplots(figsize=(7, 4.5))
    colours = iter(plots.GREYS * 2)
    for one in filter(wanted, result.keys()):
        points = result.points(*one, key)
        minimal = one[0] in PAIRS.values()
        if points:
            axes.plot([time for time, _ in points],
                      [scale * value for _, value in points],
                      "o-" if one[1] == "rnnc" else "s--", markersize=3,
                      linewidth=2 if minimal else 1, label=title(one),
                      color=plots.OURS if minimal and one[0] == "min_gru"
                      else next(colours))
    finish(figure, axes, label, path)


def draw_speed_ups(result, path):
    figure, axes = plots.plt.subplots(figsize=(7, 4.5))
    for (gated, minimal), colour in zip(PAIRS.items(),
                                        (plots.OURS, plots.GREYS[0])):
        for label, mark, of in (
                ("the plain loop", "o-",
                 lambda time: result.seconds(gated, "torch_loop", time)),
                ("the best library", "s--",
                 lambda time: result.library(gated, time)[0])):
            points = [(time, of(time) / ours) for time in result.times
                      if (ours := result.seconds(minimal, "rnnc", time))
                      and of(time)]
            axes.plot(*zip(*points) if points else ((), ()), mark,
                      markersize=3, color=colour,
                      label=f"{NAMES[minimal]}, than {NAMES[gated]} by {label}")
    axes.axhline(1, color="black", linewidth=0.5)
    finish(figure, axes, "times faster, forward + backward", path)


def finish(figure, axes, label, path):
    axes.set(xscale="log", yscale="log", xlabel="time steps", ylabel=label)
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    axes.grid(alpha=0.3)
    plots.save(figure, path)


def draw_all(result, folder):
    draw(result, folder / "time.svg", "seconds", "forward + backward, ms", 1e3,
         lambda key: True)
    draw(result, folder / "memory.svg", "workspace", "workspace, MiB",
         2 ** -20, lambda key: key[1] == "rnnc")
    draw_speed_ups(result, folder / "speed-up.svg")
