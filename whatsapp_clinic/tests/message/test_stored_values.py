"""What others send, as it is stored and told."""

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ...tools.json_values import leaves
from ...tools.text import clean_text

bounded = settings(max_examples=300, derandomize=True, deadline=None, database=None)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)


@tagged("post_install", "-at_install")
class TestStoredValues(BaseCase):
    @bounded
    @given(st.text(st.characters() | st.characters(categories=["Cs"])))
    def test_clean_text_changes_only_what_cannot_be_stored(self, text):
        cleaned = clean_text(text)
        self.assertEqual(len(cleaned), len(text))
        self.assertNotIn("\x00", cleaned)
        cleaned.encode()
        for before, after in zip(text, cleaned, strict=True):
            is_unstorable = before == "\x00" or "\ud800" <= before <= "\udfff"
            self.assertEqual(after, "\ufffd" if is_unstorable else before)

    @bounded
    @given(anything)
    def test_all_that_json_tells_is_among_its_leaves(self, value):
        def scalars(one):
            if isinstance(one, dict):
                return sum(map(scalars, one.values()), [])
            if isinstance(one, list):
                return sum(map(scalars, one), [])
            return [one] if one is not None else []

        told = [one for _path, several in leaves(value) for one in several]
        self.assertEqual(sorted(map(repr, told)), sorted(map(repr, scalars(value))))

    def test_what_is_nested_deeper_than_anybody_reads_is_cut(self):
        value = "deep"
        for _level in range(900):
            value = {"x": value}
        ((path, told),) = leaves(value)
        self.assertEqual((len(path), told), (16, ["…"]))
