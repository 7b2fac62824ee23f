-- A test copy must not write to patients, nor accept what Meta sends to the real one.
UPDATE whatsapp_clinic_account
   SET access_token = NULL, app_secret = NULL, verify_token = NULL, environment_name = NULL;
UPDATE whatsapp_clinic_channel SET fingerprint = NULL;
DELETE FROM whatsapp_clinic_channel_task WHERE state <> 'done';
