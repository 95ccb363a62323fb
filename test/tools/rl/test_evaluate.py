"""From a recording to a policy that plays: tools/rl and examples/offline-rl, in
an environment that is written here."""

import contextlib
import io
import json
import os
import subprocess
import unittest

import numpy as np
from recordings import ROOT, FolderTest, minari, write_file

import convert
import evaluate
from episodes import Episode
from refused import Refused
from scaling import Scaling, scaling_of

BUILD = os.environ.get("RNNC_BUILD", str(ROOT / "build"))
STEPS = 6


class Follow:
    """Shows -1 or 1 and pays 1 for action 0 or 1, the same side; ends after 6
    steps. Used as Gymnasium's environments are."""

    def reset(self, seed):
        self.cues = np.random.default_rng(seed).choice([-1., 1], STEPS + 1)
        self.step_index, self.paid = 0, []
        return self.cues[:1], {}

    def step(self, action):
        reward = float((action == 1) == (self.cues[self.step_index] > 0))
        self.paid.append(reward)
        self.step_index += 1
        return (self.cues[self.step_index:][:1], reward,
                self.step_index == STEPS, False, {})


def recorded(count):
    """Episodes of Follow in which every action is right, or every one wrong."""
    environment, episodes = Follow(), []
    for i in range(count):
        cue, _ = environment.reset(1000 + i)
        observations, actions, rewards = [cue], [], []
        for _ in range(STEPS):
            actions.append(int((cue[0] > 0) == (i % 2 == 0)))
            cue, reward, *_ = environment.step(actions[-1])
            observations.append(cue)
            rewards.append(reward)
        episodes.append((observations, actions, rewards))
    return episodes


class EvaluateTest(FolderTest):
    def compiled(self, mixer, scaling):
        """examples/offline-rl/model.mlir as run.sh compiles it."""
        name = self.folder / mixer
        subprocess.run(
            ["bash", "-euc", '. "$0/mixer.sh"; compile_with "$@"',
             str(ROOT / "examples"), mixer,
             str(ROOT / "examples/offline-rl/model.mlir"), str(name), "-e",
             f"s|x7xf32|x{scaling.width}xf32|g", "-e",
             f"s|x2xf32|x{scaling.actions}xf32|g", "-e",
             "s|context [0-9]*|context 4|"], check=True, timeout=120,
            env={**os.environ, "RNNC_BIN": f"{BUILD}/bin"})
        return f"{name}.so"

    def trained(self, module, scaling, steps):
        done = subprocess.run(
            [f"{BUILD}/bin/rnn", "train", module, "--out",
             str(self.folder / "policy"), "--data", str(self.folder / "data"),
             "--window", "4", "--objective", scaling.about["action"],
             "--steps", str(steps), "--batch", "16", "--lr", "3e-3",
             "--warmup", "5", "--seed", "1", "--threads", "1", "--json"],
            timeout=300, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def converted(self, episodes):
        path = write_file(self.folder / "recording.hdf5", minari(episodes),
                          {"ref_min_score": 0.0, "ref_max_score": STEPS})
        return convert.convert(path, self.folder / "data")[1]

    def policy(self, module, scaling):
        return evaluate.Policy(module, self.folder / "policy", scaling)

    def test_a_policy_earns_what_it_is_asked_for(self):
        scaling = self.converted(recorded(200))
        module = self.compiled("min-gru", scaling)
        result = self.trained(module, scaling, 120)
        self.assertGreater(result["validation_accuracy"], 0.9)
        policy = self.policy(module, scaling)
        good, bad = (evaluate.evaluate(policy, Follow(), target, 20, 0)
                     for target in (STEPS, 0))
        self.assertGreater(good["mean"], 0.9 * STEPS)
        self.assertLess(bad["mean"], 0.1 * STEPS)
        self.assertEqual(evaluate.default_target(scaling.about), STEPS)
        unknown = {"reference": None, "returns": {"greatest": 7}}
        self.assertEqual(evaluate.default_target(unknown), 7)
        self.assertEqual(good["score"], 100 * good["mean"] / STEPS)
        self.assertEqual(good, evaluate.evaluate(policy, Follow(), STEPS, 20,
                                                 0))

    def test_numbers_as_actions(self):
        """Actions are what was seen, times 3."""
        rng = np.random.default_rng(1)
        states = rng.uniform(-1, 1, (100, STEPS + 1, 1))
        scaling = self.converted(
            [(s, 3 * s[:-1], np.ones(STEPS)) for s in states])
        module = self.compiled("attention", scaling)
        result = self.trained(module, scaling, 120)
        # Who always says 0 has 1/3.
        self.assertLess(result["validation_loss"], 0.05)
        policy = self.policy(module, scaling)
        for state in (-.5, .5):
            policy.begin()
            np.testing.assert_allclose(policy.act(STEPS, [state]),
                                       [3 * state], atol=0.8)

    def test_what_is_read_is_what_was_trained_on(self):
        """A played episode, converted, has the inputs that the policy read."""
        scaling = self.converted(recorded(20))
        module = self.compiled("aaren", scaling)
        self.trained(module, scaling, 2)
        policy = self.policy(module, scaling)
        read, given, seen, actions = [], [], [], []
        step, act = policy.state.step, policy.act

        def step_noted(entry, inputs):
            read.append(inputs[0][0, 0])
            given.append(step(entry, inputs)[0][0, 0])
            return [given[-1]]

        def act_noted(return_to_go, observation):
            seen.append(observation)
            actions.append(act(return_to_go, observation))
            return actions[-1]
        policy.state.step, policy.act = step_noted, act_noted
        environment = Follow()
        total = evaluate.play(policy, environment, 4, seed=3)
        self.assertEqual(total, sum(environment.paid))
        arrays = convert.sequences_of(
            [Episode(np.array(seen), np.array(actions),
                     np.array(environment.paid))], scaling)
        # It was asked for 4; what an episode is worth stands in a recording.
        inputs = arrays["inputs"][0]
        inputs[:, 0] += (4 - total) / scaling.about["return_scale"]
        np.testing.assert_allclose(inputs, read, atol=1e-6)
        np.testing.assert_array_equal(arrays["targets"][0],
                                      np.argmax(given, -1))
        # Step by step is the whole sequence.
        whole = policy.session.run("policy.forward", [[read]])[0][0]
        np.testing.assert_allclose(whole, given, atol=1e-4)

    def test_every_mixer_of_the_table(self):
        scaling = self.converted(recorded(20))
        for mixer in ("min-lstm", "s6", "aaren"):
            with self.subTest(mixer):
                module = self.compiled(mixer, scaling)
                self.trained(module, scaling, 2)
                evaluate.evaluate(self.policy(module, scaling), Follow(),
                                  STEPS, 1, 0)

    def test_actions(self):
        episode = Episode(np.zeros((2, 1)), np.array([[-4., 1], [2, 0]]),
                          np.ones(2))
        scaling = scaling_of([episode], None, None)
        action, before = scaling.action(np.array([.5, -7]))
        np.testing.assert_array_equal(action, np.float32([2, -1]))
        self.assertEqual(action.dtype, np.float32)
        np.testing.assert_array_equal(before, [.5, -1])
        self.assertIsNone(scaling.score(1))
        episode.actions = np.array([0, 2])
        action, before = scaling_of([episode], None, None).action([0, 3, 1])
        self.assertEqual(action, 1)
        np.testing.assert_array_equal(before, [0, 1, 0])

    def test_mistakes(self):
        scaling = self.converted(recorded(10))
        module = self.compiled("min-gru", scaling)

        def refused(words, module=module, data=self.folder / "data",
                    parameters=self.folder / "none"):
            err = io.StringIO()
            with contextlib.redirect_stderr(err):
                self.assertEqual(evaluate.main(
                    [str(module), "--parameters", str(parameters), "--data",
                     str(data), "--env", "None-v0"]), 1)
            self.assertEqual(err.getvalue().count("\n"), 1, err.getvalue())
            self.assertIn(words, err.getvalue())
        refused("No such file")
        refused("No such file", module=self.folder / "none.so")
        refused("scaling.json': No such file", data=self.folder)
        (self.folder / "scaling.json").write_text("{}")
        refused("scaling.json': KeyError('action')", data=self.folder)
        self.trained(module, scaling, 1)
        policy = self.policy(module, scaling)
        with self.assertRaisesRegex(Refused, "shows 2 numbers .* recording 1"):
            policy.act(1, [0., 1])
        with self.assertRaisesRegex(Refused, "no vector of numbers but dict"):
            policy.act(1, {"cue": 1})
        wide = Scaling(scaling.about | {"width": 9})
        with self.assertRaisesRegex(Refused, r"\[4, 2\] .* \[9, 2\]"):
            self.policy(module, wide)


if __name__ == "__main__":
    unittest.main()
