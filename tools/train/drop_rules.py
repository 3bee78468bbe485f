"""From the replies that generate.py collected to training text: what is cleaned, and what is dropped by which rule.

    python drop_rules.py FOLDER

Reads FOLDER/smollm2.jsonl, writes FOLDER/smollm2.train.txt and, with the documents whose number ends in 0,
FOLDER/smollm2.test.txt (one paragraph a line, documents separated by <|endoftext|>), and prints how many documents each
rule dropped; a document counts for the first rule that it breaks.
"""

import argparse
import re
from collections import Counter
from pathlib import Path

import journal

END_OF_TEXT = "<|endoftext|>"
TEST_EVERY = 10
MIN_WORDS = 60
MIN_DISTINCT_TRIGRAMS = 0.85  # share of a document's word trigrams that differ from each other
MAX_ECHO_WORDS = 9  # a topic has up to nine words, and prose may name its topic
MAX_USES_OF_A_SENTENCE = 5  # and is left out afterwards: "I hope this message finds you well."

TYPOGRAPHY = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2026": "...", "\u00a0": " "})
NOT_ASCII = re.compile(r"[^ -~\n\u2014]")  # but for the em dash, which the corpus has too
HEADER = re.compile(r"(subject|title|re|date|to|from)\s*:", re.IGNORECASE)
PLACEHOLDER = re.compile(r"\[[^\]]*\]|\{[^}]*\}|<[^>]*>|_{3,}|\bX{2,}\b")
MARKUP = re.compile(r"^\s*([-*+#>|]|\d+[.)]\s|[a-z][.)]\s|Step \d)|\*\*|```|https?:|www\.|^[^.!?]*:\s*$", re.MULTILINE)
REFUSAL = re.compile(
    r"\bI'm sorry, but I (can't|cannot)|\bI (can't|cannot|am unable to) (assist|help|fulfill|provide|write)", re.IGNORECASE
)
ASSISTANT = re.compile(
    r"\b(as an AI|language model|AI (assistant|model)|artificial intelligence|SmolLM|chatbot|Hugging Face|virtual assistant"
    r"|here (is|are|'s) (a|an|the|some|your)\b.*:$|(this|the) prompt|product description|in the first[- ]person|word count)",
    re.IGNORECASE | re.MULTILINE,
)
SENTENCE_END = re.compile(r"[.!?][\"')]*(?=\s|$)")


def clean(reply, finished):
    """The reply's paragraphs, in ASCII punctuation, without header lines and an unfinished last sentence."""
    text = reply.translate(TYPOGRAPHY)
    text = re.sub(r"\s*\u2014\s*|\s+(\u2013|--)\s+", "\u2014", text)
    paragraphs = [" ".join(line.split()) for line in text.splitlines()]
    paragraphs = [paragraph for paragraph in paragraphs if paragraph and not HEADER.match(paragraph)]
    # "[Your Name]" alone below a letter is cut off; inside a sentence it drops the document.
    while paragraphs and PLACEHOLDER.fullmatch(paragraphs[-1]):
        paragraphs.pop()
    if not finished and paragraphs:
        ends = [end.end() for end in SENTENCE_END.finditer(paragraphs[-1])]
        paragraphs[-1:] = [paragraphs[-1][: ends[-1]]] if ends else []
    return paragraphs


def ngrams(words, n):
    return [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]


def words_of(text):
    return re.findall(r"[a-z']+", text.lower())


def sentences_of(paragraph):
    return re.split(r"(?<=[.!?])\s+", paragraph)


def without_worn(paragraphs, uses):
    """The paragraphs without sentences that were used often enough, by `uses`, and without what is empty then."""
    fresh = [
        " ".join(sentence for sentence in sentences_of(paragraph) if uses[sentence] < MAX_USES_OF_A_SENTENCE)
        for paragraph in paragraphs
    ]
    return [paragraph for paragraph in fresh if paragraph]


def repeats_itself(text):
    trigrams = ngrams(words_of(text), 3)
    return len(set(trigrams)) < MIN_DISTINCT_TRIGRAMS * len(trigrams)


def echoes(text, request):
    n = MAX_ECHO_WORDS + 1
    return set(ngrams(words_of(text), n)) & set(ngrams(words_of(request), n))


RULES = {
    "not ASCII": lambda text, request: NOT_ASCII.search(text),
    "placeholder": lambda text, request: PLACEHOLDER.search(text),
    "list or markup": lambda text, request: MARKUP.search(text),
    "refusal": lambda text, request: REFUSAL.search(text),
    "talk about the task or about being an AI": lambda text, request: ASSISTANT.search(text),
    "too short": lambda text, request: len(words_of(text)) < MIN_WORDS,
    "repetition": lambda text, request: repeats_itself(text),
    "echo of the request": echoes,
}


def broken_rule(text, request):
    """The name of the first rule that `text`, an answer to `request`, breaks, or None."""
    return next((name for name, breaks in RULES.items() if breaks(text, request)), None)


def select(documents):
    """Returns the kept texts by their documents' numbers, and a Counter of what was dropped, by rule."""
    kept, dropped, uses = {}, Counter(), Counter()
    for document in sorted(documents, key=lambda document: document["number"]):
        paragraphs = without_worn(clean(document["reply"], document["finished"]), uses)
        text = "\n".join(paragraphs)
        rule = broken_rule(text, document["request"])
        if rule:
            dropped[rule] += 1
        else:
            kept[document["number"]] = text
            sentences = {sentence for paragraph in paragraphs for sentence in sentences_of(paragraph)}
            # Shorter ones, such as "Best," and "Yes.", may come as often as they like.
            uses.update(sentence for sentence in sentences if len(sentence.split()) > 3)
    return kept, dropped


def write(path, texts):
    partial = path.with_suffix(".partial")
    partial.write_text("".join(f"{text}\n{END_OF_TEXT}\n" for text in texts))
    partial.rename(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    folder = parser.parse_args().folder
    documents = journal.read(folder / "smollm2.jsonl")
    if not documents:
        parser.error(f"{folder / 'smollm2.jsonl'} has no documents yet; generate.py writes them")
    kept, dropped = select(documents)
    # By the number, so that a document stays where it is when others come.
    write(folder / "smollm2.test.txt", [text for number, text in kept.items() if number % TEST_EVERY == 0])
    write(folder / "smollm2.train.txt", [text for number, text in kept.items() if number % TEST_EVERY])
    n_bytes = sum(map(len, kept.values()))
    print(f"{len(documents)} documents, {len(kept)} kept ({len(kept) / len(documents):.1%}), {n_bytes / 1e6:.2f} MB")
    for rule, count in dropped.most_common():
        print(f"{count / len(documents):6.1%} {rule}")


if __name__ == "__main__":
    main()
