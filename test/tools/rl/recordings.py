"""HDF5 files as Minari and D4RL write them, for the tests."""

import sys
import tempfile
import unittest
from pathlib import Path

import h5py
import numpy as np

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tools" / "rl"))


def write_file(path, arrays, attributes=()):
    """Arrays by their paths in the file, "episode_0/actions"."""
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file[name] = array
        file.attrs.update(attributes)
    return path


def minari(episodes):
    """Of (observations, actions, rewards): the arrays of a file."""
    arrays = {}
    for i, (observations, actions, rewards) in enumerate(episodes):
        steps = len(actions)
        columns = {"observations": observations, "actions": actions,
                   "rewards": rewards, "terminations": np.zeros(steps, bool),
                   "truncations": np.arange(steps) == steps - 1}
        arrays |= {f"episode_{i}/{key}": np.asarray(column)
                   for key, column in columns.items()}
    return arrays


class FolderTest(unittest.TestCase):
    """A test with a folder of its own."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
