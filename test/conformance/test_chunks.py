"""Scans in chunks of time (passes/ChunkScans.cpp) against the same scans in one
piece. A call of fewer than four rows and at least 512 steps is cut into chunks;
four copies of the row are not."""

import unittest

import numpy as np

from case import Instance
from cases import CASES
from test_layers import compiled, relative

TIME = 1100  # four chunks, the last one shorter
NAMES = ("min_gru_expansion", "min_gru_reset_learned", "min_lstm_init",
         "conv_reset", "cell_cascade", "cell_min_gru_reverse",
         "matrix_state", "space_state", "score", "selective_scan", "s4d",
         "aaren", "aaren_reset_mask", "linear_attention", "repeat_2")


def repeated(case, values):
    """Four copies of each batch row, of what has batch rows."""
    kinds = [kind for kind, _ in case.inputs.values()]
    kinds += ["$X"] * (len(values) - len(kinds))  # the targets
    return [np.repeat(value, 4, 0) if kind[:9] != "tensor<${" else value
            for kind, value in zip(kinds, values)]


class Chunks(unittest.TestCase):
    def check(self, case):
        width = 7 if 7 in case.widths else case.widths[-1]
        run = Instance(case, width, compiled(case.name, "f64"))
        inputs = run.random_inputs(1, TIME)
        found = run.forward(inputs)
        whole = run.forward(repeated(case, inputs))
        for a, b in zip(found, whole):
            self.assertLess(relative(a[0], b[0]), 1e-12)
        inputs += run.random_targets(1, TIME, found)
        loss, gradients = run.gradients(inputs)
        whole_loss, whole = run.gradients(repeated(case, inputs))
        self.assertLess(relative(loss, whole_loss), 1e-12)
        for key, gradient in gradients.items():
            wanted = whole[key]
            if isinstance(key, tuple) and wanted.shape != gradient.shape:
                wanted = wanted[:1] * 4
            with self.subTest(gradient=key):
                self.assertLess(relative(gradient, wanted, 1e-6), 1e-9)

    def check_threads(self, case):
        width = 7 if 7 in case.widths else case.widths[-1]
        seen = []
        for threads in (1, 2, 3):
            run = Instance(case, width, compiled(case.name, "f32"), threads)
            inputs = run.random_inputs(2, TIME)
            outputs = run.forward(inputs)
            inputs += run.random_targets(2, TIME, outputs)
            loss, gradients = run.gradients(inputs)
            seen.append([o.tobytes() for o in outputs] + [loss]
                        + [g.tobytes() for g in gradients.values()])
        self.assertTrue(seen[0] == seen[1] == seen[2])

    def test_the_cases_are_there(self):
        self.assertEqual(set(NAMES) - {case.name for case in CASES}, set())


def add(case):
    setattr(Chunks, f"test_{case.name}", lambda self: self.check(case))
    setattr(Chunks, f"test_{case.name}_threads",
            lambda self: self.check_threads(case))


for one in CASES:
    if one.name in NAMES:
        add(one)

if __name__ == "__main__":
    unittest.main()
