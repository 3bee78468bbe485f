"""Filters paragraphs with slurs, obscenities or somebody's contact data out of the training text.

A list catches words, not meanings: the model can still be rude, and the views of people in the texts remain.
"""

import codecs
import re

# In rot13, so that nobody has to read them in passing. Words with an innocent sense are left out.
SLURS = """
    avttre avttref avttn avttnf snttbg snttbgf xvxr xvxrf jrgonpx jrgonpxf genaal genaavrf fcvp fcvpf tbbx tbbxf
    enturnq enturnqf gbjryurnq gbjryurnqf qnexvr qnexvrf qnexl cvpxnavaal cvpxnavaavrf cvpnavaal cvpnavaavrf
    puvanzna puvanzra unysoerrq vawha vawhaf furznyr furznyrf cnxv cnxvf qntb qntbrf qntbf jbt jbtf puvaxl
    phag phagf shpx shpxf shpxrq shpxre shpxref shpxvat zbgureshpxre zbgureshpxref
"""

SLUR_WORDS = frozenset(codecs.decode(SLURS, "rot13").split())
WORD = re.compile(r"\w+")
E_MAIL = re.compile(r"[\w.+-]+@[\w-]+\.\w")
DIGIT = re.compile(r"\d")
# 555-123-4567, (555) 123-4567, +44 20 7946 0958.
TELEPHONE = re.compile(r"\(?\b\d{3}\)?[ .-]\d{3}[ .-]\d{4}\b|\+\d{1,3}[ .-]?\(?\d{1,4}\)?(?:[ .-]\d{2,4}){2,}")
IDENTITY = re.compile(r"\b\d{3}-\d{2}-\d{4}\b|\b(?:\d{4}[ -]){3}\d{4}\b")


def refusal(paragraph):
    """The reason to drop a paragraph; None if it stays."""
    # Cheap tests first (word sets, "@", digits): most paragraphs contain none of these, and patterns are slow.
    if not SLUR_WORDS.isdisjoint(WORD.findall(paragraph.lower())):
        return "slurs or obscenities"
    if "@" in paragraph and E_MAIL.search(paragraph):
        return "e-mail addresses"
    if DIGIT.search(paragraph):
        if TELEPHONE.search(paragraph):
            return "telephone numbers"
        if IDENTITY.search(paragraph):
            return "identity or card numbers"
    return None
