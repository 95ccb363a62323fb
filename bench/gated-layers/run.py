"""Forward and backward of one GRU and one LSTM layer in f32, beside PyTorch's.

    python3 bench/gated-layers/run.py [--out FILE.json] [--repeat N]

Needs the built project (RNNC_BUILD names its folder, default build/) and PyTorch
(see bench/min-gru-layer/run.py on its BLAS).
"""

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import measure

FEATURES = 384
SHAPES = ((64, 256), (8, 1024))
KIND = f"tensor<?x?x{FEATURES}xf32>"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", help="also write the result as JSON, and the "
                        "table beside it as .md")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--repeat-peers", type=int, default=3)
    options = parser.parse_args()
    import torch
    torch.set_num_threads(options.threads)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, peer in (("gru", torch.nn.GRU), ("lstm", torch.nn.LSTM)):
            source = Path(folder, f"{name}.mlir")
            source.write_text(measure.layer_text(
                f'%h = rnn.{name} "layer" %x bias : {KIND} -> {KIND}',
                FEATURES))
            measure.compile_model(source, source.with_suffix(".so"))
            layer = peer(FEATURES, FEATURES, batch_first=True)
            for batch, steps in SHAPES:
                ours = measure.rnnc_ms(
                    source.with_suffix(".so"), "squares.gradient", batch,
                    steps, options.repeat, options.threads)
                theirs = measure.torch_ms(
                    torch, lambda x: layer(x)[0], layer.parameters(), batch,
                    steps, FEATURES, options.repeat_peers)
                rows.append({"layer": name, "batch": batch, "time": steps,
                             "rnnc_ms": ours, "torch_ms": theirs})
    result = {"cpu": measure.cpu_name(), "threads": options.threads,
              "torch": torch.__version__, "features": FEATURES, "rows": rows}
    lines = [f"{result['cpu']}, {options.threads} threads, f32, features "
             f"{FEATURES}; PyTorch {torch.__version__}.", "",
             "| layer | batch, time | rnnc, ms | PyTorch, ms | PyTorch / rnnc |",
             "|---|---|---|---|---|"]
    lines += [f"| {r['layer']} | {r['batch']}, {r['time']} | "
              f"{r['rnnc_ms']:.1f} | {r['torch_ms']:.1f} | "
              f"{r['torch_ms'] / r['rnnc_ms']:.2f} |" for r in rows]
    measure.write(result, "\n".join(lines), options.out)


if __name__ == "__main__":
    main()
