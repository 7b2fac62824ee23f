import hashlib
from dataclasses import dataclass
from datetime import date, datetime, time

from odoo import Command, api, fields, models
from odoo.exceptions import UserError

from odoo.addons.base.models.res_partner import _tz_get

from ..models.consent.consent_state import GIVEN
from ..models.vocabulary import locks
from ..tools import clock
from ..tools.compat import decoded, encoded
from ..tools.table_file import NotATable, TooManyRows, read_table, write_csv, write_xlsx
from ..tools.text import fold

MAX_FILE_BYTES = 10 * 1024 * 1024
MAX_LINES = 20_000
# Rows written at once; all of them are one transaction.
BATCH = 1000
# Headings as people write them, in the languages of the addon.
COLUMNS = {
    "patient": {"patient", "hasta"},
    "purpose": {"purpose", "purpose code", "amaç", "amaç kodu"},
    "decision": {"decision", "karar"},
    "act_at": {"date", "date of the act", "tarih"},
    "source": {"source", "kaynak"},
}
DECISIONS = {
    "given": {"given", "yes", "agreed", "evet", "verildi", "onay"},
    "withdrawn": {"withdrawn", "no", "refused", "hayır", "geri alındı", "ret"},
}
# Day first only with dots: 01/02/2026 is another day in another country.
DATE_FORMATS = (
    "%Y-%m-%d",
    "%d.%m.%Y",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%dT%H:%M:%S",
    "%d.%m.%Y %H:%M",
)
# Years outside are slips of the pen.
EARLIEST, LATEST = 2000, 2999
RESULTS = [
    ("new", "Will be recorded"),
    ("older", "Will be recorded; a later act counts"),
    ("known", "Recorded already"),
    ("repeated", "Stands in the file twice"),
    ("unknown_patient", "No such patient"),
    ("ambiguous_patient", "Several patients: choose one"),
    ("unknown_purpose", "No purpose with this code or name"),
    ("unknown_decision", "Neither given nor withdrawn"),
    ("unreadable_date", "Date cannot be read; write 2026-01-31 or 31.01.2026"),
    ("future_date", "Date lies in the future"),
    ("missing_source", "Source is missing"),
    ("minor_alone", "A minor does not agree alone: let a guardian sign"),
]
TO_RECORD = ("new", "older")
DONE_BEFORE = ("known", "repeated")


@dataclass(frozen=True)
class Lookup:
    """What the lines of a file name, looked up for all at once."""

    by_reference: dict
    by_phone: dict
    by_id: dict
    purposes: dict

    def patients(self, text: str):
        """Everybody whom a cell may mean, of those whom the user looks after."""
        found = self.by_reference.get(text, self.by_phone[text].browse())
        found |= self.by_phone[text]
        return found | self.by_id.get(text, found.browse())


class ConsentImport(models.TransientModel):
    """Consents from a spreadsheet, looked at line by line before any is recorded.

    The same file may be imported again: what is recorded already stays one.
    """

    _name = "whatsapp.clinic.consent.import"
    _description = "Import Consents"
    _inherit = ["whatsapp.clinic.given.ids.mixin"]

    state = fields.Selection(
        [("file", "File"), ("checked", "Checked"), ("done", "Done")],
        default="file",
        required=True,
        readonly=True,
    )
    file = fields.Binary(attachment=False)
    file_name = fields.Char()
    tz = fields.Selection(
        _tz_get,
        "Time Zone",
        required=True,
        default=lambda self: self._default_tz(),
        help="Of the dates in the file.",
    )
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    line_ids = fields.One2many(
        "whatsapp.clinic.consent.import.line", "wizard_id", readonly=True
    )
    recorded_count = fields.Integer(readonly=True)
    to_record_count = fields.Integer("Will Be Recorded", compute="_compute_counts")
    older_count = fields.Integer("Of Them Older", compute="_compute_counts")
    known_count = fields.Integer("Recorded Already", compute="_compute_counts")
    problem_count = fields.Integer("With a Problem", compute="_compute_counts")
    template_file = fields.Binary(compute="_compute_template_file")
    problem_file = fields.Binary(compute="_compute_problem_file")

    @api.model
    def _default_tz(self):
        branches = self.env["whatsapp.clinic.branch"].search(
            [("company_id", "=", self.env.company.id)], limit=1
        )
        return self.env.user.tz or branches.tz or "UTC"

    @api.depends("file_name")
    def _compute_display_name(self):
        for wizard in self:
            wizard.display_name = wizard.file_name or self.env._("Import Consents")

    @api.depends("line_ids.result")
    def _compute_counts(self):
        for wizard in self:
            counted = dict(
                self.env["whatsapp.clinic.consent.import.line"]._read_group(
                    [("wizard_id", "=", wizard._origin.id)], ["result"], ["__count"]
                )
            )
            wizard.to_record_count = sum(counted.get(one, 0) for one in TO_RECORD)
            wizard.older_count = counted.get("older", 0)
            wizard.known_count = sum(counted.get(one, 0) for one in DONE_BEFORE)
            wizard.problem_count = (
                sum(counted.values()) - wizard.to_record_count - wizard.known_count
            )

    def _compute_template_file(self):
        heading = list(COLUMNS)
        examples = [
            ["+905321234567", "appointment", "given", "2026-01-31", "Form, file 12"],
            ["id:42", "marketing", "withdrawn", "31.01.2026 14:05", "Letter"],
        ]
        purposes = self.env["whatsapp.clinic.consent.purpose"].search(
            [("active", "=", True)]
        )
        codes = [[one.code, one.name] for one in purposes]
        sheets = {
            self.env._("Consents"): [heading, *examples],
            self.env._("Purposes"): [["purpose", self.env._("Name")], *codes],
        }
        self.template_file = encoded(write_xlsx(sheets))

    @api.depends("line_ids.result")
    @api.depends_context("lang")
    def _compute_problem_file(self):
        tell = dict(
            self.env["whatsapp.clinic.consent.import.line"]
            ._fields["result"]
            ._description_selection(self.env)
        )
        for wizard in self:
            rows = [[*COLUMNS, "line", "problem"]]
            for line in wizard.line_ids:
                if line.result not in (*TO_RECORD, *DONE_BEFORE):
                    cells = [line[name] or "" for name in COLUMNS if name != "act_at"]
                    cells.insert(3, line.date_text or "")
                    rows.append([*cells, line.number, tell[line.result]])
            wizard.problem_file = encoded(write_csv(rows))

    def action_check(self):
        """Read the file and say of each line what would happen; records nothing.

        Raises UserError for what is no such table.
        """
        self.ensure_one()
        self.line_ids.unlink()
        cells = self._read()
        lines = self.env["whatsapp.clinic.consent.import.line"]
        judged = self._judge(cells)
        for start in range(0, len(judged), BATCH):
            lines.create(judged[start : start + BATCH])
        self.state = "checked"

    def action_record(self):
        """Record what the dry run found fit, all of it or nothing.

        Judged again: what was recorded since stays one. Raises UserError while another
        import runs, or if a patient is no longer there.
        """
        self.ensure_one()
        if self.state != "checked":
            raise UserError(self.env._("Check the file first."))
        self.env.cr.execute(
            "SELECT pg_try_advisory_xact_lock(%s, 0)", [locks.CONSENT_IMPORT]
        )
        if not self.env.cr.fetchone()[0]:
            raise UserError(self.env._("Another import is running: try again later."))
        fit = self.line_ids.filtered(lambda line: line.result in TO_RECORD)
        if not all(line.partner_id for line in fit):
            raise UserError(
                self.env._("A patient was removed meanwhile: check the file again.")
            )
        known = self._recorded(fit.partner_id)
        news = [line for line in fit if line._act not in known]
        consents = self.env["whatsapp.clinic.consent"].with_company(self.company_id)
        for start in range(0, len(news), BATCH):
            consents._enter([line._consent() for line in news[start : start + BATCH]])
        self.write({"state": "done", "recorded_count": len(news)})

    def action_back(self):
        self.ensure_one()
        self.line_ids.unlink()
        self.write({"state": "file", "file": False, "file_name": False})

    def action_open_lines(self):
        """All lines with what happens to each, with filters and groups."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "whatsapp.clinic.consent.import.line",
            "view_mode": "list",
            "domain": [("wizard_id", "=", self.id)],
            "name": self.env._("Lines of the File"),
        }

    def action_download_template(self):
        """A table with its headings and two examples, and a sheet with the codes."""
        return self._download("template_file", "consents.xlsx")

    def action_download_problems(self):
        """The lines that were not recorded, with the reason, to be corrected."""
        return self._download("problem_file", "problems.csv")

    def _download(self, field: str, name: str) -> dict:
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{self._name}/{self.id}/{field}/{name}?download=true",
            "target": "download",
        }

    def _read(self) -> list[dict]:
        """The cells of each line by column."""
        data = decoded(self.with_context(bin_size=False).file)
        if not data:
            raise UserError(self.env._("Choose a file."))
        if len(data) > MAX_FILE_BYTES:
            raise UserError(
                self.env._("The file is larger than %s MB.", MAX_FILE_BYTES // 2**20)
            )
        try:
            rows = read_table(data, MAX_LINES + 1)
        except TooManyRows as many:
            raise UserError(
                self.env._("The file has more than %s lines: split it.", MAX_LINES)
            ) from many
        except NotATable as broken:
            raise UserError(
                self.env._("The file is no table: save it as CSV or XLSX.")
            ) from broken
        return self._by_column(rows)

    def _by_column(self, rows: list[list]) -> list[dict]:
        heading = [fold(str(cell)) for cell in rows[0]] if rows else []
        places = {
            name: place
            for name, words in COLUMNS.items()
            for place, cell in enumerate(heading)
            if cell in {fold(word) for word in (name, *words)}
        }
        missing = [name for name in COLUMNS if name not in places]
        if missing:
            raise UserError(
                self.env._(
                    "These columns are missing: %s. The template shows them.",
                    ", ".join(missing),
                )
            )
        return [
            {
                name: row[place] if place < len(row) else ""
                for name, place in places.items()
            }
            for row in rows[1:]
        ]

    def _judge(self, cells: list[dict]) -> list[dict]:
        """What happens to each line, as values of the lines to show."""
        lookup = self._look_up(cells)
        lines = [
            self._line(number, cell, lookup) for number, cell in enumerate(cells, 2)
        ]
        patients = self.env["res.partner"].browse(
            {line["partner_id"] for line in lines if line["partner_id"]}
        )
        known = self._recorded(patients)
        latest = _latest(known)
        seen = set()
        for line in lines:
            if line["result"] == "new":
                act = tuple(line[name] for name in _ACT)
                line["result"] = self._compare(act, known, seen, latest)
                seen.add(act)
        return lines

    def _compare(self, act: tuple, known: set, seen: set, latest: dict) -> str:
        if act in known:
            return "known"
        if act in seen:
            return "repeated"
        return "older" if act[2] < latest.get(act[:2], act[2]) else "new"

    def _look_up(self, cells: list[dict]) -> Lookup:
        texts = sorted({str(cell["patient"]) for cell in cells})
        partners = self.env["res.partner"].with_context(active_test=False)
        is_patient = ("clinic_patient", "=", True)
        referred = partners.search(
            [("ref", "in", texts), is_patient]
        )._of_own_branches()
        by_reference = {}
        for partner in referred:
            same = by_reference.get(partner.ref, partners)
            by_reference[partner.ref] = same | partner
        ids = {text: int(text[3:]) for text in texts if _is_database_id(text)}
        numbered = partners.search([("id", "in", list(ids.values())), is_patient])
        existing = numbered._of_own_branches()
        return Lookup(
            by_reference=by_reference,
            by_phone=partners._patients_by_phone(texts),
            by_id={
                text: existing.filtered(lambda one, its=found: one.id == its)
                for text, found in ids.items()
            },
            purposes=self._purposes_by_words(),
        )

    def _purposes_by_words(self) -> dict:
        """Purposes by their code, and by their name in every language in use."""
        purposes = self.env["whatsapp.clinic.consent.purpose"].search(
            [("active", "=", True)]
        )
        languages = [code for code, _name in self.env["res.lang"].get_installed()]
        by_name = {
            fold(one.with_context(lang=lang).name): one
            for lang in languages
            for one in purposes
        }
        return {**by_name, **{fold(one.code): one for one in purposes}}

    def _line(self, number: int, cell: dict, lookup: Lookup) -> dict:
        patients = lookup.patients(str(cell["patient"]))
        line = self._line_of(number, cell, patients, lookup.purposes)
        return {**line, "candidate_ids": [Command.set(patients.ids)]}

    def _line_of(self, number: int, cell: dict, patients, purposes: dict) -> dict:
        purpose = purposes.get(fold(str(cell["purpose"])))
        decision = _decision(str(cell["decision"]))
        act_at = _moment(cell["act_at"], self.tz)
        checks = (
            (not patients, "unknown_patient"),
            (len(patients) > 1, "ambiguous_patient"),
            (not purpose, "unknown_purpose"),
            (not decision, "unknown_decision"),
            (not act_at, "unreadable_date"),
            (act_at and act_at > clock.now(), "future_date"),
            (not cell["source"], "missing_source"),
            (decision == GIVEN and _is_minor(patients, act_at), "minor_alone"),
        )
        return {
            "wizard_id": self.id,
            "number": number,
            "patient": str(cell["patient"]),
            "purpose": str(cell["purpose"]),
            "decision": str(cell["decision"]),
            "date_text": str(cell["act_at"]),
            "source": str(cell["source"]),
            "partner_id": patients.id if len(patients) == 1 else False,
            "purpose_id": purpose.id if purpose else False,
            "decided": decision or False,
            "act_at": act_at or False,
            "result": next((code for is_so, code in checks if is_so), "new"),
        }

    def _judge_again(self, line):
        """What happens to a line whose patient was chosen by hand."""
        cell = {name: line[name] or "" for name in COLUMNS if name != "act_at"}
        cell["act_at"] = line.date_text or ""
        purposes = self._purposes_by_words()
        values = self._line_of(line.number, cell, line.partner_id, purposes)
        if values["result"] == "new":
            act = tuple(values[name] for name in _ACT)
            known = self._recorded(line.partner_id)
            others = (self.line_ids - line).filtered(
                lambda one: one.result in TO_RECORD
            )
            seen = {one._act for one in others}
            values["result"] = self._compare(act, known, seen, _latest(known))
        return values

    def _recorded(self, patients) -> set:
        """Acts of these patients that are recorded: (patient, purpose, time, …)."""
        consents = self.env["whatsapp.clinic.consent"].sudo()
        found = consents.search_fetch(
            [
                ("partner_id", "in", patients.ids),
                ("company_id", "child_of", self.company_id.sudo().root_id.id),
            ],
            ["partner_id", "purpose_id", "act_at", "decision"],
        )
        return {
            (one.partner_id.id, one.purpose_id.id, one.act_at, one.decision)
            for one in found
        }


class ConsentImportLine(models.TransientModel):
    """One line of an imported file, and what happens to it."""

    _name = "whatsapp.clinic.consent.import.line"
    _description = "Imported Line"
    _inherit = ["whatsapp.clinic.given.ids.mixin"]
    _order = "number"

    wizard_id = fields.Many2one(
        "whatsapp.clinic.consent.import", required=True, ondelete="cascade", index=True
    )
    number = fields.Integer("Line")
    patient = fields.Char("Patient in the File")
    purpose = fields.Char("Purpose in the File")
    decision = fields.Char("Decision in the File")
    date_text = fields.Char("Date in the File")
    source = fields.Char()
    partner_id = fields.Many2one("res.partner", "Patient")
    candidate_ids = fields.Many2many(
        "res.partner", "whatsapp_clinic_consent_import_line_candidate"
    )
    purpose_id = fields.Many2one("whatsapp.clinic.consent.purpose")
    decided = fields.Selection(
        [("given", "Given"), ("withdrawn", "Refused or withdrawn")], "Decision"
    )
    act_at = fields.Datetime("Time of the Act")
    result = fields.Selection(RESULTS, "What Happens", required=True)

    def action_choose(self) -> dict:
        """Ask which of several patients a line means."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Which Patient?"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    def action_judge_again(self) -> dict:
        """Take the chosen patient, one of those whom the line may mean."""
        self.ensure_one()
        self.check_access("write")
        if self.partner_id not in self.candidate_ids:
            raise UserError(self.env._("Choose one of the patients."))
        self.write(self.wizard_id._judge_again(self))
        return {"type": "ir.actions.act_window_close"}

    @property
    def _act(self) -> tuple:
        return (self.partner_id.id, self.purpose_id.id, self.act_at, self.decided)

    def _consent(self) -> dict:
        """Values of the consent; its reference lets two imports at once not repeat."""
        act = "|".join(map(str, self._act))
        return {
            "partner_id": self.partner_id.id,
            "purpose_id": self.purpose_id.id,
            "act_at": self.act_at,
            "decision": self.decided,
            "method": "import",
            "evidence": self.source,
            "company_id": self.wizard_id.company_id.id,
            "branch_id": self.partner_id.clinic_branch_id.id,
            "reference": f"import:{hashlib.sha256(act.encode()).hexdigest()}",
        }


# What makes two lines the same act, in the order of `_act`.
_ACT = ("partner_id", "purpose_id", "act_at", "decided")


def _latest(known: set) -> dict:
    """When each patient last decided about each purpose, of recorded acts."""
    latest = {}
    for partner_id, purpose_id, act_at, _decision in known:
        pair = (partner_id, purpose_id)
        latest[pair] = max(act_at, latest.get(pair, act_at))
    return latest


def _is_minor(patients, at: datetime | None) -> bool:
    return bool(at and len(patients) == 1 and patients._is_minor(at.date()))


def _is_database_id(text: str) -> bool:
    return text.startswith("id:") and text[3:].isdecimal() and len(text) < 13


def _decision(text: str) -> str | None:
    folded = fold(text)
    return next(
        (
            decision
            for decision, words in DECISIONS.items()
            if folded in {fold(word) for word in words}
        ),
        None,
    )


def _moment(cell, tz: str) -> datetime | None:
    """When an act took place, naive UTC; None if it cannot be read.

    A day without a time is its first moment: always the same for the same file, and a
    withdrawal of that day counts.
    """
    if isinstance(cell, datetime):
        return _to_utc(cell, tz)
    if isinstance(cell, date):
        return _to_utc(datetime.combine(cell, time()), tz)
    parsed = (_parse(cell, form) for form in DATE_FORMATS)
    local = next(filter(None, parsed), None)
    return _to_utc(local, tz) if local else None


def _parse(text: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(text, form)
    except ValueError:
        return None


def _to_utc(local: datetime, tz: str) -> datetime | None:
    if not EARLIEST <= local.year <= LATEST:
        return None
    return clock.from_zone(local.replace(microsecond=0, tzinfo=None), tz)
