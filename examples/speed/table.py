"""The table of a result of run.py, and with curves.py its plots."""

import json

from report import number, rows, slug  # noqa: F401, run.py's too

NAMES = {"min_gru": "minGRU", "min_lstm": "minLSTM", "gru": "GRU",
         "lstm": "LSTM", "s6": "S6 (Mamba's block)", "s4d": "S4D",
         "aaren": "Aaren", "linear_attention": "linear attention",
         "attention": "attention, whole context"}
SYSTEMS = {"rnnc": "rnnc", "torch_loop": "PyTorch, plain loop",
           "torch_eager": "PyTorch", "onednn": "oneDNN"}
LIBRARIES = ("torch_eager", "onednn")
PAIRS = {"gru": "min_gru", "lstm": "min_lstm"}
PAPER = {("gru", 512): 175, ("gru", 4096): 1324,
         ("lstm", 512): 235, ("lstm", 4096): 1361}  # T4 GPU, plain loop


class Result:
    def __init__(self, data):
        self.data, self.times = data, data["times"]
        self.cases = {}
        for case in data["cases"]:
            key = case["cell"], case["system"]
            self.cases.setdefault(key, {})[case["time"]] = case

    def keys(self):
        """Cells in order, ours first."""
        return sorted(self.cases, key=lambda key: (
            list(NAMES).index(key[0]), list(SYSTEMS).index(key[1])))

    def seconds(self, cell, system, time):
        return self.cases.get((cell, system), {}).get(time, {}).get("seconds")

    def library(self, cell, time):
        """The fastest library, and what it takes."""
        found = [(seconds, system) for system in LIBRARIES
                 if (seconds := self.seconds(cell, system, time))]
        return min(found, default=(None, None))

    def points(self, cell, system, key):
        found = self.cases[cell, system]
        return [(time, found[time][key]) for time in self.times
                if found.get(time, {}).get(key)]


def title(key):
    return f"{NAMES[key[0]]}, {SYSTEMS[key[1]]}"


def head(data):
    versions = ", ".join(f"{name} {one}"
                         for name, one in data["versions"].items())
    lines = [f"# {data['cpu']}, threads: {data['threads']}, {data['date']}", "",
             f"One layer, batch {data['batch']}, {data['features']} features, "
             f"f32, forward + backward. Load before {data['load']:.1f}; "
             f"{data['seconds']} s. {versions}.", ""]
    if data["quick"]:
        lines += ["**A quick run: it shows that everything works, and no "
                  "speed.**", ""]
    return lines


def mebibytes(case):
    cells = [number(case[key] / 2 ** 20) for key in ("workspace", "peak")
             if case.get(key)]
    return " / ".join(cells) or "-"


def milliseconds(case):
    return number(1e3 * case["seconds"]) if case.get("seconds") else "-"


def by_time(result, cell):
    return [(title(key), *(cell(result.cases[key].get(time, {}))
                           for time in result.times))
            for key in result.keys()]


def speed_ups(result):
    lines = []
    for gated, minimal in PAIRS.items():
        for time in result.times:
            ours = result.seconds(minimal, "rnnc", time)
            if not ours:
                continue
            library, which = result.library(gated, time)
            others = (result.seconds(gated, "rnnc", time), library,
                      result.seconds(gated, "torch_loop", time))
            lines.append((
                f"{NAMES[minimal]} / {NAMES[gated]}", str(time),
                number(1e3 * ours),
                *(f"{number(other / ours)} x" if other else "-"
                  for other in others[:2]), SYSTEMS.get(which, ""),
                f"{number(others[2] / ours)} x" if others[2] else "-",
                f"{PAPER[gated, time]} x" if (gated, time) in PAPER else ""))
    return lines


def missing(result):
    found = {(title((case["cell"], case["system"])), case["time"], case["why"])
             for case in result.data["cases"] if case.get("why")}
    return [f"* {what} at {time}: {why}" for what, time, why in sorted(found)]


def table_text(result):
    header = ("layer", *map(str, result.times))
    lines = head(result.data) + [
        "## Milliseconds by the length of the sequence", "",
        *rows(header, by_time(result, milliseconds)),
        "## How many times faster the minimal layers train", "",
        "Beside rnnc's own gated layer, the fastest library, and the plain "
        "loop; the paper's baselines are plain loops, on a T4 GPU.", "",
        *rows(("pair", "time", "minimal, ms", "than rnnc's", "than the best "
               "library", "which", "than the loop", "paper"),
              speed_ups(result)),
        "## Memory, MiB", "",
        "rnnc: workspace / most resident of a whole `rnn bench`, which shows "
        "nothing below some 25 MiB; peers: what a training step adds to the "
        "resident set.", "",
        *rows(header, by_time(result, mebibytes))]
    notes = missing(result)
    return "\n".join(lines + (["## Notes", "", *notes, ""] if notes else []))


def render(folder):
    result = Result(json.loads((folder / "result.json").read_text()))
    text = table_text(result)
    (folder / "table.md").write_text(text)
    print(text)
    import curves  # which needs matplotlib
    curves.draw_all(result, folder)
