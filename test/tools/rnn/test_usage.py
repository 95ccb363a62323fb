"""Help, misspelt words, wrong usage, and output that cannot be written."""

import subprocess
import unittest

from rnn_command import MODULE, VERBS, RnnTest


class UsageTest(RnnTest):
    def test_help_of_every_verb(self):
        out, err = self.rnn("--help")
        self.assertEqual(err, "")
        for verb in VERBS:
            self.assertIn("\n  " + verb, out)
            text, err = self.rnn(verb, "--help")
            self.assertEqual(err, "")
            self.assertIn("--json", text)
        self.assertIn("130", out)

    def test_version(self):
        self.assertRegex(self.rnn("--version")[0], r"^rnn \d+\.\d+\.\d+\n$")

    def test_misspelt_verb_gets_a_suggestion(self):
        self.refuses("trian", says="did you mean 'train'?", code=2)
        self.refuses("genrate", "x", says="did you mean 'generate'?", code=2)
        self.refuses("dance", says="--help lists", code=2)

    def test_wrong_usage(self):
        self.refuses(says="--help", code=2)
        self.refuses("train", says=["required", "rnn train --help"], code=2)
        self.refuses("inspect", MODULE, "--colour", says="--colour", code=2)
        self.refuses("bench", MODULE, "--batch", "many", says="batch", code=2)
        self.refuses("bench", MODULE, "--batch", "0", says="batch", code=2)
        self.refuses("bench", MODULE, "--time", "-3", says="time", code=2)
        self.refuses("check", MODULE, "--seed", "-3", says="negative", code=2)
        self.refuses("run", MODULE, says="ENTRY", code=2)
        self.refuses(
            "train", MODULE, "--text", "t", "--out", "o", "--steps", "5",
            "--minutes", "1", says="--minutes", code=2,
        )
        self.refuses(
            "train", MODULE, "--text", "t", "--out", "o", "--tokenizer", "bpe",
            says="tokenizer", code=2,
        )

    def test_missing_module(self):
        self.refuses("bench", self.path("none.so"), says="none.so")
        self.refuses("inspect", self.folder, says="directory")
        self.refuses("bench", self.write("empty.so", ""), says="empty.so")

    def test_full_output(self):
        for arguments in [["--help"], ["inspect", MODULE, "--json"]]:
            with open("/dev/full", "wb") as full:
                _, err = self.rnn(*arguments, code=1, stdout=full)
            self.assertIn("cannot write the output", err)

    def test_closed_pipe_is_quiet(self):
        done = subprocess.run(
            ["bash", "-c", '"$0" inspect "$1" --json | true', *self.command()],
            stderr=subprocess.PIPE, check=True,
        )
        self.assertEqual(done.stderr, b"")

    def command(self):
        from rnn_command import BIN

        return [BIN, MODULE]


if __name__ == "__main__":
    unittest.main()
