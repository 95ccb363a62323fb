"""Aims and tables of a result that was made up."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))
import aims  # noqa: E402
import measure  # noqa: E402
import report  # noqa: E402
from results import Results  # noqa: E402

CEILINGS = {"bandwidth": 1e10, "f32": 1e11, "bf16": 1e12, "bf16_is_f32": False,
            "bf16_registers": None, "spreads": {}}


def took(seconds, calls=5):
    return {"median": seconds, "low": seconds, "high": seconds, "calls": calls}


def case(system, cell, ops, precision="f32", variant=None, memory=None):
    return {"system": system, "variant": variant or system, "cell": cell,
            "precision": precision, "ops": ops, "errors": {},
            "memory": {"bytes": memory} if memory else {}}


def result(*records, has=("avx2",)):
    return Results({
        "machine": {"cpu": "A CPU", "threads": 2, "cpus": 2, "memory_gib": 8,
                    "kernel": "6", "load": 0.0, "has": list(has)},
        "revision": "abc", "date": "2026-01-01", "seconds": 1, "quick": False,
        "versions": {"PyTorch": "2"}, "rounds": 9, "cap": 2.0,
        "unavailable": {"jax_scan": "no JAX"}, "ceilings": CEILINGS,
        "measured": list(records)})


def layer(*cases):
    return {"shape": "64x256x384", "kind": "shape", "cases": list(cases)}


def verdict(results, start):
    aim, = [aim for aim in aims.aims(results) if aim.text.startswith(start)]
    return aim.verdict(results.has_amx)


def train(seconds):
    return {"forward_backward": took(seconds)}


class Aims(unittest.TestCase):
    FASTER = "minGRU f32, forward + backward: at least 2 x"

    def test_the_fastest_peer_counts(self):
        peers = [case("torch_eager", "min_gru", train(5), variant="log space"),
                 case("jax_scan", "min_gru", train(3), variant="lax.scan")]
        for ours, wanted in ((1.5, "met"), (1.6, "not met at 1 of 1")):
            with self.subTest(ours):
                self.assertEqual(verdict(result(layer(
                    case("rnnc", "min_gru", train(ours)), *peers)),
                    self.FASTER), wanted)

    def test_without_a_peer_nothing_is_claimed(self):
        self.assertEqual(verdict(result(layer(
            case("rnnc", "min_gru", train(1)))), self.FASTER), "not measured")

    def test_a_peer_that_was_not_waited_for_counts_by_its_bound(self):
        slow = case("torch_eager", "gru",
                    {"forward_backward": {"more_than": 60, "why": "slow"}},
                    variant="nn.GRU")
        results = result(layer(case("rnnc", "min_gru", train(1)), slow))
        self.assertEqual(verdict(results, "minGRU f32, forward + backward: not "
                                 "slower"), "met")
        self.assertIsNone(results.of("shape")[0].best_peer(
            "gru", "f32", "forward_backward"))

    def test_a_bound_that_is_too_low_decides_nothing(self):
        start = "minGRU f32, forward + backward: not slower"
        bound = case("torch_eager", "gru",
                     {"forward_backward": {"more_than": 6, "why": "slow"}},
                     variant="nn.GRU")
        ours = case("rnnc", "min_gru", train(7))
        for lstm, wanted in ((8, "not measured"), (6.5, "not met at 1 of 1")):
            self.assertEqual(verdict(result(layer(ours, bound, case(
                "torch_eager", "lstm", train(lstm), variant="nn.LSTM"))),
                start), wanted)

    def test_bf16_meets_the_better_precision_of_the_peers(self):
        m, = result(layer(
            case("torch_eager", "min_gru", train(9), "bf16", "hoisted loop"),
            case("torch_eager", "min_gru", train(4), "f32", "hoisted loop"))
        ).of("shape")
        self.assertEqual(
            m.best_peer("min_gru", "bf16", "forward_backward").seconds, 4)

    def test_bf16_is_not_decided_without_amx(self):
        ours = layer(case("rnnc", "min_gru", train(100), "bf16"))
        start = "minGRU bf16, forward + backward: at most"
        self.assertIn("no AMX", verdict(result(ours), start))
        self.assertEqual(verdict(result(ours, has=("amx_bf16",)), start),
                         "not met at 1 of 1")

    def test_the_scan_is_held_to_the_bandwidth(self):
        moved = 3 * 4 * 64 * 256 * 384
        start = "scan alone"
        for share, wanted in ((0.95, "met"), (0.85, "not met at 1 of 1")):
            seconds = moved / CEILINGS["bandwidth"] / share
            self.assertEqual(verdict(result(layer(
                case("rnnc", "scan", {"forward": took(seconds)}))), start),
                wanted)

    def test_memory(self):
        ours = case("rnnc", "min_gru", train(1), memory=100)
        for theirs, wanted in ((400, "met"), (399, "not met at 1 of 1")):
            self.assertEqual(verdict(result(layer(ours, case(
                "torch_eager", "min_gru", train(1), variant="log space",
                memory=theirs))), "memory of a training step, minGRU: at most "
                "a quarter"), wanted)

    def test_decoding(self):
        def decode(ours):
            return result({"shape": "1x1x384", "kind": "decode", "cases": [
                case("rnnc", "min_gru", {"step": took(ours)}),
                case("onnx_runtime", "gru", {"step": took(50e-6)})]})
        start = "decode of 3 minGRU layers: at "
        self.assertEqual(verdict(decode(24e-6), start + "most 30"), "met")
        self.assertEqual(verdict(decode(24e-6), start + "least 2"), "met")
        self.assertEqual(verdict(decode(26e-6), start + "least 2"),
                         "not met at 1 of 1")


class Table(unittest.TestCase):
    def test_says_everything(self):
        text = report.table(result(layer(
            case("rnnc", "min_gru", train(0.1), memory=2 ** 20),
            case("torch_eager", "min_gru", train(0.4), variant="log space"),
            case("torch_eager", "gru", {"forward_backward": {
                **took(9, calls=1), "why": "over the cap after one call"}},
                variant="nn.GRU"),
            case("onednn", "gru", {"forward": {"why": "not implemented"}},
                 "bf16", "GRU"))))
        for words in ("no AMX", "JAX is missing: no JAX", "PyTorch, log space",
                      "9000 (one call)", "| PyTorch, log space | 4.00 |",
                      "oneDNN, GRU, bf16", "not implemented", "abc"):
            self.assertIn(words, text)

    def test_numbers(self):
        for value, text in ((0.001234, "0.00123"), (1.234, "1.23"),
                            (12.34, "12.3"), (1234.5, "1234")):
            self.assertEqual(report.number(value), text)

    def test_folders_have_plain_names(self):
        self.assertEqual(report.slug("AMD EPYC(TM) 9R14"), "amd-epyc-tm-9r14")


class Spread(unittest.TestCase):
    def test_median_and_quartiles(self):
        self.assertEqual(measure.spread([3]), {"median": 3, "low": 3, "high": 3,
                                               "calls": 1})
        self.assertEqual(measure.spread([5, 1, 2, 4, 3]),
                         {"median": 3, "low": 2, "high": 4, "calls": 5})


if __name__ == "__main__":
    unittest.main()
