"""Templates that stand in another company's WhatsApp account are taken out of it.

They are submitted and deleted with that company's token, and hide its own template of
the name. Each becomes a draft that says so, with the account in its account's id.
"""

import logging

_logger = logging.getLogger(__name__)

_TOLD = (
    "This template stood in the WhatsApp account of another company and was taken out "
    "of it. Choose a number of your own and submit it, or delete it."
)
_ROOT = "split_part(company.parent_path, '/', 1)"
_FOREIGN = f"""
    SELECT template.id FROM whatsapp_clinic_template AS template
    JOIN res_company AS company ON company.id = template.company_id
    WHERE EXISTS (
        SELECT FROM whatsapp_clinic_channel AS channel
        WHERE channel.business_account_id = template.business_account_id
    ) AND {_ROOT} NOT IN (
        SELECT split_part(owner.parent_path, '/', 1)
        FROM whatsapp_clinic_channel AS channel
        JOIN res_company AS owner ON owner.id = channel.company_id
        WHERE channel.business_account_id = template.business_account_id
    )
"""
_DETACHED = "'detached:' || {0}.company_id || ':' || {0}.business_account_id"


def migrate(cr, version):
    cr.execute(_FOREIGN)
    foreign = [template_id for (template_id,) in cr.fetchall()]
    if not foreign:
        return
    cr.execute("SELECT to_regclass('whatsapp_clinic_template_title') IS NOT NULL")
    if cr.fetchone()[0]:
        cr.execute(
            f"""
            UPDATE whatsapp_clinic_template_title AS title
            SET business_account_id = {_DETACHED.format("title")}
            FROM whatsapp_clinic_template AS template
            WHERE template.id = ANY(%s) AND title.name = template.name
              AND title.company_id = template.company_id
              AND title.business_account_id = template.business_account_id
            """,
            [foreign],
        )
    cr.execute(
        f"""
        UPDATE whatsapp_clinic_template AS template
        SET business_account_id = {_DETACHED.format("template")}, status = 'DRAFT',
            remote_id = NULL, enabled = FALSE, task = NULL, task_error = %s
        WHERE id = ANY(%s)
        """,
        [_TOLD, foreign],
    )
    _logger.warning(
        "%s templates stood in WhatsApp accounts of other companies: they are drafts "
        "of their own companies now.",
        len(foreign),
    )
