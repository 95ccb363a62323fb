"""Turns recorded episodes into sequences that `rnn train --data` reads.

Each episode becomes one sequence. A step's input is the return-to-go (the sum
of the rewards from here on), the state and the action before it side by side,
as in the Decision Transformer (Chen et al. 2021); its target is the action.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

from episodes import read_recording
from refused import Refused
from scaling import FILE, scaling_of


def sequences_of(episodes, scaling):
    """inputs [episodes, time, width], targets and lengths, padded with zeros at
    the end."""
    lengths = np.array([len(e.rewards) for e in episodes], np.int32)
    shape = (len(episodes), lengths.max())
    inputs = np.zeros((*shape, scaling.width), np.float32)
    targets = (np.zeros(shape, np.int32) if scaling.discrete
               else np.zeros((*shape, scaling.actions), np.float32))
    for i, episode in enumerate(episodes):
        actions = scaling.encoded(episode.actions)
        before = np.concatenate([np.zeros_like(actions[:1]), actions[:-1]])
        steps = len(actions)
        inputs[i, :steps] = scaling.inputs(episode.returns_to_go(),
                                           episode.observations, before)
        targets[i, :steps] = episode.actions if scaling.discrete else actions
    return {"inputs": inputs, "targets": targets, "lengths": lengths}


def kept_episodes(recording, shortest, path):
    kept = [e for e in recording.episodes if len(e.rewards) >= shortest]
    if not kept:
        longest = max(len(e.rewards) for e in recording.episodes)
        raise Refused(f"cannot use '{path}': none of its "
                      f"{len(recording.episodes)} episodes has {shortest} "
                      f"steps; the longest has {longest}, --shortest says how "
                      "many are needed")
    return kept


def convert(path, out, shortest=2, return_scale=None, reference=None, seed=0):
    """Writes the folder `out` and returns the Recording and the Scaling."""
    recording = read_recording(path)
    episodes = kept_episodes(recording, shortest, path)
    # What is recorded later is often better, and the last tenth validates.
    order = np.random.default_rng(seed).permutation(len(episodes))
    episodes = [episodes[i] for i in order]
    scaling = scaling_of(episodes, reference or recording.reference,
                         return_scale)
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    for name, array in sequences_of(episodes, scaling).items():
        np.save(out / f"{name}.npy", array)
    scaling.write(out)
    return recording, scaling


def parse(arguments):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("recording", metavar="FILE.hdf5",
                        help="recorded episodes: D4RL's layout or Minari's")
    parser.add_argument("--out", required=True, metavar="FOLDER",
                        help="where inputs, targets and lengths (.npy) and "
                        f"{FILE} go")
    parser.add_argument("--shortest", type=int, default=2, metavar="STEPS",
                        help="leave out shorter episodes (default: 2)")
    parser.add_argument("--return-scale", type=float, metavar="X",
                        help="divide returns-to-go by this (default: the "
                        "greatest; 0: leave them\nout, which is behaviour "
                        "cloning)")
    parser.add_argument("--reference", type=float, nargs=2,
                        metavar=("ZERO", "HUNDRED"),
                        help="returns that count as scores of 0 and 100 "
                        "(default: the file's\nattributes ref_min_score and "
                        "ref_max_score)")
    parser.add_argument("--seed", type=int, default=0,
                        help="of the order of the episodes; the last tenth "
                        "validates")
    options = parser.parse_args(arguments)
    if options.shortest < 1:
        parser.error("--shortest must be 1 or more")
    if options.reference and options.reference[0] == options.reference[1]:
        parser.error("--reference needs two returns that differ")
    return options


def main(arguments=None):
    options = parse(arguments)
    try:
        recording, scaling = convert(
            options.recording, options.out, options.shortest,
            options.return_scale, options.reference, options.seed)
    except (Refused, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    about, returns = scaling.about, scaling.about["returns"]
    print(f"{recording.layout}'s layout: {about['episodes']} episodes of up to "
          f"{about['longest']} steps, {about['steps']} in all; returns "
          f"{returns['mean']:.2f} +- {returns['std']:.2f}")
    short = len(recording.episodes) - about["episodes"]
    if short or recording.left_out:
        print(f"left out: {short} episodes shorter than {options.shortest} "
              f"steps, {recording.left_out} steps after the last end")
    print(f"a step's input has {scaling.width} features, its target is one of "
          f"{scaling.actions} actions" if scaling.discrete else
          f"a step's input has {scaling.width} features, its target "
          f"{scaling.actions}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
