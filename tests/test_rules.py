"""Rules that say whether a text is in a context: on texts of which it is known, and on the course's sample."""
import pytest

from course import CourseError, features, rules

TEXTS = {"arabic": "العربية لغة", "hebrew": "עברית היא שפה", "greek": "καλημέρα κόσμε", "cyrillic": "привет мир",
         "devanagari": "हिन्दी भाषा", "chinese characters": "中文的文字", "kana": "ひらがなカタカナ",
         "hangul": "한국어 문장", "thai": "ภาษาไทย", "georgian": "ქართული ენა", "dna": "ACGTTGCAACGTTAGC"}


@pytest.mark.parametrize("context", TEXTS)
def test_a_script_is_told_from_the_others(context):
    assert [name for name, text in TEXTS.items() if rules.belongs(text, context, None)] == [context]
    assert not rules.belongs("1234 ... !!", "dna", None)


@pytest.fixture(scope="module")
def probe():
    return rules.Probe(features.load().sample)


def test_the_probe_tells_kinds_that_it_was_not_made_from(probe):
    assert probe.right > .7
    assert rules.belongs("Ich habe die neue Frage nicht verstanden, und das ist nicht gut.", "german", probe)
    assert rules.belongs("And he said unto them, Behold, the LORD shall come.", "king james english", probe)
    assert not rules.belongs("This is the file that you have to open with the editor.", "german", probe)


def test_a_context_without_a_rule_is_refused(probe):
    with pytest.raises(CourseError, match="no rule"):
        rules.belongs("x", "url", probe)
