"""Measures layers of rnnc and of its peers, in turn, beside what the machine can
do. bench/run.sh calls it, in a virtual environment where the peers are.

For each shape, every system is first checked against float64 on a small slice,
and what does not agree is not timed. Then all take turns, one call each, round
after round, each in a process of its own while the others wait. A case stops when its
calls, without the first one, have taken --cap seconds; one whose first call took
three times that is reported by that one call. Where forward alone took so long,
forward + backward is not called: it takes longer than forward did.
"""

import argparse
import contextlib
import json
import os
import platform
import signal
import subprocess
import sys
import time
from pathlib import Path

import measure
from limits import Shape
from processes import Ended, Process, SystemProcess
from systems import NAMES
from turns import COMPILING, TOLERANCES, Turns

HERE = Path(__file__).resolve().parent
SHAPES = ("64x256x384", "8x4096x384", "64x512x64", "1x65536x256",
          "16x1024x1024", "64x1000x10x100")
SWEEP = ("8x64x64", "8x256x64", "8x1024x64", "8x4096x64")  # times to plot
DECODE = "1x1x384"
QUICK = {"shapes": ("2x64x32", "2x48x5x16"), "sweep": ("2x16x16", "2x64x16"),
         "decode": "1x1x16"}
CHECKED = (2, 9)  # batch and time of the small slice
PAUSE = 0.005  # seconds for a process's threads to fall asleep


class Ceilings:
    """What the machine can do, asked for in every round."""

    def __init__(self, program, options, log):
        self.process = Process([program, str(options.threads)], options.cores,
                               {}, log)
        self.found = {"bandwidth": [], "products": []}

    def turn(self):
        for what, found in self.found.items():
            found.append(self.process.ask(what, 60))

    def result(self):
        """The best of the run, and the median of each measurement."""
        spreads = {name: measure.spread([one[name] for one in found])
                   for found in self.found.values() for name in found[0]}

        def best(*names):
            return max((one[name] for found in self.found.values()
                        for one in found for name in names if name in one),
                       default=None)
        f32 = best("f32")
        return {"bandwidth": best("copy", "triad", "triad_streamed"),
                "f32": f32, "bf16": best("bf16") or f32,
                "bf16_is_f32": best("bf16") is None,
                "bf16_registers": best("bf16_registers"), "spreads": spreads}


def wanted(process, number, kind):
    case = process.cases[number]
    if kind == "decode":
        return ("step",) if "step" in case["ops"] else ()
    if kind == "sweep":
        trains = "forward_backward" in case["ops"]
        return ("forward_backward",) if trains and case["precision"] == "f32" \
            and case["cell"] != "scan" else ()
    if case["ops"] == ["step"]:
        return ()
    return tuple(case["ops"])


def small_slice(system, shape, kind):
    """What a system is checked on before it is timed at a shape."""
    if kind == "decode":
        return str(Shape(1, 5, shape.inputs, shape.features))
    batch, time = CHECKED
    if system == "torch_compile":  # it takes long to compile for each shape
        wider = shape.inputs != shape.features
        return str(Shape(batch, time, 10 if wider else 32, 32))
    return str(Shape(batch, time, shape.inputs, shape.features))


def measure_shape(text, kind, processes, ceilings, options):
    runs = [Turns(process, number, text, ops) for process in processes
            for number in range(len(process.cases))
            if (ops := wanted(process, number, kind))]
    start = time.monotonic()
    for run in runs:
        run.check(small_slice(run.process.name, Shape.parse(text), kind),
                  max(options.limit, COMPILING))
    begun = time.monotonic()
    for index in range(options.rounds + 1):
        if index < 4:
            ceilings.turn()
        for op in ("forward", "forward_backward", "step"):
            for run in runs:
                if op in run.times:
                    run.turn(op, options)
                    time.sleep(PAUSE)
    memory = [run.memory(options) if kind == "shape" else {} for run in runs]
    for process in processes:
        with contextlib.suppress(Ended):  # what has ended has forgotten
            if process.process:
                process.do(options.limit, do="forget", shape=text)
    print(f"{text}: {time.monotonic() - start:.0f} s, "
          f"{begun - start:.0f} of them for checks", flush=True)
    return {"shape": text, "kind": kind,
            "cases": [run.result(one) for run, one in zip(runs, memory)]}


def machine(options):
    flags = measure.cpu_flags()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {"cpu": measure.cpu_name(), "threads": options.threads,
            "cpus": os.cpu_count(), "memory_gib": round(memory / 2 ** 30, 1),
            "kernel": platform.release(),
            "load": options.load,
            "has": sorted(flags & {"avx2", "avx512f", "avx512_bf16",
                                   "amx_tile", "amx_bf16"})}


def revision():
    done = subprocess.run(["git", "-C", str(HERE), "describe", "--always",
                           "--dirty"], capture_output=True, text=True)
    return done.stdout.strip()


def select_only(options):
    """The shapes and systems that --only names; all of a sort if none is."""
    plan = dict(QUICK) if options.quick else {
        "shapes": SHAPES, "sweep": SWEEP, "decode": DECODE}
    plan["systems"] = tuple(name for name in options.only if name in NAMES)
    shapes = [text for text in options.only if text not in NAMES]
    if shapes:
        plan |= {"shapes": [text for text in shapes
                            if text not in ("sweep", "decode")],
                 "sweep": plan["sweep"] if "sweep" in shapes else (),
                 "decode": plan["decode"] if "decode" in shapes else None}
        for text in plan["shapes"]:
            Shape.parse(text)
    plan["systems"] = plan["systems"] or NAMES
    return plan


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--out", type=Path, help="folder of the results")
    parser.add_argument("--quick", action="store_true",
                        help="tiny shapes: that it works, not how fast")
    parser.add_argument("--only", action="append", default=[],
                        metavar="SHAPE|SYSTEM", help="this shape, as in "
                        "64x256x384, `sweep`, `decode`, or this system: "
                        + ", ".join(NAMES) + "; may be given several times")
    parser.add_argument("--threads", type=int,
                        default=min(2, len(os.sched_getaffinity(0))))
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--cap", type=float, default=2,
                        help="seconds for the calls of a case and op")
    parser.add_argument("--limit", type=float, default=60,
                        help="seconds after which a call is ended")
    options = parser.parse_args()
    if not 1 <= options.threads <= len(os.sched_getaffinity(0)):
        parser.error("--threads: there are "
                     f"{len(os.sched_getaffinity(0))} CPUs here")
    if options.quick:
        options.rounds, options.cap = 3, min(options.cap, 0.5)
    try:
        options.plan = select_only(options)
    except ValueError as failure:
        parser.error(f"--only: {failure}; nor a system: {', '.join(NAMES)}")
    options.cores = measure.cores(options.threads)
    options.load = os.getloadavg()[0]
    return options


def described(options, processes, start):
    """All of a result but what was measured."""
    return {"machine": machine(options), "revision": revision(),
            "date": time.strftime("%Y-%m-%d", time.gmtime(start)),
            "seconds": round(time.time() - start), "quick": options.quick,
            "versions": {name: version for process in processes
                         for name, version in process.versions.items()},
            "unavailable": {process.name: process.why for process in processes
                            if process.why},
            "tolerances": {" ".join(key): most
                           for key, most in TOLERANCES.items()},
            "rounds": options.rounds, "cap": options.cap,
            "limit": options.limit}


def run(options, log):
    """The result so far, after each shape."""
    environment = {"BENCH_THREADS": str(options.threads),
                   "OMP_NUM_THREADS": str(options.threads)}
    plan, start, measured = options.plan, time.time(), []
    processes = [SystemProcess(name, options.cores, environment, log)
                 for name in plan["systems"]]
    ceilings = Ceilings(os.environ["BENCH_CEILINGS"], options, log)
    shapes = [(text, "shape") for text in plan["shapes"]] \
        + [(plan["decode"], "decode")] * bool(plan["decode"]) \
        + [(text, "sweep") for text in plan["sweep"]]
    try:
        for process in processes:
            process.load(options.limit)
            if process.why:
                print(f"{process.name}: {process.why}", flush=True)
        for text, kind in shapes:
            measured.append(measure_shape(text, kind, processes, ceilings,
                                          options))
            yield described(options, processes, start) | {
                "ceilings": ceilings.result(), "measured": measured}
    finally:
        for process in [*processes, ceilings.process]:
            process.end()


def main():
    options = arguments()
    # Ended from outside, it ends its processes first.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    import report
    out = options.out or HERE / "results" / report.slug(measure.cpu_name())
    out.mkdir(parents=True, exist_ok=True)
    if options.load > 0.5:
        print(f"warning: this machine is busy (load {options.load:.1f}); the "
              "times will say little", file=sys.stderr)
    with open(os.environ.get("BENCH_LOG", os.devnull), "ab") as log:
        try:
            for result in run(options, log):
                (out / "result.json").write_text(
                    json.dumps(result, indent=1) + "\n")
        except Ended as failure:  # of a system only what it ended is missing
            sys.exit(f"ceilings: {failure}")
        except KeyboardInterrupt:
            print(f"interrupted; run.sh --render {out} makes the table and "
                  "plots of the shapes that are done", file=sys.stderr)
            sys.exit(130)
    report.render(out)


if __name__ == "__main__":
    sys.exit(main())
