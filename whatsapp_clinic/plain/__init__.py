"""Hard parts in plain Python that know neither Odoo nor a messenger."""
