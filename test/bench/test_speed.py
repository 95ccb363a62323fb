"""The table of examples/speed, of a result that was made up."""

import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "examples/speed")]
import table  # noqa: E402


def case(system, cell, time, seconds, **more):
    return {"system": system, "cell": cell, "variant": system, "time": time,
            "seconds": seconds} | more


RESULT = table.Result({
    "cpu": "A CPU", "threads": 2, "batch": 64, "features": 64, "quick": False,
    "times": [64, 512], "date": "2026-01-01", "seconds": 1, "load": 0.0,
    "versions": {"PyTorch": "2"}, "cases": [
        case("rnnc", "min_gru", 64, 0.001, workspace=2 ** 20, peak=2 ** 28),
        case("rnnc", "min_gru", 512, 0.004),
        case("rnnc", "gru", 512, 0.012),
        case("torch_eager", "gru", 512, 0.020, peak=2 ** 21),
        case("onednn", "gru", 512, 0.010),
        case("torch_loop", "gru", 64, None, why="over the cap"),
        case("torch_loop", "gru", 512, 0.4)]})


class Table(unittest.TestCase):
    def setUp(self):
        self.text = table.table_text(RESULT)

    def line(self, *words):
        line, = [line for line in self.text.splitlines()
                 if all(word in line for word in words)]
        return [cell.strip() for cell in line.strip("|").split("|")]

    def test_speed_ups(self):
        self.assertEqual(self.line("minGRU / GRU", "| 512 |"), [
            "minGRU / GRU", "512", "4.00", "3.00 x", "2.50 x", "oneDNN",
            "100 x", "175 x"])
        # What was not measured is not there.
        self.assertEqual(self.line("minGRU / GRU", "| 64 |")[3:],
                         ["-", "-", "", "-", ""])

    def test_times_and_memory(self):
        self.assertIn("| minGRU, rnnc | 1.00 | 4.00 |", self.text)
        self.assertIn("| minGRU, rnnc | 1.00 / 256 | - |", self.text)
        self.assertIn("| GRU, PyTorch | - | 2.00 |", self.text)
        self.assertIn("* GRU, PyTorch, plain loop at 64: over the cap",
                      self.text)


if __name__ == "__main__":
    unittest.main()
