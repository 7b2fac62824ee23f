from collections import Counter
from datetime import datetime

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL, format_datetime
from odoo.tools.urls import urljoin

from ...tools import clock, write_once
from ...tools.access import require_group
from ...tools.ruled_lines import RuledOne2many
from .write_once_mixin import BOOKKEEPING

PAGE = "/whatsapp_clinic/notice"
# What only publishing fills.
_BY_PUBLISHING = {"state", "published_at", "published_by"}
_RENEWALS = "whatsapp_clinic_privacy_notice_renewal"


class PrivacyNotice(models.Model):
    """One version of what the clinic tells patients about their data.

    The duty to inform (KVKK article 10, GDPR article 13) is an act of its own, apart
    from any consent. A published version never changes; the next one replaces it.
    """

    _name = "whatsapp.clinic.privacy.notice"
    _description = "Privacy Notice"
    _inherit = ["whatsapp.clinic.given.ids.mixin", "whatsapp.clinic.write.once.mixin"]
    _order = "company_id, version desc"
    _write_once_except = (*BOOKKEEPING, "state")
    _write_once_when = SQL("OLD.published_at IS NOT NULL")

    name = fields.Char(required=True, default=lambda self: self.env._("Privacy notice"))
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    version = fields.Integer(required=True, readonly=True, copy=False)
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("published", "Published"),
            ("superseded", "Superseded"),
        ],
        default="draft",
        required=True,
        readonly=True,
        copy=False,
    )
    text_ids = fields.One2many(
        "whatsapp.clinic.privacy.notice.text", "notice_id", "Texts", copy=True
    )
    valid_from = fields.Datetime(
        copy=False, help="Empty: from the moment of publication."
    )
    published_at = fields.Datetime(readonly=True, copy=False)
    published_by = fields.Char(
        readonly=True, copy=False, help="The name stays when the user is removed."
    )
    renewed_purpose_ids = fields.Many2many(
        "whatsapp.clinic.consent.purpose",
        _RENEWALS,
        string="Ask for Consent Again For",
        copy=False,
        help="What patients agreed to under earlier versions no longer counts for "
        "these purposes.",
    )
    consent_ids = RuledOne2many("whatsapp.clinic.consent", "notice_id", "Consents")
    consent_count = fields.Integer(compute="_compute_consent_count")
    asked_again_count = fields.Integer(
        "Patients to Ask Again",
        compute="_compute_asked_again_count",
        help="Who agreed to one of these purposes, and would have to agree again.",
    )
    publication_effect = fields.Text(compute="_compute_publication_effect")

    _version_uniq = models.Constraint(
        "UNIQUE (company_id, version)", "This version is already there."
    )
    _published_is_valid = models.Constraint(
        "CHECK ((state = 'draft') = (published_at IS NULL) AND (published_at IS NULL "
        "OR valid_from IS NOT NULL))",
        "A published notice has a time from which it is valid.",
    )

    @api.depends("name", "version")
    def _compute_display_name(self):
        for notice in self:
            notice.display_name = f"{notice.name} v{notice.version}"

    @api.depends("consent_ids")
    def _compute_consent_count(self):
        counted = dict(
            self.env["whatsapp.clinic.consent"]._read_group(
                [("notice_id", "in", self.ids)], ["notice_id"], ["__count"]
            )
        )
        for notice in self:
            notice.consent_count = counted.get(notice._origin, 0)

    @api.depends("renewed_purpose_ids", "company_id", "state")
    def _compute_asked_again_count(self):
        coverage = self.env["whatsapp.clinic.consent.coverage"].sudo()
        for notice in self:
            if notice.state != "draft" or not notice.renewed_purpose_ids:
                notice.asked_again_count = 0
                continue
            domain = [
                ("purpose_id", "in", notice.renewed_purpose_ids.ids),
                ("state", "=", "given"),
                ("company_id", "child_of", notice.company_id.id),
            ]
            counts = coverage._read_group(domain, [], ["partner_id:count_distinct"])
            notice.asked_again_count = counts[0][0]

    @api.depends("valid_from", "renewed_purpose_ids", "version")
    @api.depends_context("lang", "tz")
    def _compute_publication_effect(self):
        for notice in self:
            notice.publication_effect = "\n\n".join(notice._effects())

    def init(self):
        write_once.protect_children(
            self.env.cr,
            _RENEWALS,
            (f"{self._table}_id", "whatsapp_clinic_consent_purpose_id"),
            self._table,
            "published_at",
        )
        return super().init()

    @api.model_create_multi
    def create(self, vals_list):
        self._check_given(vals_list)
        new_by_company = Counter()
        for vals in vals_list:
            self._check_not_published_by_hand(vals)
            company_id = vals.get("company_id") or self.env.company.id
            new_by_company[company_id] += 1
            vals["version"] = (
                vals.get("version")
                or self._latest_version(company_id) + new_by_company[company_id]
            )
        return super().create(vals_list)

    def write(self, vals):
        self._check_not_published_by_hand(vals)
        return super().write(vals)

    @api.model
    def _check_not_published_by_hand(self, vals: dict):
        if _BY_PUBLISHING & vals.keys() and not self.env.su:
            raise AccessError(self.env._("Use the button to publish a version."))

    @api.model
    def _latest_version(self, company_id: int) -> int:
        latest = self.sudo().search(
            [("company_id", "=", company_id)], order="version desc", limit=1
        )
        return latest.version

    def action_confirm_publication(self):
        """Say what publishing does, and ask; UserError if it cannot be published."""
        self.ensure_one()
        require_group(self.env, "group_privacy_officer")
        self.check_access("write")
        objection = self.sudo()._objection_to_publishing(clock.now())
        if objection:
            raise UserError(objection)
        view = self.env.ref("whatsapp_clinic.privacy_notice_view_form_publish")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Publish %s", self.display_name),
            "res_model": self._name,
            "res_id": self.id,
            "views": [(view.id, "form")],
            "target": "new",
        }

    def action_publish(self):
        """Close the version: from `valid_from` on patients are shown it.

        Raises UserError if it is not finished, or would be valid before it was
        published or before a version that is published already.
        """
        require_group(self.env, "group_privacy_officer")
        self.check_access("write")
        now = clock.now()
        for notice in self.sudo():
            objection = notice._objection_to_publishing(now)
            if objection:
                raise UserError(objection)
            notice.text_ids._close()
            self.env.flush_all()
            notice.write(
                {
                    "state": "published",
                    "published_at": now,
                    "published_by": self.env.user.name,
                    "valid_from": notice.valid_from or now,
                }
            )
        self.flush_recordset()
        self._cron_supersede()

    def _objection_to_publishing(self, now: datetime) -> str | None:
        """Why the version cannot be published at `now` (naive UTC), for a person."""
        if self.state != "draft":
            return self.env._("This version is published already.")
        if not self.text_ids:
            return self.env._("Write the notice in one language at least.")
        if any(text._has_gaps() for text in self.text_ids):
            return self.env._(
                "Fill in or remove what stands in [[double brackets]] first."
            )
        if self.valid_from and self.valid_from < now.replace(second=0):
            return self.env._("A notice cannot be valid before it is published.")
        published = self.search(
            [("company_id", "=", self.company_id.id), ("published_at", "!=", False)]
        )
        if any(one.version > self.version for one in published):
            return self.env._(
                "A later version is published already: make a new version from it."
            )
        if any(one.valid_from > (self.valid_from or now) for one in published):
            return self.env._(
                "A published version becomes valid later than this one would: choose "
                "a time after it."
            )
        return None

    def action_new_version(self):
        """Open a draft of the next version, with the texts of this one."""
        self.ensure_one()
        draft = self.copy({"name": self.name})
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": draft.id,
            "views": [(False, "form")],
        }

    def action_open_page(self):
        """The public page of this version."""
        self.ensure_one()
        return {"type": "ir.actions.act_url", "url": self._url(), "target": "new"}

    def action_open_consents(self):
        """The consents given after this version was shown."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "whatsapp_clinic.consent_action"
        )
        return {**action, "domain": [("notice_id", "=", self.id)], "context": {}}

    def _effects(self) -> list[str]:
        """What publishing the version would do, in sentences for a person."""
        self.ensure_one()
        begin = (
            format_datetime(self.env, self.valid_from)
            if self.valid_from
            else self.env._("now")
        )
        purposes = ", ".join(self.renewed_purpose_ids.mapped("name"))
        renewal = (
            self.env._(
                "Consent has to be given again for: %(purposes)s. Patients to ask "
                "again: %(count)s; until they agree they get no such message.",
                purposes=purposes,
                count=self.asked_again_count,
            )
            if purposes
            else self.env._("What patients have agreed to stays valid.")
        )
        return [
            self.env._(
                "Patients are shown version %(version)s, from: %(begin)s.",
                version=self.version,
                begin=begin,
            ),
            renewal,
            self.env._(
                "A published version can never be changed or removed, only replaced "
                "by the next one."
            ),
        ]

    def _url(self) -> str:
        """Where everybody may read this version, once it is published."""
        self.ensure_one()
        path = f"{PAGE}/{self.company_id.id}/{self.version}"
        return urljoin(self.get_base_url(), path)

    @api.model
    def _cron_supersede(self):
        """Mark versions of which a later one has become valid."""
        self.flush_model()
        self.env.cr.execute(
            """
            UPDATE whatsapp_clinic_privacy_notice earlier SET state = 'superseded'
            FROM whatsapp_clinic_privacy_notice later
            WHERE earlier.state = 'published' AND later.state = 'published'
              AND later.company_id = earlier.company_id
              AND later.version > earlier.version AND later.valid_from <= %s
            """,
            [clock.now()],
        )
        self.invalidate_model(["state"])

    @api.model
    def _current(self, company, at: datetime | None = None):
        """The version valid for a company at a time (naive UTC; default: now).

        That of the nearest company up the tree which has one; none if nobody has.
        """
        company = company.sudo()
        while company:
            notice = self.sudo().search(
                [
                    ("company_id", "=", company.id),
                    ("published_at", "!=", False),
                    ("valid_from", "<=", at or clock.now()),
                ],
                order="version desc",
                limit=1,
            )
            if notice:
                return notice
            company = company.parent_id
        return self.browse()

    @api.model
    def _published(self, company, version: int):
        """That version of a company's own notice, none if it is still a draft."""
        return self.sudo().search(
            [
                ("company_id", "=", company.id),
                ("version", "=", version),
                ("published_at", "!=", False),
            ]
        )

    def _text(self, lang: str | None):
        """The text in a language (such as `tr_TR`), else the nearest there is."""
        self.ensure_one()
        texts = self.text_ids
        nearest = texts.filtered(lambda text: text.lang == lang) or texts.filtered(
            lambda text: text.lang[:2] == (lang or "")[:2]
        )
        return (nearest or texts)[:1]

    @api.model
    def _renewals(self, root, at: datetime) -> dict:
        """From when consent had to be given again, by (company id, purpose id).

        For the companies in the tree of `root`, of versions valid at the time. A
        version renews what was agreed to in its company and those below it; elsewhere
        in the tree patients are shown another notice.
        """
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT company.id, renewal.whatsapp_clinic_consent_purpose_id,
                       max(notice.valid_from)
                FROM whatsapp_clinic_privacy_notice_renewal renewal
                JOIN whatsapp_clinic_privacy_notice notice
                  ON notice.id = renewal.whatsapp_clinic_privacy_notice_id
                JOIN res_company publisher ON publisher.id = notice.company_id
                JOIN res_company company
                  ON starts_with(company.parent_path, publisher.parent_path)
                WHERE notice.published_at IS NOT NULL AND notice.valid_from <= %s
                  AND company.parent_path LIKE %s
                GROUP BY 1, 2
                """,
                at,
                f"{root.id}/%",
            )
        )
        return {(company, purpose): renewed for company, purpose, renewed in rows}
