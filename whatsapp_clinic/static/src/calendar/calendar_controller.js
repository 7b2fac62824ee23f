import {AlarmBanner} from "../alarms/alarm_banner";
import {CalendarController} from "@web/views/calendar/calendar_controller";
import {FirstStepsBanner} from "../first_steps/first_steps_banner";
import {_t} from "@web/core/l10n/translation";
import {status} from "@odoo/owl";

/**
 * Has the banners of the lists, says how to begin, which Odoo's calendar never does, and
 * shows a new appointment as soon as its dialog is saved.
 */
export class AppointmentCalendarController extends CalendarController {
  static template = "whatsapp_clinic.AppointmentCalendar";
  static components = {
    ...CalendarController.components,
    AlarmBanner,
    FirstStepsBanner,
  };

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
