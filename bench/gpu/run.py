"""Checks and measures compiled kernels on the GPU of this machine; see pack.py.

    python3 run.py [--device cuda:0] [--quick]

Prints a table and writes results.json beside this file. The exit code is 1 if a
case of the conformance suite failed.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time as clock
from itertools import product
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
os.environ["RNNC_BUILD"] = str(HERE)
sys.path.insert(0, str(HERE))

import measure  # noqa: E402
import peers  # noqa: E402
from librnn import Module, Session  # noqa: E402

SHAPES = ((64, 512, 384), (64, 4096, 384), (8, 4096, 1024), (1, 65536, 384),
          (64, 1000, 100))
QUICK = ((2, 16, 100),)
DEPTHS = (1, 5)
LAYERS = ("min_gru", "min_lstm", "gru", "lstm")
PRECISIONS = ("f32", "bf16")
SECONDS = 480  # for all measurements


def relative(found, wanted, floor):
    difference = np.abs(np.subtract(found, wanted, dtype=np.float64))
    return float(difference.max(initial=0)
                 / max(np.abs(wanted).max(initial=0), floor, 1e-30))


def check_case(path, device):
    """The largest error of values and of gradients, in units of its limit."""
    kept = np.load(path)
    name = str(kept["name"])
    session = Session(Module(path.with_suffix(".so")), device=device)
    for key in kept:
        if key.startswith("parameter:"):
            session.set(key.split(":", 1)[1], kept[key])
    worst = [0.0, 0.0]
    for i in range(sum(key.endswith(":count") for key in kept)):
        def listed(kind):
            found = []
            while f"{i}:{kind}:{len(found)}" in kept:
                found.append(kept[f"{i}:{kind}:{len(found)}"])
            return found
        inputs, count = listed("input"), int(kept[f"{i}:count"])
        found = session.run(f"{name}.forward", inputs[:count])
        session.zero_gradients()
        loss = session.run(f"{name}_loss.gradient", inputs)[0]
        pairs = list(zip(found, listed("output"))) + [
            (loss, kept[f"{i}:loss"])]
        worst[0] = max([worst[0]] + [relative(a, b, 1e-6) for a, b in pairs])
        slopes = {key.split(":", 2)[2]: kept[key] for key in kept
                  if key.startswith(f"{i}:gradient:")}
        largest = max([np.abs(g).max(initial=0) for g in slopes.values()]
                      + [1e-30])
        for parameter, wanted in slopes.items():
            worst[1] = max(worst[1], relative(session.gradient(parameter),
                                              wanted, 1e-3 * largest))
    # What is not a number fails as well.
    return [error / limit if error == error else float("inf")
            for error, limit in zip(worst, kept["limits"])]


def check_all(device):
    results = {}
    for path in sorted((HERE / "conformance").glob("*.npz")):
        try:
            errors = check_case(path, device)
            failed = not max(errors) <= 1
            results[path.stem] = {"passed": not failed, "errors": errors}
            why = f"values {errors[0]:.2g}, gradients {errors[1]:.2g} limits"
        except RuntimeError as failure:
            failed, why = True, str(failure)
            results[path.stem] = {"passed": False, "why": why}
        if failed:
            print(f"FAIL {path.stem}: {why}")
    passed = sum(result["passed"] for result in results.values())
    print(f"conformance: {passed} of {len(results)} cases pass")
    return results


def seconds(session, entry, inputs, repeat):
    return measure.median_seconds(lambda: session.run(entry, inputs), repeat,
                                  before=session.zero_gradients)


def profile_kernels(path, batch, time, device, repeat):
    """What each kernel of forward and backward takes, and products together:
    the rows of rnn bench --profile."""
    done = subprocess.run(
        [str(HERE / "bin" / "rnn"), "bench", str(path), "o.gradient",
         "--profile", "--json", "--device", device, "--batch", str(batch),
         "--time", str(time), "--repeat", str(repeat)],
        capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip())
    result = json.loads(done.stdout)[0]
    return result["kernels"] + [result[key] for key in ("products",)
                                if key in result]


def print_kernels(rows, bandwidth, peak):
    """With what parts of a copy's bandwidth and of a large product's operations
    a second they reach."""
    print(f"  {'kernel':26} {'launches':>8} {'ms':>9} {'GB/s':>8} {'Gop/s':>8} "
          "of copy, of peak")
    for row in rows:
        line = f"  {row['kernel']:26} {row['launches']:8.0f} {row['ms']:9.4f}"
        if "bytes" in row:
            rates = row["gb_per_second"], row["gop_per_second"]
            line += " {:8.1f} {:8.1f}".format(*rates)
            if bandwidth:
                row["of_limits"] = [1e9 * rate / most for rate, most
                                    in zip(rates, (bandwidth, peak))]
                line += " {:4.2f} {:4.2f}".format(*row["of_limits"])
            line += "  " + row["what"]
        print(line)


def measure_layer(layer, precision, batch, time, features, device, repeat):
    """Milliseconds of one layer, forward and forward with backward, and bytes
    that it needs on the device: of four layers more, over four. And the kernels
    of a model with one layer, forward and backward."""
    rng = np.random.default_rng(0)
    inputs = [rng.integers(0, high, (batch, time)).astype(np.int32)
              for high in (16, 16)]
    taken, kernels = [], None
    for depth in DEPTHS:
        path = HERE / "layers" / f"{layer}_{features}_{depth}.{precision}.so"
        session = Session(Module(path), device=device)
        times = [1e3 * seconds(session, entry, inputs, repeat)
                 for entry in ("o.loss", "o.gradient")]
        taken.append([*times, session.profile()["peak_bytes"]])
        del session
        kernels = kernels or profile_kernels(path, batch, time, device, repeat)
    return [(deep - shallow) / (DEPTHS[1] - DEPTHS[0])
            for shallow, deep in zip(*taken)], kernels


def limits(layer, precision, batch, time, features):
    """Bytes that a layer's forward and backward must move at least: inputs and
    results of its product and its scan, once each."""
    gates = {"min_gru": 2, "min_lstm": 3}.get(layer)
    if not gates:
        return None
    rows = {"f32": 4, "bf16": 2}[precision] * batch * time * features
    forward = rows * (1 + 2 * gates + 1)
    return forward, forward + rows * (2 + 3 * gates)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--quick", action="store_true",
                        help="one tiny shape: that it works, not how fast")
    options = parser.parse_args()
    results = {"date": clock.strftime("%Y-%m-%d"), "device": options.device,
               "machine": platform.processor() or platform.machine()}
    smi = "nvidia-smi --query-gpu=name,driver_version --format=csv,noheader"
    try:
        results["gpu"] = subprocess.run(
            smi.split(), capture_output=True, text=True).stdout.strip()
    except OSError:
        results["gpu"] = ""
    print(f"device {options.device} {results['gpu']}")
    results["conformance"] = check_all(options.device)

    torch, why = peers.device()
    bandwidth = peak = None
    if torch and not options.quick:
        bandwidth = peers.copy_bandwidth(torch)
        peak = {precision: peers.matrix_peak(torch, precision)
                for precision in PRECISIONS}
        results |= {"torch": torch.__version__, "copy_bytes_s": bandwidth,
                    "matmul_s": peak}
        print(f"copy {bandwidth / 1e9:.0f} GB/s, products " + ", ".join(
            f"{precision} {most / 1e12:.1f} Tflop/s"
            for precision, most in peak.items()))
    else:
        print(f"no peers: {why or 'quick'}")
    start, rows = clock.monotonic(), []
    print(f"{'shape':16} {'what':26} {'forward ms':>10} {'both ms':>10} "
          f"{'peak MiB':>9}  of the copy's bandwidth")
    for shape in QUICK if options.quick else SHAPES:
        made = {}
        if bandwidth:
            made = peers.layers(torch, shape[2])
        for name, precision in product([*LAYERS, *made], PRECISIONS):
            what = f"{name} {precision}"
            if clock.monotonic() - start > SECONDS:
                print("no time left")
                break
            row, kernels = {"shape": shape, "what": what}, []
            try:
                if name in made:
                    taken, failure = peers.measure(torch, made[name],
                                                   precision, *shape)
                    if taken is None:
                        raise RuntimeError(failure)
                else:
                    taken, kernels = measure_layer(
                        name, precision, *shape, options.device,
                        1 if options.quick else 5)
                row |= {"forward_ms": taken[0], "both_ms": taken[1],
                        "peak_bytes": taken[2], "kernels": kernels}
                least = bandwidth and limits(name, precision, *shape)
                if least:
                    row["of_bandwidth"] = [
                        1e3 * bytes_ / bandwidth / max(ms, 1e-9)
                        for bytes_, ms in zip(least, taken)]
                print(f"{'x'.join(map(str, shape)):16} {what:26} "
                      f"{taken[0]:10.3f} {taken[1]:10.3f} {taken[2] / (1 << 20):9.2f}  "
                      + " ".join(f"{f:.2f}" for f
                                 in row.get("of_bandwidth", [])))
                if kernels:
                    print_kernels(kernels, bandwidth,
                                  peak and peak[precision])
            except RuntimeError as failure:
                row["why"] = str(failure)
                print(f"{'x'.join(map(str, shape)):16} {what:26} {failure}")
            rows.append(row)
    results["layers"] = rows
    (HERE / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    good = all(r["passed"] for r in results["conformance"].values())
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
