"""rnn data, and training and measuring on tasks and on sequences from files."""

import json
import os
import unittest

import numpy as np
from rnn_command import MODULE, RnnTest, read_safetensors, text_of

ANSWERS = os.path.join(os.path.dirname(MODULE), "answers.so")
REGRESSION = os.path.join(os.path.dirname(MODULE), "regression.so")
TASKS = ["selective-copying", "adding", "parity", "even-pairs",
         "cycle-navigation", "modular-arithmetic", "reverse-string",
         "stack-manipulation", "missing-duplicate", "bucket-sort", "majority",
         "majority-count", "listops"]


class MakeTest(RnnTest):
    def test_list(self):
        out, _ = self.rnn("data", "list")
        tasks = self.rnn_json("data", "list")["tasks"]
        self.assertEqual([task["name"] for task in tasks], TASKS)
        for task in tasks:
            self.assertIn("\n" + task["name"] + "\n", "\n" + out)
            self.assertRegex(task["source"], r"\d{4}\.\d{5}")
        self.assertEqual(tasks[0]["parameters"][0]["default"], 16)

    def test_every_task_is_made(self):
        for task in TASKS:
            folder = self.path(task)
            result = self.rnn_json("data", "make", task, "--length", "16..24",
                                   "--count", 20, "--out", folder)
            self.assertEqual(result["sequences"], 20)
            arrays = {f["name"]: np.load(f["file"]) for f in result["files"]}
            self.assertEqual(set(arrays),
                             {"inputs", "targets", "mask", "lengths"})
            time = arrays["lengths"].max()
            for name in ("inputs", "targets", "mask"):
                self.assertEqual(arrays[name].shape[:2], (20, time))
            # Nothing counts behind a sequence's end.
            valid = np.arange(time) < arrays["lengths"][:, None]
            self.assertFalse((arrays["mask"] & ~valid).any())
            self.assertTrue(arrays["mask"].any(1).all())
            self.assertFalse(arrays["inputs"][~valid].any())

    def test_text_and_files_agree(self):
        arguments = ["data", "make", "reverse-string:symbols=9", "--length", 5,
                     "--count", 3, "--seed", 4]
        folder = self.path("made")
        out, _ = self.rnn(*arguments, "--out", folder, "--print")
        lines = out.splitlines()[:3]
        inputs = np.load(folder + "/inputs.npy")
        targets = np.load(folder + "/targets.npy")
        for line, read, answers in zip(lines, inputs, targets, strict=True):
            left, right = line.split(" -> ")
            self.assertEqual(left.split()[:5], [str(x) for x in read[:5]])
            self.assertEqual(left.split()[5:], ["?"] * 5)
            self.assertEqual(right.split(), [str(x) for x in answers[5:]])
            self.assertEqual(right.split(), left.split()[4::-1])
        self.assertEqual(self.rnn(*arguments, "--print")[0].splitlines(), lines)
        for other in (["--seed", 5], ["--validation"]):
            self.assertNotEqual(
                self.rnn(*arguments[:-2], *other, "--print")[0], out)

    def test_csv(self):
        for form in ("npy", "csv"):
            self.rnn("data", "make", "parity", "--length", "3..9", "--count",
                     10, "--format", form, "--out", self.path(form))
        for name in ("inputs", "targets", "mask", "lengths"):
            table = np.loadtxt(self.path(f"csv/{name}.csv"), delimiter=",")
            np.testing.assert_array_equal(
                table, np.load(self.path(f"npy/{name}.npy")))
        self.refuses("data", "make", "adding", "--length", 9, "--format",
                     "csv", "--out", self.path("a"), says="table")

    def test_mistakes(self):
        def refused(*arguments, says, code=1):
            self.refuses("data", "make", *arguments, "--print", says=says,
                         code=code)
        refused("parityy", "--length", 5, says=["no task", "bucket-sort"])
        refused("parity:x=1", "--length", 5, says="no parameter 'x'")
        refused("majority:symbols=1", "--length", 5, says="from 2 to 4096")
        refused("selective-copying", "--length", 15, says="needs sequences of "
                "16 or more, not of 15")
        refused("parity", "--length", "9..3", says="not '9..3'")
        refused("listops", "--length", 3, says="expressions")
        refused("parity", says="--length", code=2)
        refused("parity", "--length", 5, "--count", 0, says="count", code=2)
        self.refuses("data", "make", "parity", "--length", 5, says="--print",
                     code=2)
        self.refuses("data", says="subcommand", code=2)
        self.refuses("data", "make", "parity", "--length", 5, "--out",
                     "/proc/x", says="cannot make the folder")


class TaskTest(RnnTest):
    def arguments(self, out="m", **changes):
        options = {"task": "parity", "length": "2..6", "steps": 12, "batch": 8,
                   "seed": 7, "threads": 1, "eval_count": 50}
        options.update(changes)
        arguments = ["train", ANSWERS, "--out", self.path(out)]
        for name, value in options.items():
            if value is None:
                continue
            arguments.append("--" + name.replace("_", "-"))
            if value is not True:
                arguments.append(value)
        return arguments

    def test_learns_and_tells(self):
        log = self.path("log")
        arguments = self.arguments(task="even-pairs", length=2, steps=300,
                                   lr=0.03, eval_every=100, log=log)
        out, err = self.rnn(*arguments)
        self.assertRegex(
            out, r"^validation loss \d\.\d+, accuracy 1\.0000, of whole "
            r"sequences 1\.0000 \(50 predictions in 50 sequences\)\n$")
        self.assertRegex(err, r"step 100: validation loss .* accuracy")
        with open(log) as file:
            lines = [json.loads(line) for line in file]
        self.assertEqual(lines[-1]["validation_accuracy"], 1)
        result = self.rnn_json("eval", ANSWERS, "--parameters", self.path("m"),
                               "--task", "even-pairs", "--length", 2,
                               "--count", 50)
        self.assertEqual(result["accuracy"], 1)
        self.assertAlmostEqual(result["loss"], lines[-1]["validation_loss"], 6)

    def test_resumes_to_the_same_bits(self):
        for changes in ({}, {"accumulate": 2}):
            self.rnn(*self.arguments("whole", **changes))
            self.rnn(*self.arguments("parts", steps=5, **changes))
            # The task comes from the checkpoint.
            self.rnn("train", ANSWERS, "--out", self.path("parts"),
                     "--resume", "--steps", 12, "--threads", 1)
            with open(self.path("whole"), "rb") as whole, \
                    open(self.path("parts"), "rb") as parts:
                self.assertEqual(whole.read(), parts.read())

    def test_resume_refuses_another_task(self):
        self.rnn(*self.arguments())
        for changes in ({"task": "majority:symbols=3"}, {"length": "2..7"},
                        {"eval_count": 40}):
            option = "--" + next(iter(changes)).replace("_", "-")
            self.refuses(*self.arguments(resume=True, **changes),
                         says=[option, "differs"])

    def test_files_measure_as_the_stream_does(self):
        folder = self.path("made")
        self.rnn("data", "make", "parity", "--length", "2..6", "--count", 40,
                 "--validation", "--out", folder)
        self.rnn(*self.arguments())
        measured = [self.rnn_json("eval", ANSWERS, "--parameters",
                                  self.path("m"), *arguments)
                    for arguments in (
                        ("--task", "parity", "--length", "2..6", "--count", 40),
                        ("--data", folder, "--split", "all"))]
        for key in ("loss", "accuracy", "sequence_accuracy"):
            self.assertAlmostEqual(measured[0][key], measured[1][key], 6)
        self.assertEqual(measured[1]["sequences"], 40)

    def test_score_against_run(self):
        """Loss and accuracy by hand, from the logits of `rnn run`."""
        self.rnn(*self.arguments(steps=30))
        folder, out = self.path("made"), self.path("out")
        self.rnn("data", "make", "reverse-string:symbols=4", "--length",
                 "2..6", "--count", 30, "--out", folder)
        inputs, targets, mask = (np.load(f"{folder}/{name}.npy") for name in
                                 ("inputs", "targets", "mask"))
        self.rnn("run", ANSWERS, "char_lm", "--parameters", self.path("m"),
                 "--input", f"inputs={folder}/inputs.npy", "--out", out)
        logits = np.load(out + "/result0.npy").astype(np.float64)
        right = (logits.argmax(-1) == targets) & mask
        log_sum = np.log(np.exp(logits).sum(-1))
        losses = log_sum - np.take_along_axis(logits, targets[..., None],
                                              -1)[..., 0]
        for batch in (4, 30):
            score = self.rnn_json("eval", ANSWERS, "--parameters",
                                  self.path("m"), "--data", folder, "--split",
                                  "all", "--batch", batch)
            self.assertEqual(score["predictions"], mask.sum())
            self.assertAlmostEqual(score["loss"], losses[mask].mean(), 5)
            self.assertAlmostEqual(score["accuracy"],
                                   right.sum() / mask.sum(), 9)
            whole = (right.sum(1) == mask.sum(1)).mean()
            self.assertAlmostEqual(score["sequence_accuracy"], whole, 9)

    def test_mistakes(self):
        def refused(says, code=1, **changes):
            self.refuses(*self.arguments(**changes), says=says, code=code)
        refused("no task", task="party")
        refused("--length", length=None, code=2)
        refused("--task", task=None, text="t", code=2)
        refused(["17", "65 symbols", "larger vocabulary"], task="majority")
        refused(["different answers", "smaller --length"], length="2..60",
                task="majority-count:symbols=3")
        refused("one of --text, --task and --data", task=None, length=None,
                code=2)
        refused("--time", time=5, code=2)
        refused("--text", text="t", code=2)
        refused("--carry-state", carry_state=True, code=2)
        refused(["mask: bool [batch, time]", "and has"], task="adding")
        for module in (MODULE, REGRESSION):
            self.refuses("train", module, "--task", "parity", "--length", 5,
                         "--objective", "next_token", "--out", self.path("x"),
                         says=["cannot take the task parity", "tokens: i32"])
        # A text needs two inputs; this objective has three.
        self.refuses("train", ANSWERS, "--text",
                     self.write("t", text_of(900)), "--out", self.path("x"),
                     says=["cannot take a text", "--task"])


class FilesTest(RnnTest):
    def setUp(self):
        super().setUp()
        rng = np.random.default_rng(1)
        self.arrays = {"inputs": rng.integers(0, 17, (40, 9)),
                       "targets": rng.integers(0, 17, (40, 9))}

    def save(self, name="set", **arrays):
        folder = self.path(name)
        os.makedirs(folder, exist_ok=True)
        for key, array in (self.arrays | arrays).items():
            if array is not None:
                np.save(f"{folder}/{key}.npy", array)
        return folder

    def train(self, folder, *more, steps=20):
        return self.rnn_json("train", ANSWERS, "--data", folder, "--out",
                             self.path("m"), "--steps", steps, "--batch", 4,
                             "--threads", 1, *more)

    def refused(self, says, **arrays):
        folder = self.save("bad", **arrays)
        self.refuses("train", ANSWERS, "--data", folder, "--out",
                     self.path("m"), says=says)
        for name in os.listdir(folder):
            os.remove(os.path.join(folder, name))

    def test_masks(self):
        """Which targets count, by the number of predictions."""
        lengths = np.arange(40) % 9 + 1
        mask = np.zeros((40, 9), bool)
        mask[:, 3] = True
        for arrays, counted in (
                ({}, 4 * 9), ({"mask": mask}, 4),
                ({"lengths": lengths}, lengths[36:].sum()),
                ({"targets": self.arrays["targets"][:, 0]}, 4),
                ({"targets": self.arrays["targets"][:, :1],
                  "lengths": lengths}, 4)):
            result = self.train(self.save(**arrays))
            self.assertEqual(result["predictions"], counted, arrays.keys())
            self.assertEqual(result["sequences"], 4)
            for name in ("mask", "lengths"):
                if os.path.exists(self.path(f"set/{name}.npy")):
                    os.remove(self.path(f"set/{name}.npy"))

    def test_one_answer_is_due_at_the_last_step(self):
        lengths = np.arange(40) % 9 + 1
        answers = self.arrays["targets"][:, 0]
        wide, mask = np.zeros((40, 9), int), np.zeros((40, 9), bool)
        wide[np.arange(40), lengths - 1] = answers
        mask[np.arange(40), lengths - 1] = True
        results = [self.train(self.save(f"set{i}", **arrays))
                   for i, arrays in enumerate((
                       {"targets": answers, "lengths": lengths},
                       {"targets": wide, "mask": mask}))]
        for key in ("loss", "validation_loss", "validation_accuracy"):
            self.assertAlmostEqual(results[0][key], results[1][key], 6)

    def test_tables(self):
        folder = self.save()
        before = self.train(folder)
        table = self.path("table")
        os.mkdir(table)
        for key, array in self.arrays.items():
            np.savetxt(f"{table}/{key}.csv", array, "%d", ",")
        self.assertEqual(self.train(table), before)

    def test_every_sequence_once_an_epoch(self):
        # 36 train in 9 steps of 4: two orders of the same sequences agree in
        # a sum only if nothing is left out, so train with a tiny rate.
        folder = self.save()
        out = self.path("log")
        self.rnn("train", ANSWERS, "--data", folder, "--out", self.path("m"),
                 "--steps", 18, "--batch", 4, "--threads", 1, "--lr", 1e-12,
                 "--log", out)
        with open(out) as file:
            losses = [json.loads(line)["loss"] for line in file
                      if "gradient_norm" in line]
        self.assertAlmostEqual(sum(losses[:9]), sum(losses[9:]), 4)
        self.assertNotEqual(losses[:9], losses[9:])

    def test_resume_needs_the_same_files(self):
        folder = self.save()
        self.train(folder)
        self.train(folder, "--resume", steps=25)
        self.save(targets=(self.arrays["targets"] + 1) % 17)
        self.refuses("train", ANSWERS, "--data", folder, "--out",
                     self.path("m"), "--steps", 30, "--resume",
                     says="is not the data of the run")

    def windows(self, name, lengths, begins, steps):
        """The windows of the sequences as a folder of sequences."""
        parts = [(i, begin, min(steps, lengths[i] - begin))
                 for i, begin in begins]
        arrays = {key: np.zeros((len(parts), steps), int)
                  for key in self.arrays}
        for row, (i, begin, size) in enumerate(parts):
            for key, array in arrays.items():
                array[row, :size] = self.arrays[key][i, begin:begin + size]
        return self.save(name, **arrays,
                         lengths=np.array([size for _, _, size in parts]))

    def test_training_on_windows(self):
        """Those that begin at any step of the first 36 sequences."""
        lengths = np.arange(40) % 9 + 1
        begins = [(i, step) for i in range(36) for step in range(lengths[i])]
        self.assertEqual(len(begins), 180)
        cut = self.windows("cut", lengths, begins + [(39, 0)] * 20, 4)
        losses = []
        for folder, options in ((self.save(lengths=lengths), ("--window", 4)),
                                (cut, ())):
            self.train(folder, *options, "--log", self.path("log"), steps=50)
            with open(self.path("log")) as file:
                losses.append([json.loads(line)["loss"] for line in file
                               if "gradient_norm" in line])
            os.remove(self.path("m"))
        self.assertEqual(*losses)

    def test_measuring_windows(self):
        """Each step counts once, in the window that it is in."""
        lengths = np.arange(40) % 9 + 1
        folder = self.save(lengths=lengths)
        result = self.train(folder, "--window", 3)
        self.assertEqual(result["predictions"], lengths[36:].sum())
        self.assertEqual(result["sequences"], 1 + 1 + 1 + 2)
        begins = [(i, step) for i in range(40)
                  for step in range(0, lengths[i], 3)]
        cut = self.windows("cut", lengths, begins, 3)
        scores = [self.rnn_json("eval", ANSWERS, "--parameters",
                                self.path("m"), "--data", data, "--split",
                                "all", *options)
                  for data, options in ((folder, ("--window", 3)), (cut, ()))]
        self.assertEqual(*scores)
        self.assertEqual(scores[0]["predictions"], lengths.sum())

    def test_windows_in_which_nothing_counts(self):
        mask = np.zeros((40, 9), bool)
        mask[:, 8] = True
        result = self.train(self.save(mask=mask), "--window", 3)
        self.assertEqual((result["sequences"], result["predictions"]), (4, 4))
        mask[:36] = False
        self.refuses("train", ANSWERS, "--data", self.save(mask=mask), "--out",
                     self.path("x"), "--window", 3,
                     says="no step counts in sequences 0 to 35")

    def test_a_run_on_windows(self):
        folder, run = self.save(), self.path("run")
        result = self.rnn_json("train", ANSWERS, "--data", folder, "--window",
                               4, "--run", run, "--steps", 5, "--batch", 4)
        self.assertEqual(self.rnn_json("eval", run)["sequences"],
                         result["sequences"])
        self.refuses("train", "--resume", run, "--window", 3, "--steps", 9,
                     says=["--window 3 differs from 4"])

    def test_windows_that_cannot_be(self):
        self.refuses("train", ANSWERS, "--task", "parity", "--length", 4,
                     "--window", 3, "--out", self.path("m"), code=2,
                     says="--data with a folder for --window")
        tokens = os.path.join(os.path.dirname(MODULE), "f32.so")
        folder = self.save(tokens=self.arrays["inputs"])
        self.refuses("train", tokens, "--data", folder, "--window", 3, "--out",
                     self.path("m"), says=["no input 'mask'", "--window"])

    def test_mistakes(self):
        inputs, targets = self.arrays["inputs"], self.arrays["targets"]
        self.refused(["neither", "targets"], targets=None)
        self.refused("holds 17 in sequence 3",
                     inputs=np.where(np.arange(40)[:, None] == 3, 17, inputs))
        self.refused("holds -1", targets=targets - 1)
        self.refused(["element [2, 5]", ".5 where whole numbers"],
                     inputs=inputs + 0.5 * (np.arange(360) == 23)
                     .reshape(40, 9))
        self.refused("nan", inputs=np.full((40, 9), np.nan))
        self.refused(["[40, 9, 2]", "i32 [batch, time]"],
                     inputs=np.zeros((40, 9, 2), int))
        self.refused(["39 sequences", "40"], targets=targets[:39])
        self.refused("8 steps", targets=targets[:, :8])
        self.refused("zeros and ones", mask=targets)
        self.refused("10 steps for sequence 0", lengths=np.full(40, 10))
        self.refused("has 0 steps", lengths=np.zeros(40, int))
        self.refused("mask is false everywhere",
                     mask=np.zeros((40, 9), bool))
        self.refused("1 sequence;", inputs=inputs[:1], targets=targets[:1])
        folder = self.save("both")
        np.savetxt(f"{folder}/inputs.csv", inputs, "%d", ",")
        self.refuses("train", ANSWERS, "--data", folder, "--out",
                     self.path("m"), says="remove one of them")
        self.refuses("train", ANSWERS, "--data", self.path("none.npy"),
                     "--out", self.path("m"), says="No such file")
        self.refuses("train", ANSWERS, "--data", self.write("a.txt", "1"),
                     "--out", self.path("m"), says=".csv")
        self.refuses("train", ANSWERS, "--data", self.save(), "--carry-state",
                     "--out", self.path("m"), says="leave out --carry-state")


if __name__ == "__main__":
    unittest.main()
