"""One form for the forms of a word, and no more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_django.numeric.stemming import STEMMERS, stem

TOGETHER = {
    "en": """shoe shoes|box boxes|dress dresses|watch watches|brush brushes|battery batteries
        cookie cookies|tomato tomatoes|knife knives|shelf shelves|scarf scarves|glass glasses
        bus buses|house houses|toy toys|pie pies|size sizes|olive olives|headphone headphones
        glove gloves|movie movies|potato potatoes""",
    "de": """schuh schuhe schuhen|haus hauser|kind kinder kindern|jacke jacken|hose hosen
        kleid kleider kleides|tasse tassen|shirt shirts|buch bucher buecher|gross grosse grosser
        schon schoneren schonstes|breit breitestes|klein kleinerer kleinsten
        kase kaese|kuche kueche kuchen|ol oel|ole oele|apfel aepfel
        ubergangsjacke uebergangsjacke uebergangsjacken""",
    "fr": """robe robes|chaussure chaussures|cheval chevaux|gateau gateaux|bijou bijoux|jeu jeux
        sac sacs|manteau manteaux|lampe lampes|lunette lunettes|noir noirs""",
    "es": """zapato zapatos zapata|luz luces|pantalon pantalones|flor flores|lapiz lapices
        camisa camisas|mesa mesas|coche coches|bolso bolsos|reloj relojes
        dulce dulces|enlace enlaces|pez peces""",
}
"""Words that mean the same thing to a shop, a line each, by language."""
APART = {
    "en": "cap cape|car care|pan pane|tap tape|bas bass|gas glass|pie pin|shoe shop|bus bush",
    "de": "tee teer|uhr ohr|hut haut|rot rost|quelle qualle|neu nahe|eule ule|auer aur",
    "fr": "bas base|gant gan|prix pris|lit lait",
    "es": "mesa mes|casa caso|sal sol|copa copo|once onza",
}
"""Words that a shop must not take for each other."""


def words(table: dict[str, str]) -> list[tuple[str, list[str]]]:
    lines = ((language, line) for language, text in table.items() for line in text.split("|"))
    return [(language, part.split()) for language, line in lines for part in line.split("\n")]


@pytest.mark.parametrize(("language", "forms"), words(TOGETHER), ids=str)
def test_the_forms_of_a_word_have_one_stem(language, forms):
    assert len({stem(form, language) for form in forms}) == 1


@pytest.mark.parametrize(("language", "others"), words(APART), ids=str)
def test_other_words_keep_stems_of_their_own(language, others):
    assert len({stem(other, language) for other in others}) == len(others)


def test_a_word_of_a_language_without_rules_stays_as_it_is():
    assert stem("talot", "fi") == stem("talot", "") == "talot"
    assert stem("boxes", "en-gb") == stem("boxes", "EN_US") == "box"


@pytest.mark.parametrize("language", STEMMERS)
@pytest.mark.parametrize("word", ["xs", "501s", "s22", "a", "es"])
def test_sizes_and_names_of_models_are_left_alone(language, word):
    assert stem(word, language) == word


@given(
    st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=12), st.sampled_from([*STEMMERS])
)
def test_something_is_left_of_every_word_and_it_begins_as_the_word_does(word, language):
    found = stem(word, language)

    assert found
    assert found[0] == word[0]
    assert len(found) <= len(word)


@given(st.text("abcdefghijklmnopqrstuvwxyz", min_size=3, max_size=12))
def test_an_english_plural_in_s_is_its_singular(word):
    if not word.endswith(("s", "x", "z", "sh", "ch", "u", "i", "y", "o")):
        assert stem(f"{word}s", "en") == stem(word, "en")


@given(st.text("abcdefghijklmnopqrstuvwxyz", min_size=3, max_size=12))
def test_a_spanish_plural_of_a_vowel_is_its_singular(word):
    # Of the shortest in ce nobody can tell whether their plural is of a z.
    if word.endswith(("a", "o", "e")) and not (len(word) == 4 and word.endswith("ce")):
        assert stem(f"{word}s", "es") == stem(word, "es")
