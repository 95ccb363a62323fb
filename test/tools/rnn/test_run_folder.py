"""rnn train --run: what is in the folder, how a run goes on, and what eval,
generate and report make of it."""

import glob
import json
import math
import os
import shutil
import signal
import subprocess
import time
import unittest

from event_file import read_events
from rnn_command import BIN, MODULE, RnnTest, read_safetensors, text_of


def lines_of(path):
    with open(path) as file:
        return [json.loads(line) for line in file]


class RunFolderTest(RnnTest):
    def setUp(self):
        super().setUp()
        self.text = self.write("text.txt", text_of(8000))
        self.run_folder = self.path("runs/one")

    def arguments(self, **changes):
        """`rnn train` into the folder."""
        words = self.train_arguments(self.text, "unused", **changes)
        at = words.index("--out")
        return words[:at] + ["--run", self.run_folder] + words[at + 2:]

    def about(self):
        with open(self.run_folder + "/run.json") as file:
            return json.load(file)

    def file(self, name):
        return os.path.join(self.run_folder, name)


class ContentTest(RunFolderTest):
    def test_folder_describes_itself(self):
        result = self.rnn_json(*self.arguments(steps=24, eval_every=8, seed=9,
                                               lr=0.01))
        self.assertEqual(result["out"], self.file("checkpoint.safetensors"))
        self.assertEqual(
            sorted(os.listdir(self.run_folder)),
            ["best.safetensors", "checkpoint.safetensors", "metrics.jsonl",
             "module.so", "run.json", "samples.jsonl"])
        about = self.about()
        self.assertEqual(about["format"], 1)
        self.assertEqual(about["seed"], 9)
        self.assertEqual(about["options"]["--lr"], 0.01)
        self.assertEqual(about["options"]["--steps"], 24)
        self.assertEqual(about["settings"]["--eval-every"], 8)
        self.assertEqual(about["settings"]["--text"], self.text)
        self.assertEqual(about["data"]["text"]["size"], 8000)
        described = json.loads(self.rnn("inspect", MODULE, "--json")[0])
        self.assertEqual(about["model"]["producer"], described["producer"])
        self.assertEqual(about["model"]["parameters"],
                         sum(math.prod(p["shape"])
                             for p in described["parameters"]))
        session, = about["sessions"]
        self.assertEqual(session["command"][0], BIN)
        self.assertEqual(session["command"][1:3], ["train", MODULE])
        self.assertEqual(session["folder"], os.getcwd())
        self.assertEqual((session["device"], session["threads"]), ("cpu", 1))
        self.assertGreater(len(session["hardware"]), 3)
        self.assertRegex(session["rnn"], r"^\d+\.\d+\.\d+$")
        self.assertRegex(session["started"], r"^\d{4}-\d\d-\d\dT[\d:]{8}Z$")
        self.assertLessEqual(session["started"], session["ended"])
        self.assertEqual((session["from_step"], session["step"],
                          session["end"]), (0, 24, "finished"))
        with open(MODULE, "rb") as ours, open(self.file("module.so"),
                                              "rb") as copy:
            self.assertEqual(ours.read(), copy.read())
        lines = lines_of(self.file("metrics.jsonl"))
        self.assertEqual(sum("loss" in l for l in lines), 24)

    def test_best_is_the_lowest_validation(self):
        # So fast that later steps are worse.
        self.rnn(*self.arguments(steps=40, eval_every=2, lr=5, min_lr=5))
        lines = lines_of(self.file("metrics.jsonl"))
        losses = [l["validation_loss"] for l in lines if "validation_loss" in l]
        best = losses.index(min(losses))
        self.assertLess(best, len(losses) - 1)
        self.assertNotEqual(read_safetensors(self.file("best.safetensors"))[0],
                            read_safetensors(
                                self.file("checkpoint.safetensors"))[0])
        # eval takes the run's module, its best parameters, and its text.
        score = self.rnn_json("eval", self.run_folder, "--time", 16,
                              "--batch", 4)
        self.assertAlmostEqual(score["loss"], min(losses), places=5)
        last = self.rnn_json("eval", self.run_folder, "--time", 16,
                             "--batch", 4, "--parameters",
                             self.file("checkpoint.safetensors"))
        self.assertAlmostEqual(last["loss"], losses[-1], places=5)

    def test_patience_ends_a_run_that_gets_worse(self):
        # So fast that later steps are worse.
        fast = {"steps": 400, "eval_every": 2, "lr": 5, "min_lr": 5}
        result = self.rnn_json(*self.arguments(patience=6, **fast))
        lines = lines_of(self.file("metrics.jsonl"))
        losses = {l["step"]: l["validation_loss"]
                  for l in lines if "validation_loss" in l}
        best = min(losses, key=losses.get)
        self.assertEqual(result["step"], best + 6)
        self.assertEqual(max(losses), best + 6)
        self.assertEqual(sum("validation_loss" in l for l in lines),
                         len(losses))
        # One that was stopped in between ends at the same step.
        whole, self.run_folder = losses, self.path("stopped")
        self.rnn(*self.arguments(patience=6, **{**fast, "steps": best + 3}))
        self.rnn("train", "--resume", self.run_folder, "--steps", 400)
        lines = lines_of(self.file("metrics.jsonl"))
        self.assertEqual(max(l["step"] for l in lines), max(whole))

    def test_patience_needs_a_folder_and_validations(self):
        self.refuses(*self.arguments(patience=6, eval_every=0),
                     says="--eval-every", code=2)
        self.refuses(*self.train_arguments(self.text, self.path("m"),
                                           patience=6, eval_every=2),
                     says="--run", code=2)

    def test_same_bits_as_without_a_folder(self):
        out = self.path("alone")
        self.rnn(*self.train_arguments(self.text, out))
        self.rnn(*self.arguments(sample_every=3, eval_every=2, profile=True))
        self.assertEqual(
            read_safetensors(out)[0],
            read_safetensors(self.file("checkpoint.safetensors"))[0])

    def test_samples(self):
        self.rnn(*self.arguments(steps=10, sample_every=4, prompt="abba ",
                                 sample_tokens=30))
        samples = lines_of(self.file("samples.jsonl"))
        self.assertEqual([s["step"] for s in samples], [4, 8, 10])
        for sample in samples:
            self.assertEqual(sample["prompt"], "abba ")
            self.assertEqual(len(sample["text"]), 30)
            self.assertLessEqual(set(sample["text"]), set("\n abcdef"))
        # The last is what generate writes with the last parameters.
        written = self.rnn_json(
            "generate", self.run_folder, "--parameters",
            self.file("checkpoint.safetensors"), "--prompt", "abba ",
            "--tokens", 30, "--temperature", 0.8, "--seed", 7)
        self.assertEqual(written["text"], samples[-1]["text"])
        self.refuses(*self.train_arguments(self.text, self.path("m"),
                                           sample_every=4),
                     says=["--sample-every", "--run or --tensorboard"], code=2)

    def test_prompt_of_other_characters(self):
        self.refuses(*self.arguments(sample_every=4, prompt="xyz"),
                     says="the prompt")
        self.assertFalse(os.path.exists(self.run_folder))

    def test_profile(self):
        self.rnn(*self.arguments(steps=20, profile=True))
        with open(self.file("profile.json")) as file:
            profile = json.load(file)
        kernels = {k["kernel"]: k for k in profile["kernels"]}
        self.assertEqual(kernels["scan_back"]["launches"], 1)
        product = kernels["product_f32_64x8x8"]
        self.assertEqual(product["operations"],
                         product["launches"] * 2 * 64 * 8 * 8)
        self.assertGreater(product["of_limit"], 0)
        self.assertGreater(profile["limits"]["gb_per_second"], 0)
        self.assertIn("step 11", profile["what"])
        self.refuses(*self.train_arguments(self.text, self.path("m"),
                                           profile=True),
                     says=["--profile", "--run"], code=2)

    def test_tensorboard(self):
        board = self.path("board")
        self.rnn(*self.arguments(steps=6, eval_every=3, tensorboard=board,
                                 sample_every=6))
        path, = glob.glob(board + "/events.out.tfevents.*")
        _, start, series = read_events(path)
        self.assertEqual(start, 0)
        lines = lines_of(self.file("metrics.jsonl"))
        for tag, key in (("loss/training", "loss"),
                         ("loss/validation", "validation_loss"),
                         ("gradient_norm", "gradient_norm")):
            expected = [(l["step"], l[key]) for l in lines if key in l]
            self.assertEqual([s for s, _, _ in series[tag]],
                             [s for s, _ in expected])
            for (_, seconds, value), (_, want) in zip(series[tag], expected):
                self.assertAlmostEqual(value, want, delta=1e-6 * abs(want))
                self.assertLess(abs(seconds - time.time()), 100)
        sample, = lines_of(self.file("samples.jsonl"))
        self.assertEqual(series["sample"][0][2], sample["text"])
        # A run that goes on begins a file that replaces what comes after.
        self.rnn("train", "--resume", self.run_folder, "--steps", 8)
        paths = sorted(glob.glob(board + "/events.*"), key=os.path.getmtime)
        _, start, series = read_events(paths[-1])
        self.assertEqual(start, 7)
        self.assertEqual([s for s, _, _ in series["loss/training"]], [7, 8])

    def test_report(self):
        self.rnn(*self.arguments(steps=40, eval_every=10, sample_every=20,
                                 profile=True))
        out = self.path("report.html")
        self.rnn("report", self.run_folder, "--out", out)
        with open(out, encoding="utf-8") as file:
            page = file.read()
        for words in ("<h1>one</h1>", "scan_back", "Samples",
                      self.about()["sessions"][0]["hardware"]):
            self.assertIn(words, page)


class ResumeTest(RunFolderTest):
    def test_goes_on_with_the_same_bits(self):
        self.rnn(*self.arguments(steps=20, eval_every=6, save_every=5,
                                 sample_every=7))
        whole, first = self.run_folder, self.path("runs/two")
        self.run_folder = first
        self.rnn(*self.arguments(steps=11, eval_every=6, save_every=5,
                                 sample_every=7))
        # Nothing but the folder is needed, wherever it was moved to.
        moved = self.path("moved")
        os.rename(first, moved)
        self.rnn("train", "--resume", moved + "/", "--steps", 20, cwd="/")
        numbers = lambda path: [
            {key: value for key, value in line.items()
             if key not in ("elapsed", "tokens_per_second")}
            for line in lines_of(path + "/metrics.jsonl")]
        # The schedule ends elsewhere, so the learning rate is another.
        self.assertEqual([l["step"] for l in numbers(moved) if "loss" in l],
                         list(range(1, 21)))
        self.assertEqual([l["step"] for l in numbers(moved)
                          if "validation_loss" in l], [6, 11, 12, 18, 20])
        self.assertEqual([s["step"] for s in lines_of(moved + "/samples.jsonl")],
                         [7, 11, 14, 20])
        with open(moved + "/run.json") as file:
            sessions = json.load(file)["sessions"]
        self.assertEqual([(s["from_step"], s["step"]) for s in sessions],
                         [(0, 11), (11, 20)])
        self.assertEqual(len(numbers(whole)), 24)

    def test_interrupted_run_ends_as_one_that_was_not(self):
        options = dict(steps=400, batch=8, time=64, eval_every=50)
        self.rnn(*self.arguments(**options))
        whole, self.run_folder = self.run_folder, self.path("runs/cut")
        child = subprocess.Popen([BIN, *map(str, self.arguments(**options))],
                                 stderr=subprocess.PIPE,
                                 stdout=subprocess.DEVNULL)
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if (os.path.exists(self.file("metrics.jsonl")) and
                    os.path.getsize(self.file("metrics.jsonl")) > 2000):
                break
            time.sleep(0.005)
        child.send_signal(signal.SIGINT)
        _, err = child.communicate(timeout=60)
        self.assertEqual(child.returncode, 130, err)
        self.assertIn(f"rnn train --resume {self.run_folder}", err.decode())
        self.assertEqual(self.about()["sessions"][0]["end"], "interrupted")
        self.rnn("train", "--resume", self.run_folder)
        for name in ("checkpoint.safetensors", "best.safetensors"):
            self.assertEqual(read_safetensors(f"{whole}/{name}")[0],
                             read_safetensors(self.file(name))[0], name)
        self.assertEqual([s["end"] for s in self.about()["sessions"]],
                         ["interrupted", "finished"])

    def test_the_same_command_again_with_resume(self):
        self.rnn(*self.arguments(steps=6), "--resume")
        self.rnn(*self.arguments(steps=9), "--resume")
        self.assertEqual([s["step"] for s in self.about()["sessions"]], [6, 9])

    def test_killed_before_the_first_checkpoint(self):
        self.rnn(*self.arguments(steps=6, lr=0.01))
        os.remove(self.file("checkpoint.safetensors"))
        _, err = self.rnn("train", "--resume", self.run_folder)
        self.assertIn("begins anew", err)
        self.assertEqual(len([l for l in lines_of(self.file("metrics.jsonl"))
                              if "loss" in l]), 6)
        self.assertEqual(self.about()["options"]["--lr"], 0.01)

    def test_failed_run_says_so(self):
        self.refuses(*self.arguments(steps=3000, lr=9e5, warmup=0, clip=0),
                     says="at step")
        self.assertRegex(self.about()["sessions"][0]["end"],
                         "^failed: .*at step")


class RefusalTest(RunFolderTest):
    def setUp(self):
        super().setUp()
        self.rnn(*self.arguments(steps=3))

    def test_folder_that_has_a_run(self):
        self.refuses(*self.arguments(),
                     says=["there is a run in", "rnn train --resume"])
        self.refuses("train", self.run_folder,
                     says=["is a folder", "rnn train --resume"])

    def test_folder_that_has_something_else(self):
        self.run_folder = self.path("mine")
        os.mkdir(self.run_folder)
        self.write("mine/letter.txt", "dear")
        self.refuses(*self.arguments(), says=["holds no run", "empty"])
        self.run_folder = self.write("file", "x")
        self.refuses(*self.arguments(), says="file")

    def test_what_is_no_run(self):
        folder = self.path("empty")
        os.mkdir(folder)
        for verb in (["train", "--resume"], ["eval"], ["generate"]):
            self.refuses(*verb, folder, says=["is not a run", "run.json"])

    def test_moved_text(self):
        moved = self.path("elsewhere.txt")
        os.rename(self.text, moved)
        self.refuses("train", "--resume", self.run_folder,
                     says=[self.text, "--text"])
        self.rnn("train", "--resume", self.run_folder, "--text", moved,
                 "--steps", 5)
        self.assertEqual(self.about()["settings"]["--text"], moved)
        other = self.write("other.txt", text_of(8000, seed=5))
        self.refuses("train", "--resume", self.run_folder, "--text", other,
                     "--steps", 7, says="is not the text of the run")

    def test_other_options(self):
        self.refuses("train", "--resume", self.run_folder, "--batch", 5,
                     says=["--batch 5 differs from 4", "leave the option out"])
        self.refuses("train", "--resume", self.run_folder, "--out", "x",
                     says=["goes on where it is", "--out"])
        self.refuses("train", MODULE, "--run", "a", "--out", "b", code=2,
                     says="--out")
        self.refuses("train", MODULE, "--text", self.text, code=2,
                     says="--run or --out")

    def test_other_module(self):
        other = self.fixture("FIXTURE_F64")
        words = self.arguments()
        words[words.index(MODULE)] = other
        self.refuses(*words, "--resume", says="is not the module of the run")

    def test_versions_and_damage(self):
        about = self.about()
        for change, says in (({"format": 2}, ["format 2", "knows format 1"]),
                             ({"options": 3}, ["damaged", "options"])):
            with open(self.file("run.json"), "w") as file:
                json.dump({**about, **change}, file)
            for verb in (["train", "--resume"], ["eval"]):
                self.refuses(*verb, self.run_folder, says=says)
        with open(self.file("run.json"), "w") as file:
            file.write('{"format"')
        self.refuses("train", "--resume", self.run_folder, says="damaged")
        shutil.rmtree(self.run_folder)
        self.refuses("eval", self.run_folder, says="runs/one")


if __name__ == "__main__":
    unittest.main()
