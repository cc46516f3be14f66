import pytest

pytest.register_assert_rewrite("tests.helpers")  # so that a failed assert there says what was compared
