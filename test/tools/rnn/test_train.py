"""rnn train: what it writes, how it resumes, how it is stopped."""

import json
import os
import random
import re
import resource
import signal
import subprocess
import time
import unittest

from rnn_command import BIN, MODULE, RnnTest, read_safetensors, text_of


def lines_of(path):
    with open(path) as file:
        return [json.loads(line) for line in file]


def numbers_of(path):
    """What a log says about the run, without the times."""
    keys = ("step", "loss", "learning_rate", "gradient_norm", "validation_loss")
    return [[line.get(key) for key in keys] for line in lines_of(path)]


class TrainTest(RnnTest):
    def test_happy_path(self):
        text = self.write("text.txt", text_of(4000))
        out, log = self.path("m.safetensors"), self.path("log.jsonl")
        arguments = self.train_arguments(
            text, out, log=log, steps=200, warmup=10, eval_every=80, lr=0.02
        )
        result = self.rnn_json(*arguments)
        self.assertEqual(result["step"], 200)
        self.assertFalse(result["interrupted"])
        self.assertEqual(result["predictions"], 399)
        lines = lines_of(log)
        losses = [l["loss"] for l in lines if "loss" in l]
        self.assertEqual(len(losses), 200)
        self.assertLess(sum(losses[-10:]), 0.8 * sum(losses[:10]))
        for key in ("step", "learning_rate", "gradient_norm",
                    "tokens_per_second", "elapsed"):
            self.assertIn(key, lines[0])
        validations = [l["step"] for l in lines if "validation_loss" in l]
        self.assertEqual(validations, [80, 160, 200])
        self.assertEqual(lines[-1]["validation_loss"],
                         result["validation_loss"])
        _, metadata = read_safetensors(out)
        tokenizer = json.loads(metadata["tokenizer"])
        self.assertEqual(tokenizer["characters"], list("\n abcdef"))

    def test_words_and_no_bar_outside_a_terminal(self):
        text = self.write("text.txt", text_of(4000))
        out, err = self.rnn(*self.train_arguments(text, self.path("m")))
        self.assertRegex(out, r"^validation loss \d+\.\d+")
        self.assertNotIn("\x1b", err + out)
        self.assertNotIn("tokens/s", err)

    def test_bar_on_a_terminal(self):
        text = self.write("text.txt", text_of(4000))
        arguments = self.train_arguments(text, self.path("m"))
        ours, theirs = os.openpty()
        subprocess.run([BIN, *map(str, arguments)], stderr=theirs, check=True,
                       stdout=subprocess.DEVNULL,
                       env={**os.environ, "TERM": "xterm", "NO_COLOR": "1"})
        os.close(theirs)
        shown = os.read(ours, 1 << 16).decode()
        os.close(ours)
        self.assertRegex(
            shown, r"\[=* *\] step \d+/12  loss .* tokens/s  .*left")
        self.assertNotIn("\x1b[31m", shown)

    def test_seed_threads_and_accumulation(self):
        text = self.write("text.txt", text_of(4000))
        files = {}
        for name, changes in {
            "one": {}, "again": {}, "threads": {"threads": 2},
            "other": {"seed": 8}, "accumulated": {"batch": 2, "accumulate": 2},
        }.items():
            out = self.path(name)
            self.rnn(*self.train_arguments(text, out, **changes))
            files[name] = read_safetensors(out)[0]
        self.assertEqual(files["one"], files["again"])
        self.assertEqual(files["one"], files["threads"])
        self.assertNotEqual(files["one"], files["other"])
        self.assertNotEqual(files["one"], files["accumulated"])

    def test_minutes_end_the_run(self):
        text = self.write("text.txt", text_of(4000))
        start = time.monotonic()
        result = self.rnn_json(*self.train_arguments(
            text, self.path("m"), steps=None, minutes=0.02,
            log=self.path("log")))
        self.assertLess(time.monotonic() - start, 10)
        rates = [l["learning_rate"] for l in lines_of(self.path("log"))
                 if "learning_rate" in l]
        self.assertEqual(len(rates), result["step"])
        self.assertLess(rates[-1], 0.5 * max(rates))

    def test_frozen_parameters_stay(self):
        text = self.write("text.txt", text_of(4000))
        start, out = self.path("start"), self.path("out")
        self.rnn("run", MODULE, "--seed", 7, "--write-parameters", start)
        before, _ = read_safetensors(start)
        frozen, *others = sorted(before)
        self.rnn(*self.train_arguments(text, out, freeze=frozen))
        after, _ = read_safetensors(out)
        self.assertEqual(before[frozen], after[frozen])
        for name in others:
            self.assertNotEqual(before[name], after[name], name)
        self.refuses(*self.train_arguments(text, out, freeze="nothing.*"),
                     says="nothing.*")

    def test_carried_state(self):
        # 539 predictions in 4 streams of 134: 8 windows, then all begin anew.
        text = self.write("text.txt", text_of(600))
        files = []
        for carry in (True, True, False):
            out = self.path("m")
            self.rnn(*self.train_arguments(text, out, carry_state=carry,
                                           steps=20))
            files.append(read_safetensors(out)[0])
        self.assertEqual(files[0], files[1])
        self.assertNotEqual(files[0], files[2])


class ResumeTest(RnnTest):
    def setUp(self):
        super().setUp()
        self.text = self.write("text.txt", text_of(20000))
        self.out, self.log = self.path("m"), self.path("log")

    def arguments(self, **changes):
        options = {"steps": 300, "batch": 8, "time": 64, "log": self.log}
        options.update(changes)
        return self.train_arguments(self.text, self.out, **options)

    def start(self, **changes):
        return subprocess.Popen([BIN, *map(str, self.arguments(**changes))],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def steps_in_log(self):
        if not os.path.exists(self.log):
            return 0
        with open(self.log, "rb") as file:
            return file.read().count(b"\n")

    def uninterrupted(self, **changes):
        self.rnn(*self.arguments(**changes))
        with open(self.out, "rb") as file:
            expected = file.read()
        numbers = numbers_of(self.log)
        os.remove(self.out)
        os.remove(self.log)
        return expected, numbers

    def same(self, expected):
        with open(self.out, "rb") as file:
            self.assertEqual(file.read(), expected[0])
        self.assertEqual(numbers_of(self.log), expected[1])

    def interrupt(self, number, **changes):
        before = self.steps_in_log()
        process = self.start(**changes)
        while process.poll() is None and self.steps_in_log() < before + 5:
            time.sleep(0.002)
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, err)
        self.assertIn(b"--resume", err)

    def test_interrupt_saves_and_resumes_to_the_same_bits(self):
        for changes in ({}, {"carry_state": True}):
            expected = self.uninterrupted(**changes)
            self.interrupt(signal.SIGINT, **changes)
            self.interrupt(signal.SIGTERM, resume=True, **changes)
            self.rnn(*self.arguments(resume=True, **changes))
            self.same(expected)
            os.remove(self.out)
            os.remove(self.log)

    def test_kill_at_random_and_resume_to_the_same_bits(self):
        changes = {"save_every": 3, "steps": 120, "eval_every": 50}
        expected = self.uninterrupted(**changes)
        moments = random.Random(5)
        for _ in range(12):
            process = self.start(resume=True, **changes)
            time.sleep(moments.uniform(0.005, 0.15))
            process.kill()
            process.communicate()
            if os.path.exists(self.out):
                self.rnn("inspect", self.out)
        self.rnn(*self.arguments(resume=True, **changes))
        self.same(expected)

    def test_resume_after_a_kill_before_the_last_validation(self):
        expected = self.uninterrupted()
        self.rnn(*self.arguments())
        with open(self.log) as file:
            lines = file.readlines()
        self.assertIn("validation_loss", lines[-1])
        with open(self.log, "w") as file:
            file.writelines(lines[:-1])
        self.rnn(*self.arguments(resume=True))
        self.same(expected)

    def test_resume_takes_the_options_of_the_run(self):
        expected = self.uninterrupted()
        self.interrupt(signal.SIGINT)
        self.rnn("train", MODULE, "--text", self.text, "--out", self.out,
                 "--log", self.log, "--resume")
        self.same(expected)

    def test_resume_refuses_another_run(self):
        self.rnn(*self.arguments(steps=5))
        for name, value in {"batch": 4, "time": 32, "lr": 0.5, "seed": 9,
                            "weight_decay": 0.3, "accumulate": 2,
                            "carry_state": True, "tokenizer": "bytes"}.items():
            self.refuses(
                *self.arguments(**{"steps": 9, "resume": True, name: value}),
                says=["--" + name.replace("_", "-"), "differs"])
        other = self.write("other.txt", text_of(20000, seed=2))
        self.text = other
        self.refuses(*self.arguments(steps=9, resume=True), says="other.txt")

    def test_resume_for_more_steps(self):
        self.rnn(*self.arguments(steps=5))
        result = self.rnn_json(*self.arguments(steps=9, resume=True))
        self.assertEqual(result["step"], 9)
        self.assertEqual([l[0] for l in numbers_of(self.log) if l[1]],
                         list(range(1, 10)))

    def test_resume_of_a_finished_run_changes_nothing(self):
        expected = self.uninterrupted(steps=5)
        self.rnn(*self.arguments(steps=5))
        self.rnn(*self.arguments(steps=5, resume=True))
        self.same(expected)

    def test_resume_of_parameters_without_a_run(self):
        self.rnn("run", MODULE, "--write-parameters", self.out)
        self.refuses(*self.arguments(resume=True), says="no run to resume")

    def test_resume_without_a_checkpoint_begins_anew(self):
        _, err = self.rnn(*self.arguments(steps=3, resume=True))
        self.assertIn("begins anew", err)


class TrainFailureTest(RnnTest):
    def refuses_text(self, content, says, **changes):
        text = self.write("text.txt", content)
        out = self.path("m")
        line = self.refuses(*self.train_arguments(text, out, **changes),
                            says=says)
        self.assertFalse(os.path.exists(out))
        return line

    def test_texts(self):
        self.refuses_text("", "is empty")
        self.refuses_text("a", "too few")
        self.refuses_text(text_of(10), "too few")
        self.refuses_text(text_of(100), "too few", time=90)
        self.refuses_text(text_of(100), "streams", carry_state=True, batch=64)
        self.refuses_text(text_of(10), "validation part", time=4)
        self.refuses_text(b"abc\xff" * 100, ["not UTF-8", "0xff",
                                             "position 3"])

    def test_tokens_outside_the_vocabulary(self):
        many = "".join(chr(0x4E00 + i) for i in range(300)) * 10
        self.refuses_text(many, "300 different characters")
        entries = self.rnn_json("inspect", MODULE)["entries"]
        bound = min(i.get("bound", 256) for e in entries for i in e["inputs"])
        if bound < 256:
            content = b"\1" * 500 + b"\xc8" + b"\1" * 500
            self.refuses_text(content, ["token 200 at position 500",
                                        str(bound)], tokenizer="bytes")

    def test_files_that_are_no_text(self):
        out = self.path("m")
        os.mkfifo(self.path("fifo"))
        self.refuses(*self.train_arguments(self.path("fifo"), out),
                     says="not a regular file")
        self.refuses(*self.train_arguments(self.folder, out), says="directory")
        self.refuses(*self.train_arguments(self.path("none"), out),
                     says="No such file")

    def test_objectives_that_take_no_text(self):
        text = self.write("text.txt", text_of(4000))
        arguments = self.train_arguments(text, self.path("m"))
        arguments[1] = self.fixture("FIXTURE_REGRESSION")
        self.refuses(*arguments, says=["several objectives", "next_token"])
        self.refuses(*arguments, "--objective", "regression",
                     says=["two inputs i32 [batch, time]", "x: f32"])
        self.refuses(*arguments, "--objective", "nothing", says="nothing")
        self.rnn(*arguments, "--objective", "next_token")

    def test_places_that_cannot_be_written(self):
        text = self.write("text.txt", text_of(4000))
        for out in ("/proc/m.safetensors", self.path("none/m"), self.folder,
                    "/dev/full"):
            self.refuses(*self.train_arguments(text, out), says="cannot")
        if os.geteuid() != 0:
            os.mkdir(self.path("locked"), 0o555)
            self.refuses(*self.train_arguments(text, self.path("locked/m")),
                         says="Permission denied")

    def test_full_disk_under_the_log(self):
        text = self.write("text.txt", text_of(4000))
        line = self.refuses(
            *self.train_arguments(text, self.path("m"), log="/dev/full"),
            says=["cannot write the log", "No space left"])
        self.assertIn("/dev/full", line)
        self.rnn("inspect", self.path("m"))

    def test_full_disk_under_the_checkpoint(self):
        disk = self.path("disk")
        os.mkdir(disk)
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "none",
                           disk], stderr=subprocess.DEVNULL).returncode:
            self.skipTest("a small disk cannot be mounted here")
        try:
            text = self.write("text.txt", text_of(4000))
            out = os.path.join(disk, "m")
            self.rnn(*self.train_arguments(text, out))
            with open(out, "rb") as file:
                before = file.read()
            with open(os.path.join(disk, "filler"), "wb") as file:
                try:
                    file.write(b"x" * 16384)
                    file.flush()
                except OSError:
                    pass
            self.refuses(*self.train_arguments(text, out, seed=9),
                         says=[out, "No space left"])
            with open(out, "rb") as file:
                self.assertEqual(file.read(), before)
            self.assertEqual(sorted(os.listdir(disk)), ["filler", "m"])
        finally:
            subprocess.run(["umount", disk], check=True)

    def test_loss_that_is_not_finite(self):
        text, out = self.write("text.txt", text_of(4000)), self.path("m")
        line = self.refuses(
            *self.train_arguments(text, out, steps=3000, lr=9e5, warmup=0,
                                  clip=0, weight_decay=1), says="the loss is")
        self.assertRegex(line, r"at step \d+")
        _, metadata = read_safetensors(out)
        self.assertNotIn("nan", json.dumps(metadata).lower())

    def test_memory_that_is_not_there(self):
        with open(BIN, "rb") as file:
            if b"__asan_init" in file.read():
                self.skipTest("the address sanitizer itself needs more")
        text = self.write("text.txt", text_of(4000))
        limit = 2**29
        self.refuses(
            *self.train_arguments(text, self.path("m"), batch=2000, time=1000),
            says="out of memory; try a smaller --batch", preexec_fn=lambda:
            resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))

    def test_folder_that_goes_away(self):
        text = self.write("text.txt", text_of(4000))
        os.mkdir(self.path("gone"))
        log = self.path("log")
        process = subprocess.Popen(
            [BIN, *map(str, self.train_arguments(
                text, self.path("gone/m"), steps=10**6, save_every=20000,
                log=log))], stderr=subprocess.PIPE)
        while not (os.path.exists(log) and os.path.getsize(log)):
            time.sleep(0.002)
        os.rmdir(self.path("gone"))
        _, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 1)
        self.assertRegex(err.decode(), r"rnn: error: .*gone/m.*No such file")

    def test_options_without_sense(self):
        text = self.write("text.txt", text_of(4000))
        for changes in ({"lr": "nan"}, {"lr": -1}, {"beta1": 1.5},
                        {"clip": -1}, {"weight_decay": "inf"}):
            error = self.refuses(
                *self.train_arguments(text, self.path("m"), **changes),
                says="")
            self.assertTrue(re.search(r"rate|beta|clip|decay|finite", error),
                            error)


if __name__ == "__main__":
    unittest.main()
