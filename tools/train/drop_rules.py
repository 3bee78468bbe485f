"""From the replies that generate.py collected to training text: what is cleaned, and what is dropped by which rule.

    python drop_rules.py FOLDER

Reads FOLDER/smollm2.jsonl, writes FOLDER/smollm2.{train,valid,test}.txt (one paragraph a line, documents separated by
<|endoftext|>), and prints how many documents each rule of rules.py dropped; a document counts for the first that it
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
MAX_USES_OF_A_SENTENCE = 8  # and is left out afterwards: "I hope this message finds you well."
MIN_WORDS_OF_A_SENTENCE = 5  # shorter ones, such as "Best," and "Yes.", may come as often as they like
CURLY_EVERY = 6  # documents: people write quotation marks either way
HELD_OUT_EVERY = 200
CHUNK = 256  # documents that a process is given at once


def beginning(document):
    return good_beginning(clean(document["reply"], document["finished"]))


def without_worn(paragraphs, uses):
    """The paragraphs without sentences that were used often enough, by `uses`, where they are counted; none empty."""
    fresh = []
    for paragraph in paragraphs:
        sentences = sentences_of(paragraph)
        long = [sentence for sentence in sentences if len(sentence.split()) >= MIN_WORDS_OF_A_SENTENCE]
        worn = {sentence for sentence in long if uses[sentence] >= MAX_USES_OF_A_SENTENCE}
        uses.update(long)
        fresh.append(" ".join(sentence for sentence in sentences if sentence not in worn))
    return [paragraph for paragraph in fresh if paragraph]


def judged(number, paragraphs, request):
    """(text, None) or (None, the rule that it breaks)."""
    text = "\n".join(paragraphs)
    rule = broken_rule(text, request)
    if rule:
        return None, rule
    return curly(text) if number % CURLY_EVERY == 1 else text, None


def select(documents, map=map):
    """Returns the kept texts by their documents' numbers, and a Counter of what was dropped, by rule."""
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
    """Of a document that goes on with an opening from the training text always train."""
    if is_continuation(number):
        return "train"
    return {0: "test", 3: "valid"}.get(number % HELD_OUT_EVERY, "train")


def write(path, texts):
    """Replaces the file as a whole; without texts there is none."""
    if not texts:
        path.unlink(missing_ok=True)
        return
    partial = path.with_suffix(".partial")
    with partial.open("w", encoding="utf-8") as file:
        file.writelines(f"{text}\n{END_OF_TEXT}\n" for text in texts)
    partial.rename(path)


def make_texts(folder):
    """Writes the texts of the journal in `folder`, and prints what was dropped."""
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
