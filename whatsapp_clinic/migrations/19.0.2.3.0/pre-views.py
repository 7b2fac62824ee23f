"""What rooms add to each other's forms is loaded again, from the ground up.

A form is loaded before what is added to it. Until then an addition of before would look
for parts that stand elsewhere by now, and the upgrade would fail.
"""


def migrate(cr, version):
    cr.execute("""
        UPDATE ir_ui_view AS addition
        SET arch_db = jsonb_build_object('en_US', '<data/>')
        FROM ir_model_data AS shipped, ir_model_data AS form
        WHERE shipped.model = 'ir.ui.view' AND shipped.module = 'whatsapp_clinic'
          AND shipped.res_id = addition.id AND addition.mode = 'extension'
          AND form.model = 'ir.ui.view' AND form.module = 'whatsapp_clinic'
          AND form.res_id = addition.inherit_id
    """)
