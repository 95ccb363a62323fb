"""Runs run.sh for every mixer, environment and seed, and prints the table of the
README: the mean of the normalised scores over the seeds, and their standard
deviation. Results are kept in results.jsonl beside the checkpoints; what is
there is not run again.
"""

import argparse
import json
import os
import subprocess
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
OUT = Path(os.environ.get("OUT", HERE.parents[1] / "build" / "offline-rl"))
RESULTS = OUT / "results.jsonl"
ENVIRONMENTS = ("CartPole-v1", "Acrobot-v1", "Pendulum-v1")
# A mixer, and whether it reads returns-to-go.
POLICIES = (("min-gru", "yes"), ("min-lstm", "yes"), ("s6", "yes"),
            ("aaren", "yes"), ("attention", "yes"), ("min-gru", "no"))
KEYS = ("environment", "mixer", "returns", "seed")


def results():
    lines = RESULTS.read_text().splitlines() if RESULTS.exists() else []
    return {tuple(line[key] for key in KEYS): line
            for line in map(json.loads, lines)}


def run(environment, mixer, returns, seed, options):
    done = subprocess.run(
        [HERE / "run.sh", environment, mixer, *options.options], check=True,
        text=True, stdout=subprocess.PIPE,
        env={**os.environ, "OUT": str(OUT), "RETURNS": returns,
             "SEED": str(seed), "EVALUATE": f"--episodes {options.episodes} --json"})
    line = dict(zip(KEYS, (environment, mixer, returns, seed)))
    line |= json.loads(done.stdout.splitlines()[-1])
    with RESULTS.open("a") as file:
        file.write(json.dumps(line) + "\n")


def data_set(environment):
    about = json.loads((OUT / environment / "scaling.json").read_text())
    zero, hundred = about["reference"]
    mean = about["returns"]["mean"]
    return [f"{zero:.1f}", f"{hundred:.1f}",
            f"{100 * (mean - zero) / (hundred - zero):.1f}"]


def cell(lines):
    scores = [line["score"] for line in lines]
    return f"{np.mean(scores):.1f} +- {np.std(scores):.1f} ({len(scores)})"


def print_table():
    found = results()
    print("| environment | random | controller | data set | "
          + " | ".join(mixer if returns == "yes" else f"{mixer}, cloning"
                       for mixer, returns in POLICIES) + " |")
    print("|---" * (4 + len(POLICIES)) + "|")
    for environment in dict.fromkeys(key[0] for key in found):
        cells = [cell(lines) if lines else "" for lines in (
            [line for key, line in found.items()
             if key[:3] == (environment, *policy)] for policy in POLICIES)]
        print(f"| {environment} | " + " | ".join(data_set(environment) + cells)
              + " |")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="*", default=[1, 2, 3])
    parser.add_argument("--environments", nargs="*", default=ENVIRONMENTS,
                        choices=ENVIRONMENTS)
    parser.add_argument("--episodes", type=int, default=20)
    parser.add_argument("options", nargs="*", metavar="OPTION",
                        help="of `rnn train`, after --")
    options = parser.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    for seed in options.seeds:
        for environment in options.environments:
            for policy in POLICIES:
                if (environment, *policy, seed) not in results():
                    run(environment, *policy, seed, options)
    print_table()


if __name__ == "__main__":
    main()
