"""Tests of the recipe in miniature, from texts to the page's file: a tiny SmolLM2 writes, a tiny GPT-2 learns.

    python -m unittest discover -s tools/train

The export goes to target/tmp/trained-model, where tests/trained_model.rs runs the engine on it.
"""

import codecs
import io
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy as np
import torch
from tokenizers import Tokenizer

import checkpoint
import journal
import tiny_smollm2
from config import read_config
from evaluate import nats_per_token, token_bytes
from export import read_model
from gpt2 import END_OF_TEXT, GPT2, TOKENIZER, Shape
from job import Job
from mixture import read_tokens
from sample import complete, escaped
from text_filter import SLURS, refusal
from train import Run

# Runs on a CPU repeat bit for bit; a GPU sums in any order.
os.environ["CUDA_VISIBLE_DEVICES"] = ""

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parents[1]
EXPORTED = PROJECT / "target/tmp/trained-model"
TINY = HERE / "tiny.toml"
N_DOCUMENTS = 24
N_LOGITS_POSITIONS = 24


class Recipe(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.tokens, cls.run_folder = cls.folder / "tokens", cls.folder / "run"
        texts, weights = cls.folder / "texts", cls.folder / "words.gguf"
        texts.mkdir()
        lines = (PROJECT / "tests/fixtures/held_out.txt").read_text().splitlines(keepends=True)
        for split, part in {"train": lines[:-20], "valid": lines[-20:-10], "test": lines[-10:]}.items():
            (texts / f"blogs.{split}.txt").write_text("".join(part))
        meta = tiny_smollm2.metadata(tiny_smollm2.WORDS)
        tiny_smollm2.write(weights, meta, tiny_smollm2.word_tensors(meta))
        options = ["--config", TINY, "--documents", str(N_DOCUMENTS), "--smollm2", weights]
        command = [sys.executable, HERE / "job.py", texts, cls.folder, *options]
        cls.log = subprocess.check_output(command, text=True).splitlines()
        shutil.rmtree(EXPORTED, ignore_errors=True)
        shutil.copytree(cls.folder / "model", EXPORTED)

    def test_every_step_reports_after_the_seconds(self):
        steps = [line.split()[2] for line in self.log if line[10:11] != " "]
        named = "corpus.py generate.py drop_rules.py corpus.py train.py export.py evaluate.py sample.py"
        self.assertEqual(steps, named.split())
        for line in self.log:
            self.assertRegex(line, r"^\[ *\d+\.\d\] ")
        self.assertTrue(any("step 10, 2,560 tokens" in line for line in self.log), self.log)

    def test_smollm2_s_prose_is_part_of_the_mixture(self):
        documents = journal.read(self.folder / "written/smollm2.jsonl")
        self.assertEqual(sorted(document["number"] for document in documents), [*range(N_DOCUMENTS)])
        ids = read_tokens(self.tokens, "smollm2", "train")
        text = Tokenizer.from_file(str(TOKENIZER)).decode(ids.tolist())
        self.assertGreater(sum(ids == END_OF_TEXT), N_DOCUMENTS / 4)
        words = text.split()
        self.assertGreater(sum(word in tiny_smollm2.WORDS for word in words), 0.9 * len(words))

    def test_the_loss_decreases(self):
        test = read_tokens(self.tokens, "blogs", "test")
        untrained = nats_per_token(GPT2(read_config(TINY).shape), test)
        trained = nats_per_token(read_model(EXPORTED), test)
        self.assertAlmostEqual(untrained, np.log(50257), delta=0.2)
        self.assertLess(trained, untrained - 3)

    def test_the_evaluation_prints_its_measurements(self):
        table = subprocess.check_output([sys.executable, HERE / "evaluate.py", self.tokens, EXPORTED], text=True)
        [row] = [line for line in table.splitlines() if line.startswith("| blogs |")]
        group, n_tokens, nats, perplexity, bits_per_byte = row.strip("| ").split(" | ")
        test = read_tokens(self.tokens, "blogs", "test")
        self.assertEqual((group, int(n_tokens)), ("blogs", sum(test[1:] != END_OF_TEXT)))
        self.assertAlmostEqual(float(nats), nats_per_token(read_model(EXPORTED), test), delta=1e-3)
        self.assertAlmostEqual(float(perplexity), math.exp(float(nats)), delta=0.001 * float(perplexity))
        n_bytes = token_bytes()[test[1:][test[1:] != END_OF_TEXT]].sum()
        self.assertAlmostEqual(float(bits_per_byte), float(nats) * int(n_tokens) / math.log(2) / n_bytes, delta=2e-3)

    def test_an_interrupted_run_ends_the_same_as_an_uninterrupted_one(self):
        config = replace(read_config(TINY), n_windows=2, n_tokens=6 * 64, checkpoint_steps=3)
        unbroken, resumed = self.folder / "unbroken", self.folder / "interrupted"
        for folder in (unbroken, resumed):
            folder.mkdir()

        def save_and_die(run):
            checkpoint.save(resumed, run.state_dict())
            raise InterruptedError

        with redirect_stdout(io.StringIO()):
            run = Run(config, self.tokens)
            run.train(lambda: checkpoint.save(unbroken, run.state_dict()))
            killed = Run(config, self.tokens)
            with self.assertRaises(InterruptedError):
                killed.train(lambda: save_and_die(killed))
            self.assertEqual(checkpoint.load(resumed)["progress"]["n_steps"], 3)
            again = Run(config, self.tokens)
            again.load_state_dict(checkpoint.load(resumed))
            again.train(lambda: checkpoint.save(resumed, again.state_dict()))
        expected, found = checkpoint.load(unbroken), checkpoint.load(resumed)
        self.assertEqual(found["progress"], expected["progress"])
        for key in ("model", "average"):
            for name, value in expected[key].items():
                self.assertTrue(torch.equal(found[key][name], value), name)

    def test_the_export_is_the_mean_of_the_last_steps_weights(self):
        config = replace(read_config(TINY), n_windows=1, n_tokens=10 * 32)
        run, weights = Run(config, self.tokens), []
        while run.progress() < 1:
            run.step()
            weights.append(run.model.h[0].mlp.c_fc.weight.detach().clone())
        # From 80 % of the run on: the steps after 8 of 10, and the weights they start from.
        self.assertTrue(torch.allclose(run.average.h[0].mlp.c_fc.weight, torch.stack(weights[-3:]).mean(0), atol=1e-6))

    def test_the_exported_file_holds_the_trained_model(self):
        model = read_model(EXPORTED)
        trained = checkpoint.load(self.run_folder)["average"]
        for name, value in model.state_dict().items():
            difference = (value - trained[name]).abs()
            if value.dim() == 1:
                self.assertEqual(difference.max().item(), 0, name)
                continue
            self.assertLess(difference.norm().item(), 0.02 * trained[name].norm().item(), name)
        [line] = [line for line in self.log if "likeliest token as in float32" in line]
        n_positions, same_top = re.search(r"at ([\d.]+)% of ([\d,]+) held-out positions", line).groups()[::-1]
        self.assertEqual(int(n_positions) % read_config(TINY).n_positions, 0)
        self.assertGreater(float(same_top), 95)
        input_ids = torch.from_numpy(read_tokens(self.tokens, "blogs", "test")[:N_LOGITS_POSITIONS].astype(np.int64))
        with torch.no_grad():
            logits = model.logits(input_ids[None])[0]
        # tests/trained_model.rs reads these.
        input_ids.numpy().astype("<u4").tofile(EXPORTED / "input_ids.u32")
        logits.numpy().astype("<f4").tofile(EXPORTED / "logits.f32")


class Parts(unittest.TestCase):
    def test_the_filter_gives_its_reason(self):
        self.assertIsNone(refusal("We met at 10:30 on 2 May 2021 and 250 people came."))
        self.assertEqual(refusal("Write to jane.doe@example.org today."), "e-mail addresses")
        self.assertEqual(refusal("Call (555) 123-4567."), "telephone numbers")
        self.assertEqual(refusal(f"Then he said {codecs.decode(SLURS.split()[0], 'rot13')}."), "slurs or obscenities")
        self.assertEqual(refusal("Her number is 123-45-6789."), "identity or card numbers")

    def test_the_bytes_of_a_text_are_the_sum_of_its_tokens_bytes(self):
        text = "Zoë’s naïve 😀 text,\n\twith  everything."
        ids = Tokenizer.from_file(str(TOKENIZER)).encode(text).ids
        self.assertEqual(token_bytes()[ids].sum(), len(text.encode()))

    def test_a_completion_depends_only_on_its_seed(self):
        model = GPT2(Shape(n_layer=1, n_embd=8, n_head=2, n_positions=8))
        first, again, other = (complete(model, [464, 6290], 12, seed) for seed in (1, 1, 2))
        self.assertEqual(first, again)
        self.assertNotEqual(first, other)
        self.assertEqual(len(first), 12)
        self.assertEqual(escaped("a|b *c* <d>"), r"a\|b \*c\* \<d>")

    def test_the_long_steps_get_the_time_that_is_left(self):
        now, called = 100.0, []

        class Process:
            returncode, stdout = 0, ()
            __enter__, __exit__ = lambda self: self, lambda self, *error: None

        with mock.patch("job.subprocess.Popen", lambda command, **options: called.append(command[3:]) or Process()):
            with redirect_stdout(io.StringIO()):
                for seconds in (1000, None):
                    job = Job(lambda: now, seconds)
                    now += 60
                    job.step("generate.py", "FOLDER", until=0.41)
                    job.step("export.py", "FOLDER")
        self.assertEqual(called[:2], [["FOLDER", "--seconds", "350"], ["FOLDER"]])
        self.assertEqual(called[2:], [["FOLDER"], ["FOLDER"]])

    def test_a_failing_step_ends_the_job(self):
        with redirect_stdout(io.StringIO()), self.assertRaisesRegex(SystemExit, "corpus.py ended with status 2"):
            Job(lambda: 0.0, None).step("corpus.py", "no folder", "no folder")


if __name__ == "__main__":
    unittest.main()
