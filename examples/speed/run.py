"""What a training step of one layer takes, in time and memory, by the length of
the sequence: every mixer of rnnc, and of the gated ones the plain loop and the
best libraries; so how much faster a minGRU trains than a GRU, and a minLSTM than
an LSTM, the claim of "Were RNNs All We Needed?" (section 4.1). run.sh calls it,
in the virtual environment of bench/run.sh.

Peers are checked and timed as bench/README.md says, with bench's own code. A
mixer that would take more than --most seconds a call at a length, or more than
half of the free memory, is left out there.
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
sys.path[:0] = [str(HERE.parents[1] / "bench"), str(HERE)]
import measure  # noqa: E402
import table  # noqa: E402
from processes import Ended, SystemProcess  # noqa: E402
from turns import Turns  # noqa: E402

BIN = measure.BUILD / "bin"
MIXERS = {
    "min_gru": 'rnn.min_gru "mixer" %x : {kind}',
    "min_lstm": 'rnn.min_lstm "mixer" %x : {kind}',
    "gru": 'rnn.gru "mixer" %x layers 1 bias : {kind} -> {kind}',
    "lstm": 'rnn.lstm "mixer" %x layers 1 bias : {kind} -> {kind}',
    "s6": 'rnn.selective_scan "mixer" %x state 8 : {kind}',
    "s4d": 'rnn.s4d "mixer" %x state 32 : {kind}',
    "aaren": 'rnn.aaren "mixer" %x heads 4 : {kind}',
    "linear_attention": 'rnn.linear_attention "mixer" %x heads 4 : {kind}',
    # Over the whole sequence.
    "attention": 'rnn.attention "mixer" %x heads 4 context {time} '
                 "rotary 10000.0 : {kind}",
}
PEERS = ("torch_loop", "torch_eager", "onednn")
ENTRY = "squares.gradient"


def free_bytes():
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable"):
            return 1024 * int(line.split()[1])
    return 0


class Mixer:
    """One of ours, from the shortest sequence to the longest."""

    def __init__(self, name, folder, options):
        self.name, self.folder, self.options = name, folder, options
        self.calls = []  # (time, seconds)

    def module(self, steps):
        line = MIXERS[self.name].format(
            kind=f"tensor<?x?x{self.options.features}xf32>", time=steps)
        name = f"{self.name}-{steps}" if "{time}" in MIXERS[self.name] \
            else self.name
        source = Path(self.folder, f"{name}.mlir")
        if not source.exists():
            source.write_text(measure.layer_text(f"%h = {line}",
                                                 self.options.features))
            measure.compile_model(source, source.with_suffix(".so"))
        return source.with_suffix(".so")

    def expected_seconds(self, steps):
        """By what the last length took, and how that grew."""
        if not self.calls:
            return 0
        last, seconds = self.calls[-1]
        growth = 2 if self.name == "attention" else 1
        return seconds * (steps / last) ** growth

    def measure(self, steps):
        expected, module = self.expected_seconds(steps), self.module(steps)
        if expected > self.options.most:
            return {"why": f"about {expected:.0f} s a call"}
        workspace = workspace_bytes(module, self.options.batch, steps)
        if workspace > free_bytes() / 2:
            return {"why": f"{workspace / 2 ** 30:.0f} GiB of workspace"}
        repeat = 5 if expected < self.options.cap / 5 else 2
        one = bench(module, steps, repeat, self.options)
        self.calls.append((steps, one["seconds"]))
        return one | {"workspace": workspace}


def workspace_bytes(module, batch, steps):
    done = subprocess.run([BIN / "rnn", "inspect", module, "--json"],
                          check=True, capture_output=True, text=True)
    size, = (entry["workspace"] for entry in json.loads(done.stdout)["entries"]
             if entry["name"] == ENTRY)
    return size["batch_time"] * batch * steps + size["batch"] * batch \
        + size["constant"]


def bench(module, steps, repeat, options):
    """The median call of `rnn bench`, and the most its process had resident."""
    with subprocess.Popen(
            [BIN / "rnn", "bench", module, ENTRY, "--batch", str(options.batch),
             "--time", str(steps), "--repeat", str(repeat), "--threads",
             str(options.threads), "--json"], stdout=subprocess.PIPE) as process:
        out = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"rnn bench {module} ended with {process.returncode}")
    return {"seconds": json.loads(out)[0]["median_ms"] / 1e3,
            "peak": 1024 * usage.ru_maxrss}


def measure_mixers(options):
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for name in options.mixers:
            mixer = Mixer(name, folder, options)
            for steps in options.times:
                found.append({"system": "rnnc", "cell": name, "variant": "rnnc",
                              "time": steps} | mixer.measure(steps))
            print(f"{name}: done", file=sys.stderr, flush=True)
    return found


def measure_peer(process, steps, options):
    shape = f"{options.batch}x{steps}x{options.features}"
    found = []
    for number, case in enumerate(process.cases):
        if case["cell"] not in ("gru", "lstm") or case["precision"] != "f32" \
                or "forward_backward" not in case["ops"]:
            continue
        run = Turns(process, number, shape, ("forward_backward",))
        run.check(f"2x9x{options.features}", options.limit)
        for _ in range(options.rounds + 1):
            run.turn("forward_backward", options)
        result = run.result(run.memory(options))
        op = result["ops"]["forward_backward"]
        found.append({"system": process.name, "cell": case["cell"],
                      "variant": case["variant"], "time": steps,
                      "seconds": op.get("median"),
                      "peak": result["memory"].get("bytes"),
                      "why": op.get("why", "")})
        try:  # what is not kept leaves room for the next case
            process.do(options.limit, do="forget", shape=shape)
        except Ended:
            process.load(options.limit)
    return found


def measure_peers(options):
    found, versions = [], {}
    environment = {"BENCH_THREADS": str(options.threads),
                   "OMP_NUM_THREADS": str(options.threads)}
    for name in options.peers:
        process = SystemProcess(name, measure.cores(options.threads),
                                environment, subprocess.DEVNULL)
        try:
            process.load(options.limit)
            if process.why:
                print(f"{name} is missing: {process.why}", file=sys.stderr)
                continue
            versions |= process.versions
            for steps in options.times:
                found += measure_peer(process, steps, options)
        finally:
            process.end()
        print(f"{name}: done", file=sys.stderr, flush=True)
    return found, versions


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    add = parser.add_argument
    add("--out", type=Path, help="folder of the results (results/CPU)")
    add("--render", type=Path, metavar="DIR",
        help="table and plots anew from DIR/result.json")
    add("--quick", action="store_true",
        help="tiny shapes: that it works, not how fast")
    add("--threads", type=int, default=min(2, len(os.sched_getaffinity(0))))
    add("--batch", type=int, default=64)
    add("--features", type=int, default=64)
    add("--times", type=int, nargs="+",
        default=[64, 256, 512, 1024, 4096, 16384])
    add("--mixers", nargs="+", default=list(MIXERS), choices=MIXERS)
    add("--peers", nargs="*", default=list(PEERS), choices=PEERS,
        help="none if none is named")
    add("--rounds", type=int, default=3, help="calls of a peer after the first")
    add("--cap", type=float, default=2,
        help="seconds for the calls of a peer at a length; a first call of "
        "three times that is the only one")
    add("--most", type=float, default=20,
        help="seconds that a call of ours may be expected to take")
    add("--limit", type=float, default=60,
        help="seconds after which a peer's call is ended")
    options = parser.parse_args()
    if options.quick:
        options.batch, options.features, options.times = 2, 16, [16, 64]
    options.times.sort()
    return options


def main():
    options = arguments()
    if options.render:
        return table.render(options.render)
    load, start = os.getloadavg()[0], time.time()
    if load > 0.5:
        print(f"warning: this machine is busy (load {load:.1f}); the times "
              "will say little", file=sys.stderr)
    cases = measure_mixers(options)
    peers, versions = measure_peers(options)
    out = options.out or HERE / "results" / table.slug(measure.cpu_name())
    out.mkdir(parents=True, exist_ok=True)
    result = {"cpu": measure.cpu_name(), "threads": options.threads,
              "batch": options.batch, "features": options.features,
              "times": options.times, "quick": options.quick,
              "date": time.strftime("%Y-%m-%d", time.gmtime(start)),
              "seconds": round(time.time() - start), "load": load,
              "versions": versions, "cases": cases + peers}
    (out / "result.json").write_text(json.dumps(result, indent=1) + "\n")
    table.render(out)


if __name__ == "__main__":
    sys.exit(main())
