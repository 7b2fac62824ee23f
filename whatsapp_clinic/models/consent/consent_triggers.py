"""What PostgreSQL itself refuses of an act of consent, whoever writes it."""

# What PostgreSQL itself asks of a new act at the commit. Not of known rows: those
# of former versions stay, and a contact merge changes one table after the other.
EVIDENCE = """
CREATE OR REPLACE FUNCTION whatsapp_clinic_consent_evidence() RETURNS trigger AS $$
BEGIN
    IF (NEW.method IN ('web', 'paper') OR NEW.proof_id IS NOT NULL) AND NOT EXISTS (
        SELECT FROM whatsapp_clinic_consent_proof
        WHERE id = NEW.proof_id AND partner_id = NEW.partner_id
          AND company_id = NEW.company_id AND create_date = NEW.create_date
    ) THEN
        RAISE 'What is signed needs a proof of the same patient, company and moment.'
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.method = 'chat' AND NEW.decision = 'given' AND NEW.message_id IS NULL THEN
        RAISE 'What is agreed to in the chat needs a message.'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$ LANGUAGE plpgsql;

DROP TRIGGER IF EXISTS whatsapp_clinic_consent_evidence ON whatsapp_clinic_consent;
CREATE CONSTRAINT TRIGGER whatsapp_clinic_consent_evidence
    AFTER INSERT ON whatsapp_clinic_consent DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION whatsapp_clinic_consent_evidence();
"""

# A contact merge moves an act from a contact that is gone at the commit; the removal
# of a user empties who entered it. Nothing else makes an act somebody else's.
PEOPLE = """
CREATE OR REPLACE FUNCTION whatsapp_clinic_consent_people() RETURNS trigger AS $$
BEGIN
    IF NEW.create_uid <> OLD.create_uid
       OR NEW.create_uid IS NOT NULL AND OLD.create_uid IS NULL
       OR num_nulls(NEW.guardian_id, OLD.guardian_id) = 1
       OR EXISTS (
           SELECT FROM res_partner
           WHERE id = OLD.partner_id AND id <> NEW.partner_id
              OR id = OLD.guardian_id AND id <> NEW.guardian_id
       )
    THEN
        RAISE 'This record is written once and never changed; record a new act instead.'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END
$$ LANGUAGE plpgsql;

DROP TRIGGER IF EXISTS whatsapp_clinic_consent_people ON whatsapp_clinic_consent;
CREATE CONSTRAINT TRIGGER whatsapp_clinic_consent_people
    AFTER UPDATE OF partner_id, guardian_id, create_uid ON whatsapp_clinic_consent
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION whatsapp_clinic_consent_people();
"""
