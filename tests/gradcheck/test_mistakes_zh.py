"""The Chinese sentences say as much as the English ones."""

import re

from numpynet.gradcheck.mistakes import FORMULAS, MISTAKES
from numpynet.gradcheck.mistakes_zh import FORMULAS as CHINESE
from numpynet.gradcheck.mistakes_zh import SENTENCES


def test_each_mistake_has_a_chinese_sentence_with_the_same_gaps():
    assert list(SENTENCES) == [mistake.name for mistake in MISTAKES]
    for mistake in MISTAKES:
        gaps = [set(re.findall(r"\{(\w+)\}", text)) for text in (mistake.sentence, SENTENCES[mistake.name])]
        assert gaps[0] == gaps[1], mistake.name
        assert re.search("[\u4e00-\u9fff]", SENTENCES[mistake.name])


def test_each_formula_with_words_has_a_chinese_one():
    dids = [
        each
        for mistake in MISTAKES
        for each in (
            [mistake.did]
            if isinstance(mistake.did, str)
            else mistake.did.values()
            if isinstance(mistake.did, dict)
            else mistake.did
        )
    ]
    for formula in [*dids, *FORMULAS.values()]:
        words = re.findall(r"[a-z]{3,}", re.sub(r"\{\w+\}|grad_|softmax", "", formula))
        assert not words or formula in CHINESE, formula
    for english, chinese in CHINESE.items():
        assert sorted(re.findall(r"\{(\w+)\}", english)) == sorted(re.findall(r"\{(\w+)\}", chinese)), english
        assert re.search("[\u4e00-\u9fff]", chinese)
