from odoo.tests import BaseCase, tagged

from ....models.whatsapp.number.channel_news import facts


@tagged("post_install", "-at_install")
class TestNewsFacts(BaseCase):
    def test_facts_of_news_are_told_by_name_and_without_phone_numbers(self):
        value = {
            "event": "PARTNER_ADDED",
            "waba_info": {
                "owner_business_id": 7,
                "ids": ["a", 5, {"b": True}],
                "no": None,
            },
            "display_phone_number": "+90 555 000 00 01",
            "max_phone_numbers": 20,
        }
        self.assertEqual(
            facts(value),
            (
                ("event", "PARTNER_ADDED"),
                ("waba_info.owner_business_id", "7"),
                ("waba_info.ids", "a, 5"),
                ("waba_info.ids.b", "True"),
                ("max_phone_numbers", "20"),
            ),
        )
