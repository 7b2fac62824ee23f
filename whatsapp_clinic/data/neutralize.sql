-- A test copy must not write to patients, nor accept what Meta sends to the real one.
UPDATE whatsapp_clinic_channel
   SET access_token = NULL, app_secret = NULL, verify_token = NULL, fingerprint = NULL;
