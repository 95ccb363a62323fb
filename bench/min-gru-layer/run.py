"""Forward and backward of one minGRU layer in f32: ours, three ways in PyTorch,
and what the machine could do, in one run.

    python3 bench/min-gru-layer/run.py [--out FILE.json] [--repeat N]

Needs the built project (RNNC_BUILD names its folder, default build/), cc, and
PyTorch for the peers. All use the same number of threads; times are medians.
PyTorch is as fast as the BLAS below it: on Debian install libopenblas0-pthread,
for python3-torch falls back to the reference BLAS. The rate of its matrix
product is printed, so that a reader sees which it was.
The loss is the same everywhere: the mean over rows of the sum of squares.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import measure

FEATURES, GATES, SIZE = 384, 2, 4
SHAPES = ((64, 256), (8, 4096))


def ceilings(folder, threads, rows):
    program = f"{folder}/ceilings"
    subprocess.run(["cc", "-O3", "-march=native", "-mprefer-vector-width=512",
                    "-pthread", HERE / "ceilings.c", "-ldl", "-o", program],
                   check=True)
    done = subprocess.run([program, str(threads), str(rows), str(FEATURES)],
                          check=True, capture_output=True, text=True,
                          env=os.environ | {"OMP_NUM_THREADS": str(threads)})
    return json.loads(done.stdout)


def limit_ms(batch, steps, machine):
    """The least time: each pass is bound by what it must move or compute.

    With N = batch * time * features elements of s bytes and G gate products:
      forward    reads x, writes h and the G saved gates: (2 + G) N s, and the
                 weight G D^2 s; 2 G N D operations
      backward   reads dh, the gates, h and x, writes dx: (4 + G) N s, and the
                 weight and its gradient 2 G D^2 s; 4 G N D operations
    """
    n = batch * steps * FEATURES
    weight = GATES * FEATURES ** 2 * SIZE
    bandwidth = 1e9 * max(machine["triad_gb_s"], machine["triad_streamed_gb_s"])
    peak = 1e9 * machine["fma_gflop_s"]
    passes = (((2 + GATES) * n * SIZE + weight, 2 * GATES * n * FEATURES),
              ((4 + GATES) * n * SIZE + 2 * weight, 4 * GATES * n * FEATURES))
    return 1e3 * sum(max(moved / bandwidth, operations / peak)
                     for moved, operations in passes)


def ours(folder, threads, repeat):
    module = f"{folder}/layer.so"
    measure.compile_model(HERE / "layer.mlir", module)
    return {(batch, steps): measure.rnnc_ms(
        module, "squares.gradient", batch, steps, repeat, threads)
        for batch, steps in SHAPES}


class Peers:
    """PyTorch: nn.GRU and minGRU written in two ways."""

    def __init__(self, torch, threads):
        self.torch = torch
        torch.set_num_threads(threads)
        torch.manual_seed(0)
        self.gru = torch.nn.GRU(FEATURES, FEATURES, batch_first=True)
        self.gates = torch.nn.Linear(FEATURES, 2 * FEATURES, bias=False)

    def product_rate(self, rows):
        """GFLOP/s of X W^T, the product that all of them begin with."""
        x = self.torch.randn(rows, FEATURES)
        times = []
        with self.torch.no_grad():
            for _ in range(4):
                start = time.perf_counter()
                self.gates(x)
                times.append(time.perf_counter() - start)
        return round(4e-9 * rows * FEATURES ** 2 / min(times), 1)

    def nn_gru(self, x):
        return self.gru(x)[0]

    def log_space(self, x):
        """The paper's parallel form: positive candidates, a scan by cumsum and
        logcumsumexp (Feng et al. 2024, appendix B)."""
        softplus = self.torch.nn.functional.softplus
        c, k = self.gates(x).chunk(2, -1)
        log_g = self.torch.where(
            c >= 0, (self.torch.relu(c) + 0.5).log(), -softplus(-c))
        log_a = (-softplus(k)).cumsum(1)
        log_b = -softplus(-k) + log_g
        return (log_a + (log_b - log_a).logcumsumexp(1)).exp()

    def hoisted_loop(self, x):
        """One product for all steps, then a loop over time."""
        c, k = self.gates(x).chunk(2, -1)
        z = k.sigmoid()
        h, outputs = c.new_zeros(c[:, 0].shape), []
        for c_t, z_t in zip(c.unbind(1), z.unbind(1)):
            h = self.torch.lerp(h, c_t, z_t)
            outputs.append(h)
        return self.torch.stack(outputs, 1)


def table(result):
    machine = result["machine"]
    sgemm = machine["sgemm_gflop_s"]
    lines = [
        f"{result['cpu']}, {machine['threads']} threads, f32, features "
        f"{FEATURES}, medians of {result['repeat']} runs of ours and "
        f"{result['repeat_peers']} of the peers.",
        f"Measured: triad {machine['triad_gb_s']} GB/s (non-temporal stores "
        f"{machine['triad_streamed_gb_s']}), multiply-add "
        f"{machine['fma_gflop_s']} GFLOP/s, "
        + ("oneDNN sgemm " + ", ".join(f"{k} {v}" for k, v in sgemm.items())
           + " GFLOP/s." if sgemm else "oneDNN not found.")
        + (f" PyTorch {result['torch']}: its product reaches "
           f"{result['torch_product_gflop_s']} GFLOP/s."
           if result["torch"] else ""),
        "",
        "| batch, time | what | forward + backward, ms | times the limit "
        "| times ours |",
        "|---|---|---|---|---|"]
    for row in result["shapes"]:
        mine = row["ms"]["rnnc"]
        for name, ms in [("limit", row["limit_ms"]), *row["ms"].items()]:
            lines.append(
                f"| {row['batch']}, {row['time']} | {name} | {ms:.1f} | "
                f"{ms / row['limit_ms']:.2f} | {ms / mine:.2f} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", help="also write the result as JSON, and the "
                        "table beside it as .md")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=9)
    parser.add_argument("--repeat-peers", type=int, default=3)
    options = parser.parse_args()
    try:
        import torch
        peers = Peers(torch, options.threads)
    except ImportError:
        print("PyTorch is not installed (python3-torch): no peers")
        torch = peers = None
    result = {"cpu": measure.cpu_name(), "torch": torch and torch.__version__,
              "repeat": options.repeat, "repeat_peers": options.repeat_peers,
              "features": FEATURES, "shapes": []}
    if peers:
        result["torch_product_gflop_s"] = peers.product_rate(
            SHAPES[0][0] * SHAPES[0][1])
    with tempfile.TemporaryDirectory() as folder:
        result["machine"] = ceilings(folder, options.threads,
                                     SHAPES[0][0] * SHAPES[0][1])
        mine = ours(folder, options.threads, options.repeat)
    for batch, steps in SHAPES:
        row = {"batch": batch, "time": steps,
               "limit_ms": limit_ms(batch, steps, result["machine"]),
               "ms": {"rnnc": mine[batch, steps]}}
        if peers:
            for name, layer in (("PyTorch nn.GRU", peers.nn_gru),
                                ("PyTorch minGRU, log space", peers.log_space),
                                ("PyTorch minGRU, hoisted product and loop",
                                 peers.hoisted_loop)):
                row["ms"][name] = measure.torch_ms(
                    torch, layer, (*peers.gru.parameters(),
                                   *peers.gates.parameters()),
                    batch, steps, FEATURES, options.repeat_peers)
        result["shapes"].append(row)
    measure.write(result, table(result), options.out)


if __name__ == "__main__":
    main()
