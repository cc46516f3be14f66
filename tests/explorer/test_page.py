"""The page as a whole: every view opens in both languages and at every width, keeps its state, and asks nobody anything."""

import json
import re

import pytest

from numpynet.explorer import page as source
from numpynet.explorer.mistakes import describe_mistakes
from tests.helpers.explorer import numbers

TABS = ["step", "train", "mistakes", "images", "derivation"]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("tab", TABS)
def test_every_view_opens_in_both_languages_at_every_width(explorer, tab, language):
    explorer.open(f"tab={tab}&lang={language}")
    assert explorer.attribute("html", "lang") == language
    for width in (320, 768, 1440):
        explorer.page.set_viewport_size({"width": width, "height": 800})
        assert explorer.page.evaluate("document.documentElement.scrollWidth") <= width
    text = explorer.text("main")
    assert len(text) > 200
    assert bool(re.search("[\u4e00-\u9fff]", text)) == (language == "zh")


def test_the_tabs_and_the_language_button_change_the_address(explorer):
    explorer.open()
    for tab in TABS:
        explorer.page.click(f"[data-tab={tab}]")
        assert explorer.state["tab"] == tab
        assert explorer.attribute(f"[data-tab={tab}]", "aria-current") == "page"
    explorer.press("language")
    assert explorer.state["lang"] == "zh"
    assert explorer.attribute("html", "lang") == "zh"
    explorer.press("language")
    assert explorer.attribute("html", "lang") == "en"


def test_the_address_restores_the_state_on_load_and_on_change(explorer):
    explorer.open("tab=step&step=9&cell=grad_W2,0,1&lang=zh&model=mlp&differences=1")
    assert explorer.step == 9
    assert explorer.marked("aria-selected=true") == {("grad_W2", 0, 1)}
    assert explorer.attribute("html", "lang") == "zh"
    explorer.page.evaluate("location.hash = '#tab=step&step=2&lang=en'")
    explorer.page.wait_for_function("document.querySelector('main').dataset.step === '2'")
    assert explorer.marked("aria-selected=true") == set()
    explorer.page.evaluate("location.hash = '#tab=mistakes&mistake=wrong_sign'")
    explorer.page.wait_for_selector("[data-mistake=wrong_sign][aria-pressed=true]")


@pytest.mark.parametrize(
    "state",
    ["tab=nonsense", "tab=step&step=999", "tab=step&step=-4", "tab=step&step=x", "cell=grad_W1,9,9", "cell=W1", "cell=,,", "lang=fr", "model=cnn",
     "tab=mistakes&mistake=none", "tab=train&run=none&at=9999&across=99&up=-5", "tab=images&epoch=99&picture=-1", "tab=derivation&rule=x&cell=Z9,0,0",
     "step=2&graph=7&example=44", "tile=77&cell=grad_W1,0,0", "tab=constructor", "tab=mistakes&mistake=constructor", "run=constructor&tab=train", "lang=constructor"],
)  # fmt: skip
def test_an_address_that_makes_no_sense_opens_the_page(explorer, state):
    explorer.open(state)
    assert len(explorer.text("main")) > 200


def test_a_choice_in_a_view_is_in_the_address_too(explorer):
    explorer.open("tab=train")
    explorer.page.select_option("[data-choice=run]", "zeros")
    explorer.press("last")
    state = explorer.state
    explorer.open("&".join(f"{key}={value}" for key, value in state.items()))
    assert "run=zeros" in explorer.page.url
    assert numbers(explorer.text("main"))
    assert explorer.page.locator("[data-choice=run]").input_value() == "zeros"


def test_play_goes_to_the_end_and_stops(explorer):
    explorer.page.clock.install()
    explorer.open("tab=step&step=10")
    explorer.press("play")
    explorer.page.clock.run_for(10_000)
    assert explorer.step == explorer.steps
    assert explorer.text("[data-action=play]") == "Play"
    explorer.press("play")  # from the start again
    explorer.page.clock.run_for(1_300)
    assert explorer.step == 1
    explorer.press("play")
    explorer.page.clock.run_for(10_000)
    assert explorer.step == 1


def test_a_grid_is_walked_with_the_arrow_keys(explorer):
    explorer.open("tab=step&step=99")
    explorer.cell("grad_W1", 0, 0).click()
    for key in ["ArrowRight", "ArrowDown", "ArrowRight", "ArrowRight"]:
        explorer.key(key)
    assert explorer.marked("aria-selected=true") == {("grad_W1", 1, 2)}
    assert explorer.step == explorer.steps  # the keys moved within the table
    assert explorer.page.evaluate("document.activeElement.dataset.cell") == "1,2"


def test_both_languages_have_the_same_words_and_gaps():
    en, zh = source.words()["en"], source.words()["zh"]
    assert en.keys() == zh.keys()
    for key in en:
        gaps = [set(re.findall(r"\{(\w+)\}", words[key])) for words in (en, zh)]
        assert gaps[0] == gaps[1], key
        formula = key.startswith(("yours.", "right."))
        assert formula or re.search("[\u4e00-\u9fff]", zh[key]), key
        assert not (formula and re.search("[a-z]{3,} [a-z]{2,} ", zh[key])), key  # no words of English in it


def test_no_words_are_missing_and_none_is_unused():
    script = source.script()
    asked = set(re.findall(r'say\("([\w.]+)"', script)) | set(
        re.findall(r'"((?:verdict|wrong|derive|wiggle\.slope)[\w.]*)"', script)
    )
    families = set(re.findall(r"say\(`([\w.]+)\$\{", script))
    for key in source.words()["en"]:
        assert (
            key in asked
            or any(key.startswith(family) for family in families)
            or key in {"language", "pause"}
            or key in script
        ), key
    assert asked <= source.words()["en"].keys()


def test_the_page_is_small_and_names_are_declared_once():
    text = source.script()
    names = re.findall(r"^(?:async )?(?:function|class|const|let) (\w+)", text, flags=re.M)
    assert len(names) == len(set(names))
    assert text.count("\n") <= 1500
    assert not re.search(r"^(import|export)\b", text, flags=re.M)


def test_the_file_is_under_600_kb_and_loads_nothing(passes, tmp_path):
    source.write_page(tmp_path / "page.html", passes)
    text = (tmp_path / "page.html").read_text("utf-8")
    assert len(text.encode()) < 600_000
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", text)
    assert "</script>" not in json.dumps(describe_mistakes())


def test_a_language_without_words_is_refused(passes, tmp_path):
    with pytest.raises(ValueError, match=r"^page: language must be one of en, zh, got 'fr'$"):
        source.write_page(tmp_path / "page.html", passes, "fr")
    assert list(tmp_path.iterdir()) == []


def test_numbers_are_written_as_python_writes_them(explorer):
    explorer.open()
    numbers = [
        0.0,
        -0.0,
        1.0,
        -3.0,
        0.1,
        -2.5e-7,
        1e-5,
        0.00012345,
        9.999e15,
        1e16,
        1.5e22,
        1 / 3,
        5e-324,
        123456789.125,
    ]
    written = explorer.page.evaluate("numbers => numbers.map(explorer.exactly)", numbers)
    assert written == [repr(x) for x in numbers]
