"""What WhatsApp says of a template stands on its approval, one for each account.

A company's texts of one name in several accounts are compared as a whole, in all their
languages: equal ones become one template with several approvals, others keep their
texts and the younger ones get another name in the clinic.
"""

import json
from itertools import count

from odoo.addons.whatsapp_clinic.cloud_api import templates

# What moves from the template to its approval, as the model declares it.
_COLUMNS = {
    "business_account_id": "varchar",
    "remote_id": "varchar",
    "status": "varchar",
    "status_at": "timestamp",
    "category": "varchar",
    "category_at": "timestamp",
    "coming_category": "varchar",
    "category_changes_at": "timestamp",
    "components": "jsonb",
    "quality": "varchar",
    "flagged_at": "timestamp",
    "disable_at": "timestamp",
    "reason_code": "varchar",
    "reason_words": "varchar",
    "name_blocked_until": "timestamp",
    "edited_at": "jsonb",
    "ttl_seconds": "integer",
    "told_trouble": "varchar",
    # Of before the queue of requests, which takes them from there.
    "task": "varchar",
    "task_error": "text",
    "ttl_wanted": "boolean",
    "ttl_error": "varchar",
}
# Columns of the template that are still its own.
_KEPT = {"status", "category", "components", "quality"}
_STAMPS = ("create_uid", "create_date", "write_uid", "write_date")
_PARTS = {
    "button": 'index, kind, text, url, phone, flow_id, "flow_screen", action',
    "variable": "component, name, source, builtin, field_path, text",
    "card": "index, kind, text, sha256",
}
# What differs makes another template; the text itself is compared as a value.
_SAME = (
    "parameter_format",
    "expected_category",
    "model",
    "active",
    "asked_purpose_id",
    "body_text",
    "add_security_recommendation",
    "code_expiration_minutes",
)
_NOTICES = "mail_activity_whatsapp_clinic_template_rel"
_FOLLOWING = {
    "mail_message": "model",
    "mail_activity": "res_model",
    "ir_model_data": "model",
}


def migrate(cr, version):
    known = _columns(cr, "whatsapp_clinic_template")
    if "business_account_id" not in known:
        return
    _make_approvals(cr, [name for name in _COLUMNS if name in known])
    titles = _columns(cr, "whatsapp_clinic_template_title")
    _name_those_of_the_demo(cr)
    _follow(cr)
    for company, name in _in_several_accounts(cr):
        _settle(cr, company, name, "business_account_id" in titles)
    _leave_one_title(cr)
    if "business_account_id" in titles:
        _drop(cr, "whatsapp_clinic_template_title", ["business_account_id"])
    moved = [name for name in _COLUMNS if name in known and name not in _KEPT]
    _drop(cr, "whatsapp_clinic_template", moved)


def _columns(cr, table: str) -> set[str]:
    cr.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s",
        [table],
    )
    return {name for (name,) in cr.fetchall()}


def _drop(cr, table: str, names: list[str]):
    for name in names:
        cr.execute(f"ALTER TABLE {table} DROP COLUMN IF EXISTS {name}")


def _make_approvals(cr, moved: list[str]):
    """One for each template; `former_id` says whose it was, `former_notices` what
    managers were told of it, until the end."""
    columns = [f"{name} {_COLUMNS[name]}" for name in moved]
    cr.execute(f"""
        CREATE TABLE whatsapp_clinic_template_approval (
            id serial PRIMARY KEY,
            template_id integer NOT NULL,
            company_id integer,
            former_id integer NOT NULL,
            former_notices integer[],
            remote_name varchar NOT NULL,
            create_uid integer,
            create_date timestamp,
            write_uid integer,
            write_date timestamp,
            {", ".join(columns)}
        )
    """)
    values = ", ".join(
        {"status": "COALESCE(status, 'DRAFT')"}.get(name, name) for name in moved
    )
    stamps = ", ".join(_STAMPS)
    cr.execute(f"""
        INSERT INTO whatsapp_clinic_template_approval
            (template_id, company_id, former_id, remote_name, {stamps},
             {", ".join(moved)})
        SELECT id, company_id, id, name, {stamps}, {values}
        FROM whatsapp_clinic_template ORDER BY id
    """)
    if _columns(cr, _NOTICES):
        cr.execute(f"""
            UPDATE whatsapp_clinic_template_approval SET former_notices = ARRAY(
                SELECT mail_activity_id FROM {_NOTICES}
                WHERE whatsapp_clinic_template_id = former_id)
        """)
    cr.execute("""
        UPDATE whatsapp_clinic_template_approval AS approval SET remote_id = NULL
        FROM whatsapp_clinic_template_approval AS other
        WHERE other.business_account_id = approval.business_account_id
          AND other.remote_id = approval.remote_id AND other.id > approval.id
    """)


def _name_those_of_the_demo(cr):
    """Otherwise the demo data would be loaded once more."""
    cr.execute("""
        INSERT INTO ir_model_data (module, name, model, res_id, noupdate)
        SELECT module, replace(name, 'demo_template_', 'demo_approval_'),
               'whatsapp.clinic.template.approval', approval.id, noupdate
        FROM ir_model_data AS shipped
        JOIN whatsapp_clinic_template_approval AS approval
          ON approval.former_id = shipped.res_id
        WHERE module = 'whatsapp_clinic' AND model = 'whatsapp.clinic.template'
          AND name LIKE 'demo\\_template\\_%'
    """)


def _in_several_accounts(cr) -> list[tuple[int, str]]:
    cr.execute("""
        SELECT company_id, name FROM whatsapp_clinic_template
        WHERE original_id IS NULL GROUP BY company_id, name
        HAVING count(DISTINCT business_account_id) > 1 ORDER BY company_id, name
    """)
    return cr.fetchall()


def _settle(cr, company: int, name: str, has_titles: bool):
    """The family of the oldest template keeps its name, one in use before others."""
    cr.execute(
        """
        SELECT business_account_id, array_agg(id ORDER BY id)
        FROM whatsapp_clinic_template
        WHERE company_id = %s AND name = %s AND original_id IS NULL
        GROUP BY business_account_id ORDER BY bool_or(active) DESC, min(id)
        """,
        [company, name],
    )
    (_first, kept), *others = cr.fetchall()
    said, alike, new_names = _texts(cr, kept), [], {}
    for account, ids in others:
        theirs = _texts(cr, ids)
        common = said.keys() & theirs.keys()
        if common and all(said[one] == theirs[one] for one in common):
            said |= theirs
            alike.append(ids)
        else:
            new_names[account] = _rename(cr, company, name, ids)
    # All at once: afterwards a rule's template does not tell whose it was.
    _narrow_rules(cr, [*kept, *(one for ids in alike for one in ids)])
    for ids in alike:
        _join(cr, ids, kept)
    if has_titles:
        for account, _ids in others:
            _settle_title(cr, company, account, name, new_names.get(account))


def _join(cr, ids: list[int], kept: list[int]):
    """What is there in a language already is one with it; the others come along."""
    known = _by_language(cr, kept)
    for language, template in _by_language(cr, ids).items():
        if language in known:
            _merge(cr, template, known[language])
        else:
            kept.append(template)


def _rename(cr, company: int, name: str, ids: list[int]) -> str:
    new = _free_name(cr, company, name)
    cr.execute(
        "UPDATE whatsapp_clinic_template SET name = %s "
        "WHERE id = ANY(%s) OR original_id = ANY(%s)",
        [new, ids, ids],
    )
    return new


def _free_name(cr, company: int, name: str) -> str:
    cr.execute(
        "SELECT name FROM whatsapp_clinic_template WHERE company_id = %s", [company]
    )
    taken = {name for (name,) in cr.fetchall()}
    numbered = (f"{name}_{number}" for number in count(2))
    return next(one for one in numbered if one not in taken)


def _settle_title(cr, company: int, account: str, name: str, new: str | None):
    """A title goes with the name; of one template it is that of the older."""
    mine = [company, account, name]
    where = "company_id = %s AND business_account_id = %s AND name = %s"
    if new:
        cr.execute(
            f"UPDATE whatsapp_clinic_template_title SET name = %s WHERE {where}",
            [new, *mine],
        )
    else:
        cr.execute(
            f"""
            DELETE FROM whatsapp_clinic_template_title WHERE {where} AND EXISTS (
                SELECT FROM whatsapp_clinic_template_title
                WHERE company_id = %s AND name = %s AND business_account_id <> %s)
            """,
            [*mine, company, name, account],
        )


def _by_language(cr, ids: list[int]) -> dict[str, int]:
    cr.execute(
        "SELECT language, id FROM whatsapp_clinic_template WHERE id = ANY(%s)", [ids]
    )
    return dict(cr.fetchall())


def _texts(cr, ids: list[int]) -> dict[str, tuple]:
    """What templates say and where it comes from, by language: equal for equal ones."""
    cr.execute(
        f"""
        SELECT language, id, components, parameter_format, status, enabled,
               to_jsonb(ARRAY[{", ".join(f"{name}::text" for name in _SAME)}])::text,
               EXISTS (SELECT FROM whatsapp_clinic_template AS change
                       WHERE change.original_id = template.id),
               (SELECT checksum FROM ir_attachment
                WHERE res_model = 'whatsapp.clinic.template'
                  AND res_field = 'header_sample' AND res_id = template.id LIMIT 1)
        FROM whatsapp_clinic_template AS template WHERE id = ANY(%s)
        """,
        [ids],
    )
    found = {}
    for (
        language,
        id_,
        parts,
        shape,
        status,
        enabled,
        same,
        is_changed,
        sample,
    ) in cr.fetchall():
        parts = json.loads(parts) if isinstance(parts, str) else parts
        listed = {"components": parts, "parameter_format": shape}
        # Who took an approved one out of use did so in that account.
        is_out = status == "APPROVED" and not enabled
        # A change that is being written is of one text: it stays as it is.
        alone = id_ if is_changed or is_out else None
        said = repr(templates.wording(templates.read(listed)))
        rows = [_rows(cr, part, names, id_) for part, names in _PARTS.items()]
        found[language] = (said, same, sample, rows, alone)
    return found


def _rows(cr, part: str, names: str, template_id: int) -> list[tuple]:
    table = f"whatsapp_clinic_template_{part}"
    known = _columns(cr, table)
    there = [name for name in names.split(", ") if name.strip('"') in known]
    columns = ", ".join(f'"{name.strip(chr(34))}"' for name in there)
    cr.execute(
        f"SELECT {columns} FROM {table} WHERE template_id = %s ORDER BY {columns}",
        [template_id],
    )
    return cr.fetchall()


def _merge(cr, gone: int, kept: int):
    """Have everything that is of one template be of another, which says the same."""
    cr.execute("""
        SELECT conrelid::regclass::text, attname FROM pg_constraint
        JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]
        WHERE contype = 'f' AND confrelid = 'whatsapp_clinic_template'::regclass
    """)
    parts = {f"whatsapp_clinic_template_{part}" for part in _PARTS}
    for table, column in cr.fetchall():
        if table not in parts:
            cr.execute(
                f"UPDATE {table} SET {column} = %s WHERE {column} = %s", [kept, gone]
            )
    for table, column in _FOLLOWING.items():
        cr.execute(
            f"UPDATE {table} SET res_id = %s WHERE res_id = %s AND {column} = %s",
            [kept, gone, "whatsapp.clinic.template"],
        )
    cr.execute(
        """
        UPDATE mail_followers AS follower SET res_id = %s
        WHERE res_id = %s AND res_model = 'whatsapp.clinic.template' AND NOT EXISTS (
            SELECT FROM mail_followers AS known
            WHERE known.res_model = follower.res_model AND known.res_id = %s
              AND known.partner_id = follower.partner_id)
        """,
        [kept, gone, kept],
    )
    cr.execute(
        "DELETE FROM mail_followers "
        "WHERE res_model = 'whatsapp.clinic.template' AND res_id = %s",
        [gone],
    )
    cr.execute(
        "UPDATE ir_attachment SET res_id = %s WHERE res_id = %s "
        "AND res_model = 'whatsapp.clinic.template' AND res_field IS NULL",
        [kept, gone],
    )
    cr.execute(
        "UPDATE whatsapp_clinic_template_approval SET template_id = %s "
        "WHERE template_id = %s",
        [kept, gone],
    )
    cr.execute(
        "UPDATE whatsapp_clinic_template SET enabled = TRUE WHERE id = %s "
        "AND EXISTS (SELECT FROM whatsapp_clinic_template WHERE id = %s AND enabled)",
        [kept, gone],
    )
    for table in parts:
        cr.execute(f"DELETE FROM {table} WHERE template_id = %s", [gone])
    cr.execute("DELETE FROM whatsapp_clinic_template WHERE id = %s", [gone])


def _narrow_rules(cr, template_ids: list[int]):
    """A rule for every branch wrote only where its template's account is; it is told so
    before another account has the template as well."""
    cr.execute(
        """
        SELECT rule.id, array_agg(branch.id),
               array_agg(branch.id) FILTER (
                   WHERE channel.business_account_id <> template.business_account_id)
        FROM whatsapp_clinic_message_rule AS rule
        JOIN whatsapp_clinic_template AS template ON template.id = rule.template_id
        JOIN whatsapp_clinic_branch AS branch ON branch.company_id = rule.company_id
        LEFT JOIN whatsapp_clinic_channel AS channel ON channel.id = branch.channel_id
        WHERE template.id = ANY(%s) GROUP BY rule.id
        """,
        [template_ids],
    )
    for rule, every, foreign in cr.fetchall():
        if foreign:
            _narrow_rule(cr, rule, {*every}, {*foreign})


def _narrow_rule(cr, rule: int, every: set[int], foreign: set[int]):
    """One that has no branch left never wrote anything."""
    table = "whatsapp_clinic_message_rule_branch"
    own, other = "whatsapp_clinic_message_rule_id", "whatsapp_clinic_branch_id"
    cr.execute(f"SELECT {other} FROM {table} WHERE {own} = %s", [rule])
    chosen = {branch for (branch,) in cr.fetchall()}
    left = (chosen or every) - foreign
    if not left:
        cr.execute(
            "UPDATE whatsapp_clinic_message_rule SET active = FALSE WHERE id = %s",
            [rule],
        )
        return
    cr.execute(
        f"DELETE FROM {table} WHERE {own} = %s AND {other} = ANY(%s)",
        [rule, [*foreign]],
    )
    for branch in left - chosen:
        cr.execute(
            f"INSERT INTO {table} ({own}, {other}) VALUES (%s, %s)", [rule, branch]
        )


def _follow(cr):
    """Requests are about approvals."""
    if "template_id" in _columns(cr, "whatsapp_clinic_channel_task"):
        cr.execute(
            "ALTER TABLE whatsapp_clinic_channel_task ADD COLUMN approval_id integer"
        )
        cr.execute("""
            UPDATE whatsapp_clinic_channel_task AS task SET approval_id = approval.id
            FROM whatsapp_clinic_template_approval AS approval
            WHERE approval.former_id = task.template_id
        """)
        _drop(cr, "whatsapp_clinic_channel_task", ["template_id"])


def _leave_one_title(cr):
    """One that a template has stays before others, then the oldest."""
    if "business_account_id" in _columns(cr, "whatsapp_clinic_template_title"):
        cr.execute("""
            DELETE FROM whatsapp_clinic_template_title WHERE id IN (
                SELECT id FROM (
                    SELECT title.id, row_number() OVER (
                        PARTITION BY title.company_id, title.name
                        ORDER BY EXISTS (
                            SELECT FROM whatsapp_clinic_template AS template
                            WHERE template.company_id = title.company_id
                              AND template.name = title.name
                              AND template.business_account_id
                                  = title.business_account_id
                        ) DESC, title.id
                    ) AS place
                    FROM whatsapp_clinic_template_title AS title
                ) AS ranked WHERE place > 1
            )
        """)
