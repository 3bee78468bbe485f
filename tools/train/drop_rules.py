"""Turns the replies that generate.py collected into training text: cleans them and drops those that break a rule.

    python drop_rules.py FOLDER

Reads FOLDER/smollm2.jsonl, writes FOLDER/smollm2.{train,valid,test}.txt (one paragraph per line, documents separated
by <|endoftext|>), and prints how many documents each rule of rules.py dropped. A document counts for the first rule it
breaks.
"""

import argparse
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import journal
from prompts import is_continuation
from rules import broken_rule, clean, curly, good_beginning, sentences_of

END_OF_TEXT = "<|endoftext|>"
MAX_USES_OF_A_SENTENCE = 8  # later documents go without it, as without "I hope this message finds you well."
MIN_WORDS_OF_A_SENTENCE = 5  # shorter ones, such as "Best," and "Yes.", may recur freely
CURLY_EVERY = 6  # documents; people write both straight and curly quotation marks
HELD_OUT_EVERY = 200
CHUNK = 256  # documents per task of the process pool


def beginning(document):
    return good_beginning(clean(document["reply"], document["finished"]))


def without_worn(paragraphs, uses):
    """Removes sentences that `uses` has counted too often, counts the rest, and drops paragraphs left empty."""
    fresh = []
    for paragraph in paragraphs:
        sentences = sentences_of(paragraph)
        long = [sentence for sentence in sentences if len(sentence.split()) >= MIN_WORDS_OF_A_SENTENCE]
        worn = {sentence for sentence in long if uses[sentence] >= MAX_USES_OF_A_SENTENCE}
        uses.update(long)
        fresh.append(" ".join(sentence for sentence in sentences if sentence not in worn))
    return [paragraph for paragraph in fresh if paragraph]


def judged(number, paragraphs, request):
    """Returns (text, None), or (None, the broken rule)."""
    text = "\n".join(paragraphs)
    rule = broken_rule(text, request)
    if rule:
        return None, rule
    return curly(text) if number % CURLY_EVERY == 1 else text, None


def select(documents, map=map):
    """Returns the kept texts by document number, and a Counter of the dropped documents by rule."""
    documents = sorted(documents, key=lambda document: document["number"])
    uses = Counter()
    paragraphs = [without_worn(its, uses) for its in map(beginning, documents)]
    numbers, requests = ([document[key] for document in documents] for key in ("number", "request"))
    kept, dropped = {}, Counter()
    for number, (text, rule) in zip(numbers, map(judged, numbers, paragraphs, requests)):
        if rule:
            dropped[rule] += 1
        else:
            kept[number] = text
    return kept, dropped


def split_of(number):
    """The split of a document; always train if it continues an opening from the training text."""
    if is_continuation(number):
        return "train"
    return {0: "test", 3: "valid"}.get(number % HELD_OUT_EVERY, "train")


def write(path, texts):
    """Replaces the file; without texts, removes it."""
    if not texts:
        path.unlink(missing_ok=True)
        return
    partial = path.with_suffix(".partial")
    with partial.open("w", encoding="utf-8") as file:
        file.writelines(f"{text}\n{END_OF_TEXT}\n" for text in texts)
    partial.rename(path)


def make_texts(folder):
    """Writes the texts from the journal in `folder`, and prints how many documents were dropped."""
    documents = journal.read(folder / "smollm2.jsonl")
    with ProcessPoolExecutor() as pool:
        kept, dropped = select(documents, lambda f, *items: pool.map(f, *items, chunksize=CHUNK))
    for split in ("train", "valid", "test"):
        write(folder / f"smollm2.{split}.txt", [text for number, text in kept.items() if split_of(number) == split])
    n_bytes = sum(len(text.encode()) for text in kept.values())
    print(f"{len(documents)} documents, {len(kept)} kept ({len(kept) / len(documents):.1%}), {n_bytes / 1e6:.2f} MB")
    for rule, count in dropped.most_common():
        print(f"{count / len(documents):6.1%} {rule}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    folder = parser.parse_args().folder
    file = folder / "smollm2.jsonl"
    if not file.exists() or not file.stat().st_size:
        parser.error(f"{file} has no documents yet; generate.py writes them")
    make_texts(folder)


if __name__ == "__main__":
    main()
