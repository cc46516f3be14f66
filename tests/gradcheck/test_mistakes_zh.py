"""The Chinese sentences say as much as the English ones."""

import re

from numpynet.gradcheck.mistakes import MISTAKES
from numpynet.gradcheck.mistakes_zh import SENTENCES


def test_each_mistake_has_a_chinese_sentence_with_the_same_gaps():
    assert list(SENTENCES) == [mistake.name for mistake in MISTAKES]
    for mistake in MISTAKES:
        gaps = [set(re.findall(r"\{(\w+)\}", text)) for text in (mistake.sentence, SENTENCES[mistake.name])]
        assert gaps[0] == gaps[1], mistake.name
        assert re.search("[\u4e00-\u9fff]", SENTENCES[mistake.name])
