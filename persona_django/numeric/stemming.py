"""One form for the forms of a word: plurals and common endings, by language.

Light on purpose: what is cut off too far sends two different things to the same shelf, and what
is left on only costs a few visitors of a crowd.

References
----------
Savoy, "Light stemming approaches for the French, Portuguese, German and Hungarian languages",
SAC 2006, whose German rules these are; Savoy, "A stemming procedure and stopword list for general
French corpora", JASIS 1999; Harman, "How effective is suffixing?", JASIS 1991: the S stemmer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

_AFTER_S = frozenset("bdfghklmnt")
"""Letters after which a German s is an ending."""
_VOWELS_AND_Q = frozenset("aeiouyq")
"""Letters after which ae, oe or ue is no umlaut: neue, quelle."""
_HISSING = ("se", "xe", "ze", "she", "che")
"""After these English adds a whole syllable, and nobody can tell boxes of a box from boxes of a
boxe: the e goes from both."""
_IN_VES = {"ive": "ife", "lve": "lf", "rve": "rf"}
"""What knives, shelves and scarves are, once their s is gone, and what one of them is."""


def stem(word: str, language: str) -> str:
    """What the forms of a word have in common.

    Parameters
    ----------
    word : small letters, accents folded, see `numeric.queries.folded`
    language : code such as "de" or "pt-br"; words of a language without rules stay as they are

    Returns
    -------
    the stem, never empty where the word is not; a word with a digit in it, as a size or the name
    of a model, is its own

    >>> stem("batteries", "en"), stem("hauser", "de"), stem("chevaux", "fr"), stem("luces", "es")
    ('battery', 'haus', 'cheval', 'luz')
    """
    shorten = STEMMERS.get(language.partition("-")[0].partition("_")[0].lower())
    return shorten(word) if shorten is not None and word.isalpha() else word


def _english(word: str) -> str:
    """Harman's S stemmer, and what shops need beside it: boxes, cookies, potatoes, knives."""
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    if len(word) < 4:
        return word
    if word.endswith(_HISSING) or (len(word) > 5 and word.endswith("oe")):
        return word[:-1]
    if len(word) > 4 and word.endswith("ie"):
        return f"{word[:-2]}y"
    for ending, instead in _IN_VES.items():
        if word.endswith(ending):
            return word.removesuffix(ending) + instead
    return word


def _german(word: str) -> str:
    """Savoy's light stemmer, over umlauts that are written out as well."""
    word = _without_written_umlauts(word)
    if len(word) > 5 and word.endswith("ern"):
        word = word[:-3]
    elif len(word) > 4 and word.endswith(("em", "en", "er", "es")):
        word = word[:-2]
    elif len(word) > 3 and (word.endswith("e") or (word.endswith("s") and word[-2] in _AFTER_S)):
        word = word[:-1]
    if len(word) > 5 and word.endswith("est"):
        return word[:-3]
    if len(word) > 4 and word.endswith(("er", "en")):
        return word[:-2]
    if len(word) > 4 and word.endswith("st") and word[-3] in _AFTER_S:
        return word[:-2]
    return word


def _without_written_umlauts(word: str) -> str:
    """As if ae, oe and ue had been typed as the letters that they stand for."""
    kept: list[str] = []
    for letter in word:
        # At the start of a word nothing stands before the vowel.
        before, vowel = ["", "", *kept][-2:]
        is_umlaut = vowel in ("a", "o", "u") and before not in _VOWELS_AND_Q
        if letter == "e" and is_umlaut:
            continue
        kept.append(letter)
    return "".join(kept)


def _french(word: str) -> str:
    """Plurals in s and x, and the silent e at the end of a long word."""
    if len(word) > 4 and word.endswith("eaux"):
        word = word[:-1]
    elif len(word) > 4 and word.endswith("aux"):
        word = f"{word[:-2]}l"
    elif len(word) > 3 and (word.endswith(("oux", "eux")) or _has_plural_s(word)):
        word = word[:-1]
    return word[:-1] if len(word) > 5 and word.endswith("e") else word


def _spanish(word: str) -> str:
    """Plurals in s, es and ces, and the vowel that tells the gender of a longer word."""
    if len(word) > 4 and word.endswith("ces"):
        return f"{word[:-3]}z"
    if len(word) > 3 and _has_plural_s(word):
        word = word[:-1]
    # Nobody can tell dulces, of dulce, from luces, of luz.
    if len(word) > 4 and word.endswith("ce"):
        return f"{word[:-2]}z"
    return word[:-1] if len(word) > 4 and word.endswith(("a", "e", "o")) else word


def _has_plural_s(word: str) -> bool:
    return word.endswith("s") and not word.endswith("ss")


STEMMERS: Mapping[str, Callable[[str], str]] = {
    "de": _german,
    "en": _english,
    "es": _spanish,
    "fr": _french,
}
"""By the first part of the code of a language."""
