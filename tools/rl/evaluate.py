"""Plays episodes in an environment with a model that was trained on convert.py's
sequences, one constant-time step of the compiled module for each of the
environment's, and prints what they earn.

The model is asked for a return: that target, less what was earned so far, is
the return-to-go that it reads.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

from refused import Refused
from scaling import Scaling

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "test"
                       / "conformance"))
import librnn  # noqa: E402


class Policy:
    """A module's only model, stepped."""

    def __init__(self, module, parameters, scaling):
        self.scaling = scaling
        self.module = librnn.Module(module)
        self.entry = self._step_of(module)
        self.session = librnn.Session(self.module, threads=1)
        librnn.call("rnn_session_load", self.session.handle,
                    str(parameters).encode())
        self.state = librnn.State(self.session, self.entry, 1)
        self.begin()

    def _step_of(self, path):
        models = self.module.descriptor["models"]
        step = models[0].get("step") if len(models) == 1 else None
        if step is None:
            raise Refused(f"'{path}' has {len(models)} models; one is needed, "
                          "with a step")
        entry = self.module.entries[step]
        found = [spec["shape"][-1]
                 for spec in entry["inputs"] + entry["outputs"]]
        needed = [self.scaling.width, self.scaling.actions]
        if found != needed:
            raise Refused(f"the model of '{path}' reads and gives {found} "
                          f"features a step where {needed} are needed for the "
                          "recording")
        return step

    def begin(self):
        librnn.call("rnn_state_reset", self.state.handle)
        self.before = np.zeros(self.scaling.actions)

    def act(self, return_to_go, observation):
        inputs = self.scaling.inputs(np.array([return_to_go]),
                                     self._vector(observation)[None],
                                     self.before[None])
        output = self.state.step(self.entry, [inputs[None]])[0].reshape(-1)
        action, self.before = self.scaling.action(output)
        return action

    def _vector(self, observation):
        try:
            vector = np.asarray(observation, np.float64).reshape(-1)
        except (TypeError, ValueError):
            raise Refused("the environment shows no vector of numbers but "
                          f"{type(observation).__name__}") from None
        if vector.shape != self.scaling.mean.shape:
            raise Refused(f"the environment shows {len(vector)} numbers a "
                          f"step and the recording {len(self.scaling.mean)}; "
                          "--env takes the one that was recorded")
        return vector


def play(policy, environment, target, seed):
    """The return of one episode; `environment` is used as Gymnasium's are."""
    observation, _ = environment.reset(seed=seed)
    policy.begin()
    earned, ended = 0.0, False
    while not ended:
        action = policy.act(target - earned, observation)
        observation, reward, *ends, _ = environment.step(action)
        earned += float(reward)
        ended = any(ends)
    return earned


def evaluate(policy, environment, target, episodes, seed):
    """A dict: what `episodes` episodes earn, which begin with seeds seed, seed
    + 1, ..."""
    returns = [play(policy, environment, target, seed + i)
               for i in range(episodes)]
    mean = float(np.mean(returns))
    return {"target": target, "episodes": episodes, "mean": mean,
            "std": float(np.std(returns)),
            "score": policy.scaling.score(mean)}


def default_target(about):
    if about["reference"]:
        return about["reference"][1]
    return about["returns"]["greatest"]


def open_environment(name):
    try:
        import gymnasium
    except ImportError:
        raise Refused("there is no gymnasium for this Python; "
                      "examples/offline-rl/run.sh installs it into a virtual "
                      "environment") from None
    try:
        return gymnasium.make(name)
    except (gymnasium.error.Error, ImportError) as error:
        raise Refused(f"cannot make the environment '{name}': "
                      f"{str(error).splitlines()[0]}") from None


def parse(arguments):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("module", metavar="MODULE.so", help="compiled module")
    parser.add_argument("--parameters", required=True, metavar="FILE",
                        help="checkpoint of `rnn train`")
    parser.add_argument("--data", required=True, metavar="FOLDER",
                        help="what convert.py wrote, for its scaling.json")
    parser.add_argument("--env", required=True, metavar="NAME",
                        help="environment of gymnasium, such as CartPole-v1")
    parser.add_argument("--target", type=float, nargs="+", metavar="RETURN",
                        help="returns to ask for (default: what counts as a "
                        "score of 100, else\nthe greatest in the recording)")
    parser.add_argument("--episodes", type=int, default=50, metavar="N")
    parser.add_argument("--seed", type=int, default=0,
                        help="of the first episode; each has its own")
    parser.add_argument("--json", action="store_true", help="one JSON a line")
    options = parser.parse_args(arguments)
    if options.episodes < 1:
        parser.error("--episodes must be 1 or more")
    return options


def print_result(result, as_json):
    if as_json:
        print(json.dumps(result))
        return
    score = ("" if result["score"] is None
             else f", normalised {result['score']:.1f}")
    print(f"asked for {result['target']:g}: {result['mean']:.2f} +- "
          f"{result['std']:.2f}{score} ({result['episodes']} episodes)",
          flush=True)


def main(arguments=None):
    options = parse(arguments)
    try:
        scaling = Scaling.read(options.data)
        policy = Policy(options.module, options.parameters, scaling)
        environment = open_environment(options.env)
        for target in options.target or [default_target(scaling.about)]:
            print_result(evaluate(policy, environment, target,
                                  options.episodes, options.seed),
                         options.json)
    except (Refused, OSError, RuntimeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
