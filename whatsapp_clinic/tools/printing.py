"""Printing that also works where Odoo has no program for PDFs."""

# States of wkhtmltopdf in which Odoo's client asks for a PDF.
_MAKES_PDF = ("ok", "upgrade")


def print_action(record, report: str) -> dict:
    """The action that prints one record with a report, told by its XML id.

    Without wkhtmltopdf the page opens in a tab of its own, where the browser prints it:
    within Odoo's own screen only what is in sight would be printed.
    """
    report = record.env.ref(report)
    if report.get_wkhtmltopdf_state() in _MAKES_PDF:
        return report.report_action(record, config=False)
    return {
        "type": "ir.actions.client",
        "tag": "display_notification",
        "params": {
            "message": record.env._(
                "This server makes no PDF (wkhtmltopdf is missing): the page opens "
                "beside, print it from the browser."
            ),
            "type": "warning",
            "next": {
                "type": "ir.actions.act_url",
                "url": f"/report/html/{report.report_name}/{record.id}",
                "target": "new",
            },
        },
    }
