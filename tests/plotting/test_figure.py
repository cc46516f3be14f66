"""A figure in a notebook and in a script, and its fonts."""

import logging
import pickle
import re

import matplotlib
import numpy as np
import pytest
from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font

from numpynet.plotting import confusion_matrix, first_layer_weights, fonts, images, learning_curves
from numpynet.plotting.figure import as_png, new_figure
from numpynet.training import History
from tests.helpers.command import PNG
from tests.helpers.figures import drawn, example_images, pretend_notebook

CHINESE = ("衬衫", "外套", "包")
INSTALLED = {font.name for font in fontManager.ttflist}
CHINESE_FONTS = [family for family in fonts.FALLBACK_FONTS[1:] if family in INSTALLED]
NEEDS_CHINESE = pytest.mark.skipif(not CHINESE_FONTS, reason="needs a Chinese font, such as fonts-wqy-zenhei of Debian")
PICTURES = {
    "images": lambda: images(example_images(3), np.arange(3), CHINESE, np.zeros(3, int)),
    "weights": lambda: first_layer_weights(np.ones((784, 3)), class_names=CHINESE),
    "confusion": lambda: confusion_matrix(np.arange(3), np.arange(3), CHINESE),
}


def test_a_notebook_gets_every_figure_as_a_picture():
    assert learning_curves(History([1.0]))._repr_png_().startswith(PNG)


def test_show_shows_the_figure_in_a_notebook_once(monkeypatch):
    shown, figure = pretend_notebook(monkeypatch), learning_curves(History([1.0]))
    assert figure.show() is None  # or the notebook would show it again
    assert shown == [("display", figure)]


def test_show_says_in_a_script_what_to_do_instead():
    figure = learning_curves(History([1.0]))
    with pytest.warns(
        UserWarning, match=re.escape('show: this figure has no window; write it to a file with savefig("')
    ):
        figure.show()
    figure.show(warn=False)


@NEEDS_CHINESE
@pytest.mark.parametrize("name", PICTURES)
def test_chinese_class_names_are_drawn_in_a_font_that_has_them(name, capfd, caplog):
    figure = drawn(PICTURES[name]())
    texts = [text for text in figure.findobj(matplotlib.text.Text) if set("".join(CHINESE)) & set(text.get_text())]
    assert len(texts) >= 3
    for text in texts:
        glyphs = [get_font(findfont(FontProperties(family=[family]))) for family in text.get_fontfamily()]
        for character in text.get_text().replace("\n", ""):
            assert any(font.get_char_index(ord(character)) for font in glyphs)
        assert text.get_fontfamily()[0] == matplotlib.rcParams["font.family"][0]  # the user's font comes first
    assert capfd.readouterr().err == ""
    assert caplog.messages == []


@NEEDS_CHINESE
def test_the_picture_has_the_chinese_names_and_no_boxes(monkeypatch):
    """With the font, two names are drawn differently; without it, names of one length are the same boxes."""

    def picture(name):
        return as_png(images(example_images(1), np.array([0]), [name]))

    assert picture("衬衫") != picture("外套")
    monkeypatch.setattr(fonts, "FALLBACK_FONTS", ())
    assert picture("衬衫") == picture("外套")


@pytest.mark.parametrize("name", PICTURES)
def test_without_a_font_a_line_says_what_is_missing(name, monkeypatch, capfd, caplog):
    monkeypatch.setattr(fonts, "FALLBACK_FONTS", ("DejaVu Sans", "No such font"))
    figure = PICTURES[name]()
    for _ in range(2):
        assert as_png(figure).startswith(PNG)
    (line,) = capfd.readouterr().err.splitlines()  # once for a figure
    assert line.startswith(f"plotting: no installed font has {''.join(sorted('衬衫外套包'))}: ")
    assert caplog.messages == []


def test_a_users_font_keeps_what_it_has_and_gets_the_rest(monkeypatch, capfd):
    """cmr10, which comes with matplotlib, lacks the check mark."""
    with matplotlib.rc_context({"font.family": "cmr10", "axes.formatter.use_mathtext": True}):
        figure = images(example_images(1), np.array([0]), ["shirt"], np.array([0]))
    before = dict(matplotlib.rcParams)
    drawn(figure)
    assert figure.axes[0].title.get_fontfamily() == ["cmr10", "DejaVu Sans"]
    assert dict(matplotlib.rcParams) == before
    assert capfd.readouterr().err == ""


def test_names_in_latin_letters_keep_their_font():
    figure = drawn(images(example_images(1), np.array([0]), ["shirt"]))
    assert figure.axes[0].title.get_fontfamily() == matplotlib.rcParams["font.family"]


def test_other_warnings_are_not_hidden(monkeypatch, caplog):
    figure = new_figure(3, 3)
    figure.subplots().set_title("ŷ", fontfamily="No such font")
    drawn(figure)
    assert any("No such font" in message for message in caplog.messages)
    logging.getLogger("matplotlib.font_manager").warning("findfont: another message")
    assert "findfont: another message" in caplog.messages
    figure = new_figure(0.1, 0.1)
    figure.subplots().set_ylabel("a long label in a small figure")
    with pytest.warns(UserWarning, match="constrained_layout not applied"):
        drawn(figure)


def test_a_figure_can_be_pickled():
    figure = new_figure(5, 3)
    figure.subplots().plot([1.5, 2.5, 0.5])
    again = pickle.loads(pickle.dumps(figure))
    assert as_png(again) == as_png(figure)
    assert again._repr_png_() == as_png(figure)
