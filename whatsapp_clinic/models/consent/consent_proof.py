import hashlib
import json

from odoo import api, fields, models

from ...tools.access import named, require_group
from ...tools.compat import decoded
from ...tools.printing import print_action
from .write_once_mixin import BOOKKEEPING

# Larger scans are refused; they are kept in the row itself.
MAX_SCAN_BYTES = 10 * 1024 * 1024
# Fields with files; the document holds the hash of each as `<field>_sha256`.
FILES = ("signature", "scan")
CHAINS = ("whatsapp.clinic.consent", "whatsapp.clinic.consent.proof")


class ConsentProof(models.Model):
    """What proves one act: who said what, when, how, on which text.

    Signature and scan are kept in the row, where PostgreSQL protects them like the
    rest; a PDF is only a rendering of it.
    """

    _name = "whatsapp.clinic.consent.proof"
    _description = "Proof of Consent"
    _inherit = ["whatsapp.clinic.given.ids.mixin", "whatsapp.clinic.write.once.mixin"]
    _order = "id desc"
    _rec_name = "sha256"
    _write_once_except = (*BOOKKEEPING, "partner_id")
    _chained = (
        "id",
        "create_date",
        "document",
        "scan",
        "scan_name",
        "sha256",
        "signature",
    )

    partner_id = fields.Many2one(
        "res.partner", "Patient", required=True, ondelete="restrict", index=True
    )
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    document = fields.Text(
        required=True,
        help="Canonical JSON of the act: choices, notice, time, address, browser.",
    )
    signature = fields.Binary(attachment=False, help="Drawn by hand, PNG.")
    scan = fields.Binary(attachment=False)
    scan_name = fields.Char("Name of the Scan")
    sha256 = fields.Char(
        "SHA-256",
        compute="_compute_sha256",
        store=True,
        precompute=True,
        help="Of the document; the document holds those of signature and scan.",
    )
    consent_ids = fields.One2many("whatsapp.clinic.consent", "proof_id", "Consents")
    readable_document = fields.Text(
        "Content", compute="_compute_readable_document", help="The document, indented."
    )

    @api.depends("document")
    def _compute_sha256(self):
        for proof in self:
            proof.sha256 = sha256(proof.document or "")

    @api.depends("document")
    def _compute_readable_document(self):
        for proof in self:
            proof.readable_document = json.dumps(
                proof._content(), indent=2, ensure_ascii=False
            )

    @api.depends("partner_id", "sha256")
    @api.depends_context("uid")
    def _compute_display_name(self):
        for proof in named(self):
            names = (proof.partner_id.name, proof.sha256[:12])
            proof.display_name = " · ".join(filter(None, names))

    def action_verify(self):
        """Compute all hashes again and tell what does not fit, if anything."""
        self.ensure_one()
        self.check_access("read")
        problems = self.sudo()._problems()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "title": self.env._("Not intact")
                if problems
                else self.env._("Still intact"),
                "message": "\n".join(problems)
                or self.env._("All hashes fit, and the consents say the same."),
                "type": "danger" if problems else "success",
                "sticky": bool(problems),
            },
        }

    def action_print(self):
        """Print the proof in the patient's language; one at a time."""
        self.ensure_one()
        return print_action(self, "whatsapp_clinic.consent_proof_report")

    @api.model
    def _seal(self, values: dict, document: dict):
        """Write a proof; the hashes of its files go into the document.

        `values` are those of the row, without the document; files as base64. It is
        written with the rights of the system: no role may create one.
        """
        hashes = {
            f"{name}_sha256": sha256(decoded(values[name]))
            for name in FILES
            if values.get(name)
        }
        document = canonical({**document, **hashes})
        return self.sudo().create({**values, "document": document})

    def _is_made_for(self, consent) -> bool:
        """Whether it was made with an act of the same patient: nothing is hung on an
        older proof."""
        is_new = self.create_date == self.env.cr.now()
        return is_new and self._is_of_the_same(consent)

    def _is_of_the_same(self, consent) -> bool:
        """Whether patient and company are the consent's: no hash covers these, which
        a contact merge changes in both."""
        return (self.partner_id, self.company_id) == (
            consent.partner_id,
            consent.company_id,
        )

    def _content(self) -> dict:
        """The document; empty for a text that is no JSON object."""
        try:
            content = json.loads(self.document or "{}")
        except ValueError:
            return {}
        return content if isinstance(content, dict) else {}

    def _print_lang(self) -> str:
        """The language of the act, or the reader's if Odoo no longer has it."""
        lang = self._content().get("language")
        return lang if self.env["res.lang"]._get_code(lang) else self.env.lang

    def _problems(self) -> list[str]:
        """What does not fit together, one sentence each; none if it is intact."""
        self.ensure_one()
        content = self._content()
        checks = [
            (
                self.sha256 == sha256(self.document),
                self.env._("The document has another hash than when it was written."),
            ),
            (
                all(self._file_fits(name, content) for name in FILES),
                self.env._("A file has another hash than the document says."),
            ),
            (
                self._notice_fits(content.get("notice")),
                self.env._("The privacy notice is not the one that was published."),
            ),
            (
                self._consents_fit(content.get("choices")),
                self.env._("The consents say something else than the document."),
            ),
            (
                all(self._is_of_the_same(one) for one in self.consent_ids),
                self.env._("The consents are another patient's, or another company's."),
            ),
            (
                not self._broken() and not self.consent_ids._broken(),
                self.env._(
                    "The chain of hashes is broken: this proof, a consent or a row "
                    "before them was changed or removed in the database."
                ),
            ),
        ]
        return [sentence for is_right, sentence in checks if not is_right]

    def _file_fits(self, name: str, content: dict) -> bool:
        stored = self.with_context(bin_size=False)[name]
        found = sha256(decoded(stored)) if stored else None
        return found == content.get(f"{name}_sha256")

    def _notice_fits(self, notice: dict | None) -> bool:
        if not notice:
            return True
        texts = self.env["whatsapp.clinic.privacy.notice.text"].search(
            [("notice_id", "=", notice.get("id")), ("lang", "=", notice.get("lang"))]
        )
        hashes = {
            text_sha256(texts.title, texts.body),
            texts.sha256,
            text_sha256(notice.get("title"), notice.get("body")),
        }
        return hashes == {notice.get("sha256")}

    def _consents_fit(self, choices: list | None) -> bool:
        """Whether the consents are those that the document lists, no more, no less."""
        if choices is None:
            return True
        listed = sorted((one.get("purpose"), one.get("decision")) for one in choices)
        return listed == sorted(
            (one.purpose_id.code, one.decision) for one in self.consent_ids
        )

    def action_verify_all(self) -> dict:
        """Verify every consent and proof of the user's companies; tell the result."""
        require_group(self.env, "group_privacy_officer")
        own = [("company_id", "in", self.env.companies.ids)]
        count = self.sudo()._count_broken_evidence(own)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "title": self.env._("Not intact")
                if count
                else self.env._("Still intact"),
                "message": self.env._(
                    "Consents and proofs that were changed, or miss the row before "
                    "them: %s. Verify the single proofs, and compare with a backup.",
                    count,
                )
                if count
                else self.env._(
                    "Every consent and proof is as it was written, and none is missing "
                    "between them."
                ),
                "type": "danger" if count else "success",
                "sticky": bool(count),
            },
        }

    @api.model
    def _count_broken_evidence(self, domain: list) -> int:
        return sum(self.env[name]._count_broken(domain) for name in CHAINS)

    @api.model
    def _cron_verify_all(self):
        """Open an alarm while a row is not as it was written, and close it after."""
        count = self._count_broken_evidence([])
        self._on_verified(count)

    @api.model
    def _on_verified(self, broken: int):
        """So many rows of evidence are not as they were written."""


def canonical(document: dict) -> str:
    """The one JSON text of a document: sorted keys, no spaces, no escapes."""
    return json.dumps(
        document, sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )


def sha256(content: str | bytes) -> str:
    data = content.encode() if isinstance(content, str) else content
    return hashlib.sha256(data).hexdigest()


def text_sha256(title: str, body: str) -> str:
    """The hash of a text of the privacy notice, as it is published."""
    return sha256(f"{title}\n{body}")
