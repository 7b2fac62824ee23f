"""What the tests of the personal page share."""

import base64
import io

from PIL import Image, ImageDraw

from ...controllers.consent import WRONG_KEYS
from ...models.consent.consent_request import PAGE
from ..common import WebCase, book, consent, make_patient, set_up_clinic

NOTICE = {
    "en_US": ("How we use your data", "<p>We keep what the law asks for.</p>"),
    "tr_TR": ("Aydınlatma metni", "<p>Kanunun istediğini saklarız.</p>"),
}


def drawing(size=(300, 100), kind="PNG", lines=((10, 80, 290, 20),)) -> str:
    """A signature as the field draws it: dark strokes on nothing; base64."""
    image = Image.new("RGBA", size, (255, 255, 255, 0))
    for line in lines:
        ImageDraw.Draw(image).line(line, fill="black", width=2)
    stream = io.BytesIO()
    (image if kind == "PNG" else image.convert("RGB")).save(stream, kind)
    return base64.b64encode(stream.getvalue()).decode()


def publish_notice(env, company, **values):
    """A notice in both languages, in force from now on."""
    notice = env["whatsapp.clinic.privacy.notice"].create(
        {
            "company_id": company.id,
            "version": 1000,
            "text_ids": [
                (0, 0, {"lang": lang, "title": title, "body": body})
                for lang, (title, body) in NOTICE.items()
            ],
            **values,
        }
    )
    notice.action_publish()
    return notice


def activate_turkish(env):
    env["res.lang"]._activate_lang("tr_TR")
    addon = env["ir.module.module"].search([("name", "=", "whatsapp_clinic")])
    addon._update_translations(["tr_TR"])


class PageCase(WebCase):
    """A patient who is asked, and the page at the end of the link."""

    book = book
    consent = consent
    make_patient = make_patient

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(
            context={**cls.env.context, "tracking_disable": True, "lang": "en_US"}
        )
        set_up_clinic(cls)
        activate_turkish(cls.env)
        cls.notice = publish_notice(cls.env, cls.company)
        cls.survey = cls.env.ref("whatsapp_clinic.purpose_survey")
        cls.marketing = cls.env.ref("whatsapp_clinic.purpose_marketing")

    def setUp(self):
        super().setUp()
        WRONG_KEYS.forget()
        self.addCleanup(WRONG_KEYS.forget)
        self.patient = self.make_patient(lang="en_US")
        self.asked = self.ask(self.patient)
        self.key = self.asked._mint_key()

    def ask(self, patient, **values):
        purposes = self.purpose | self.survey | self.marketing
        return self.env["whatsapp.clinic.consent.request"].create(
            {
                "partner_id": patient.id,
                "branch_id": self.branch.id,
                "purpose_ids": [(6, 0, purposes.ids)],
                **values,
            }
        )

    def get(self, key=None, query="", **options):
        return self.url_open(f"{PAGE}/{key or self.key}{query}", **options)

    def answer(self, key=None, **form):
        """Send the form as the page would; `form` changes or (None) removes parts."""
        whole = {
            "lang": "en_US",
            "notice": self.notice._text(form.get("lang", "en_US")).id,
            "name": "Ayşe KUMQUAT",
            "signature": drawing(),
            f"purpose_{self.purpose.id}": "yes",
            f"purpose_{self.survey.id}": "no",
            **form,
        }
        data = {name: text for name, text in whole.items() if text is not None}
        response = self.url_open(f"{PAGE}/{key or self.key}", data=data)
        self.env.invalidate_all()
        return response

    def withdraw(self, purpose, key=None):
        """Withdraw for a purpose, or for `all`."""
        value = purpose if isinstance(purpose, str) else purpose.id
        response = self.url_open(
            f"{PAGE}/{key or self.key}/withdraw",
            data={"lang": "en_US", "purpose": value},
        )
        self.env.invalidate_all()
        return response

    def decisions(self, patient=None):
        """{purpose: decision} of all consents of a patient; each may be there once."""
        consents = (patient or self.patient).consent_ids
        self.assertEqual(len(consents), len(consents.purpose_id))
        return {one.purpose_id: one.decision for one in consents}
