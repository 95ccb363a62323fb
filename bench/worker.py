"""A process of one system: takes JSON lines, answers with JSON lines.

    python worker.py SYSTEM

{"do": "cases"} -> {"versions": {...}, "cases": [...]}
{"do": "check", "case": N, "shape": "2x9x384"} -> {"errors": {name: error}}
{"do": "run", "case": N, "shape": S, "op": "forward"} -> {"seconds": x}
{"do": "memory", "case": N, "shape": S} -> {"bytes": n, "workspace": n}
{"do": "forget", "shape": S} -> {}

Whatever fails is answered with {"error": why}. What a case needs is made when it
is first run; that is not counted.
"""

import contextlib
import ctypes
import gc
import importlib
import json
import os
import sys
import time
import traceback
from pathlib import Path

import numpy as np

import cells
from limits import Shape
from systems.case import Checked, Work

TOKENS = 200  # of one call of step


def relative_error(found, wanted):
    """The length of the difference by the length of what is right."""
    wanted = np.asarray(wanted, np.float64)
    if found.shape != wanted.shape:
        return float("inf")
    return float(np.linalg.norm(found - wanted)
                 / max(np.linalg.norm(wanted), 1e-30))


def memory_of(pid):
    """Resident bytes now and at most."""
    found = {}
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, rest = line.partition(":")
        if name in ("VmRSS", "VmHWM"):
            found[name] = 1024 * int(rest.split()[0])
    return found["VmRSS"], found["VmHWM"]


class Worker:
    def __init__(self, name):
        self.system = importlib.import_module(f"systems.{name}").System()
        self.cases = self.system.cases()
        self.works, self.prepared = {}, {}

    def answer(self, request):
        return getattr(self, "do_" + request.pop("do"))(**request)

    def do_cases(self):
        return {"versions": self.system.versions(),
                "cases": [vars(case) for case in self.cases]}

    def _prepared(self, number, shape):
        key = number, shape
        if key not in self.prepared:
            if shape not in self.works:
                self.works[shape] = Work(Shape.parse(shape))
            self.prepared[key] = self.system.prepare(self.cases[number],
                                                     self.works[shape])
        return self.prepared[key]

    def do_check(self, case, shape):
        """Errors of outputs and gradients against f64."""
        case, work = self.cases[case], Checked(Shape.parse(shape))
        prepared = self.system.prepare(case, work)
        if "step" in case.ops:
            wanted = {"y": cells.reference_stack(
                case.cell, work.layers(case.cell), work.inputs(case.cell)[0])}
        else:
            for op in case.ops:
                getattr(prepared, op)()
            y, wanted = cells.reference(case.cell, work.parameters(case.cell),
                                        work.inputs(case.cell))
            wanted = {"y": y} | (wanted if "forward_backward" in case.ops
                                 else {})
        found = prepared.results()
        missing = sorted(wanted.keys() - found.keys())
        if missing:
            raise RuntimeError(f"gave no {', '.join(missing)}")
        return {"errors": {name: relative_error(found[name], value)
                           for name, value in wanted.items()}}

    def do_run(self, case, shape, op):
        prepared = self._prepared(case, shape)
        count = TOKENS if op == "step" else 1
        arguments = (TOKENS,) if op == "step" else ()
        start = time.perf_counter()
        own = getattr(prepared, op)(*arguments)
        taken = time.perf_counter() - start
        return {"seconds": (taken if own is None else own) / count}

    def do_memory(self, case, shape):
        """What a training step takes at most beside its inputs, parameters and
        what the first call leaves behind for good."""
        prepared = self._prepared(case, shape)
        pid = getattr(prepared, "pid", None)
        if pid is None:  # compiled and warm, with nothing kept
            prepared.forward_backward()
        prepared.release()
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)
        pid = getattr(prepared, "pid", os.getpid())
        Path(f"/proc/{pid}/clear_refs").write_text("5")  # VmHWM begins anew
        before, _ = memory_of(pid)
        prepared.forward_backward()
        _, peak = memory_of(pid)
        found = {"bytes": peak - before}
        if hasattr(prepared, "workspace_bytes"):
            found["workspace"] = prepared.workspace_bytes()
        return found

    def do_forget(self, shape):
        for key in [key for key in self.prepared if key[1] == shape]:
            del self.prepared[key]
        self.works.pop(shape, None)
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)
        return {}


def one_line(failure):
    text = str(failure).strip() or type(failure).__name__
    return text.splitlines()[0][:200]


def main():
    # Answers go to the real stdout; whatever a library prints there does not.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    worker = failure = None
    try:
        worker = Worker(sys.argv[1])
    except Exception as why:
        failure = one_line(why)
    for line in sys.stdin:
        try:
            reply = {"error": failure} if failure \
                else worker.answer(json.loads(line))
        except Exception as why:
            traceback.print_exc()
            reply = {"error": one_line(why)}
        answers.write(json.dumps(reply) + "\n")
        answers.flush()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
