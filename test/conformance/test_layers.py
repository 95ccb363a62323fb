"""Every case of cases.py in numbers: values, gradients, steps, windows, threads.

One test per case and property; a table of the largest errors is printed at the
end.
"""

import sys
import unittest
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatchcase
from functools import cache

import numpy as np

import report
from case import Instance
from cases import CASES
from finite_differences import worst_error
from librnn import State

TIMES = (1, 2, 37, 1000)
BATCHES = (1, 3)


@cache
def compiled(case_name, element_type):
    case = next(c for c in CASES if c.name == case_name)
    return case.compile(element_type)


@cache
def instance(case_name, width, element_type="f32", threads=2):
    case = next(c for c in CASES if c.name == case_name)
    return Instance(case, width, compiled(case_name, element_type), threads)


def is_selected(case, properties=None):
    """Whether `-k` options, if there are any, leave a test of the case."""
    patterns = [b for a, b in zip(sys.argv, sys.argv[1:]) if a == "-k"]
    return not patterns or any(
        fnmatchcase(f"test_{case.name}_{name}", f"*{pattern}*")
        for pattern in patterns for name in properties or PROPERTIES)


def setUpModule():
    """Compiles everything, two at a time; a failure is reported by the tests
    of its case."""
    with ThreadPoolExecutor(2) as pool:
        def attempt(job):
            try:
                job[0].compile(job[1])
            except RuntimeError:
                pass
        list(pool.map(attempt, [(case, element_type) for case in CASES
                                if is_selected(case)
                                for element_type in ("f64", "f32")]))


def tearDownModule():
    print("\n" + report.table())


def largest(value):
    return float(np.abs(value).max()) if np.size(value) else 0.0


def relative(found, wanted, floor=0.0):
    """Largest difference over the largest wanted value."""
    difference = largest(np.subtract(found, wanted, dtype=np.float64))
    return difference / max(largest(wanted), floor, 1e-30)


class Layers(unittest.TestCase):
    """Filled with test_<property>_<case> below."""

    def holds(self, case, what, error, limit, where):
        self.assertTrue(report.record(case.name, what, error, limit),
                        f"{what} at {where}: error {error:.2e}, limit {limit}")

    def check_values(self, case):
        """f64 against the NumPy reference."""
        for width in case.widths:
            run = instance(case.name, width, "f64")
            for batch in BATCHES:
                for time in TIMES:
                    if time == 1000 and (width > 7 or batch > 1):
                        continue
                    inputs = run.random_inputs(batch, time)
                    wanted = run.reference(inputs)
                    found = run.forward(inputs)
                    self.assertEqual(len(found), len(wanted))
                    for a, b in zip(found, wanted):
                        self.holds(case, "f64 - NumPy", relative(a, b), 1e-11,
                                   (width, batch, time))
                    inputs += run.random_targets(batch, time, found)
                    self.holds(case, "f64 - NumPy", relative(
                        run.loss(inputs), run.reference_loss(inputs)), 1e-11,
                        (width, batch, time))

    def check_gradients(self, case):
        """f64 gradients against differences of the compiled loss."""
        for width in case.widths:
            run = instance(case.name, width, "f64")
            shapes = [(b, t) for b in BATCHES for t in TIMES[:3]]
            if width <= 7 and not case.kinks:  # 1000 steps: a kink is near
                shapes.append((1, 1000))
            if width > 100:
                shapes = [(3, 2), (1, 37)]
            for batch, time in shapes:
                small = width <= 7 and time <= 37
                self.differences(case, run, batch, time, 8 if small else 0,
                                 1 if width > 100 else 2)

    def differences(self, case, run, batch, time, elements, random):
        rng = np.random.default_rng(0)
        inputs = run.random_inputs(batch, time)
        inputs += run.random_targets(batch, time, run.forward(inputs))
        loss, gradients = run.gradients(inputs)
        self.holds(case, "gradient", relative(run.loss(inputs), loss), 1e-11,
                   "the loss of .loss and .gradient")
        everything = max(map(largest, gradients.values()))
        for key, gradient in gradients.items():
            scale = max(largest(gradient), 1e-3 * everything, 1e-12)
            if elements == 0:
                scale = max(float(np.sqrt((gradient ** 2).mean())), scale)
            error = worst_error(
                lambda value: run.loss_with(key, value, inputs),
                run.value(key, inputs), gradient, scale, rng, elements, random,
                case.kinks)
            self.holds(case, "gradient", error, 1e-6,
                       (key, run.width, batch, time))

    def check_reference_gradients(self, case):
        """f64 gradients against the reference: by hand, or differences."""
        rng = np.random.default_rng(0)
        for width in [w for w in case.widths if w <= 7 or case.gradient]:
            run = instance(case.name, width, "f64")
            for time in (1, 2, 37):
                inputs = run.random_inputs(3, time)
                outputs = run.forward(inputs)
                inputs += run.random_targets(3, time, outputs)
                _, gradients = run.gradients(inputs)
                where = (width, 3, time)
                if case.gradient:
                    self.by_hand(case, run, inputs, gradients, where)
                    continue
                everything = max(map(largest, gradients.values()))
                for key, gradient in gradients.items():
                    scale = max(largest(gradient), 1e-3 * everything, 1e-12)
                    error = worst_error(
                        lambda value: run.reference_loss_with(
                            key, value, inputs),
                        run.value(key, inputs), gradient, scale, rng, 2, 1,
                        case.kinks)
                    self.holds(case, "grad - NumPy", error, 1e-6, (key, where))

    def by_hand(self, case, run, inputs, gradients, where):
        count = len(case.inputs)
        outputs = run.reference(inputs)
        dy = 2 * (outputs[0] - inputs[count]) / outputs[0].size
        dlast = None
        if len(outputs) == 2:
            wide = outputs[1][:, None] - inputs[count + 1]
            dlast = (2 * wide / wide.size).sum(1)
        wanted = case.gradient(run.parameters, inputs[:count], dy, dlast)
        wanted["input", count] = -dy
        if dlast is not None:
            wanted["input", count + 1] = -2 * wide / wide.size
        self.assertEqual(set(wanted), set(gradients))
        everything = max(map(largest, wanted.values()))
        for key, value in wanted.items():
            self.holds(case, "grad - NumPy", relative(
                gradients[key], value, 1e-3 * everything), 1e-10, (key, where))

    def check_single(self, case):
        """f32 against f64: outputs and gradients."""
        for width in case.widths:
            double = instance(case.name, width, "f64")
            single = instance(case.name, width, "f32")
            for batch in BATCHES:
                for time in TIMES:
                    if time == 1000 and batch > 1:
                        continue
                    where = (width, batch, time)
                    inputs = double.random_inputs(batch, time)
                    wanted = double.forward(inputs)
                    for a, b in zip(single.forward(inputs), wanted):
                        self.holds(case, "f32 - f64", relative(a, b),
                                   case.rounding, where)
                    inputs += double.random_targets(batch, time, wanted)
                    if case.kinks and time * width > 1000:
                        continue  # an f32 rounding may step over a kink
                    _, wanted = double.gradients(inputs)
                    _, found = single.gradients(inputs)
                    everything = max(map(largest, wanted.values()))
                    for key, value in wanted.items():
                        self.holds(case, "f32 - f64 grad", relative(
                            found[key], value, 1e-3 * everything), case.single,
                            (key, where))

    def continued(self, run, inputs, pieces, go):
        """Outputs of pieces of time, one after the other; go(inputs) runs one
        from the carried state."""
        case, outputs, start = run.case, [], 0
        types = [type for type, _ in case.inputs.values()]
        current = list(inputs)
        for length in pieces:
            part = [value[:, start:start + length]
                    if type.startswith(("$X", "tensor<?x?x")) else value
                    for type, value in zip(types, current)]
            outputs.append(go(part))
            for name, output in case.feedback.items():
                current[list(case.inputs).index(name)] = outputs[-1][output]
            start += length
        return [np.concatenate([o[0] for o in outputs], 1)] \
            + [outputs[-1][i] for i in range(1, len(outputs[-1]))]

    def check_steps(self, case):
        """f32: forward over T against the step entry applied T times."""
        for width in case.widths:
            run = instance(case.name, width, "f32", threads=1)
            for batch in BATCHES:
                for time in TIMES:
                    if time == 1000 and (batch > 1 or width in (1, 100)):
                        continue
                    inputs = run.random_inputs(batch, time)
                    state = State(run.session, run.name, batch)
                    entry = run.name + ".step"
                    stepped = self.continued(
                        run, inputs, [1] * time,
                        lambda part: state.step(entry, part))
                    for a, b in zip(stepped, run.forward(inputs)):
                        self.holds(case, "step", relative(a, b), 1e-5,
                                   (width, batch, time))

    def check_windows(self, case):
        """f64: two windows with the state carried equal one long one."""
        for width in case.widths:
            run = instance(case.name, width, "f64")
            inputs = run.random_inputs(3, 37)
            state = State(run.session, run.name, 3)
            pieces = self.continued(
                run, inputs, [20, 17],
                lambda part: run.forward(part, state=state))
            for a, b in zip(pieces, run.forward(inputs)):
                self.holds(case, "windows", relative(a, b), 1e-12, width)

    def check_threads(self, case):
        """The same bits for 1, 2 and 3 threads."""
        for width in case.widths[-2:]:
            for batch, time in ((3, 37), (1, 37), (5, 2)):
                seen = []
                for threads in (1, 2, 3):
                    run = instance(case.name, width, "f32", threads)
                    inputs = run.random_inputs(batch, time)
                    outputs = run.forward(inputs)
                    targets = run.random_targets(batch, time, outputs)
                    loss, gradients = run.gradients(inputs + targets)
                    seen.append([o.tobytes() for o in outputs] + [loss]
                                + [g.tobytes() for g in gradients.values()])
                same = seen[0] == seen[1] == seen[2]
                self.holds(case, "threads", 0.0 if same else 1.0, 0.0,
                           (width, batch, time))


PROPERTIES = {
    "values": Layers.check_values,
    "gradients": Layers.check_gradients,
    "reference_gradients": Layers.check_reference_gradients,
    "single": Layers.check_single,
    "steps": Layers.check_steps,
    "windows": Layers.check_windows,
    "threads": Layers.check_threads,
}


def add_test(case, name, check):
    def test(self):
        check(self, case)
    test.__doc__ = f"{case.name}: {check.__doc__}"
    setattr(Layers, f"test_{case.name}_{name}", test)


for one in CASES:
    for property_name, property_check in PROPERTIES.items():
        if property_name in ("steps", "windows") and not one.continues:
            continue
        add_test(one, property_name, property_check)

if __name__ == "__main__":
    unittest.main()
