"""The processes that are measured: ours agrees with the references, and what
fails, ends or hangs is told."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from types import SimpleNamespace

BENCH = Path(__file__).resolve().parents[2] / "bench"
sys.path.insert(0, str(BENCH))
os.environ.setdefault("BENCH_THREADS", "2")
from processes import Ended, Process, SystemProcess, TooSlow  # noqa: E402
import turns  # noqa: E402

CORES = os.sched_getaffinity(0)


class Ours(unittest.TestCase):
    def setUp(self):
        self.process = SystemProcess("rnnc", CORES, {}, subprocess.DEVNULL)
        self.addCleanup(self.process.end)
        self.process.load(120)
        self.assertEqual(self.process.why, "")

    def test_agrees_and_is_timed(self):
        for number, case in enumerate(self.process.cases):
            kind = "decode" if case["ops"] == ["step"] else "shape"
            for shape in ("2x9x24", "2x9x5x16"):
                if kind == "decode" and shape != "2x9x24":
                    continue
                with self.subTest(cell=case["cell"], shape=shape,
                                  precision=case["precision"]):
                    self.check(number, case, shape, kind)

    def check(self, number, case, shape, kind):
        one = turns.Turns(self.process, number, shape, tuple(case["ops"]))
        one.check(shape, 120)
        self.assertEqual(one.why, {})
        self.assertIn("y", one.errors)
        for op in case["ops"]:
            reply = self.process.do(120, do="run", case=number, shape=shape,
                                    op=op)
            self.assertGreater(reply["seconds"], 0)
        if kind == "shape":
            memory = self.process.do(120, do="memory", case=number, shape=shape)
            self.assertGreater(memory["bytes"], 0)
            self.assertGreater(memory["workspace"], 0)

    def test_what_is_wrong_is_not_timed(self):
        one = turns.Turns(self.process, 0, "2x9x24", ("forward",))
        turns.CHECKS["rnnc", 0, "wrong"] = {"y": 0.5}, ""
        self.addCleanup(turns.CHECKS.clear)
        one.check("wrong", 120)
        self.assertIn("wrong: y is off by 0.5", one.why["forward"])

    def test_a_failure_is_one_line(self):
        with self.assertRaisesRegex(RuntimeError, "no shape"):
            self.process.do(120, do="run", case=0, shape="nonsense",
                            op="forward")


class Scripted:
    """A process whose calls take what a list says; None: too slow."""

    def __init__(self, name="torch_eager", **seconds):
        self.name, self.seconds, self.asked = name, seconds, []
        self.cases = [{"cell": "gru", "variant": "v", "precision": "f32",
                       "ops": ["forward", "forward_backward"], "why": ""}]

    def do(self, limit, do, op=None, **_):
        self.asked.append(op or do)
        if do == "memory":
            return {"bytes": 5}
        taken = self.seconds[op].pop(0)
        if taken is None:
            raise TooSlow(f"no answer after {limit} s")
        return {"seconds": taken}


class Taking(unittest.TestCase):
    OPTIONS = SimpleNamespace(rounds=3, cap=2, limit=60)

    def measure(self, process):
        one = turns.Turns(process, 0, "2x3x4", ("forward", "forward_backward"))
        for _ in range(5):
            for op in one.times:
                one.turn(op, self.OPTIONS)
        return one.result(one.memory(self.OPTIONS))

    def test_the_first_call_does_not_count(self):
        found = self.measure(Scripted(forward=[1.9, .1, .2, .3],
                                      forward_backward=[1, .4, .4, .4]))
        self.assertEqual(found["ops"]["forward"]["median"], .2)
        self.assertEqual(found["ops"]["forward"]["calls"], 3)
        self.assertEqual(found["memory"], {"bytes": 5})

    def test_calls_end_with_the_cap(self):
        found = self.measure(Scripted(forward=[1, 1.5, 1.5],
                                      forward_backward=[1, .4, .4, .4]))
        self.assertEqual(found["ops"]["forward"]["calls"], 2)

    def test_one_call_over_the_cap_is_told(self):
        process = Scripted(forward=[5, 4], forward_backward=[7])
        found = self.measure(process)
        self.assertEqual(found["ops"]["forward"]["median"], 4)
        self.assertEqual(found["ops"]["forward_backward"]["median"], 7)
        self.assertIn("one call of 7.0 s",
                      found["ops"]["forward_backward"]["why"])
        self.assertEqual(process.asked, ["forward", "forward_backward",
                                         "forward"])
        self.assertEqual(found["memory"], {})

    def test_compiling_is_not_slow(self):
        found = self.measure(Scripted("jax_scan", forward=[50, .1, .1, .1],
                                      forward_backward=[70, .2, .2, .2]))
        self.assertEqual(found["ops"]["forward_backward"]["median"], .2)

    def test_backward_is_not_waited_for_where_forward_is_slow(self):
        process = Scripted(forward=[6.5], forward_backward=[])
        found = self.measure(process)["ops"]["forward_backward"]
        self.assertEqual(found["more_than"], 6.5)
        self.assertIn("forward alone", found["why"])

    def test_what_is_too_slow_has_a_bound(self):
        found = self.measure(Scripted(forward=[None], forward_backward=[None]))
        self.assertEqual(found["ops"]["forward"]["more_than"], 60)


class Processes(unittest.TestCase):
    def of(self, script):
        process = Process([sys.executable, "-c", script], CORES, {},
                          subprocess.DEVNULL)
        self.addCleanup(process.end)
        return process

    def test_answers(self):
        process = self.of("while True: print(input()[::-1], flush=True)")
        self.assertEqual(process.ask("]2 ,1[", 60), [1, 2])

    def test_one_that_hangs_is_ended_and_begins_anew(self):
        process = self.of("import time\n"
                          "while True: time.sleep(60 * int(input())); "
                          "print(1, flush=True)")
        with self.assertRaisesRegex(TooSlow, "no answer after 1 s"):
            process.ask("1", 1)
        self.assertEqual(process.ask("0", 60), 1)

    def test_a_cache_that_may_be_half_written_goes(self):
        process = self.of("import time; print(input(), flush=True); "
                          "input(); time.sleep(60)")
        with tempfile.TemporaryDirectory() as folder:
            process.cache = Path(folder, "cache")
            process.cache.mkdir()
            process.ask("1", 60)
            self.assertTrue(process.cache.exists())
            with self.assertRaises(TooSlow):
                process.ask("2", 1)
            self.assertFalse(process.cache.exists())

    def test_one_that_ends_says_so(self):
        with self.assertRaisesRegex(Ended, "status 3"):
            self.of("input(); raise SystemExit(3)").ask("x", 60)

    def test_a_missing_system_says_why(self):
        process = SystemProcess("nobody", CORES, {}, subprocess.DEVNULL)
        self.addCleanup(process.end)
        process.load(60)
        self.assertIn("nobody", process.why)


class CommandLine(unittest.TestCase):
    def refuses(self, *arguments, says):
        done = subprocess.run([sys.executable, str(BENCH / "run.py"),
                               *arguments], capture_output=True, text=True)
        self.assertEqual(done.returncode, 2)
        self.assertIn(says, done.stderr)

    def test_mistakes(self):
        self.refuses("--only", "64x256", says="expected BATCHxTIMExFEATURES")
        self.refuses("--threads", "100000", says="CPUs here")


class Ceilings(unittest.TestCase):
    def test_compiles_with_and_without_amx(self):
        for march in ("x86-64-v3", "sapphirerapids"):
            subprocess.run(["cc", "-fsyntax-only", "-Wall", "-Wextra",
                            "-Werror", f"-march={march}",
                            str(BENCH / "ceilings.c")], check=True)


if __name__ == "__main__":
    unittest.main()
