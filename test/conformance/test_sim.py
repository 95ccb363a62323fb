"""Every case of cases.py on the simulated GPU, at small sizes: the same numbers
as on the CPU, the same bits in each order of threads and blocks, and nothing
that the simulator finds wrong (runtime/sim/Launch.h).
"""

import unittest
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache

import report
import test_chunks
from case import Instance
from cases import CASES
from librnn import State
from test_layers import is_selected, relative

ORDERS = ("sim", "sim:1", "sim:2")
SHAPES = ((3, 5), (1, 2))
WIDTH = 7
CHUNKED = 600  # steps: two chunks and more


@cache
def small(name):
    """The case at one width that is neither 1 nor a multiple of anything."""
    case = next(c for c in CASES if c.name == name)
    width = WIDTH if WIDTH in case.widths else min(case.widths)
    return replace(case, widths=(width,), name=case.name + "_small")


@cache
def instance(name, element_type, device):
    case = small(name)
    target = "cpu" if device == "cpu" else "sim"
    return Instance(case, case.widths[0], case.compile(element_type, target),
                    device=device)


def compile_all(properties, kinds):
    """Each selected case in the kinds (element type, target) that it is tested
    in, `kinds(name)`, two at a time; a failure is reported by the tests of its
    case."""
    def attempt(job):
        name, element_type, target = job
        try:
            small(name).compile(element_type, target)
        except RuntimeError:
            pass
    names = [case.name for case in CASES if is_selected(case, properties)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(attempt, [(name, *kind) for name in names
                                for kind in kinds(name)]))


def setUpModule():
    compile_all(PROPERTIES, lambda name: (("f64", "cpu"), ("f64", "sim"),
                                          ("f32", "sim")))


def tearDownModule():
    print("\n" + report.table())


class Simulated(unittest.TestCase):
    """Filled with test_<property>_<case> below."""

    def holds(self, name, what, error, limit, where):
        self.assertTrue(report.record(name, what, error, limit),
                        f"{what} at {where}: error {error:.2e}, limit {limit}")

    def everything(self, run, shape):
        """Outputs, the loss and gradients, and what names them."""
        inputs = run.random_inputs(*shape)
        outputs = run.forward(inputs)
        inputs += run.random_targets(*shape, outputs)
        loss, gradients = run.gradients(inputs)
        return outputs + [loss], gradients

    def compare(self, name, run, limits):
        double = instance(name, "f64", "cpu")
        for shape in SHAPES:
            values, gradients = self.everything(run, shape)
            wanted, slopes = self.everything(double, shape)
            for a, b in zip(values, wanted, strict=True):
                self.holds(name, "sim", relative(a, b, 1e-6), limits[0], shape)
            largest = max(abs(g).max(initial=0) for g in slopes.values())
            for key, value in slopes.items():
                self.holds(name, "sim grad", relative(
                    gradients[key], value, 1e-3 * largest), limits[1],
                    (key, shape))

    def check_double(self, name):
        """f64 on the simulated GPU against f64 on the CPU."""
        self.compare(name, instance(name, "f64", "sim"), (1e-12, 1e-10))

    def check_single(self, name):
        """f32 on the simulated GPU against f64 on the CPU."""
        case = small(name)
        self.compare(name, instance(name, "f32", "sim"),
                     (case.rounding, case.single))

    def check_orders(self, name):
        """The same bits in every order of threads and blocks."""
        for shape in SHAPES:
            seen = []
            for order in ORDERS:
                run = instance(name, "f32", order)
                values, gradients = self.everything(run, shape)
                seen.append([value.tobytes() for value in values[:-1]]
                            + values[-1:]
                            + [g.tobytes() for g in gradients.values()])
            self.assertEqual(seen[0], seen[1])
            self.assertEqual(seen[0], seen[2])

    def check_chunks(self, name):
        """A long sequence, in chunks of time, against the CPU in f64."""
        shape, double = (1, CHUNKED), instance(name, "f64", "cpu")
        values, gradients = self.everything(instance(name, "f64", "sim:1"),
                                            shape)
        wanted, slopes = self.everything(double, shape)
        for a, b in zip(values, wanted, strict=True):
            self.holds(name, "sim chunks", relative(a, b, 1e-6), 1e-12, shape)
        largest = max(abs(g).max(initial=0) for g in slopes.values())
        for key, value in slopes.items():
            self.holds(name, "sim chunks grad", relative(
                gradients[key], value, 1e-3 * largest), 1e-9, (key, shape))

    def check_steps(self, name):
        """Step by step against all at once."""
        run = instance(name, "f32", "sim")
        case, (batch, time) = run.case, SHAPES[0]
        inputs = run.random_inputs(batch, time)
        wanted = run.forward(inputs)
        state, entry = State(run.session, run.name, batch), run.name + ".step"
        types = [type for type, _ in case.inputs.values()]
        current = list(inputs)
        for t in range(time):
            outputs = state.step(entry, [
                value[:, t:t + 1] if type.startswith(("$X", "tensor<?x?x"))
                else value for type, value in zip(types, current)])
            self.holds(name, "sim step",
                       relative(outputs[0][:, 0], wanted[0][:, t], 1e-3), 1e-5,
                       t)
            for input, output in case.feedback.items():
                current[list(case.inputs).index(input)] = outputs[output]


PROPERTIES = {
    "double": Simulated.check_double,
    "single": Simulated.check_single,
    "orders": Simulated.check_orders,
    "steps": Simulated.check_steps,
    "chunks": Simulated.check_chunks,
}


def add_test(case, name, check):
    def test(self):
        check(self, case.name)
    test.__doc__ = f"{case.name}: {check.__doc__}"
    setattr(Simulated, f"test_{case.name}_{name}", test)


for one in CASES:
    for property_name, property_check in PROPERTIES.items():
        if property_name == "steps" and not one.continues:
            continue
        if property_name == "chunks" and one.name not in test_chunks.NAMES:
            continue
        add_test(one, property_name, property_check)

if __name__ == "__main__":
    unittest.main()
