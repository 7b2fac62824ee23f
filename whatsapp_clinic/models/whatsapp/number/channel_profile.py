from odoo import fields, models

from ....tools import clock
from ....tools.compat import decoded

# What a clinic may be (Cloud API, business profile).
VERTICALS = [
    ("HEALTH", "Medical and health"),
    ("BEAUTY", "Beauty, spa and salon"),
    ("NONPROFIT", "Non-profit"),
    ("PROF_SERVICES", "Professional services"),
    ("EDU", "Education"),
    ("GOVT", "Public service"),
    ("OTHER", "Other"),
]
TEXTS = ("about", "address", "description", "email")
PICTURE = "profile_picture"
PROFILE = tuple(f"profile_{name}" for name in (*TEXTS, "website", "website_2")) + (
    "profile_vertical",
    PICTURE,
)


class Channel(models.Model):
    """What patients see about the clinic in WhatsApp: its business profile."""

    _inherit = "whatsapp.clinic.channel"

    profile_about = fields.Char(
        "About", copy=False, help="Beside the name, up to 139 characters."
    )
    profile_address = fields.Char("Address", copy=False)
    profile_description = fields.Text("Description", copy=False)
    profile_email = fields.Char("Email", copy=False)
    profile_website = fields.Char("Website", copy=False)
    profile_website_2 = fields.Char("Second Website", copy=False)
    profile_vertical = fields.Selection(VERTICALS, "Business", copy=False)
    profile_picture = fields.Image(
        "Picture",
        max_width=640,
        max_height=640,
        copy=False,
        help="Square, 640 by 640 pixels. WhatsApp does not give back the current one.",
    )
    profile_loaded_at = fields.Datetime(
        "Profile Loaded",
        readonly=True,
        copy=False,
        help="From WhatsApp, the last time.",
    )

    # Lengths: Cloud API, business profile; the smaller where sources differ.
    _profile_about_length = models.Constraint(
        "CHECK (char_length(profile_about) <= 139)",
        "“About” has up to 139 characters.",
    )
    _profile_address_length = models.Constraint(
        "CHECK (char_length(profile_address) <= 256)",
        "The address in the profile has up to 256 characters.",
    )
    _profile_description_length = models.Constraint(
        "CHECK (char_length(profile_description) <= 256)",
        "The description in the profile has up to 256 characters.",
    )
    _profile_email_form = models.Constraint(
        "CHECK (char_length(profile_email) <= 128"
        " AND profile_email ~ '^[^@ ]+@[^@ ]+$')",
        "The email of the profile is no email address of up to 128 characters.",
    )
    _profile_website_form = models.Constraint(
        "CHECK (char_length(profile_website) <= 256"
        " AND profile_website ~ '^https?://[^ ]+$')",
        "A website begins with https:// and has up to 256 characters.",
    )
    _profile_website_2_form = models.Constraint(
        "CHECK (char_length(profile_website_2) <= 256"
        " AND profile_website_2 ~ '^https?://[^ ]+$')",
        "A website begins with https:// and has up to 256 characters.",
    )

    def write(self, vals):
        """Changes by people go to WhatsApp; what came from there does not."""
        result = super().write(vals)
        changed = sorted(set(PROFILE) & vals.keys())
        if changed and not self.env.context.get("from_whatsapp"):
            for channel in self:
                if channel.state in ("ready", "held"):
                    channel._ask("save_profile", channel._profile_payload(changed))
        return result

    def action_load_profile(self):
        self._ask("load_profile")

    def _profile_payload(self, changed: list[str]) -> dict:
        """Names of all that was changed and is not with WhatsApp yet."""
        waiting = self.sudo().task_ids.filtered(
            lambda task: task.kind == "save_profile" and task.state == "waiting"
        )
        before = [name for task in waiting for name in task.payload["changed"]]
        return {"changed": sorted({*before, *changed})}

    def _call_load_profile(self):
        return lambda client, _app: client.business_profile()

    def _apply_load_profile(self, profile: dict):
        websites = profile.get("websites")
        first, second = [*(websites if isinstance(websites, list) else ()), "", ""][:2]
        vertical = profile.get("vertical")
        values = {f"profile_{name}": profile.get(name) for name in TEXTS}
        values |= {
            "profile_website": first,
            "profile_website_2": second,
            "profile_vertical": vertical if vertical in dict(VERTICALS) else False,
        }
        channel = self.with_context(from_whatsapp=True)
        channel._write_changes(values)
        channel.profile_loaded_at = clock.now()

    def _call_save_profile(self, changed: list[str]):
        values = {
            name: self[f"profile_{name}"] or ""
            for name in TEXTS
            if f"profile_{name}" in changed
        }
        if {"profile_website", "profile_website_2"} & set(changed):
            sites = (self.profile_website, self.profile_website_2)
            values["websites"] = [site for site in sites if site]
        if "profile_vertical" in changed and self.profile_vertical:
            values["vertical"] = self.profile_vertical
        picture = self._picture() if PICTURE in changed else None

        def save(client, _app):
            handle = client.upload_handle(*picture, "picture") if picture else None
            handles = {"picture_handle": handle} if handle else {}
            client.update_business_profile(**values, **handles)

        return save

    def _apply_save_profile(self, _answer):
        """WhatsApp has what the form has."""

    def _picture(self) -> tuple[str, bytes, str] | None:
        """The app that uploads it, the picture, its type."""
        if not self.profile_picture:
            return None
        content = decoded(self.profile_picture)
        return self.account_id.app_id or "", content, self._picture_type()

    def _picture_type(self) -> str:
        attachment = self.env["ir.attachment"].search(
            [
                ("res_model", "=", self._name),
                ("res_id", "=", self.id),
                ("res_field", "=", PICTURE),
            ]
        )
        return attachment.mimetype
