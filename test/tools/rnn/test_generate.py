"""rnn generate: prompts, sampling, streams."""

import signal
import subprocess
import unittest

from rnn_command import BIN, MODULE, RnnTest


class GenerateTest(RnnTest):
    def setUp(self):
        super().setUp()
        _, self.out = self.trained(steps=200, lr=0.02, warmup=10)

    def generate(self, *more, **options):
        return self.rnn("generate", MODULE, "--parameters", self.out, *more,
                        **options)[0]

    def test_prompt_and_length(self):
        text = self.generate("--prompt", "abba cab", "--tokens", 30)
        self.assertTrue(text.startswith("abba cab"))
        self.assertEqual(len(text), 8 + 30 + 1)
        self.assertTrue(set(text) <= set("\n abcdef"))
        self.assertEqual(len(self.generate("--tokens", 30)), 31)

    def test_seed(self):
        texts = [self.generate("--seed", seed) for seed in (1, 1, 2)]
        self.assertEqual(texts[0], texts[1])
        self.assertNotEqual(texts[0], texts[2])

    def test_greedy(self):
        greedy = self.generate("--temperature", 0, "--seed", 1)
        self.assertEqual(greedy, self.generate("--temperature", 0, "--seed", 2))
        self.assertEqual(greedy, self.generate("--top-k", 1, "--seed", 3))
        self.assertEqual(greedy, self.generate("--top-p", 1e-9, "--seed", 4))
        self.assertEqual(greedy, self.generate("--min-p", 1, "--seed", 5))

    def test_top_k_above_the_vocabulary_is_all(self):
        self.assertEqual(self.generate("--top-k", 100000), self.generate())

    def test_prompt_from_standard_input(self):
        text = self.generate("--prompt", "-", "--tokens", 5, input=b"dead")
        self.assertTrue(text.startswith("dead"))

    def test_json(self):
        result = self.rnn_json("generate", MODULE, "--parameters", self.out,
                               "--prompt", "abba", "--tokens", 20)
        self.assertEqual(result["prompt"], "abba")
        self.assertEqual(len(result["text"]), 20)
        self.assertEqual(result["tokens"], 20)
        self.assertGreater(result["tokens_per_second"], 0)
        plain = self.generate("--prompt", "abba", "--tokens", 20)
        self.assertEqual(plain, "abba" + result["text"] + "\n")

    def refuses_generate(self, *more, says, **options):
        self.refuses("generate", MODULE, "--parameters", self.out, *more,
                     says=says, **options)

    def test_refusals(self):
        self.refuses_generate("--prompt", "", says="prompt is empty")
        self.refuses_generate("--prompt", "abzab", says=["'z'", "position 2"])
        self.refuses_generate("--prompt", "-", says="not UTF-8",
                              input=b"ab\xff")
        self.refuses_generate("--temperature=-1", says="temperature")
        self.refuses_generate("--temperature", "nan", says="temperature")
        self.refuses_generate("--top-p", 0, says="top_p")
        self.refuses_generate("--top-p", 1.5, says="top_p")
        self.refuses_generate("--min-p=-0.5", says="min_p")
        self.refuses_generate("--top-k=-1", says="top-k", code=2)
        self.refuses_generate("--model", "nobody", says="nobody")
        self.refuses("generate", MODULE, "--parameters", self.path("none"),
                     says="none")

    def test_full_disk(self):
        with open("/dev/full", "wb") as full:
            _, err = self.rnn("generate", MODULE, "--parameters", self.out,
                              code=1, stdout=full)
        self.assertIn("cannot write the output", err)

    def test_interrupt(self):
        process = subprocess.Popen(
            [BIN, "generate", MODULE, "--parameters", self.out, "--tokens",
             "1000000000"], stdout=subprocess.PIPE)
        process.stdout.read(100)
        process.send_signal(signal.SIGINT)
        process.stdout.read()
        self.assertEqual(process.wait(), 130)
        process.stdout.close()


if __name__ == "__main__":
    unittest.main()
