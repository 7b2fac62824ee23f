from odoo import models

from ..vocabulary.states import UNSAID_STATES


class Message(models.Model):
    """What patients say is obeyed, and what asks for consent is a question from when it
    leaves, whoever sends it."""

    _inherit = "whatsapp.clinic.message"

    def _render(self, attempts):
        if self.template_id.asks_consent:
            self.env["whatsapp.clinic.consent.question"]._mark(self)
        return super()._render(attempts)

    def _is_obeyed(self):
        answers = self.env["whatsapp.clinic.chat.answers"]
        return super()._is_obeyed() or answers._obey_word(self)

    def _on_choice(self, action):
        result = super()._on_choice(action)
        self.env["whatsapp.clinic.chat.answers"]._obey(self, action)
        return result

    def _on_decision(self, action):
        result = super()._on_decision(action)
        questions = self.env["whatsapp.clinic.consent.question"]
        questions._take_answer(self.reply_to_id, self, action)
        return result

    def _tell_what_holds(self, code, subject):
        result = super()._tell_what_holds(code, subject)
        self.env["whatsapp.clinic.chat.answers"]._answer_tap(self, code, subject)
        return result

    def _with_notice_link(self, body: str, lang: str | None = None):
        """An automatic answer that also tells where the privacy notice is.

        Once for each identity and version of the notice. Returns the text and the
        notice, for `notice_id` of the row; no notice where it needs no telling.
        """
        self.ensure_one()
        notice = self.env["whatsapp.clinic.privacy.notice"]._current(self.company_id)
        told = [
            ("identity_id", "=", self.identity_id.id),
            ("notice_id", "=", notice.id),
            ("state", "not in", UNSAID_STATES),
        ]
        if not notice or self.sudo().search_count(told, limit=1):
            return body, notice.browse()
        line = self.env["whatsapp.clinic.answer.text"]._text(
            "notice", lang, notice=notice._url()
        )
        return "\n\n".join(filter(None, (body, line))), notice
