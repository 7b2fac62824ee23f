import {CalendarController} from "@web/views/calendar/calendar_controller";
import {_t} from "@web/core/l10n/translation";
import {status} from "@odoo/owl";

/** Shows a new appointment as soon as its dialog is saved, which Odoo's calendar does not. */
export class AppointmentCalendarController extends CalendarController {
  getQuickCreateFormViewProps(record) {
    return {
      ...super.getQuickCreateFormViewProps(record),
      title: _t("New Appointment"),
      onRecordSaved: () => this.model.load(),
    };
  }

  /** What was done in the dialog shows, also where nothing was saved in its form. */
  async editRecord(record, context) {
    const title = record.rawRecord?.display_name ?? record.title;
    await super.editRecord({...record, title}, context);
    if (this.model.hasEditDialog && status(this) !== "destroyed") {
      await this.model.load();
    }
  }

  setScale(scale) {
    this.model.rememberScale();
    return super.setScale(scale);
  }
}
