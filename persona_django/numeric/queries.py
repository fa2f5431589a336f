"""What a search asks for, told apart from how it was typed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from persona_django.numeric.stemming import stem

_ACCENTS = re.compile("[\u0300-\u036f]+")
"""Marks over Latin, Greek and Cyrillic letters; those of other scripts are letters."""
_APOSTROPHES = re.compile("['\u2018\u2019\u02bc\u00b4`]")


def query_key(words: str, *, language: str) -> str:
    """The same for all searches that ask for the same.

    Compatibility forms, case, accents, punctuation, plurals and common endings make no
    difference, nor does the order of the words or a word said twice: the search engines of shops
    do not heed it unless they are told to, so that both spellings were shown the same results.

    Parameters
    ----------
    words : as they were typed, or normalised before
    language : code of the language that is searched in, such as "de"

    Returns
    -------
    stems in alphabetical order with a space between them; empty for what holds no letter or digit

    References
    ----------
    Unicode Standard Annex 15, form NFKC, with full case folding; for the stems see
    `numeric.stemming`.

    >>> query_key("Boxes, RED", language="en") == query_key("red box", language="en")
    True
    """
    stems = {stem(word, language) for word in folded(words)}
    return " ".join(sorted(stems))


def folded(words: str) -> list[str]:
    """Words in small letters without accents or punctuation, in the order in which they stand.

    Of a word with an apostrophe in it the longest part counts: women's, l'eau, levi's. Only
    rock'n'roll and its like are several words.

    >>> folded("L\u2019Eau de Cr\u00e8me")
    ['eau', 'de', 'creme']
    """
    plain = unicodedata.normalize("NFKC", words).casefold()
    bare = _ACCENTS.sub("", unicodedata.normalize("NFD", plain))
    # Folding may leave what another folding would change, as a letter that was two before.
    return list(_parts(unicodedata.normalize("NFKC", bare)))


def _parts(text: str) -> Iterator[str]:
    for word in "".join(_spaced(text)).split():
        parts = _APOSTROPHES.split(word)
        if parts[1:-1] != ["n"]:
            parts = [max(parts, key=len)]
        yield from filter(None, parts)


def _spaced(text: str) -> Iterator[str]:
    """With spaces for all that is neither letter, mark, digit nor apostrophe."""
    for letter in text:
        is_kept = unicodedata.category(letter)[0] in "LMN" or _APOSTROPHES.match(letter)
        yield letter if is_kept else " "
