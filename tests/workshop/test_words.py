"""Words that the glossary retired are not written any more."""

import re

import pytest
from workshop import paths

DOCUMENTS = sorted(
    path
    for pattern in ("README.md", "docs/*.md", "whatsapp_clinic/readme/*")
    for path in paths.PROJECT.glob(pattern)
    if path.name != "glossary.md"
)
CODE = sorted(
    path
    for folder in ("whatsapp_clinic", "whatsapp_sandbox")
    for kind in ("py", "js", "xml")
    for path in (paths.PROJECT / folder).rglob(f"*.{kind}")
    # Scripts of an upgrade name what there was.
    if not {"tests", "migrations"} & {*path.parts}
)
# Also as a part of a name.
RETIRED = re.compile(r"(?<![a-z])(anew|mend(s|ed|ing|able)?)(?![a-z])", re.IGNORECASE)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_documents_are_in_the_glossarys_words(path):
    assert not [line for line in path.read_text().splitlines() if RETIRED.search(line)]


def test_code_is_in_the_glossarys_words():
    assert not [path for path in CODE if RETIRED.search(path.read_text())]
