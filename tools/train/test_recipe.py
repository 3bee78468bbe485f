"""The recipe from text to the page's file, on a tiny slice: it learns, goes on after a kill, distils and exports.

    python -m unittest discover -s tools/train

What it exports goes to target/tmp/trained-model, where tests/trained_model.rs runs the engine on it.
"""

import codecs
import io
import math
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

import checkpoint
from config import Distillation, read_config
from distill import soft_targets_loss
from evaluate import nats_per_token, token_bytes
from export import GROUP_LEN, input_axis, read_model, write_model
from gpt2 import END_OF_TEXT, GPT2, TOKENIZER, Shape, init_from
from mixture import Mixture, read_tokens
from optimiser import Muon, orthogonal
from progress import Progress
from sample import complete, escaped
from softmax import FullSoftmax, SampledSoftmax
from text_filter import SLURS, refusal
from train import Run

# On a CPU a run is repeated bit for bit; a GPU adds up in any order.
os.environ["CUDA_VISIBLE_DEVICES"] = ""

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parents[1]
EXPORTED = PROJECT / "target/tmp/trained-model"
TINY = HERE / "tiny.toml"
N_LOGITS_POSITIONS = 24


def command(script, *arguments):
    subprocess.run([sys.executable, HERE / script, *arguments], check=True, stdout=subprocess.DEVNULL)


class Recipe(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.tokens, cls.run_folder = cls.folder / "tokens", cls.folder / "run"
        texts = cls.folder / "texts"
        texts.mkdir()
        lines = (PROJECT / "tests/fixtures/held_out.txt").read_text().splitlines(keepends=True)
        for split, part in {"train": lines[:-20], "valid": lines[-20:-10], "test": lines[-10:]}.items():
            (texts / f"prose.{split}.txt").write_text("".join(part))
        command("corpus.py", texts, cls.tokens)
        command("train.py", TINY, cls.tokens, cls.run_folder)
        shutil.rmtree(EXPORTED, ignore_errors=True)
        command("export.py", cls.run_folder, EXPORTED)

    def test_the_loss_comes_down(self):
        valid = read_tokens(self.tokens, "prose", "valid")
        untrained = nats_per_token(GPT2(read_config(TINY).model), valid)
        trained = nats_per_token(read_model(EXPORTED), valid)
        self.assertAlmostEqual(untrained, np.log(50257), delta=0.2)
        self.assertLess(trained, untrained - 3)

    def test_the_evaluation_prints_what_it_measured(self):
        table = subprocess.check_output([sys.executable, HERE / "evaluate.py", self.tokens, EXPORTED], text=True)
        group, n_tokens, nats, perplexity, bits_per_byte = table.splitlines()[-1].strip("| ").split(" | ")
        test = read_tokens(self.tokens, "prose", "test")
        self.assertEqual((group, int(n_tokens)), ("prose", sum(test[1:] != END_OF_TEXT)))
        self.assertAlmostEqual(float(nats), nats_per_token(read_model(EXPORTED), test), delta=1e-3)
        self.assertAlmostEqual(float(perplexity), math.exp(float(nats)), delta=0.001 * float(perplexity))
        n_bytes = token_bytes()[test[1:][test[1:] != END_OF_TEXT]].sum()
        self.assertAlmostEqual(float(bits_per_byte), float(nats) * int(n_tokens) / math.log(2) / n_bytes, delta=2e-3)

    def test_an_interrupted_run_ends_as_an_unbroken_one(self):
        folder = self.folder / "interrupted"
        folder.mkdir()

        def save_and_die():
            checkpoint.save(folder, run.state_dict())
            raise InterruptedError

        run = Run(read_config(TINY), self.tokens, 0, 1)
        with self.assertRaises(InterruptedError), redirect_stdout(io.StringIO()):
            run.train(save_and_die)
        unbroken = checkpoint.load(self.run_folder)
        self.assertLess(checkpoint.load(folder)["progress"]["n_steps"], unbroken["progress"]["n_steps"])
        command("train.py", TINY, self.tokens, folder)
        resumed = checkpoint.load(folder)
        self.assertEqual(resumed["progress"], unbroken["progress"])
        self.assertEqual(resumed["taken"], unbroken["taken"])
        for name, value in unbroken["average"].items():
            self.assertTrue(torch.equal(resumed["average"][name], value), name)

    def test_two_processes_end_as_one_but_for_rounding(self):
        folder = self.folder / "two"
        command("train.py", TINY, self.tokens, folder, "--processes", "2")
        valid = read_tokens(self.tokens, "prose", "valid")
        write_model(folder, read_config(TINY).model, checkpoint.load(folder)["average"])
        one, two = (nats_per_token(read_model(model), valid) for model in (EXPORTED, folder))
        self.assertAlmostEqual(one, two, delta=0.05)

    def test_a_run_can_be_finished_early(self):
        config = read_config(TINY)
        progress = Progress(config)
        while progress.n_tokens < config.warmup_tokens:
            progress.advance()
        progress.finish()
        self.assertTrue(progress.phase.decays)
        factors = []
        while progress.phase is not None:
            factors.append(progress.learning_rate_factor())
            progress.advance()
        self.assertEqual(len(factors) * config.batch_tokens, config.phases[-1].n_tokens)
        self.assertTrue(all(0 < later < earlier for earlier, later in zip(factors, factors[1:])), factors)

    def test_a_student_comes_nearer_to_its_teacher(self):
        weights = Distillation(teacher=EXPORTED, temperature=2.0, soft_targets=5.0, labels=2.0, cosine=1.0)
        shape = Shape(n_layer=1, n_embd=64, n_head=2, n_positions=64)
        rates = dict(muon_learning_rate=0.002, adamw_learning_rate=0.001)
        config = replace(read_config(TINY), model=shape, distillation=weights, init_from=EXPORTED, **rates)
        run = Run(config, self.tokens, 0, 1)
        windows = torch.from_numpy(read_tokens(self.tokens, "prose", "train")[: 8 * 65].astype(np.int64)).view(8, 65)
        with torch.no_grad():
            before = run.loss(windows, FullSoftmax()).item()
            self.assertTrue(torch.equal(run.model.wte.weight, run.teacher.wte.weight))
        phase = config.phases[0]
        for _ in range(12):
            run.step(phase, run.mixture.frequencies(phase.shares))
        with torch.no_grad():
            self.assertLess(run.loss(windows, FullSoftmax()).item(), before)

    def test_the_exported_file_is_what_was_trained(self):
        model = read_model(EXPORTED)
        trained = checkpoint.load(self.run_folder)["average"]
        for name, value in model.state_dict().items():
            difference = (value - trained[name]).abs()
            if value.dim() == 1:
                self.assertEqual(difference.max().item(), 0, name)
                continue
            axis = input_axis(name)
            largest, off = (x.unflatten(axis, (-1, GROUP_LEN)).abs().amax(axis + 1) for x in (trained[name], difference))
            # Half a step of 127; bfloat16 may have rounded the scale up.
            self.assertTrue((off <= largest * (1 + 2**-8) * 0.5 / 127).all(), name)
        input_ids = torch.from_numpy(read_tokens(self.tokens, "prose", "test")[:N_LOGITS_POSITIONS].astype(np.int64))
        with torch.no_grad():
            logits = model.logits(input_ids[None])[0]
        # For tests/trained_model.rs.
        input_ids.numpy().astype("<u4").tofile(EXPORTED / "input_ids.u32")
        logits.numpy().astype("<f4").tofile(EXPORTED / "logits.f32")


class Parts(unittest.TestCase):
    def test_a_model_with_a_scale_per_row_or_column_is_read_as_well(self):
        shape = Shape(n_layer=1, n_embd=32, n_head=2, n_positions=8)
        with tempfile.TemporaryDirectory() as folder:
            write_model(Path(folder), shape, GPT2(shape).state_dict())
            stored = load_file(Path(folder) / "model.safetensors")
            scales = {"wte.weight": torch.rand(50257).half(), "h.0.mlp.c_fc.weight": torch.rand(128).half()}
            stored.update({name + ".scale": scale for name, scale in scales.items()})
            save_file(stored, Path(folder) / "model.safetensors")
            read = read_model(Path(folder)).state_dict()
        row, column = scales["wte.weight"][:, None].float(), scales["h.0.mlp.c_fc.weight"].float()
        self.assertTrue(torch.equal(read["wte.weight"], stored["wte.weight"] * row))
        self.assertTrue(torch.equal(read["h.0.mlp.c_fc.weight"], stored["h.0.mlp.c_fc.weight"] * column))

    def test_every_window_of_a_group_comes_once_before_any_comes_again(self):
        with tempfile.TemporaryDirectory() as folder:
            np.arange(81, dtype="<u2").tofile(Path(folder) / "a.train.bin")
            mixture = Mixture(Path(folder), ["a"], seed=1)
            epochs = [mixture.batch(np.random.default_rng(0), {"a": 1}, 8, 10)[:, 0].tolist() for _ in range(2)]
            for epoch in epochs:
                self.assertEqual(sorted(epoch), list(range(0, 80, 10)))
            self.assertNotEqual(*epochs)

    def test_the_sampled_softmax_sums_to_the_full_one_on_average(self):
        generator = torch.Generator().manual_seed(1)
        hidden = torch.randn(5, 16, generator=generator)
        wte = torch.randn(50257, 16, generator=generator) / 4
        targets = torch.tensor([0, 1, 10, 1000, 50256])
        frequencies = 1 / np.arange(1, 50258)
        full, right = FullSoftmax().logits(hidden, wte, targets)
        sums, rng = [], np.random.default_rng(1)
        for _ in range(100):
            softmax = SampledSoftmax(frequencies, 4096, rng, "cpu")
            logits, first = softmax.logits(hidden, wte, targets)
            self.assertTrue(torch.allclose(logits[range(5), first], full[range(5), right], atol=1e-4))
            sums.append((logits - softmax.correction).exp().sum(1))
        ratio = torch.stack(sums).mean(0) / full.exp().sum(1)
        self.assertLess((ratio - 1).abs().max().item(), 0.03, ratio)

    def test_a_student_equal_to_its_teacher_loses_nothing(self):
        logits = torch.randn(4, 9, generator=torch.Generator().manual_seed(1))
        self.assertAlmostEqual(soft_targets_loss(logits, logits, 0.0, 2.0).item(), 0, places=6)
        self.assertGreater(soft_targets_loss(-logits, logits, 0.0, 2.0).item(), 0.1)

    def test_muon_evens_out_the_singular_values(self):
        generator = torch.Generator().manual_seed(1)
        for shape in [(3, 24, 24), (1, 16, 64), (1, 64, 16)]:
            values = torch.linalg.svdvals(orthogonal(torch.randn(shape, generator=generator)))
            self.assertGreater(values.min().item(), 0.3)
            self.assertLess(values.max().item(), 1.3)

    def test_the_filter_says_why(self):
        self.assertIsNone(refusal("We met at 10:30 on 2 May 2021 and 250 people came."))
        self.assertEqual(refusal("Write to jane.doe@example.org today."), "e-mail addresses")
        self.assertEqual(refusal("Call (555) 123-4567."), "telephone numbers")
        self.assertEqual(refusal(f"Then he said {codecs.decode(SLURS.split()[0], 'rot13')}."), "slurs or obscenities")
        self.assertEqual(refusal("Her number is 123-45-6789."), "identity or card numbers")

    def test_over_a_sample_the_teacher_is_as_near_as_over_all_tokens(self):
        generator = torch.Generator().manual_seed(1)
        hidden, teacher_hidden = torch.randn(2, 5, 16, generator=generator)
        wte = torch.randn(50257, 16, generator=generator) / 4
        targets = torch.tensor([0, 1, 10, 1000, 50256])

        def loss(softmax):
            logits, teacher_logits = (softmax.logits(h, wte, targets)[0] for h in (hidden, teacher_hidden))
            return soft_targets_loss(logits, teacher_logits, softmax.correction, 2.0).item()

        rng = np.random.default_rng(1)
        sampled = [loss(SampledSoftmax(1 / np.arange(1, 50258), 4096, rng, "cpu")) for _ in range(20)]
        self.assertAlmostEqual(np.mean(sampled) / loss(FullSoftmax()), 1, delta=0.05)

    def test_queries_keys_and_values_are_three_matrices_to_muon(self):
        generator = torch.Generator().manual_seed(1)
        gradient = torch.randn(16, 48, generator=generator)
        together = torch.zeros(16, 48, requires_grad=True)
        alone = [torch.zeros(16, 16, requires_grad=True) for _ in range(3)]
        together.grad = gradient
        for weight, part in zip(alone, gradient.chunk(3, 1)):
            weight.grad = part.clone()
        Muon([dict(params=[together], n_parts=3), dict(params=alone)], 0.1).step()
        self.assertTrue(torch.allclose(together, torch.cat(alone, 1), atol=1e-2))

    def test_a_student_begins_with_layers_from_first_to_last(self):
        teacher = GPT2(Shape(n_layer=12, n_embd=8, n_head=2, n_positions=4))
        student = GPT2(Shape(n_layer=6, n_embd=8, n_head=2, n_positions=4))
        init_from(student, teacher)
        for block, i in zip(student.h, [0, 2, 4, 7, 9, 11]):
            self.assertTrue(torch.equal(block.mlp.c_fc.weight, teacher.h[i].mlp.c_fc.weight), i)

    def test_the_bytes_of_a_text_are_those_of_its_tokens(self):
        text = "Zoë’s naïve 😀 text,\n\twith  everything."
        ids = Tokenizer.from_file(str(TOKENIZER)).encode(text).ids
        self.assertEqual(token_bytes()[ids].sum(), len(text.encode()))

    def test_a_completion_depends_on_its_seed_alone(self):
        model = GPT2(Shape(n_layer=1, n_embd=8, n_head=2, n_positions=8))
        first, again, other = (complete(model, [464, 6290], 12, seed) for seed in (1, 1, 2))
        self.assertEqual(first, again)
        self.assertNotEqual(first, other)
        self.assertEqual(len(first), 12)
        self.assertEqual(escaped("a|b *c* <d>"), r"a\|b \*c\* \<d>")

    def test_unknown_keys_are_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "run.toml"
            file.write_text("momentum = 1\n" + TINY.read_text())
            with self.assertRaisesRegex(TypeError, "momentum"):
                read_config(file)


if __name__ == "__main__":
    unittest.main()
