"""How much faster a minGRU trains than a GRU, and a minLSTM than an LSTM, by the
length of the sequence: the claim of "Were RNNs All We Needed?" (section 4.1).

    python3 bench/speed-up/run.py [--out FILE.json] [--times 512 4096]

The paper compares with plain loops over time on a T4 GPU (batch 64): 175 and
235 times at 512 steps, 1324 and 1361 at 4096. A loop that calls small products
is slow for reasons of its own, so each baseline appears twice: as a loop over
PyTorch's cells, and as the fastest of PyTorch's layer and ours.
"""

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import measure

PAPER = {("gru", 512): 175, ("gru", 4096): 1324,
         ("lstm", 512): 235, ("lstm", 4096): 1361}
PAIRS = {"gru": ("min_gru", 'rnn.min_gru "layer" %x :'),
         "lstm": ("min_lstm", 'rnn.min_lstm "layer" %x :')}


def loop(torch, cell, is_lstm):
    """One step of a cell after the other."""
    def run(x):
        h = x.new_zeros(x.shape[0], cell.hidden_size)
        state, outputs = (h, h) if is_lstm else h, []
        for x_t in x.unbind(1):
            state = cell(x_t, state)
            outputs.append(state[0] if is_lstm else state)
        return torch.stack(outputs, 1)
    return run


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", help="also write the result as JSON, and the "
                        "table beside it as .md")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--features", type=int, default=64)
    parser.add_argument("--times", type=int, nargs="+", default=[512, 4096])
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--repeat-peers", type=int, default=1)
    options = parser.parse_args()
    import torch
    torch.set_num_threads(options.threads)
    features, batch = options.features, options.batch
    kind = f"tensor<?x?x{features}xf32>"
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        def ours(name, line, steps):
            source = Path(folder, f"{name}.mlir")
            if not source.exists():
                source.write_text(measure.layer_text(f"%h = {line}", features))
                measure.compile_model(source, source.with_suffix(".so"))
            return measure.rnnc_ms(source.with_suffix(".so"),
                                   "squares.gradient", batch, steps,
                                   options.repeat, options.threads)
        for name, (minimal, line) in PAIRS.items():
            layer = getattr(torch.nn, name.upper())(features, features,
                                                    batch_first=True)
            cell = getattr(torch.nn, name.upper() + "Cell")(features, features)
            for steps in options.times:
                row = {"pair": f"{minimal} / {name}", "time": steps,
                       "minimal_ms": ours(minimal, f"{line} {kind}", steps)}
                row["rnnc_ms"] = ours(
                    name, f'rnn.{name} "layer" %x bias : {kind} -> {kind}',
                    steps)
                for key, run, parameters in (
                        ("torch_ms", lambda x: layer(x)[0], layer.parameters()),
                        ("loop_ms", loop(torch, cell, name == "lstm"),
                         cell.parameters())):
                    row[key] = measure.torch_ms(
                        torch, run, parameters, batch, steps, features,
                        options.repeat_peers)
                row["paper"] = PAPER.get((name, steps))
                rows.append(row)
    result = {"cpu": measure.cpu_name(), "threads": options.threads,
              "torch": torch.__version__, "batch": batch, "features": features,
              "rows": rows}
    lines = [f"{result['cpu']}, {options.threads} threads, f32, batch {batch}, "
             f"features {features}, forward + backward in ms; PyTorch "
             f"{torch.__version__}.", "",
             "| minimal / gated | time | minimal, rnnc | gated, rnnc | gated, "
             "PyTorch | gated, PyTorch loop | faster than the best | than the "
             "loop | paper (T4, loop) |", "|---|---|---|---|---|---|---|---|---|"]
    for r in rows:
        best = min(r["rnnc_ms"], r["torch_ms"])
        lines.append(
            f"| {r['pair']} | {r['time']} | {r['minimal_ms']:.1f} | "
            f"{r['rnnc_ms']:.1f} | {r['torch_ms']:.1f} | {r['loop_ms']:.1f} | "
            f"{best / r['minimal_ms']:.1f} x | "
            f"{r['loop_ms'] / r['minimal_ms']:.1f} x | {r['paper']} x |")
    measure.write(result, "\n".join(lines), options.out)


if __name__ == "__main__":
    main()
