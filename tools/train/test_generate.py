"""Tests of the prompts, the journal and the rules for SmolLM2's prose, and of the writing with a tiny model."""

import io
import json
import tempfile
import unittest
from contextlib import redirect_stdout
from pathlib import Path
from unittest import mock

import numpy as np
from tokenizers import Tokenizer

import drop_rules
import generate
import journal
import prompts
import rules
import tiny_smollm2
from gpt2 import TOKENIZER
from openings import opening, openings_of

REQUEST = "Write a letter from Maya to Tom about the state of the playground. The tone is warm."
PROSE = """Dear Tom,
The swings were painted last week, and my daughter has not talked about anything else since. She says that the red one
is the fastest. I walked past again on Sunday with a thermos of tea and found your neighbour there, sanding the bench
where we used to sit. He told me that nobody had asked him to; he was just tired of splinters.
Come and see it when you are back from the coast, and bring the kite.
Maya"""


class Prompts(unittest.TestCase):
    def test_each_number_has_its_own_prompt(self):
        drawn = [prompts.prompt(7, number) for number in range(500)]
        self.assertEqual(drawn[123], prompts.prompt(7, 123))
        self.assertGreater(len(set(drawn)), 490)
        self.assertEqual({prompt.style for prompt in drawn}, set(prompts.STYLES))

    def test_every_template_is_filled(self):
        for number in range(4000):
            for text in prompts.prompt(0, number):
                self.assertNotRegex(text, r"[{}]|  ")

    def test_styles_are_drawn_by_their_weights(self):
        styles = [prompts.prompt(1, number).style for number in range(6000)]
        weights = {name: style["weight"] for name, style in prompts.STYLES.items()}
        for style in ("e-mail", "recipe introduction"):
            expected = 6000 * weights[style] / sum(weights.values())
            self.assertAlmostEqual(styles.count(style), expected, delta=0.25 * expected)

    def test_the_requests_of_the_bundled_model_stay_the_same(self):
        expected = {
            0: (
                "Write a customer's review of a pair of headphones in the first person. The tone is warm.",
                "Last week I",
            ),
            1: ("Write a description of a caf\u00e9 by the canal with its sounds and smells, seen by a florist.", ""),
            1000: ("Write a few thoughtful paragraphs about what I still want to learn, by a baker.", ""),
        }
        self.assertEqual({number: prompts.prompt("20261126 0", number)[1:] for number in expected}, expected)


class Openings(unittest.TestCase):
    words = (
        "Nobody in the street had seen the old postman since the first snow of the year fell on the roofs of our town"
    )

    def test_an_opening_is_the_beginning_of_a_longer_plain_paragraph(self):
        paragraph = f"{self.words}, and for once the letters had to wait until somebody else came by."
        self.assertEqual(opening(paragraph, 24), self.words + ", and")
        self.assertEqual(opening(paragraph, 23 + 1), opening(f"{paragraph} He came.", 24))
        self.assertEqual(opening(paragraph, 40), " ".join(paragraph.split(" ")[:-3]))
        self.assertIsNone(opening(self.words, 24))
        for change in (
            ("Nobody", "nobody"),
            ("old", "(old)"),
            ("old", "1950"),
            ("snow", "sn\u00f6w"),
            ("town", "town###"),
        ):
            self.assertIsNone(opening(paragraph.replace(*change), 40), change)

    def test_every_opening_is_used_once_and_stays_with_its_document(self):
        tokenizer = Tokenizer.from_file(str(TOKENIZER))
        with tempfile.TemporaryDirectory() as folder:
            text = "\n".join(f"{name} {self.words}, and that was not all there was." for name in prompts.LISTS["name"])
            ids = np.array(tokenizer.encode(f"Cut\n{text}\ncut").ids, "<u2")
            ids.tofile(Path(folder) / "blogs.train.bin")
            few = openings_of(Path(folder), range(60), 3, tokenizer)
            many = openings_of(Path(folder), range(3000), 3, tokenizer)
        self.assertGreater(len(few), 2)
        self.assertEqual(few, {number: many[number] for number in few})
        self.assertEqual({number % 3 for number in many}, {2})
        texts = [text for _, text in many.values()]
        self.assertEqual({group for group, _ in many.values()}, {"blogs"})
        self.assertEqual(len(texts), len(prompts.LISTS["name"]))
        self.assertEqual(len(set(texts)), len(texts))


class Generate(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.weights = cls.folder / "words.gguf"
        meta = tiny_smollm2.metadata(tiny_smollm2.WORDS)
        tiny_smollm2.write(cls.weights, meta, tiny_smollm2.word_tensors(meta))
        cls.tokenizer = Tokenizer.from_file(str(TOKENIZER))
        text = "Cut\n" + f"{Openings.words}, and that was not all there was to see.\n" * 20
        np.array(cls.tokenizer.encode(text).ids, "<u2").tofile(cls.folder / "blogs.train.bin")
        # The tiny model's tokens are bytes, so prompts are longer.
        cls.enterClassContext(mock.patch.object(generate, "MAX_PROMPT_TOKENS", 300))

    def write(self, path, numbers, until=float("inf")):
        with journal.append(path) as file, redirect_stdout(io.StringIO()):
            generate.write(file, numbers, self.folder, 5, self.weights, until)
        return {document["number"]: document for document in journal.read(path)}

    def test_an_interrupted_collection_ends_the_same_as_an_uninterrupted_one(self):
        unbroken = self.write(self.folder / "unbroken.jsonl", range(12))
        self.assertEqual(sorted(unbroken), [*range(12)])
        torn = self.folder / "torn.jsonl"
        lines = (self.folder / "unbroken.jsonl").read_text().splitlines(keepends=True)
        torn.write_text("".join(lines[:5]) + lines[5][:20])
        written = {document["number"] for document in journal.read(torn)}
        self.assertEqual(self.write(torn, [number for number in range(12) if number not in written]), unbroken)
        openings = openings_of(self.folder, range(12), 5, self.tokenizer)
        self.assertGreater(len(openings), 0)
        for number, document in unbroken.items():
            expected = prompts.prompt("5 0", number)
            if number in openings:
                expected = prompts.continuation(5, number, *openings[number])
            self.assertEqual(document["request"], expected.request)
            self.assertTrue(document["reply"].startswith(expected.opening), document)
            self.assertGreater(document["n_tokens"], 0)

    def test_writing_stops_when_the_time_is_up(self):
        self.assertEqual(self.write(self.folder / "late.jsonl", range(12), until=0), {})


class Journal(unittest.TestCase):
    def test_an_incomplete_line_is_skipped_and_cut_off_before_appending(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "journal.jsonl"
            path.write_text('{"number": 0}\n{"number": 1}\n{"num')
            self.assertEqual([document["number"] for document in journal.read(path)], [0, 1])
            with journal.append(path) as file:
                file.write('{"number": 2}\n')
            self.assertEqual([document["number"] for document in journal.read(path)], [0, 1, 2])

    def test_a_new_journal_is_empty(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "journal.jsonl"
            journal.append(path).close()
            self.assertEqual(journal.read(path), [])


class Clean(unittest.TestCase):
    def test_typography_becomes_that_of_the_corpus(self):
        reply = "\u201cIt\u2019s late\u2026\u201d  she said \u2014 again."
        self.assertEqual(rules.clean(reply, True), ['"It\'s late..." she said\u2014again.'])

    def test_headers_and_a_placeholder_at_the_end_are_removed(self):
        reply = "Subject: Playground\n\nDear Tom,\n\nIt is done.\n\nBest,\n[Your Name]\n"
        self.assertEqual(rules.clean(reply, True), ["Dear Tom,", "It is done.", "Best,"])

    def test_an_unfinished_reply_ends_with_its_last_sentence(self):
        self.assertEqual(rules.clean('One.\nTwo. "Three!" And then', False), ["One.", 'Two. "Three!"'])
        self.assertEqual(rules.clean("One.\nand then", False), ["One."])
        self.assertEqual(rules.clean("", False), [])


class Rules(unittest.TestCase):
    def test_prose_breaks_no_rule(self):
        self.assertIsNone(rules.broken_rule(PROSE, REQUEST))

    def test_each_rule_drops_a_text_that_breaks_it(self):
        kinds = {
            "too short": PROSE[:100],
            "repetition": PROSE + PROSE,
            "echo of the request": PROSE + " " + REQUEST,
            "a paragraph twice": PROSE + "\nMaya",
            "few plain words": PROSE.title(),
        }
        self.assertEqual(set(kinds), set(rules.RULES))
        for rule, text in kinds.items():
            self.assertEqual(rules.broken_rule(text, REQUEST), rule)

    def test_each_pattern_ends_a_text_that_matches_it(self):
        paragraphs = PROSE.split("\n")
        kinds = {
            "not ASCII": "See you \N{GRINNING FACE}",
            "placeholder": "Greet [name of the neighbour].",
            "list or markup": "1. Paint the swings.",
            "marks": "Come soon!!!",
            "refusal": "I'm sorry, but I can't assist with that.",
            "talk about being an AI": "As an AI, I have no kite.",
            "talk about the task": "This letter aims to be warm.",
            "telephone numbers": "Call 555-123-4567.",
        }
        self.assertEqual(set(rules.PATTERNS) - set(kinds), set())
        for name, paragraph in kinds.items():
            self.assertEqual(rules.broken_pattern(paragraph), name)
            self.assertEqual(rules.good_beginning([*paragraphs, paragraph, *paragraphs]), paragraphs)
        self.assertEqual([rules.broken_pattern(paragraph) for paragraph in paragraphs], [None] * len(paragraphs))

    def test_the_text_before_a_broken_rule_is_kept(self):
        paragraphs = PROSE.split("\n")
        self.assertEqual(rules.good_beginning(paragraphs), paragraphs)
        self.assertEqual(rules.good_beginning(["Fine so far.", "- a list", "Fine again."]), ["Fine so far."])
        self.assertEqual(rules.good_beginning(["Write to jane@example.org."]), [])
        self.assertEqual(
            rules.good_beginning(
                ["It rained. We walked home along the river.", "Then we walked home along the river. Late."]
            ),
            ["It rained. We walked home along the river."],
        )
        round_and_round = "Again. " + " ".join(["on and on we went"] * 4) + "."
        self.assertEqual(rules.good_beginning([round_and_round]), ["Again."])

    def test_quotation_marks_are_set_as_in_print(self):
        self.assertEqual(
            rules.curly("\"It's late,\" he said. ('Is it?')\n\"'Tis.\""),
            "\u201cIt\u2019s late,\u201d he said. (\u2018Is it?\u2019)\n\u201c\u2018Tis.\u201d",
        )


def reply_of(number):
    """Prose that differs for every number."""
    return PROSE.replace("e ", f"e {str(number).translate(str.maketrans('0123456789', 'abcdefghij'))} ")


class Select(unittest.TestCase):
    @staticmethod
    def documents(numbers, reply=reply_of):
        return [dict(number=number, request=REQUEST, reply=reply(number), finished=True) for number in numbers]

    def test_a_worn_sentence_is_left_out(self):
        n = drop_rules.MAX_USES_OF_A_SENTENCE + 1
        documents = self.documents(range(n), lambda number: f"I hope this message finds you well. {reply_of(number)}")
        kept, dropped = drop_rules.select(documents)
        self.assertEqual([text.startswith("I hope") for text in kept.values()], [True] * (n - 1) + [False])
        self.assertEqual([text.endswith("Maya") for text in kept.values()], [True] * n)
        self.assertEqual(list(kept), list(range(n)))
        self.assertEqual(dropped, {})

    def test_dropped_documents_are_counted_by_rule(self):
        documents = self.documents([0, 1, 2]) + self.documents([3], lambda number: "Too little.")
        kept, dropped = drop_rules.select(documents[::-1])
        self.assertEqual(list(kept), [0, 1, 2])
        self.assertEqual(dropped, {"too short": 1})

    def test_one_document_in_six_has_typographic_quotes(self):
        kept, _ = drop_rules.select(self.documents(range(13), lambda number: f'"Hello," he said. {reply_of(number)}'))
        self.assertEqual([number for number, text in kept.items() if text.startswith("\u201cHello,\u201d")], [1, 7])

    def test_a_document_that_continues_training_text_is_never_held_out(self):
        splits = {number: drop_rules.split_of(number) for number in range(3000)}
        held_out = [number for number, split in splits.items() if split != "train"]
        self.assertFalse(any(prompts.is_continuation(number) for number in held_out))
        self.assertEqual(
            [splits[number] for number in (0, 3, 200, 203, 400)], ["test", "valid", "train", "train", "test"]
        )
        self.assertEqual(len(held_out), 20)

    def test_the_number_of_processes_does_not_change_the_files(self):
        with tempfile.TemporaryDirectory() as folder:
            documents = self.documents([*range(1, 40, 2), *range(0, 40, 2)])
            with journal.append(Path(folder) / "smollm2.jsonl") as file:
                file.writelines(json.dumps(document) + "\n" for document in documents)
            with redirect_stdout(io.StringIO()), mock.patch.object(drop_rules, "CHUNK", 3):
                drop_rules.make_texts(Path(folder))
            texts = {split: (Path(folder) / f"smollm2.{split}.txt").read_text() for split in ("train", "valid", "test")}
        kept, _ = drop_rules.select(documents)
        for split, text in texts.items():
            expected = [its for number, its in kept.items() if drop_rules.split_of(number) == split]
            self.assertEqual(text, "".join(f"{its}\n<|endoftext|>\n" for its in expected))


if __name__ == "__main__":
    unittest.main()
