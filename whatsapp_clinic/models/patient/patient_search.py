"""Patients are found as people type: without marks, by phone in any spelling."""

import re

from odoo import fields
from odoo.fields import Domain
from odoo.tools import create_index

from ...tools.phone import e164, line, spellings
from ...tools.text import search_key

# What somebody types who looks for a number; fewer digits are no number.
_PHONE = re.compile(r"[+\d\s().\-/]+")
_LEAST_DIGITS = 4


class PlainChar(fields.Char):
    """Compared byte by byte: with a Turkish locale an index loses rows of I and ı."""

    _column_type = ("varchar", 'varchar COLLATE "C"')


def index_names(env, table: str):
    """Have PostgreSQL find any part of a name at once, where it can."""
    if env.registry.has_trigram:
        create_index(
            env.cr,
            "res_partner_clinic_search_name_trigram",
            table,
            ["clinic_search_name gin_trgm_ops"],
            method="gin",
        )


def lookup(env, typed: str) -> Domain:
    """Whose name has all the words, or whose number the digits, that were typed."""
    words = search_key(typed).split()
    found = Domain.AND([("clinic_search_name", "like", word)] for word in words)
    is_number = _PHONE.fullmatch(typed)
    digits = re.sub(r"\D", "", typed).lstrip("0")
    if is_number and len(digits) >= _LEAST_DIGITS:
        number = e164(typed, env.company._clinic_phone_country().code)
        found |= Domain("phone_sanitized", "like", digits)
        found |= Domain("phone_sanitized", "in", spellings(number or digits))
    return found if words else Domain.FALSE


def behind_numbers(partners, phones: list[str]) -> dict:
    """Patients who have these numbers, archived ones too: {number as told: …}.

    Numbers without a country code are those of the company's country. Who left a
    number is not found by it, nor whom the user does not look after.
    """
    env = partners.env
    country = env.company._clinic_phone_country().code
    told = {phone: e164(phone, country) for phone in phones}
    lines = {phone: line(number) for phone, number in told.items() if number}
    identities = env["whatsapp.clinic.identity"].search(
        [("provider", "=", "whatsapp"), ("line", "in", sorted(set(lines.values())))]
    )
    behind = {
        identity.line: identity.partner_ids.with_env(env)
        .filtered("clinic_patient")
        ._of_own_branches()
        for identity in identities.sudo().with_context(active_test=False)
    }
    return {phone: behind.get(lines.get(phone), partners) for phone in phones}


def same_number(partner):
    """Others who have a patient's number, as far as the user sees them."""
    phone = partner.clinic_patient and partner._whatsapp_phone()
    others = partner.browse()
    if phone:
        others = others.search([("phone_sanitized", "in", spellings(phone))])
        identities = partner.env["whatsapp.clinic.identity"].sudo()
        known = identities.search([("line", "=", line(phone))])
        readable = known.partner_ids.with_env(partner.env)._filtered_access("read")
        others |= readable
    return others - partner._origin
