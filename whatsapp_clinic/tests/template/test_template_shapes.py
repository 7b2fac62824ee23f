"""Templates of shapes that cannot be written here, and accounts that are unusual."""

from datetime import datetime, timezone

from odoo.exceptions import UserError
from odoo.tests import tagged

from ...cloud_api import payloads, templates
from ...cloud_api.payloads import PayloadError
from ...cloud_api.webhooks import TemplateUpdate
from ...models.provider.door import OutgoingFile
from ..common import BUSINESS_ACCOUNT, make_template
from .test_template_writing import WritingCase

BODY = {"type": "BODY", "text": "Hello {{patient_name}}, this is for you."}
CODE_URL = "https://www.whatsapp.com/otp/code/?otp_type=COPY_CODE&code=otp{{1}}"


def buttons(*some):
    return {"type": "BUTTONS", "buttons": list(some)}


def button(kind, text="Tap", **more):
    return {"type": kind, "text": text, **more}


# What a draft could not say again; an edit would take it away.
UNWRITABLE = {
    "carousel": [BODY, {"type": "CAROUSEL", "cards": [{"components": [BODY]}]}],
    "offer": [
        BODY,
        {"type": "LIMITED_TIME_OFFER", "limited_time_offer": {"text": "x"}},
    ],
    "gif": [{"type": "HEADER", "format": "GIF"}, BODY],
    "product": [{"type": "HEADER", "format": "PRODUCT"}, BODY, buttons(button("SPM"))],
    "catalog": [BODY, buttons(button("CATALOG"))],
    "products": [BODY, buttons(button("MPM"))],
    "call for a while": [BODY, buttons(button("VOICE_CALL", ttl_minutes=60))],
    "one tap": [BODY, buttons(button("OTP", otp_type="ONE_TAP"))],
    "named form": [BODY, buttons(button("FLOW", flow_name="intake"))],
    "form with data": [
        BODY,
        buttons(button("FLOW", flow_id="1", flow_action="DATA_EXCHANGE")),
    ],
    "deep link": [
        BODY,
        buttons(button("URL", url="https://a.example", app_deep_link={"a": "b"})),
    ],
    "unknown button": [BODY, buttons(button("TELEPORT"))],
    "unknown component": [BODY, {"type": "HOLOGRAM", "text": "x"}],
}
# What is not ours, and has nothing to be filled when it is sent.
SENDABLE = ("call for a while", "named form", "form with data", "deep link")
# What can be written here, as WhatsApp lists it.
WRITABLE = {
    "plain": [BODY],
    "all texts": [
        {"type": "HEADER", "format": "TEXT", "text": "Your visit"},
        BODY,
        {"type": "FOOTER", "text": "See you"},
    ],
    "form": [
        BODY,
        buttons(
            button("FLOW", flow_id=12, flow_action="NAVIGATE", navigate_screen="ONE")
        ),
    ],
    "place": [{"type": "HEADER", "format": "LOCATION"}, BODY],
    "picture": [
        {
            "type": "HEADER",
            "format": "IMAGE",
            "example": {"header_handle": ["https://cdn.example/1"]},
        },
        BODY,
    ],
    "all buttons": [
        BODY,
        buttons(
            button("QUICK_REPLY"),
            button(
                "URL", url="https://a.example/{{1}}", example=["https://a.example/1"]
            ),
            button("PHONE_NUMBER", phone_number="+902165550000"),
            button("COPY_CODE", "Copy offer code", example=["TEA20"]),
            button("VOICE_CALL"),
            button("REQUEST_CONTACT_INFO", "Share contact info"),
        ),
    ],
}


@tagged("post_install", "-at_install")
class TestForeignShapes(WritingCase):
    def load(self, components, name="foreign", **values):
        name = name.replace(" ", "_")
        return make_template(self, name, components=components, **values)

    def test_every_shape_is_kept_and_shown(self):
        for name, components in {**UNWRITABLE, **WRITABLE}.items():
            with self.subTest(name):
                template = self.load(components)
                self.assertEqual(template.components, components)
                self.assertIn("this is for you", template.preview_html)

    def test_what_whatsapp_lists_is_read_and_written_again(self):
        for name, components in {**UNWRITABLE, **WRITABLE}.items():
            with self.subTest(name):
                said = templates.read({"components": components})
                again = said.components()
                written = templates.read({"components": again})
                self.assertEqual(written.components(), again)
                if name in WRITABLE:
                    self.assertFalse(templates.lost_parts(components, said))
                named = [part for part, _values in payloads.template_parts(components)]
                kept = [part for part, _values in payloads.template_parts(again)]
                self.assertEqual(sorted(kept), sorted(named))

    def test_what_cannot_be_filled_is_not_in_use_and_says_why(self):
        for name, components in UNWRITABLE.items():
            with self.subTest(name):
                template = self.load(components, name)
                self.assertEqual(template.enabled, name in SENDABLE)
                self.assertEqual(bool(template.problems), name not in SENDABLE)

    def test_footer_with_a_variable_is_not_in_use(self):
        template = self.load([BODY, {"type": "FOOTER", "text": "Yours, {{clinic}}"}])
        self.assertFalse(template.enabled)
        self.assertIn("FOOTER", template.problems)

    def test_what_a_draft_would_lose_is_not_edited_copied_or_translated(self):
        for name, components in UNWRITABLE.items():
            template = self.load(components).with_user(self.manager)
            for action in ("action_edit", "action_translate", "copy"):
                with self.subTest(name, action=action), self.assertRaises(UserError):
                    getattr(template, action)()
            self.assertFalse(template.revision_ids)

    def test_what_a_draft_would_lose_is_not_written_again(self):
        template = self.load(UNWRITABLE["carousel"])
        template.approval_ids.status = "DELETED"
        with self.assertRaisesRegex(UserError, "CAROUSEL"):
            template.with_user(self.manager).action_rewrite()
        self.assertEqual(template.components, UNWRITABLE["carousel"])

    def test_authentication_template_with_a_text_of_its_own_is_not_edited_here(self):
        body = {**BODY, "add_security_recommendation": True}
        tap = button("URL", url=CODE_URL, example=["https://a.example/otp1"])
        template = self.load([body, buttons(tap)], category="AUTHENTICATION")
        with self.assertRaisesRegex(UserError, "BODY"):
            template.with_user(self.manager).action_edit()

    def test_change_of_what_can_be_written_says_the_same(self):
        for name, components in WRITABLE.items():
            with self.subTest(name):
                template = self.load(components).with_user(self.manager)
                change = self.templates.browse(template.action_edit()["res_id"])
                self.assertEqual(_bare(change.components), _bare(components))
                change.unlink()

    def test_odd_components_do_not_stop_the_loading(self):
        for components in (None, "text", ["text", BODY], [{"text": "no type"}], [{}]):
            with self.subTest(components=components):
                template = self.load(components)
                self.assertTrue(template)
                self.assertIsNotNone(template.preview_html)
        for some in (None, "x", ["x"], [None, {}]):
            with self.subTest(buttons=some):
                self.assertTrue(self.load([BODY, {"type": "BUTTONS", "buttons": some}]))


def _bare(components):
    """Without what only reviewers see, and words on buttons that are WhatsApp's."""
    if isinstance(components, list):
        return [_bare(one) for one in components]
    if not isinstance(components, dict):
        return str(components).lower()
    is_labelled = components.get("type") in ("COPY_CODE", "REQUEST_CONTACT_INFO")
    hidden = {"example", "text"} if is_labelled else {"example"}
    return {
        name: _bare(value) for name, value in components.items() if name not in hidden
    }


@tagged("post_install", "-at_install")
class TestLoading(WritingCase):
    def definition(self, name="loaded", **values):
        return {
            "id": f"t-{name}-{values.get('language', 'en')}",
            "name": name,
            "language": "en",
            "category": "UTILITY",
            "status": "APPROVED",
            "parameter_format": "NAMED",
            "components": [BODY],
            **values,
        }

    def load(self, *definitions, channel=None):
        templates = self.env["whatsapp.clinic.template"]
        approvals = self.env["whatsapp.clinic.template.approval"]
        approvals._load(channel or self.channel, list(definitions))
        return templates.search([("name", "=", "loaded")], order="language")

    def test_one_being_deleted_gives_way_to_its_successor(self):
        old = self.definition(id="1", status="PENDING_DELETION")
        new = self.definition(id="2")
        for order in ((old, new), (new, old)):
            with self.subTest(order=order):
                template = self.load(*order)
                self.assertEqual(template.remote_id, "2")
                self.assertEqual(template.status, "APPROVED")

    def test_definition_without_a_name_is_passed_over(self):
        self.assertEqual(len(self.load({"id": "1"}, self.definition())), 1)

    def test_languages_of_a_name_may_have_different_categories(self):
        english, turkish = self.load(
            self.definition(),
            self.definition(language="tr", category="MARKETING"),
        )
        self.assertEqual((english.category, turkish.category), ("UTILITY", "MARKETING"))

    def test_unknown_status_category_and_quality_do_not_stop_the_loading(self):
        template = self.load(
            self.definition(
                status="SHINY", category="NEW", quality_score={"score": "BLUE"}
            )
        )
        self.assertEqual(template.status, "UNKNOWN")
        self.assertFalse(template.category)

    def test_template_that_comes_back_is_in_use_again(self):
        template = self.load(self.definition())
        self.load()
        self.assertEqual((template.status, template.enabled), ("DELETED", False))
        self.load(self.definition())
        self.assertEqual((template.status, template.enabled), ("APPROVED", True))

    def test_other_account_keeps_its_template_of_the_same_name(self):
        other = self.channel.copy(
            {
                "name": "Other",
                "phone_number_id": "99",
                "business_account_id": "another_account",
            }
        )
        self.load(self.definition())
        template = self.load(self.definition(id="theirs"), channel=other)
        ours, theirs = template.approval_ids
        self.assertEqual((ours.status, theirs.status), ("APPROVED", "APPROVED"))
        self.load(channel=other)
        self.assertEqual((ours.status, theirs.status), ("APPROVED", "DELETED"))
        self.assertEqual((template.status, template.enabled), ("APPROVED", True))

    def test_loading_again_asks_no_more_for_many_than_for_one(self):
        many = [self.definition(f"loaded_{number}") for number in range(20)]
        self.load(*many)
        self.env.flush_all()
        self.env.invalidate_all()
        with self.assertQueryCount(10):
            self.load(*many)
            self.env.flush_all()


@tagged("post_install", "-at_install")
class TestNews(WritingCase):
    def news(self, at, **values):
        update = {
            "kind": "status",
            "business_account_id": BUSINESS_ACCOUNT,
            "template_id": self.template.remote_id,
            "name": self.template.name,
            "language": "en",
            "event": None,
            "reason": None,
            "category": None,
            "previous_category": None,
            "coming_category": None,
            "quality": None,
            "previous_quality": None,
            "timestamp": datetime.fromtimestamp(1_790_000_000 + at, timezone.utc),
            "raw": {},
            **values,
        }
        approvals = self.env["whatsapp.clinic.template.approval"]
        approvals._apply_update(TemplateUpdate(**update))

    def test_late_news_do_not_bring_an_older_category_back(self):
        self.news(100, kind="category", category="MARKETING")
        self.news(50, event="APPROVED", category="UTILITY")
        self.assertEqual(self.template.category, "MARKETING")

    def test_status_that_comes_after_a_later_category_counts(self):
        self.news(100, kind="category", category="MARKETING")
        self.news(50, event="PAUSED", category="UTILITY")
        self.assertEqual(self.template.status, "PAUSED")

    def test_news_reach_an_archived_template(self):
        self.template.active = False
        self.news(100, event="DISABLED")
        self.assertEqual(self.template.status, "DISABLED")
        self.assertFalse(self.channel.templates_wanted)


@tagged("post_install", "-at_install")
class TestFilledLimits(WritingCase):
    """What fits each variable can be too long together (Cloud API, 132005)."""

    def payload(self, values, header=None):
        return self.template._payload("+905321110001", values, "key", "key.1", header)

    def test_text_that_is_too_long_when_filled_is_refused_before_the_call(self):
        self.template = make_template(self, "long", components=[BODY])
        self.payload({("body", "patient_name"): "x" * 900})
        with self.assertRaisesRegex(PayloadError, "body"):
            self.payload({("body", "patient_name"): "x" * 1010})

    def test_file_of_another_kind_than_the_header_is_refused_before_the_call(self):
        header = {"type": "HEADER", "format": "IMAGE"}
        self.template = make_template(self, "picture", components=[header, BODY])
        values = {("body", "patient_name"): "x"}
        self.payload(values, OutgoingFile("image", "1"))
        with self.assertRaisesRegex(PayloadError, "image"):
            self.payload(values, OutgoingFile("document", "1"))

    def test_header_that_is_too_long_when_filled_is_refused_before_the_call(self):
        text = "A visit of {{patient_name}}"
        header = {"type": "HEADER", "format": "TEXT", "text": text}
        self.template = make_template(self, "long", components=[header, BODY])
        values = {("body", "patient_name"): "x", ("header", "patient_name"): "x" * 50}
        with self.assertRaisesRegex(PayloadError, "header"):
            self.payload(values)
