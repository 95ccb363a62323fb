"""--precision=bf16: every case of cases.py, on the CPU and on the simulated GPU,
against the CPU in f64, within what 8 bits of fraction allow; some on the
simulated GPU with --precision=tf32, which has 11 in factors of products.
"""

import unittest
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import report
import test_chunks
from case import Instance
from cases import CASES
from test_layers import is_selected, relative
from test_sim import CHUNKED, small

SHAPES = ((3, 5), (1, 2))
KINDS = (("bf16", "cpu"), ("bf16", "sim"), ("tf32", "sim"))
# Limits of values and of gradients, relative to the largest.
# With products in every place that a kernel has for them.
TF32 = ("linear_bias", "min_gru", "lstm", "attention", "selective_scan",
        "matrix_state")
LIMITS = {"bf16": (0.012, 0.03), "tf32": (0.0015, 0.004)}


@cache
def instance(name, element_type, device):
    case = small(name)
    return Instance(case, case.widths[0], case.compile(element_type, device),
                    device=device)


def setUpModule():
    def attempt(job):
        name, element_type, target = job
        try:
            small(name).compile(element_type, target)
        except RuntimeError:
            pass
    names = [case.name for case in CASES if is_selected(case, PROPERTIES)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(attempt, [(name, *kind) for name in names
                                for kind in (("f64", "cpu"), *KINDS)
                                if kind[0] != "tf32" or name in TF32]))


def tearDownModule():
    print("\n" + report.table())


class Narrow(unittest.TestCase):
    """Filled with test_<precision>_<target>_<case> below."""

    def holds(self, name, what, error, limit, where):
        self.assertTrue(report.record(name, what, error, limit),
                        f"{what} at {where}: error {error:.2e}, limit {limit}")

    def compare(self, name, element_type, device):
        double = instance(name, "f64", "cpu")
        run = instance(name, element_type, device)
        values_within, slopes_within = LIMITS[element_type]
        what = f"{element_type} {device}"
        shapes = SHAPES
        if device == "cpu" and name in test_chunks.NAMES:
            shapes += ((1, CHUNKED),)
        for shape in shapes:
            inputs = run.random_inputs(*shape)
            wanted = double.forward(inputs)
            for a, b in zip(run.forward(inputs), wanted, strict=True):
                self.assertEqual(a.dtype.name, "float32")
                self.holds(name, what, relative(a, b, 1e-2), values_within,
                           shape)
            inputs += run.random_targets(*shape, wanted)
            loss, gradients = run.gradients(inputs)
            exact, slopes = double.gradients(inputs)
            self.holds(name, what, relative(loss, exact, 1e-2), values_within,
                       shape)
            largest = max(abs(g).max(initial=0) for g in slopes.values())
            for key, slope in slopes.items():
                self.holds(name, what + " grad", relative(
                    gradients[key], slope, 0.2 * largest), slopes_within,
                    (key, shape))


PROPERTIES = {f"{kind}_{device}": (kind, device) for kind, device in KINDS}

for one in CASES:
    for property_name, how in PROPERTIES.items():
        if how[0] == "tf32" and one.name not in TF32:
            continue

        def test(self, name=one.name, how=how):
            self.compare(name, *how)
        setattr(Narrow, f"test_{one.name}_{property_name}", test)

if __name__ == "__main__":
    unittest.main()
