"""The lessons in Chinese: the same code, every text translated, and reports in the language of the lesson."""

import ast
import re
import shutil

import pytest

from numpynet.exercises import chinese, chinese_hints, forward_mistakes
from numpynet.exercises.cohort import find_hand_ins, mark_hand_ins
from numpynet.exercises.folder import LESSONS, SOLUTIONS, solved, with_gaps, write_folder
from numpynet.exercises.hints import HINTS
from numpynet.exercises.marking import count_points, format_lesson, mark_folder, mark_lesson
from numpynet.wording import TABLES, language_of, say, speaking, wrap

CHINESE = re.compile("[\u4e00-\u9fff]")


def code_alone(text):
    """The tree of a file without its docstrings."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:]
    return ast.dump(tree)


def gaps_in(text):
    return set(re.findall(r"\{(\w+)[:}]", text))


def test_both_tables_have_the_same_keys_and_gaps():
    en, zh = TABLES["en"], TABLES["zh"]
    assert list(en) == list(zh)
    for key in en:
        assert gaps_in(en[key]) == gaps_in(zh[key]), key
        assert CHINESE.search(zh[key]) or key in {"colon", "end", "ended", "full_stop", "is_one", "semicolon"}, key


def test_every_key_that_is_said_is_in_the_tables():
    package = SOLUTIONS.parents[1]
    texts = [path.read_text("utf-8") for path in package.rglob("*.py") if path.parent.name != "wording"]
    assert {key for text in texts for key in re.findall(r"say\(\s*\"(\w+)\"", text)} <= set(TABLES["en"])
    assert [key for key in TABLES["en"] if not any(re.search(f"[\"']{key}[\"']", text) for text in texts)] == []


def test_hints_and_sentences_are_all_there():
    assert list(chinese_hints.HINTS) == list(HINTS)
    for gap, hints in HINTS.items():
        assert len(chinese_hints.HINTS[gap]) == len(hints), gap
        assert CHINESE.search(chinese_hints.HINTS[gap][0]), gap
    assert chinese_hints.SENTENCES.keys() == forward_mistakes.SENTENCES.keys()
    assert all(CHINESE.search(text) for text in chinese_hints.SENTENCES.values())


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_chinese_lesson_has_the_same_code_and_no_english_prose(lesson):
    with speaking("zh"):
        own, gaps = solved(lesson), with_gaps(lesson)
    assert code_alone(own) == code_alone(solved(lesson))
    assert code_alone(gaps) == code_alone(with_gaps(lesson))
    for node in ast.walk(ast.parse(own)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and (text := ast.get_docstring(node)):
            assert CHINESE.search(text) or text.endswith("。"), text
    comments = [line for line in own.splitlines() if line.strip().startswith("# ")]
    assert comments
    assert all(CHINESE.search(line) for line in comments)
    assert own.count("\n    # ") == own.count("\n    #")


def test_every_translated_text_is_used():
    used = set()
    for lesson in LESSONS:
        text = (SOLUTIONS / f"{lesson}.py").read_text("utf-8")
        used |= {name for name, _ in chinese._documented(lesson, ast.parse(text))}
        used |= {name for name, _ in chinese._commented(lesson, text)}
    assert used == set(chinese.TEXTS)


@pytest.mark.parametrize("notebooks", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_solved_chinese_lessons_get_full_marks(tmp_path, notebooks):
    write_folder(tmp_path / "zh", solutions=True, notebooks=notebooks, language="zh")
    marks = list(mark_folder(tmp_path / "zh", time_limit=60))
    assert count_points(marks) == (62, 62)
    text = "\n".join(line for lesson in marks for line in format_lesson(lesson))
    assert text.count("正确。") == sum(len(lesson.marks) for lesson in marks)


WRONG = {  # the solution's line, a wrong one, and what the report must say
    "lesson1_functions": [
        ("return X @ W + b", "return X @ W", "linear 有误：bias_missing。", "没有加偏置。"),
        ("grad_b = grad_Y.sum(axis=0)", "grad_b = grad_Y.mean(axis=0)", "linear_backward 有误：bias_mean_not_sum。", "偏置的梯度应对样本求和"),
        ("grad_X = grad_Y * (Y > 0)", "grad_X = grad_Y", "relu_backward 有误：no_relu_mask。", "你的：grad_X = grad_Y"),
        ("    return np.maximum(X, 0)", "    return None", "relu 有误。它返回了 None", ""),
        ("    return np.maximum(X, 0)", "    return X.nothing", "relu 有误：它抛出了 AttributeError", ""),
    ],
    "lesson4_mlp": [("grad_X, grad_W1, grad_b1 = linear_backward(grad_Z, X, W1)", "grad_X, grad_W1, grad_b1 = linear_backward(grad_H, X, W1)",
                     "loss_and_gradients 有误：no_relu_mask。", "从后往前看，")],
    "lesson6_understanding": [('"b2": (10,),', '"b2": None,', "shapes 还不全对；未填：b2。", ""), ("grad_Z = grad_H * (Z > 0)", "grad_Z = grad_H * 2", "fix_mlp 还没有改好", "")],
}  # fmt: skip


@pytest.mark.parametrize(
    ("lesson", "case"), [(lesson, k) for lesson, cases in WRONG.items() for k in range(len(cases))]
)
def test_a_mistake_is_told_in_chinese(tmp_path, lesson, case):
    old, new, verdict, sentence = WRONG[lesson][case]
    with speaking("zh"):
        text = solved(lesson)
    assert old in text
    path = tmp_path / f"{lesson}.py"
    path.write_text(text.replace(old, new, 1), "utf-8")
    report = "\n".join(format_lesson(mark_lesson(path)))
    assert verdict in report, report
    assert sentence in report, report
    assert not re.search(r"\b(is|the|should|was|wrong)\b", report.replace("no_relu_mask", "")), report


def test_a_class_may_mix_languages(tmp_path):
    for name, language in [("Ada", "en"), ("明", "zh")]:
        write_folder(tmp_path / "class" / name, language=language)
        for lesson in LESSONS[2:]:
            (tmp_path / "class" / name / f"{lesson}.py").unlink()
    marked = {each.name: each for each in mark_hand_ins(find_hand_ins([tmp_path / "class"]), jobs=1, time_limit=10)}
    first = {
        name: next(gap.text for gap in hand_in.gaps if "linear" in gap.exercise) for name, hand_in in marked.items()
    }
    assert "is not written yet. In words:" in first["Ada"]
    assert "还没有写。 要求：" in first["明"]


def test_the_environment_sets_the_language_of_what_has_none(here, tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text("def relu_backward(grad_Y, Y):\n    return grad_Y\n")
    monkeypatch.setenv("NUMPYNET_LANGUAGE", "zh")
    assert "relu_backward 有误：no_relu_mask。" in here("check", "mine.py", cwd=tmp_path).stdout
    here("exercises", "lessons", cwd=tmp_path)
    assert "亲手写反向传播" in (tmp_path / "lessons" / "README.md").read_text("utf-8")
    monkeypatch.setenv("NUMPYNET_LANGUAGE", "fr")
    result = here("check", "mine.py", cwd=tmp_path)
    assert result.returncode == 2
    assert "NUMPYNET_LANGUAGE must be one of en, zh, got 'fr'" in result.stderr


def test_a_hint_is_in_the_language_of_the_lesson(here, tmp_path):
    write_folder(tmp_path / "zh", language="zh")
    result = here("check", "zh", "--hint", "relu", cwd=tmp_path)
    assert (
        result.stdout
        == "lesson1_functions.relu，第 1 个提示，共 3 个\n\n每个元素各自变化：正数保持不变，其余变成 0。\n\n下一个提示：--hint relu:2\n"
    )
    shutil.rmtree(tmp_path / "zh")
    assert here("exercises", "zh", "--language", "fr", cwd=tmp_path).returncode == 2


def test_chinese_lines_are_wrapped_by_their_width():
    text = "梯度" * 60 + "，numpynet 很好。"
    lines = wrap(text)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert len(lines) == 3
    assert all(len(line) <= 51 for line in lines)
    assert not any(line.startswith(("，", "。")) for line in lines)
    assert language_of("a gradient") == ""
    assert language_of("梯度") == "zh"
    with speaking("zh"), speaking(""):
        assert say("right", name="f") == "f 正确。"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("grad_b = grad_Y.sum(axis=0)", "grad_b = grad_Y.sum(axis=0) +", "lesson1_functions.py 无法运行：SyntaxError"),
        ("import numpy as np", "import numpy as np\nimport torch", "lesson1_functions.py 不计分：它导入了 torch（第 11 行）。"),
        ("    return np.maximum(X, 0)", "    eval('1')", "它用了 eval（第 "),
        ("    return np.maximum(X, 0)", "    while True:\n        pass", "relu 没有在 2 秒内完成（是不是死循环？）。"),
        ("import numpy as np", "import numpy as np\n\n1 / 0", "行已跳过：ZeroDivisionError"),
    ],
)  # fmt: skip
def test_what_befalls_a_file_is_told_in_chinese(here, tmp_path, old, new, told):
    with speaking("zh"):
        text = solved("lesson1_functions")
    assert old in text
    (tmp_path / "lesson1_functions.py").write_text(text.replace(old, new, 1), "utf-8")
    result = here("check", "lesson1_functions.py", "--time-limit", "2", cwd=tmp_path)
    assert told in result.stdout.replace("\n  ", "")
    assert not re.search(r"\b(is|the|was|within|imports|uses)\b", result.stdout), result.stdout
