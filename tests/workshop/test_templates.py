"""What is written in OWL's templates works in Odoo's next version as well.

There a name of the component is found by `this.` alone; names that a template sets
itself stand for themselves.
"""

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

import pytest
from workshop import paths

TEMPLATES = sorted((paths.PROJECT / "whatsapp_clinic/static").rglob("*.xml"))
# Filled from values that are handed over, without a component.
FILLED = {"whatsapp_clinic.CalendarVisit", "whatsapp_clinic.PractitionerHeader"}
# Directives whose value is JavaScript (OWL 2, "Templates").
SPEAKING = re.compile(
    r"t-(if|elif|esc|out|value|foreach|key|model(\..*)?|tag|props|portal"
    r"|on-.*|att(-.*)?|call-context)"
)
STRING = re.compile(r"'[^']*'|\"[^\"]*\"")
# Text between the expressions of t-attf-… and of JavaScript's own templates.
EMBEDDED = re.compile(r"(?:#\{|\{\{|\$\{)(.*?)\}")
NAME = re.compile(r"(?<![\w.$])[A-Za-z_$][\w$]*")
KEY = re.compile(r"(?<=[{,])\s*[\w$]+\s*:")
WORDS = {"this", "true", "false", "null", "undefined", "typeof", "new"} | {
    *("and", "or", "not", "gt", "lt", "gte", "lte", "in", "Math", "Object", "JSON")
}
ARROW = re.compile(r"\(?([\w$,\s]*)\)?\s*=>")


def expressions(root: ElementTree.Element) -> Iterator[str]:
    """The JavaScript in a template; that of interpolated text in pieces."""
    for element in root.iter():
        is_component = element.tag[:1].isupper()
        for name, value in element.attrib.items():
            if name.startswith("t-attf-"):
                yield from EMBEDDED.findall(value)
            elif SPEAKING.fullmatch(name) or (is_component and name[:2] != "t-"):
                for text in re.findall(r"`([^`]*)`", value):
                    yield from EMBEDDED.findall(text)
                yield re.sub(r"`[^`]*`", "", value)


def set_names(root: ElementTree.Element) -> set[str]:
    """Names that a template gives to values itself."""
    found = set()
    for element in root.iter():
        found |= {element.get("t-set", ""), element.get("t-slot-scope", "")}
        if one := element.get("t-as"):
            found |= {one, *(f"{one}_{kind}" for kind in ("index", "first", "last"))}
    return found - {""}


def bare_names(root: ElementTree.Element) -> list[str]:
    """Expressions with a name that only the component can have."""
    known = WORDS | set_names(root)
    found = []
    for expression in expressions(root):
        code = KEY.sub("", STRING.sub("", expression))
        taken = {name for each in ARROW.findall(code) for name in NAME.findall(each)}
        if set(NAME.findall(code)) - known - taken:
            found.append(expression)
    return found


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_names_of_the_component_are_found_by_this(path: Path):
    root = ElementTree.parse(path).getroot()
    templates = [one for one in root if one.get("t-name") not in FILLED]
    assert templates
    assert [bare for one in templates for bare in bare_names(one)] == []


def test_a_bare_name_is_found():
    template = """
        <t t-name="some">
            <t t-foreach="this.rows" t-as="row" t-key="row.id">
                <i t-if="row.on and state.on" t-on-click="() => this.tap(row)"/>
                <i t-attf-class="a {{ look }}" t-att-b="{'c d': this.e, f: row_index}"
                    t-out="this.a ? row : last"/>
            </t>
        </t>
    """
    found = bare_names(ElementTree.fromstring(template))
    assert found == ["row.on and state.on", " look ", "this.a ? row : last"]
