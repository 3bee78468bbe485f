"""What the training text is rid of: paragraphs with slurs, obscenities or somebody's contact data.

A list catches words, not meanings: the model can still be rude, and what the texts think of people is untouched by it.
"""

import codecs
import re

# In rot13, so that nobody has to read them in passing; without words that also have an innocent sense.
SLURS = """
    avttre avttref avttn avttnf snttbg snttbgf xvxr xvxrf jrgonpx jrgonpxf genaal genaavrf fcvp fcvpf tbbx tbbxf
    enturnq enturnqf gbjryurnq gbjryurnqf qnexvr qnexvrf qnexl cvpxnavaal cvpxnavaavrf cvpnavaal cvpnavaavrf
    puvanzna puvanzra unysoerrq vawha vawhaf furznyr furznyrf cnxv cnxvf qntb qntbrf qntbf jbt jbtf puvaxl
    phag phagf shpx shpxf shpxrq shpxre shpxref shpxvat zbgureshpxre zbgureshpxref
"""

REASONS = {
    "slurs or obscenities": r"(?i)\b(?:" + "|".join(codecs.decode(SLURS, "rot13").split()) + r")\b",
    "e-mail addresses": r"[\w.+-]+@[\w-]+\.\w",
    # 555-123-4567, (555) 123-4567, +44 20 7946 0958.
    "telephone numbers": r"\(?\b\d{3}\)?[ .-]\d{3}[ .-]\d{4}\b|\+\d{1,3}[ .-]?\(?\d{1,4}\)?(?:[ .-]\d{2,4}){2,}",
    "identity or card numbers": r"\b\d{3}-\d{2}-\d{4}\b|\b(?:\d{4}[ -]){3}\d{4}\b",
}
PATTERNS = {reason: re.compile(pattern) for reason, pattern in REASONS.items()}


def refusal(paragraph):
    """Why a paragraph is dropped, one of REASONS; None if it stays."""
    return next((reason for reason, pattern in PATTERNS.items() if pattern.search(paragraph)), None)
