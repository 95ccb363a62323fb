"""What a case of a system makes of its turns: first it must agree with the
reference, then it makes one call a turn as long as it may."""

import measure
from processes import Ended, TooSlow

# The length of an error by the length of what is right. bf16 has 8 bits, and
# rounding moves candidates across the kink of g at zero.
TOLERANCES = {("f32", "y"): 1e-5, ("f32", "gradient"): 1e-4,
              ("bf16", "y"): 2e-2, ("bf16", "gradient"): 6e-2}
COMPILING = 180  # seconds that a first call may take which compiles
SLOW = 3  # caps that a first call may take before another one is made

CHECKS = {}  # errors, or why there are none, by system, case and slice


class Turns:
    """One case of one system at one shape, with the times of its ops."""

    def __init__(self, process, number, shape, ops):
        self.process, self.number, self.shape = process, number, shape
        self.case = process.cases[number]
        self.times = {op: [] for op in ops}
        self.first, self.why, self.found = {}, {}, {}
        self.errors = {}
        if self.case["why"]:
            self._give_up(self.case["why"])

    def _give_up(self, why, op=None):
        for one in [op] if op else self.times:
            self.why.setdefault(one, why)

    def _do(self, seconds, **request):
        return self.process.do(seconds, case=self.number, **request)

    def check(self, checked, limit):
        """Keeps or takes over the errors of this case on the small slice."""
        if self.why:
            return
        key = self.process.name, self.number, checked
        if key not in CHECKS:
            try:
                CHECKS[key] = self._do(limit, do="check",
                                       shape=checked)["errors"], ""
            except (Ended, RuntimeError) as failure:
                CHECKS[key] = {}, str(failure)
        self.errors, why = CHECKS[key]
        precision = self.case["precision"]
        for name, error in self.errors.items():
            most = TOLERANCES[precision, "y" if name == "y" else "gradient"]
            if not error <= most:
                why = (f"wrong: {name} is off by {error:.2g} of its length, "
                       f"more than {most:.0e}")
        if why:
            self._give_up(why)

    def turn(self, op, options):
        """One call, unless this op has had its time or can not."""
        times = self.times[op]
        if len(times) == options.rounds or sum(times) > options.cap:
            return
        self._compare_with_forward(op, options)
        if op in self.why:
            return
        compiling = self.compiles and op not in self.first
        limit = max(options.limit, COMPILING) if compiling else options.limit
        try:
            taken = self._do(limit, do="run", shape=self.shape,
                             op=op)["seconds"]
        except (Ended, RuntimeError) as failure:
            self._give_up(str(failure), op)
            if isinstance(failure, TooSlow) and not compiling:
                self.found[op] = {"more_than": limit}
            return
        if op in self.first:
            times.append(taken)
        else:
            self._first_call(op, taken, options)

    @property
    def compiles(self):
        return self.process.name in ("torch_compile", "jax_scan")

    def _first_call(self, op, taken, options):
        """It warms up, or compiles. A slow one is the only one, unless it
        compiled: then the next may be fast."""
        self.first[op] = taken
        if taken > SLOW * options.cap and not self.compiles:
            self.why[op] = f"over the cap after one call of {taken:.1f} s"
            self.found[op] = measure.spread([taken])

    def _least(self, op):
        """Seconds of its fastest call that did not compile, or None."""
        first = [] if self.compiles or op not in self.first \
            else [self.first[op]]
        return min(self.times.get(op, []) + first, default=None)

    def _compare_with_forward(self, op, options):
        forward = self._least("forward")
        if op == "forward_backward" and op not in self.why and forward \
                and forward > SLOW * options.cap:
            self.why[op] = f"forward alone took {forward:.1f} s"
            self.found[op] = {"more_than": forward}

    def memory(self, options):
        """Of a training step, unless two more would take too long."""
        taken = self._least("forward_backward")
        if taken is None or taken > SLOW * options.cap:
            return {}
        try:
            return self._do(options.limit, do="memory", shape=self.shape)
        except (Ended, RuntimeError) as failure:
            return {"why": str(failure)}

    def result(self, memory):
        ops = {op: measure.spread(times) for op, times in self.times.items()
               if times} | self.found
        for op, why in self.why.items():
            ops.setdefault(op, {})["why"] = why
        case = {key: self.case[key] for key in ("cell", "variant", "precision")}
        return {"system": self.process.name, **case, "ops": ops,
                "errors": self.errors, "memory": memory}
