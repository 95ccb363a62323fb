"""How the benchmarks time things, and the machine that they do it on; run.py
times calls of many processes in turn."""

import json
import os
import platform
import statistics
import subprocess
import time
from pathlib import Path

BUILD = Path(os.environ.get("RNNC_BUILD",
                            Path(__file__).resolve().parents[1] / "build"))


def cpu_name():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def cpu_flags():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("flags"):
            return set(line.split(":", 1)[1].split())
    return set()


def cores(count):
    """So many CPUs, one a core as far as there are cores."""
    first, others = [], []
    for cpu in sorted(os.sched_getaffinity(0)):
        siblings = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/"
                        "thread_siblings_list")
        owner = cpu
        if siblings.exists():
            owner = int(siblings.read_text().split(",")[0].split("-")[0])
        (first if owner == cpu else others).append(cpu)
    return set((first + others)[:count])


def spread(times):
    """The median and both quartiles."""
    low, median, high = (times * 3 if len(times) == 1 else
                         statistics.quantiles(times, n=4, method="inclusive"))
    return {"median": median, "low": low, "high": high, "calls": len(times)}


def compile_model(source, module):
    subprocess.run([BUILD / "bin" / "rnnc", source, "-o", module], check=True)


def median_seconds(call, repeat, before=lambda: None):
    """Of some calls after one that warms up; `before` each is not counted."""
    times = []
    for _ in range(repeat + 1):
        before()
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:])


def layer_text(line, features):
    """A model of one layer, `line` computing %h from %x, and a loss that adds
    next to nothing."""
    kind = f"tensor<?x?x{features}xf32>"
    return f"""rnn.model @layer(%x: {kind}) -> {kind} {{
  {line}
  rnn.return %h : {kind}
}}
rnn.objective @squares(%x: {kind}) -> tensor<f32> {{
  %h = rnn.call @layer(%x) : ({kind}) -> {kind}
  %squared = arith.mulf %h, %h : {kind}
  %sum = rnn.reduce sum %squared : {kind} -> tensor<?x?x1xf32>
  %loss = rnn.mean %sum : tensor<?x?x1xf32> -> tensor<f32>
  rnn.return %loss : tensor<f32>
}}
"""
