import io
from datetime import timedelta

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from ...models.media.file_transfer import PAUSES
from ...models.media.media import Loaded
from ...tools import clock
from ..common import ACCESS_TOKEN, PHONE_NUMBER_ID, make_patient, staff_user
from .media_case import FILES, MP3, PAGE, PDF, PNG, MediaCase, picture


@tagged("post_install", "-at_install")
class TestMediaIn(MediaCase):
    """Patients' files: loaded outside the webhook, believed only as far as checked."""

    def test_a_file_of_each_kind_is_loaded_as_it_was_sent(self):
        for kind, (content, mime_type, _options) in FILES.items():
            with self.subTest(kind):
                message = self.attach(kind)
                self.assertEqual(message.media_state, "wanted")
                self.load()
                self.assertEqual(message.media_state, "loaded", message.media_reason)
                file = message.attachment_id
                self.assertEqual(file.raw, content)
                self.assertEqual(file.mimetype, mime_type.partition(";")[0])
                self.assertEqual(message.media_ids.size, len(content))

    def test_words_of_a_document_are_not_read(self):
        message = self.attach("document", b"KUMQUAT and much more", "text/plain")
        self.load()
        self.assertEqual(message.media_state, "loaded", message.media_reason)
        self.assertFalse(message.attachment_id.index_content)

    def test_sound_that_is_no_voice_note_is_loaded_as_such(self):
        message = self.attach("audio", MP3, "audio/mpeg", voice=False)
        self.load()
        self.assertEqual((message.kind, message.media_state), ("audio", "loaded"))
        self.assertEqual(message.attachment_id.mimetype, "audio/mpeg")
        self.assertEqual(self.attach("audio").kind, "voice")

    def test_processing_a_webhook_asks_whatsapp_for_nothing(self):
        before = self.sandbox.stats()["requests"]
        self.attach()
        self.assertEqual(self.sandbox.stats()["requests"], before)

    def test_caption_and_file_name_are_found_by_the_search(self):
        image, document = self.attach(), self.attach("document")
        self.assertEqual(image.body, "My eye KUMQUAT")
        self.assertEqual(document.media_ids.filename, "result.pdf")
        self.assertEqual(self.attach("audio").kind, "voice")

    def test_pictures_sound_and_documents_are_shown_each_in_its_way(self):
        shown = {
            "image": "<img",
            "video": "<video",
            "audio": "<audio",
            "document": "download=true",
        }
        for kind, part in shown.items():
            message = self.attach(kind)
            self.load()
            with self.subTest(kind):
                self.assertIn(part, message.bubble_html)
                self.assertIn(str(message.attachment_id.id), message.bubble_html)

    def test_an_expired_address_is_fetched_anew(self):
        self.sandbox.switch(media_url_seconds=60)
        message = self.attach()
        self.sandbox.pass_time(61)
        self.addCleanup(self.sandbox.move_clock, 0)
        self.load()
        self.assertEqual(message.media_state, "loaded")

    def test_a_webhook_without_an_address_is_enough(self):
        self.sandbox.switch(media_url_in_webhook=False)
        message = self.attach()
        self.load()
        self.assertEqual(message.media_state, "loaded")

    def refused(self, reason, **switches):
        self.sandbox.switch(**switches)
        message = self.attach()
        self.load()
        media = message.media_ids
        self.assertEqual((media.state, media.reason), ("refused", reason))
        self.assertFalse(message.attachment_id)
        return message

    def test_the_token_goes_to_no_foreign_host(self):
        self.refused("wrong_host", media_host="https://files.example.com/")

    def test_a_redirect_is_not_followed(self):
        self.sandbox.switch(media_redirect="https://files.example.com/x")
        message = self.attach()
        self.load()
        self.assertEqual(message.media_state, "wanted")

    def test_program_under_another_name_is_refused(self):
        message = self.attach("document", b"MZ\x90\0" * 64, "application/pdf")
        self.load()
        self.assertEqual(message.media_reason, "wrong_kind")
        self.assertFalse(message.attachment_id)

    def test_what_is_harmless_is_kept_and_said_not_to_be_what_it_was_said_to_be(self):
        unknown = b"\0\1\2\3" * 64
        for kind, content, claimed, found in (
            ("image", b"\0\0\0\x18ftypheic" + unknown, "image/jpeg", "image/heic"),
            ("image", unknown, "image/jpeg", "application/octet-stream"),
            ("document", PNG, "application/pdf", "image/png"),
            ("image", PDF, "image/jpeg", "application/pdf"),
        ):
            with self.subTest(claimed=claimed, found=found):
                message = self.attach(kind, content, claimed)
                self.load()
                self.assertEqual(message.media_state, "loaded", message.media_reason)
                self.assertTrue(message.media_ids.is_misnamed)
                self.assertEqual(message.attachment_id.mimetype, found)
                self.assertEqual(message.attachment_id.raw, content)
                self.assertIn("with care", message.bubble_html)
                self.assertIn("download=true", message.bubble_html)
                self.assertNotIn("<img", message.bubble_html)

    def test_what_was_refused_for_its_name_can_be_loaded_again(self):
        message = self.attach("document", PNG, "application/pdf")
        message.media_ids.write({"state": "refused", "reason": "wrong_kind"})
        message.with_user(staff_user(self, "receptionist")).action_retry_media()
        self.load()
        self.assertEqual((message.media_state, message.media_reason), ("loaded", False))

    def test_a_long_name_keeps_its_extension(self):
        name = "report " * 34 + ".pdf"
        message = self.attach("document", PDF, filename=name)
        self.load()
        kept = message.attachment_id.name
        self.assertEqual((len(kept), kept[-4:]), (200, ".pdf"))

    def test_a_wrong_checksum_is_refused(self):
        self.refused("wrong_checksum", media_wrong_checksum=True)

    def test_what_is_larger_than_the_clinic_allows_is_refused(self):
        key = "whatsapp_clinic.media_megabytes_image"
        self.env["ir.config_parameter"].set_param(key, "0.0001")
        noise = picture("PNG", (900, 900))
        message = self.attach(content=noise)
        self.load()
        self.assertEqual(message.media_reason, "too_large")

    def allow_daily(self, of_patients, of_strangers=1):
        for name, megabytes in (("", of_patients), ("_stranger", of_strangers)):
            key = f"whatsapp_clinic.media_megabytes_daily{name}"
            self.env["ir.config_parameter"].set_param(key, str(megabytes))

    def test_what_a_number_sends_too_much_in_a_day_is_loaded_by_hand_only(self):
        self.allow_daily(1.5 * len(PDF) / 2**20)
        first, second = self.attach("document"), self.attach("document")
        self.load()
        self.assertEqual(first.media_state, "loaded")
        self.assertEqual(
            (second.media_state, second.media_reason), ("refused", "too_much")
        )
        second.with_user(staff_user(self, "receptionist")).action_retry_media()
        self.load()
        self.assertEqual(second.media_state, "loaded")

    def test_the_next_day_files_are_loaded_again(self):
        self.allow_daily(1.5 * len(PDF) / 2**20)
        self.attach("document")
        self.load()
        self.later(hours=25)
        message = self.attach("document")
        self.load()
        self.assertEqual(message.media_state, "loaded")

    def test_somebody_who_is_no_patient_may_send_less(self):
        self.allow_daily(1, 0.5 * len(PDF) / 2**20)
        self.patient.clinic_patient = False
        self.patient.whatsapp_identity_ids.partner_ids = False
        message = self.attach("document")
        self.load()
        self.assertEqual(message.media_reason, "too_much")

    def test_a_page_is_never_run_by_the_browser(self):
        message = self.attach(
            "document", PAGE, "text/html", filename="../../evil\u202e.html"
        )
        self.load()
        file = message.attachment_id
        self.assertEqual(file.mimetype, "text/plain")
        self.assertEqual(file.name, "evil.html.txt")
        self.assertEqual(message.media_ids.filename, "evil.html.txt")

    def test_a_picture_that_is_a_page_is_refused(self):
        message = self.attach("image", PAGE)
        self.load()
        self.assertEqual(message.media_reason, "wrong_kind")

    def test_a_file_that_whatsapp_lost_is_told_and_not_asked_for_again(self):
        message = self.attach()
        message.media_ids.write({"url": False, "media_id": "404"})
        self.load()
        media = message.media_ids
        self.assertEqual((media.state, media.reason), ("failed", "gone"))

    def test_a_passing_failure_is_tried_again_later(self):
        self.sandbox.switch(media_status=503)
        message = self.attach()
        self.load()
        media = message.media_ids
        self.assertEqual((media.state, media.attempts), ("wanted", 1))
        self.assertGreater(media.due_at, clock.now())
        self.sandbox.switch(media_status=None)
        self.later(minutes=2)
        self.load()
        self.assertEqual(media.state, "loaded")

    def test_the_last_attempt_ends_with_a_reason_and_a_retry(self):
        self.sandbox.switch(media_status=503)
        message = self.attach()
        media = message.media_ids
        media.attempts = len(PAUSES)
        self.load()
        self.assertEqual((media.state, media.reason), ("failed", "unreachable"))
        self.assertIn("could not be reached", message.bubble_html)
        self.sandbox.switch(media_status=None)
        media.with_user(staff_user(self, "receptionist")).action_retry()
        self.load()
        self.assertEqual(media.state, "loaded")

    def test_what_a_dead_process_had_claimed_is_loaded_after_the_lease(self):
        message = self.attach()
        self.env["whatsapp.clinic.media"].flush_model()
        with self.enter_registry_test_mode(), self.env.registry.cursor() as cr:
            self.env(cr=cr)["whatsapp.clinic.media"]._claim()
        self.env.invalidate_all()
        self.load()
        self.assertEqual(message.media_state, "wanted")
        self.later(minutes=11)
        self.load()
        self.assertEqual(message.media_state, "loaded")

    def test_one_bad_file_does_not_keep_others_back(self):
        bad, good = self.attach(), self.attach()
        bad.media_ids.write({"url": False, "media_id": "../x"})
        self.load()
        self.assertEqual(bad.media_state, "wanted")
        self.assertEqual(good.media_state, "loaded")

    def test_a_channel_that_cannot_be_asked_does_not_keep_others_back(self):
        bad, good = self.attach(), self.attach()
        bad.media_ids.channel_id = self.channel.copy(
            {
                "name": "Wrong address",
                "phone_number_id": "65",
                "base_url": "http://files.example.com",
            }
        )
        self.load()
        self.assertEqual((bad.media_state, bad.media_ids.attempts), ("wanted", 1))
        self.assertEqual(bad.media_ids.detail, "ValueError")
        self.assertEqual(good.media_state, "loaded")

    def test_an_address_that_is_refused_is_fetched_anew(self):
        message = self.attach()
        # Answered with 400; an expired one gets 404.
        message.media_ids.url = f"{self.sandbox.url}/v26.0/0"
        self.load()
        self.assertEqual(message.media_state, "loaded")

    def test_what_is_deleted_while_it_is_loaded_is_not_shown(self):
        message = self.attach()
        media = message.media_ids
        self.assertEqual(media.state, "wanted")
        self.env.cr.execute(
            "UPDATE whatsapp_clinic_media SET state = 'withdrawn' WHERE id = %s",
            [media.id],
        )
        media._on_success(Loaded(io.BytesIO(PNG), len(PNG), b"", ""))
        self.assertEqual(media.state, "withdrawn")
        self.assertFalse(message.attachment_id)

    def test_nothing_is_loaded_into_a_copied_database(self):
        message = self.attach()
        self.channel.sudo().fingerprint = "another"
        self.load()
        self.assertEqual(message.media_state, "wanted")

    def test_what_is_there_cannot_be_loaded_again(self):
        message = self.attach()
        self.load()
        with self.assertRaises(UserError):
            message.action_retry_media()

    def test_the_file_of_a_deleted_message_is_for_the_privacy_officer(self):
        self.sandbox.change_phone_number(PHONE_NUMBER_ID, coexistence=True)
        message = self.attach()
        self.load()
        file = message.attachment_id
        receptionist = staff_user(self, "receptionist")
        self.assertTrue(file.with_user(receptionist).has_access("read"))
        self.sandbox.act("905321110001", "deletions", message_id=message.message_id)
        self.process()
        self.assertFalse(file.with_user(receptionist).has_access("read"))
        officer = file.with_user(staff_user(self, "privacy_officer"))
        self.assertTrue(officer.has_access("read"))
        self.assertNotIn("<img", message.bubble_html)

    def test_who_may_not_read_the_message_may_not_read_its_file(self):
        message = self.attach("document", PDF)
        self.load()
        file = message.attachment_id
        branch = self.branch.create({"name": "B", "country_id": self.turkey.id})
        allowed = [staff_user(self, "receptionist"), staff_user(self, "manager")]
        refused = [
            staff_user(self, "receptionist", branch),
            new_test_user(self.env, "cook", groups="base.group_user"),
            new_test_user(self.env, "guest", groups="base.group_portal"),
            self.env.ref("base.public_user"),
        ]
        for user, may in [(one, True) for one in allowed] + [
            (one, False) for one in refused
        ]:
            with self.subTest(user.login):
                self.assertEqual(file.with_user(user).has_access("read"), may)
                if not may:
                    with self.assertRaises(AccessError):
                        message.media_ids.with_user(user).read(["filename"])

    def test_the_web_address_of_a_file_asks_who_wants_it(self):
        message = self.attach("document", PAGE, "text/html", filename="a.html")
        self.load()
        url = f"/web/content/{message.attachment_id.id}"
        self.assertEqual(self.url_open(url).status_code, 404)
        user = staff_user(self, "receptionist", password="receptionist-pw")
        self.authenticate(user.login, "receptionist-pw")
        answer = self.url_open(f"{url}?download=true")
        self.assertEqual((answer.status_code, answer.content), (200, PAGE))
        self.assertIn("attachment", answer.headers["Content-Disposition"])
        inline = self.url_open(url)
        self.assertTrue(inline.headers["Content-Type"].startswith("text/plain"))
        self.assertIn("default-src 'none'", inline.headers["Content-Security-Policy"])
        self.assertEqual(inline.headers["X-Content-Type-Options"], "nosniff")


@tagged("post_install", "-at_install")
class TestMediaOut(MediaCase):
    """The clinic's files: handed over once for a number, then sent."""

    def setUp(self):
        super().setUp()
        self.sandbox.write("905321110001", PHONE_NUMBER_ID, "Hello")
        self.process()
        self.sandbox.switch(pair_limit=False)

    def send(self, patient=None, **values):
        values.setdefault("kind", "image")
        values.setdefault("body", "Before KUMQUAT")
        return self.send_text(patient or self.patient, **values)

    def uploads(self):
        return self.env["whatsapp.clinic.media.upload"].search([])

    def test_a_message_waits_for_its_file_and_leaves_when_it_is_there(self):
        row = self.send(attachment_id=self.file().id)
        self.dispatch(0.5)
        self.assertEqual((row.state, row.reason), ("held", "file_uploading"))
        self.assertFalse(self.sandbox.accepted())
        self.upload()
        self.dispatch()
        self.assertEqual(row.state, "sent", (row.reason, row.detail))
        bubble = self.thread()[-1]
        self.assertEqual(bubble["file"]["caption"], "Before KUMQUAT")

    def test_the_same_file_is_handed_over_once(self):
        other = make_patient(self, "+905321110002", "Other KUMQUAT")
        self.sandbox.add_patient("+905321110002")
        self.sandbox.write("905321110002", PHONE_NUMBER_ID, "Hello")
        self.process()
        rows = self.send(attachment_id=self.file().id)
        rows |= self.send(other, attachment_id=self.file(name="copy.png").id)
        self.upload()
        before = self.sandbox.stats()["requests"]
        self.dispatch()
        self.assertEqual(self.sandbox.stats()["requests"], before + 2)
        self.assertEqual(set(rows.mapped("state")), {"sent"})
        self.assertEqual(len(self.uploads()), 1)

    def test_two_who_send_the_same_new_file_do_not_collide(self):
        row = self.send(attachment_id=self.file().id)
        upload = row.upload_id
        values = {name: upload[name] for name in ("sha256", "mime_type")}
        upload._ensure({**values, "channel_id": self.channel.id})
        self.assertEqual(self.uploads(), row.upload_id)

    def test_a_file_outlives_the_message_that_it_was_first_sent_with(self):
        first = self.send(attachment_id=self.file().id)
        second = self.send(attachment_id=self.file().id)
        first.action_cancel()
        first.attachment_id.unlink()
        self.upload()
        self.dispatch()
        self.assertEqual(second.state, "sent", (second.reason, second.detail))

    def test_after_a_month_it_is_handed_over_again(self):
        self.send(attachment_id=self.file().id)
        self.upload()
        self.dispatch()
        (upload,) = self.uploads()
        first = upload.media_id
        upload.uploaded_at = clock.now().replace(year=2020)
        self.send(attachment_id=self.file().id)
        self.upload()
        self.assertNotEqual(upload.media_id, first)

    def test_a_file_that_whatsapp_lost_is_handed_over_and_sent_once_more(self):
        row = self.send(attachment_id=self.file().id)
        self.upload()
        (upload,) = self.uploads()
        upload.write(
            {
                "media_id": "424242",
                "uploaded_at": clock.now() - timedelta(hours=2),
            }
        )
        self.dispatch()
        self.process()
        self.assertEqual((row.state, row.error_code), ("failed", 100))
        self.upload()
        self.dispatch()
        self.process()
        self.assertEqual(row.state, "delivered", (row.reason, row.detail))
        self.assertNotEqual(upload.media_id, "424242")

    def test_a_file_that_fails_at_once_is_not_sent_again_and_again(self):
        self.sandbox.fault("failed_status", code=131053)
        row = self.send(attachment_id=self.file().id)
        self.upload()
        self.dispatch()
        self.process()
        self.upload()
        self.assertEqual((row.state, row.error_code), ("failed", 131053))

    def test_a_file_that_whatsapp_refuses_is_told(self):
        self.sandbox.fault("error", edge="media", code=131053, count=1)
        row = self.send(attachment_id=self.file().id)
        self.dispatch(0.5)
        self.upload()
        self.dispatch(0.5)
        self.assertEqual((row.state, row.reason), ("refused", "file_refused"))
        self.assertIn("upload", row.detail.lower())

    def test_no_connection_to_whatsapp_only_delays_a_file(self):
        self.sandbox.fault("reset", edge="media", count=1)
        row = self.send(attachment_id=self.file().id)
        self.dispatch(0.5)
        self.upload()
        self.assertEqual(row.state, "held")
        self.later(minutes=2)
        self.upload()
        self.dispatch()
        self.assertEqual(row.state, "sent", (row.reason, row.detail))

    def test_what_whatsapp_would_refuse_is_refused_before_the_call(self):
        wrong = {
            "not an image": {"attachment_id": self.file(PDF, "x.png").id},
            "a type that no message takes": {
                "kind": "document",
                "attachment_id": self.file(b"MZ\x90" * 9, "x", "application/x-exe").id,
            },
            "no opus": {
                "kind": "voice",
                "attachment_id": self.file(b"OggS" * 9, "x.ogg", "audio/ogg").id,
            },
        }
        for name, values in wrong.items():
            with self.subTest(name):
                row = self.send(**values)
                self.assertEqual((row.state, row.reason), ("refused", "not_allowed"))
        self.assertFalse(self.uploads())

    def test_nobody_sends_a_file_that_they_may_not_read(self):
        file = self.file()
        user = staff_user(self, "receptionist")
        values = {
            "channel_id": self.channel.id,
            "partner_id": self.patient.id,
            "purpose_id": self.conversation.id,
            "kind": "image",
            "attachment_id": file.id,
        }
        with self.assertRaises(AccessError):
            self.env["whatsapp.clinic.message"].with_user(user)._enqueue([values])

    def test_a_public_file_is_not_public_as_a_message(self):
        file = self.file()
        file.public = True
        file.generate_access_token()
        sent = self.send(attachment_id=file.id).attachment_id
        self.assertFalse(sent.public)
        self.assertFalse(sent.access_token)
        url = f"/web/content/{sent.id}?access_token={file.access_token}"
        self.env.flush_all()
        self.assertEqual(self.url_open(url).status_code, 404)

    def test_who_reads_the_message_reads_its_file(self):
        row = self.send(attachment_id=self.file(PNG).id)
        user = staff_user(self, "receptionist")
        self.assertTrue(row.attachment_id.with_user(user).has_access("read"))
        self.assertEqual(row.attachment_id.res_id, row.id)

    def test_no_log_or_error_quotes_the_token(self):
        row = self.send(attachment_id=self.file().id)
        self.sandbox.set_token("0", valid=False)
        self.addCleanup(self.sandbox.set_token, "0")
        self.upload()
        self.assertNotIn(ACCESS_TOKEN, row.upload_id.detail or "")
        self.assertTrue(row.upload_id.detail)
