"""The notice that came with the addon is called what it is in Turkish as well."""


def migrate(cr, version):
    """Only a draft that still has the name it came with; a published row is closed."""
    cr.execute(
        """
        UPDATE whatsapp_clinic_privacy_notice AS notice
        SET name = 'Aydınlatma metni / Privacy notice'
        FROM ir_model_data AS shipped
        WHERE shipped.module = 'whatsapp_clinic'
          AND shipped.name = 'privacy_notice_draft'
          AND shipped.res_id = notice.id
          AND notice.published_at IS NULL
          AND notice.name = 'Privacy notice'
        """
    )
