"""tools/rl/convert.py: what it makes of D4RL's and Minari's files, by hand, and
the files that it refuses."""

import contextlib
import io
import json
import unittest

import numpy as np
from recordings import FolderTest, minari, write_file

import convert
from scaling import Scaling

# Two episodes, of 3 steps and of 2, and two steps that belong to none.
FLAT = {
    "observations": np.array([[0.], [1], [2], [3], [4], [50], [60]]),
    "actions": np.array([[1., 0], [-2, 0], [.5, 0], [1, 0], [-1, 0], [9, 0],
                         [9, 0]], np.float32),
    "rewards": np.array([1., 2, 3, 10, 20, 5, 5], np.float32),
    "terminals": np.array([0, 0, 1, 0, 0, 0, 0], bool),
    "timeouts": np.array([0, 0, 0, 0, 1, 0, 0], np.float32),
}
EPISODES = [
    # One observation more than actions.
    ([[0., 5], [2, 5], [4, 5], [99, 5]], [0, 2, 1], [1., 0, 1]),
    ([[6., 5], [8, 5], [99, 5]], [1, 1], [-4., 2]),
]


class ConvertTest(FolderTest):
    def convert(self, arrays, *options, code=0, attributes=()):
        path = self.folder / "recording.hdf5"
        write_file(path, arrays, attributes)
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            self.assertEqual(convert.main(
                [str(path), "--out", str(self.folder / "out"),
                 *map(str, options)]), code, err.getvalue())
        return out.getvalue() if code == 0 else err.getvalue()

    def sequence(self, length):
        """inputs and targets of the only sequence of that length."""
        arrays = {name: np.load(self.folder / f"out/{name}.npy")
                  for name in ("inputs", "targets", "lengths")}
        (row,) = np.flatnonzero(arrays["lengths"] == length)
        for name in ("inputs", "targets"):
            self.assertFalse(arrays[name][row, length:].any(), name)
        return arrays["inputs"][row, :length], arrays["targets"][row, :length]

    def test_d4rl(self):
        out = self.convert(FLAT)
        self.assertIn("D4RL's layout: 2 episodes of up to 3 steps, 5 in all",
                      out)
        self.assertIn("2 steps after the last end", out)
        # States 0 to 4 have mean 2 and variance 2; the greatest return-to-go
        # is 30, the greatest action 2, and the other is always 0.
        std = 2 ** 0.5
        inputs, targets = self.sequence(3)
        np.testing.assert_allclose(
            inputs, [[6 / 30, -2 / std, 0, 0], [5 / 30, -1 / std, .5, 0],
                     [3 / 30, 0, -1, 0]], atol=1e-5)
        np.testing.assert_allclose(targets, [[.5, 0], [-1, 0], [.25, 0]])
        self.assertEqual(targets.dtype, np.float32)
        inputs, targets = self.sequence(2)
        np.testing.assert_allclose(
            inputs, [[1, 1 / std, 0, 0], [20 / 30, 2 / std, .5, 0]], atol=1e-5)
        np.testing.assert_allclose(targets, [[.5, 0], [-.5, 0]])

    def test_minari(self):
        out = self.convert(minari(EPISODES), attributes={
            "ref_min_score": -2.0, "ref_max_score": 2})
        self.assertIn("Minari's layout: 2 episodes of up to 3 steps", out)
        self.assertIn("one of 3 actions", out)
        # States 0, 2, 4, 6, 8: mean 4, variance 8; the other never changes.
        # Returns-to-go 2, 1, 1 and -2, 2: the greatest size is 2.
        std = 8 ** 0.5
        inputs, targets = self.sequence(3)
        np.testing.assert_allclose(
            inputs, [[1, -4 / std, 0, 0, 0, 0], [.5, -2 / std, 0, 1, 0, 0],
                     [.5, 0, 0, 0, 0, 1]], atol=1e-5)
        np.testing.assert_array_equal(targets, [0, 2, 1])
        self.assertEqual(targets.dtype, np.int32)
        inputs, targets = self.sequence(2)
        np.testing.assert_allclose(
            inputs, [[-1, 2 / std, 0, 0, 0, 0], [1, 4 / std, 0, 0, 1, 0]],
            atol=1e-5)
        scaling = Scaling.read(self.folder / "out")
        self.assertEqual([scaling.score(x) for x in (-2, 0, 2)], [0, 50, 100])
        self.assertEqual(scaling.about["returns"]["mean"], 0)

    def test_more_than_ten_episodes(self):
        """In the order of their numbers: 10 is after 9."""
        rewards = np.arange(12.)
        arrays = minari([([[0.]] * 3, [0, 0], [r, 0]) for r in rewards])
        self.convert(arrays, "--return-scale", 1)
        first = np.load(self.folder / "out/inputs.npy")[:, 0, 0]
        order = np.random.default_rng(0).permutation(12)
        np.testing.assert_array_equal(first, rewards[order])

    def test_options(self):
        self.convert(FLAT, "--return-scale", 10)
        self.assertAlmostEqual(self.sequence(3)[0][0, 0], .6)
        self.convert(FLAT, "--return-scale", 0, "--reference", 10, 20)
        self.assertFalse(self.sequence(3)[0][:, 0].any())
        self.assertEqual(Scaling.read(self.folder / "out").score(15), 50)
        out = self.convert(FLAT, "--shortest", 3)
        self.assertIn("left out: 1 episodes shorter than 3 steps", out)
        np.testing.assert_array_equal(
            np.load(self.folder / "out/lengths.npy"), [3])
        with contextlib.redirect_stderr(io.StringIO()):
            for options in (["--shortest", 0], ["--reference", 1, 1]):
                with self.assertRaises(SystemExit) as end:
                    self.convert(FLAT, *options)
                self.assertEqual(end.exception.code, 2)

    def refused(self, arrays, *words, options=()):
        err = self.convert(arrays, *options, code=1)
        self.assertEqual(err.count("\n"), 1, err)
        self.assertIn("recording.hdf5'", err)
        for word in words:
            self.assertIn(word, err)

    def test_d4rl_that_is_refused(self):
        for key in FLAT:
            self.refused({k: v for k, v in FLAT.items() if k != key},
                         f"has no {key}")
            if key != "actions":
                self.refused(FLAT | {key: FLAT[key][:6]}, key, "6 rows",
                             "need 7")
        self.refused(FLAT | {"actions": FLAT["actions"][:6]}, "observations",
                     "7 rows", "need 6")
        self.refused({}, "nothing")
        self.refused(FLAT | {"terminals": np.zeros(7, bool),
                             "timeouts": np.zeros(7, bool)}, "no episode ends")
        self.refused(FLAT, "none of its 2 episodes has 4 steps",
                     "longest has 3", options=("--shortest", 4))
        for key in ("observations", "actions", "rewards"):
            bad = FLAT[key].copy()
            bad[4] = np.nan
            self.refused(FLAT | {key: bad},
                         f"{key} of episode 1 are not finite at step 1")
        self.refused(FLAT | {"observations": np.zeros((7, 2, 2))}, "[3, 2, 2]",
                     "[steps, features]")
        self.refused(FLAT | {"rewards": np.zeros((7, 2))}, "rewards",
                     "one number a step")
        self.refused(FLAT | {"actions": np.array([b"a"] * 7)}, "actions",
                     "no array of numbers")
        self.refused(FLAT | {"actions": np.zeros((7, 2), int)}, "actions")
        self.refused(FLAT | {"actions": np.full(7, -1)}, "count from 0")

    def test_minari_that_is_refused(self):
        arrays = minari(EPISODES)
        for key in ("observations", "actions", "rewards", "terminations",
                    "truncations"):
            self.refused({k: v for k, v in arrays.items()
                          if k != f"episode_1/{key}"},
                         f"episode_1 has no {key}")
        self.refused(arrays | {"episode_1/observations": np.zeros((2, 2))},
                     "observations of episode_1", "2 rows", "need 3")
        self.refused(arrays | {"episode_0/rewards": np.zeros(2)},
                     "rewards of episode_0", "2 rows", "need 3")
        self.refused(arrays | {"episode_1/observations": np.zeros((3, 9))},
                     "observations of episode 1", "[9]", "[2]")
        self.refused(arrays | {"episode_1/actions": np.zeros((2, 1))},
                     "actions of episode 1", "float64", "int64")
        self.refused({k: v for k, v in arrays.items()
                      if k != "episode_0/observations"}
                     | {"episode_0/observations/left": np.zeros((4, 1))},
                     "observations of episode_0 is a group")
        self.refused({"episode_0": np.zeros(3)}, "episode_0 is no group")

    def test_files_that_are_refused(self):
        (self.folder / "text").write_text("not HDF5\n")
        for path in ("text", "none"):
            err = io.StringIO()
            with contextlib.redirect_stderr(err):
                self.assertEqual(convert.main(
                    [str(self.folder / path), "--out", "x"]), 1)
            self.assertEqual(err.getvalue().count("\n"), 1, err.getvalue())
            self.assertIn(f"{path}'", err.getvalue())
            self.assertIn("HDF5", err.getvalue())

    def test_what_scaling_json_holds(self):
        self.convert(FLAT)
        about = json.loads((self.folder / "out/scaling.json").read_text())
        self.assertEqual(about["action"], "continuous")
        self.assertEqual(about["width"], 4)
        self.assertEqual(about["action_scale"], [2, 1])
        self.assertIsNone(about["reference"])
        self.assertEqual(about["returns"],
                         {"mean": 18, "std": 12, "least": 6, "greatest": 30})


if __name__ == "__main__":
    unittest.main()
