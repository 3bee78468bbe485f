"""Rules for SmolLM2's replies: how they are cleaned, where they are cut off, and which documents are dropped."""

import re
import unicodedata

import text_filter

MIN_WORDS = 60
MIN_DISTINCT_TRIGRAMS = 0.85  # share of a document's word trigrams that are distinct
MIN_PLAIN_WORDS = 0.55  # share of words that consist of lower-case letters only
MAX_ECHO_WORDS = 9  # topics have up to nine words, and prose may name its topic
# The share of a sentence's trigrams that may occur earlier; with more, the document has begun to repeat itself.
MAX_REPEATED_TRIGRAMS = 0.4

TYPOGRAPHY = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2026": "...", "\u00a0": " "})
NOT_ASCII = re.compile(r"[^ -~\n\u2014]")  # except the em dash, which the corpus has too
HEADER = re.compile(r"(subject|title|re|date|to|from)\s*:", re.IGNORECASE)
PLACEHOLDER = re.compile(r"\[[^\]]*\]|\{[^}]*\}|<[^>]*>|_{3,}|\bX{2,}\b")
MARKUP = re.compile(r"^\s*([-*+#>|]|\d+[.)]\s|[a-z][.)]\s|Step \d)|\*\*|```|https?:|www\.|^[^.!?]*:\s*$", re.MULTILINE)
MARKS = re.compile(r"[|\\^~`=@#]|\.{5,}|!{3,}|\?{3,}|\b[A-Z]{12,}\b")
REFUSAL = re.compile(
    r"\bI'm sorry, but I (can't|cannot)|\bI (can't|cannot|am unable to) (assist|help|fulfill|provide|write)",
    re.IGNORECASE,
)
ASSISTANT = re.compile(
    r"\b(as an AI|language model|AI (assistant|model)|artificial intelligence|SmolLM|chatbot|Hugging Face"
    r"|virtual assistant|here (is|are|'s) (a|an|the|some|your)\b.*:$|(this|the) prompt|product description"
    r"|in the first[- ]person|word count)",
    re.IGNORECASE | re.MULTILINE,
)
META_TALK = re.compile(
    r"\b(as requested|your (request|prompt|question|instructions)|the (user|assistant)\b"
    r"|sample (of|text|response|essay)"
    r"|here's (a|an|the|my|your)"
    r"|this (essay|article|blog post|story|letter|response|review|diary entry|text|passage)"
    r" (is|was|will|has|aims|explores|discusses|should|provides)"
    r"|I'm (glad|happy) (to|that I can) help|feel free to (adjust|modify|change|edit|customi)"
    r"|in this (rewritten|revised|example)|rewrit|revised version"
    r"|the (tone|speaker|writer|author) (is|of the|of this)|signed by|\bPS note|word limit|\bparagraph [1-9]"
    r"|first-person|third-person)",
    re.IGNORECASE,
)
SENTENCE_END = re.compile(r"[.!?][\"')]*(?=\s|$)")


def clean(reply, finished):
    """The reply's paragraphs in ASCII punctuation, without accents, header lines or an unfinished last sentence."""
    text = reply.translate(TYPOGRAPHY)
    text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    text = re.sub(r"\s*\u2014\s*|\s+(\u2013|--)\s+", "\u2014", text)
    paragraphs = [" ".join(line.split()) for line in text.splitlines()]
    paragraphs = [paragraph for paragraph in paragraphs if paragraph and not HEADER.match(paragraph)]
    # "[Your Name]" on a line of its own below a letter is removed; inside a sentence it ends the document.
    while paragraphs and PLACEHOLDER.fullmatch(paragraphs[-1]):
        paragraphs.pop()
    if not finished and paragraphs:
        ends = [end.end() for end in SENTENCE_END.finditer(paragraphs[-1])]
        paragraphs[-1:] = [paragraphs[-1][: ends[-1]]] if ends else []
    return paragraphs


def good_beginning(paragraphs):
    """The paragraphs before the first that breaks a rule by itself or begins to repeat earlier text.

    The sentences before a repeated one stay.
    """
    kept, seen = [], set()
    for paragraph in paragraphs:
        if broken_pattern(paragraph):
            break
        sentences = []
        for sentence in sentences_of(paragraph):
            trigrams = ngrams(words_of(sentence), 3)
            n_seen = sum(trigram in seen for trigram in trigrams)
            is_repeated = len(trigrams) > 2 and n_seen > MAX_REPEATED_TRIGRAMS * len(trigrams)
            goes_round = len(trigrams) > 8 and len(set(trigrams)) < MIN_DISTINCT_TRIGRAMS * len(trigrams)
            if is_repeated or goes_round:
                return kept + ([" ".join(sentences)] if sentences else [])
            seen.update(trigrams)
            sentences.append(sentence)
        kept.append(" ".join(sentences))
    return kept


def ngrams(words, n):
    return [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]


def words_of(text):
    return re.findall(r"[a-z']+", text.lower())


def sentences_of(paragraph):
    return re.split(r"(?<=[.!?])\s+", paragraph)


def repeats_itself(text):
    trigrams = ngrams(words_of(text), 3)
    return len(set(trigrams)) < MIN_DISTINCT_TRIGRAMS * len(trigrams)


def repeats_a_paragraph(text):
    paragraphs = text.split("\n")
    return len(set(paragraphs)) < len(paragraphs)


def echoes(text, request):
    n = MAX_ECHO_WORDS + 1
    return set(ngrams(words_of(text), n)) & set(ngrams(words_of(request), n))


def has_few_plain_words(text):
    words = text.split()
    return sum(word.isalpha() and word.islower() for word in words) < MIN_PLAIN_WORDS * len(words)


# A single paragraph can break these; it and the rest of the document are cut off.
PATTERNS = {
    "not ASCII": NOT_ASCII,
    "placeholder": PLACEHOLDER,
    "list or markup": MARKUP,
    "marks": MARKS,
    "refusal": REFUSAL,
    "talk about being an AI": ASSISTANT,
    "talk about the task": META_TALK,
}
# Breaking any of these drops the whole document.
RULES = {
    "too short": lambda text, request: len(words_of(text)) < MIN_WORDS,
    "repetition": lambda text, request: repeats_itself(text),
    "echo of the request": echoes,
    "a paragraph twice": lambda text, request: repeats_a_paragraph(text),
    "few plain words": lambda text, request: has_few_plain_words(text),
}


def broken_pattern(paragraph):
    """Why the text is cut before a paragraph: a name from PATTERNS or text_filter.py; None if the paragraph stays."""
    found = (name for name, pattern in PATTERNS.items() if pattern.search(paragraph))
    return next(found, None) or text_filter.refusal(paragraph)


def broken_rule(text, request):
    """The name of the first rule that `text`, a reply to `request`, breaks, or None."""
    return next((name for name, breaks in RULES.items() if breaks(text, request)), None)


def curly(text):
    """Sets quotation marks as word processors and phones do."""
    for straight, opening, closing in ('"', "\u201c", "\u201d"), ("'", "\u2018", "\u2019"):
        before = rf"(^|[\s(\[\u2014\u201c]){straight}"
        text = re.sub(before, rf"\1{opening}", text, flags=re.MULTILINE).replace(straight, closing)
    return text
