"""Files on their way between a patient's phone and the clinic, over the sandbox."""

import base64
import io

from PIL import Image

from ..common import AYSE_PHONE, AYSE_WA_ID, PHONE_NUMBER_ID, SandboxCase


def picture(kind="PNG", size=(8, 8)) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", size, (0, 120, 0)).save(target, kind)
    return target.getvalue()


PNG = picture()
WEBP = b"RIFF\x24\x00\x00\x00WEBPVP8 " + bytes(28)
PDF = b"%PDF-1.4\n%KUMQUAT\n%%EOF\n"
OPUS = b"OggS" + bytes(24) + b"OpusHead\x01\x01" + bytes(40)
MP3 = b"ID3\x04\x00" + bytes(64)
MP4 = b"\x00\x00\x00\x18ftypmp42" + bytes(64)
PAGE = b"<!DOCTYPE html><html><script>alert(1)</script></html>"
# What a patient sends: (content, MIME type, options).
FILES = {
    "image": (PNG, "image/png", {"caption": "My eye KUMQUAT"}),
    "video": (MP4, "video/mp4", {}),
    "audio": (OPUS, "audio/ogg; codecs=opus", {"voice": True}),
    "document": (PDF, "application/pdf", {"filename": "result.pdf"}),
    "sticker": (WEBP, "image/webp", {}),
}


class MediaCase(SandboxCase):
    """A patient with a phone that can send files."""

    def setUp(self):
        super().setUp()
        self.patient = self.make_patient()
        self.sandbox.add_patient(AYSE_PHONE)

    def attach(self, kind="image", content=None, mime_type=None, **options):
        """The patient sends a file; returns the message, the file not loaded yet."""
        usual, usual_type, usual_options = FILES[kind]
        found = self.sandbox.act(
            AYSE_WA_ID,
            "media",
            phone_number_id=PHONE_NUMBER_ID,
            kind=kind,
            mime_type=mime_type or usual_type,
            content=base64.b64encode(usual if content is None else content).decode(),
            **{**usual_options, **options},
        )
        self.process()
        return self.env["whatsapp.clinic.message"].search(
            [("message_id", "=", found["id"])]
        )

    def load(self):
        """Run the scheduled action that loads patients' files."""
        self._transfer("whatsapp.clinic.media")

    def upload(self):
        """Run the scheduled action that hands files to WhatsApp."""
        self._transfer("whatsapp.clinic.media.upload")

    def _transfer(self, model):
        self.env.flush_all()
        with self.enter_registry_test_mode():
            self.env[model]._cron_transfer()
        self.env.invalidate_all()

    def file(self, content=PNG, name="picture.png", mimetype="image/png"):
        return self.env["ir.attachment"].create(
            {"name": name, "raw": content, "mimetype": mimetype}
        )
