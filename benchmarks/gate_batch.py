"""What the gate costs for each message of a batch, among 100,000 patients.

Every patient has a number and consents for four purposes, some withdrawn, some given by
a guardian, some older than the privacy notice that asks for them again. Batches are
judged as the dispatcher does, with nothing in the cache. The peer is what Odoo's SMS
composer looks up for each recipient of a mass sending: blacklist, opt-out, number.
"""

from .bench import Bench, Database
from .figures import Figure, Metric, Void

BATCH = 100
METRICS = (
    Metric("gate_batch_ms_per_message", "ms", goal=1, more_is_better=False),
    Metric("gate_batch_growth_1k_100k", "times", goal=2, more_is_better=False),
)


def measure(bench: Bench) -> list[Figure]:
    few, many = 1000, bench.size(100_000, 2000)
    with bench.database("gate_batch") as database:
        channel = database.call("make_channel", url="http://127.0.0.1:9", rate=80)
        _name_the_company(database, channel)
        _renew(database, channel)
        _fill(database, channel, 0, few)
        among_few = database.call("time_gate", batch=BATCH)
        _fill(database, channel, few, many)
        among_many = database.call("time_gate", batch=BATCH)
        peer = bench.has_peers and database.call("time_sms_composer", batch=BATCH)
    if not among_many["sent"] or not among_many["refused"]:
        raise Void(f"the gate decided everything alike: {among_many}")
    short, long = (1000 * one["seconds"] / BATCH for one in (among_few, among_many))
    notes = (
        f"{short:.3f} ms among {few:,} patients, {long:.3f} ms among {many:,}",
        f"of the batches {among_many['sent']:.0%} may go, {among_many['queries']} "
        f"queries for {BATCH} messages",
    )
    return [
        Figure(long, "sms composer", peer and 1000 * peer["seconds"] / BATCH, notes),
        Figure(long / short),
    ]


def _name_the_company(database: Database, channel: int) -> None:
    """Guardianships belong to the channel's company, in trees where they have one."""
    if database.sql(
        "SELECT 1 FROM information_schema.columns WHERE column_name = 'company_id' "
        "AND table_name = 'whatsapp_clinic_guardianship'"
    ):
        ((company,),) = database.sql(
            "SELECT company_id FROM whatsapp_clinic_channel WHERE id = %s", channel
        )
        database.sql(
            "ALTER TABLE whatsapp_clinic_guardianship "
            f"ALTER COLUMN company_id SET DEFAULT {company:d}"
        )


def _renew(database: Database, channel: int) -> None:
    """A privacy notice of 600 days ago that asked for consent to appointments again."""
    database.sql(
        """
        WITH notice AS (
            INSERT INTO whatsapp_clinic_privacy_notice
                (name, company_id, version, state)
            SELECT 'Notice', company_id, 1000, 'draft'
            FROM whatsapp_clinic_channel WHERE id = %(channel)s
            RETURNING id
        )
        INSERT INTO whatsapp_clinic_privacy_notice_renewal
            (whatsapp_clinic_privacy_notice_id, whatsapp_clinic_consent_purpose_id)
        SELECT notice.id, purpose.id
        FROM notice, whatsapp_clinic_consent_purpose AS purpose
        WHERE purpose.code = 'appointment'
        """,
        channel=channel,
    )
    database.sql(
        """
        UPDATE whatsapp_clinic_privacy_notice
        SET state = 'published', published_at = now() AT TIME ZONE 'UTC',
            valid_from = now() AT TIME ZONE 'UTC' - interval '600 days'
        WHERE version = 1000
        """
    )


def _fill(database: Database, channel: int, first: int, end: int) -> None:
    """Patients from `first` to `end`, each with a queued message."""
    database.sql(
        """
        WITH patient AS (
            INSERT INTO res_partner
                (name, complete_name, phone, clinic_patient, active, type)
            SELECT 'Patient ' || n, 'Patient ' || n, '+' || (905320000000 + n),
                   true, true, 'contact'
            FROM generate_series(%(first)s, %(end)s - 1) AS n
            RETURNING id, phone
        ), identity AS (
            INSERT INTO whatsapp_clinic_identity (provider, wa_id, phone)
            SELECT 'whatsapp', ltrim(phone, '+'), phone FROM patient
            RETURNING id, phone
        ), link AS (
            INSERT INTO whatsapp_clinic_identity_partner (identity_id, partner_id)
            SELECT identity.id, patient.id FROM identity JOIN patient USING (phone)
        ), guardian AS (
            INSERT INTO res_partner (name, complete_name, active, type)
            VALUES ('Guardian', 'Guardian', true, 'contact')
            RETURNING id
        ), guardianship AS (
            INSERT INTO whatsapp_clinic_guardianship
                (patient_id, guardian_id, relation, start_date, end_date)
            SELECT patient.id, guardian.id, 'parent', date '2000-01-01',
                   CASE WHEN patient.id %% 40 = 1 THEN date '2001-01-01' END
            FROM patient, guardian WHERE patient.id %% 20 = 1
            RETURNING patient_id, guardian_id
        ), consent AS (
            INSERT INTO whatsapp_clinic_consent
                (partner_id, guardian_id, company_id, purpose_id, decision, act_at,
                 method, evidence)
            SELECT patient.id, guardianship.guardian_id, channel.company_id, purpose.id,
                   CASE WHEN patient.id %% 10 = 0 THEN 'withdrawn' ELSE 'given' END,
                   now() AT TIME ZONE 'UTC' - (patient.id %% 700) * interval '1 day',
                   'import', 'Benchmark'
            FROM whatsapp_clinic_channel AS channel,
                 whatsapp_clinic_consent_purpose AS purpose,
                 patient LEFT JOIN guardianship ON guardianship.patient_id = patient.id
            WHERE channel.id = %(channel)s
              AND purpose.code IN ('appointment', 'followup', 'survey', 'education')
        )
        INSERT INTO whatsapp_clinic_message
            (channel_id, company_id, partner_id, identity_id, purpose_id, direction,
             state, kind, priority, due_at, key)
        SELECT channel.id, channel.company_id, patient.id, identity.id, purpose.id,
               'out', 'queued', 'template', 1, now() AT TIME ZONE 'UTC',
               gen_random_uuid()
        FROM patient JOIN identity USING (phone),
             whatsapp_clinic_channel AS channel,
             whatsapp_clinic_consent_purpose AS purpose
        WHERE channel.id = %(channel)s AND purpose.code = 'appointment'
        """,
        channel=channel,
        first=first,
        end=end,
    )
    _give_addresses(database)
    database.sql(
        """
        VACUUM ANALYZE res_partner, whatsapp_clinic_identity, whatsapp_clinic_consent,
                       whatsapp_clinic_identity_partner, whatsapp_clinic_message
        """
    )


def _give_addresses(database: Database) -> None:
    """Numbers are addresses of their own, in trees where there are any."""
    if database.sql(
        "SELECT 1 FROM information_schema.tables "
        "WHERE table_name = 'whatsapp_clinic_identity_address'"
    ):
        database.sql(
            """
            INSERT INTO whatsapp_clinic_identity_address
                (identity_id, provider, kind, value, is_main)
            SELECT id, provider, 'phone', wa_id, TRUE
            FROM whatsapp_clinic_identity WHERE wa_id IS NOT NULL
            ON CONFLICT DO NOTHING
            """
        )
