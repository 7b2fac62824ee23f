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
RETIRED = re.compile(r"\b(anew|mend(s|ed|ing)?)\b", re.IGNORECASE)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_documents_are_in_the_glossarys_words(path):
    assert not [line for line in path.read_text().splitlines() if RETIRED.search(line)]
