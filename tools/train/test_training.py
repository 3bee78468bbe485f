"""Tests of the parts of the training: the model, the loss, the optimisers, the mixture, the schedule."""

import tempfile
import unittest
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from config import read_config
from fallback import checked, relative_error
from gpt2 import END_OF_TEXT, GPT2, NEWLINE, VOCAB_SIZE, Shape, block_forward
from mixture import AT_DOCUMENTS, AT_PARAGRAPHS, Group, Mixture, with_blank_lines
from optimiser import Muon, orthogonal
from progress import Progress, learning_rate_factor
from softmax import PADDED, CrossEntropy, check_softmax, softmax_
from train import check_block

CPU = torch.device("cpu")
TINY = Path(__file__).with_name("tiny.toml")


def randn(*shape, seed=1):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


class Model(unittest.TestCase):
    def test_later_tokens_do_not_affect_earlier_ones(self):
        model = GPT2(Shape(n_layer=2, n_embd=16, n_head=2, n_positions=8))
        ids = torch.tensor([[5, 6, 7, 8], [5, 6, 9, 10]])
        with torch.no_grad():
            first, second = model(ids)
        self.assertTrue(torch.allclose(first[:2], second[:2], atol=1e-6))
        self.assertFalse(torch.allclose(first[2], second[2], atol=1e-3))

    def test_a_block_that_computes_something_else_is_refused(self):
        shape = Shape(n_layer=1, n_embd=64, n_head=2, n_positions=8)
        check_block(block_forward, shape, 2, CPU, torch.float32)
        with self.assertRaises(ArithmeticError):
            check_block(lambda x, n_head, *weights: block_forward(x, 1, *weights), shape, 2, CPU, torch.float32)


class Loss(unittest.TestCase):
    def test_loss_and_gradients_are_those_of_the_cross_entropy(self):
        hidden, wte = randn(7, 16).requires_grad_(), (randn(VOCAB_SIZE, 16, seed=2) / 4).requires_grad_()
        targets = torch.tensor([0, 1, 10, 1000, VOCAB_SIZE - 1, 1, 5])
        expected = 3 * F.cross_entropy(F.linear(hidden, wte), targets)
        d_hidden, d_wte = torch.autograd.grad(expected, (hidden, wte))
        for n_slice in (3, 7, 100):
            loss = 3 * CrossEntropy(16, CPU, torch.float32, n_slice)(hidden, wte, targets)
            found = torch.autograd.grad(loss, (hidden, wte))
            self.assertAlmostEqual(loss.item(), expected.item(), places=4)
            self.assertLess(relative_error(found[0], d_hidden), 1e-4)
            self.assertLess(relative_error(found[1], d_wte), 1e-4)

    def test_a_kernel_is_used_only_if_it_is_right(self):
        def wrong(logits, targets, scale):
            return softmax_(logits, targets, 2 * scale)

        def broken(logits, targets, scale):
            raise RuntimeError("no such instruction")

        def right(logits, targets, scale):
            return softmax_(logits, targets, scale)

        said = []
        check = lambda kernel: check_softmax(kernel, CPU, torch.float32)
        self.assertIs(checked("The kernel", right, softmax_, check, said.append), right)
        self.assertIs(checked("The kernel", None, softmax_, check, said.append), softmax_)
        self.assertEqual(said, [])
        self.assertIs(checked("The kernel", wrong, softmax_, check, said.append), softmax_)
        self.assertIs(checked("The kernel", broken, softmax_, check, said.append), softmax_)
        self.assertRegex(said[0], "^The kernel is not used: ArithmeticError: off by 1.00e\\+00")
        self.assertEqual(said[1], "The kernel is not used: RuntimeError: no such instruction")

    def test_the_padding_columns_get_no_gradient(self):
        logits = torch.full((2, PADDED), 50.0)
        softmax_(logits, torch.tensor([3, 4]), 1.0)
        self.assertEqual(logits[:, VOCAB_SIZE:].abs().max().item(), 0)


class Optimising(unittest.TestCase):
    def test_muon_evens_out_the_singular_values(self):
        for shape in [(3, 24, 24), (1, 16, 64), (1, 64, 16)]:
            values = torch.linalg.svdvals(orthogonal(randn(*shape)))
            self.assertGreater(values.min().item(), 0.3)
            self.assertLess(values.max().item(), 1.3)

    def test_muon_treats_queries_keys_and_values_as_three_matrices(self):
        gradient = randn(16, 48)
        together = torch.zeros(16, 48, requires_grad=True)
        alone = [torch.zeros(16, 16, requires_grad=True) for _ in range(3)]
        together.grad = gradient
        for weight, part in zip(alone, gradient.chunk(3, 1)):
            weight.grad = part.clone()
        Muon([(together, 3)]).step(0.1)
        Muon([(weight, 1) for weight in alone]).step(0.1)
        self.assertTrue(torch.allclose(together, torch.cat(alone, 1), atol=1e-2))

    def test_stacked_matrices_are_updated_as_each_by_itself(self):
        stacked, alone = (
            [torch.zeros(shape, requires_grad=True) for shape in [(8, 8), (8, 32), (8, 8)]] for _ in range(2)
        )
        optimisers = [Muon([(weight, 1) for weight in stacked]), *(Muon([(weight, 1)]) for weight in alone)]
        for step in range(3):
            for i, pair in enumerate(zip(stacked, alone)):
                for weight in pair:
                    weight.grad = randn(*weight.shape, seed=10 * step + i)
            for muon in optimisers:
                muon.step(0.1)
        for one, other in zip(stacked, alone):
            self.assertGreater(one.abs().max().item(), 0.01)
            self.assertTrue(torch.allclose(one, other, atol=1e-2))


class Schedule(unittest.TestCase):
    def test_the_learning_rate_rises_and_falls_linearly(self):
        factors = [learning_rate_factor(i / 1000) for i in range(1001)]
        self.assertEqual(factors[-1], 0)
        self.assertLess(factors[0], 0.01)
        self.assertEqual(factors.index(max(factors)), 25)
        np.testing.assert_allclose(factors[100::100], np.arange(0.9, -0.05, -0.1), atol=1e-9)

    def test_a_run_ends_after_its_tokens(self):
        progress, seen = Progress(n_tokens=1000, batch_tokens=300), []
        while progress() < 1:
            seen.append(progress())
            progress.n_steps += 1
        np.testing.assert_allclose(seen, [0, 0.3, 0.6, 0.9])

    def test_a_run_ends_after_its_seconds_in_one_session_or_two(self):
        now = 100.0
        progress = Progress(1000, 300, seconds=8, clock=lambda: now)
        self.assertEqual(progress(), 0)
        now += 2
        self.assertEqual(progress(), 0.25)
        state = progress.state_dict()
        now += 1000
        resumed = Progress(1000, 300, seconds=8, clock=lambda: now)
        resumed.load_state_dict(state)
        self.assertEqual(resumed(), 0.25)
        now += 4
        self.assertEqual(resumed(), 0.75)
        now += 4
        self.assertEqual(resumed(), 1)


class Mixing(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        # Documents of two paragraphs, with numbers that tell the groups apart.
        for group, first in ("a", 1000), ("b", 20_000), ("c", 40_000):
            documents = [
                [first + 10 * i + 1, first + 10 * i + 2, NEWLINE, first + 10 * i + 3, END_OF_TEXT] for i in range(500)
            ]
            np.array(documents, "<u2").tofile(cls.folder / f"{group}.train.bin")

    def test_a_batch_depends_only_on_seed_and_step(self):
        mixture, again, other = (Mixture(self.folder, {"a": 1, "b": 2}, seed) for seed in (1, 1, 2))
        batches = [mixture.batch(step, 8, 12) for step in range(3)]
        self.assertEqual(batches[0].shape, (8, 13))
        self.assertTrue(torch.equal(again.batch(2, 8, 12), batches[2]))
        self.assertFalse(torch.equal(batches[0], batches[1]))
        self.assertFalse(torch.equal(other.batch(2, 8, 12), batches[2]))

    def test_groups_are_drawn_by_their_shares(self):
        ids = Mixture(self.folder, {"a": 1, "b": 2, "c": 5}, seed=1).batch(0, 4000, 4)
        groups = [((first <= ids) & (ids < first + 10_000)).any(1).sum().item() for first in (1000, 20_000, 40_000)]
        np.testing.assert_allclose(groups, [500, 1000, 2500], atol=120)

    def test_windows_are_pieces_of_the_text(self):
        group = Group(np.fromfile(self.folder / "a.train.bin", "<u2"), seed=1)
        text = "".join(map(chr, group.tokens))
        for window in group.windows(np.random.default_rng(1), 50, 9):
            self.assertIn("".join(map(chr, window)), text)

    def test_fixed_fractions_of_windows_begin_at_documents_and_paragraphs(self):
        group = Group(np.fromfile(self.folder / "a.train.bin", "<u2"), seed=1)
        first = group.windows(np.random.default_rng(1), 10_000, 9)[:, 0]
        # Windows drawn anywhere begin there by chance as well.
        by_chance = (1 - AT_DOCUMENTS - AT_PARAGRAPHS) * 500 / len(group.tokens)
        self.assertAlmostEqual((first % 10 == 1).mean(), AT_DOCUMENTS + by_chance, delta=0.02)
        self.assertAlmostEqual((first % 10 == 3).mean(), AT_PARAGRAPHS + by_chance, delta=0.02)

    def test_half_of_the_documents_have_blank_lines_between_all_their_paragraphs(self):
        document = [1, NEWLINE, 2, NEWLINE, 3, END_OF_TEXT]
        tokens = with_blank_lines(np.array(document * 1000), np.random.default_rng(1))
        documents = [its.tolist() for its in np.split(tokens, 1 + np.flatnonzero(tokens == END_OF_TEXT))[:-1]]
        wide = [1, NEWLINE, NEWLINE, 2, NEWLINE, NEWLINE, 3, END_OF_TEXT]
        self.assertEqual(len(documents), 1000)
        self.assertAlmostEqual(documents.count(wide), 500, delta=50)
        self.assertEqual(documents.count(document), 1000 - documents.count(wide))

    def test_a_group_shorter_than_a_window_is_refused(self):
        with self.assertRaisesRegex(ValueError, "a window has 13 tokens"):
            Group(np.arange(12, dtype="<u2"), seed=1).windows(np.random.default_rng(1), 1, 13)


class Configuration(unittest.TestCase):
    def test_unknown_keys_are_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "run.toml"
            file.write_text("momentum = 1\n" + TINY.read_text())
            with self.assertRaisesRegex(TypeError, "momentum"):
                read_config(file)

    def test_the_bundled_model_has_its_known_shape(self):
        config = read_config(TINY.with_name("bundled.toml"))
        self.assertEqual(config.shape, Shape(n_layer=12, n_embd=256, n_head=4, n_positions=512))
        self.assertEqual(config.batch_tokens, 98_304)
        self.assertAlmostEqual(sum(config.shares.values()), 100, delta=0.1)
        self.assertEqual(replace(config, n_layer=1).shape.n_layer, 1)


if __name__ == "__main__":
    unittest.main()
