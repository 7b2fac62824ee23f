import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {CalendarController} from "@web/views/calendar/calendar_controller";
import {calendarView} from "@web/views/calendar/calendar_view";

/** Shows a new appointment as soon as its dialog is saved, which Odoo's calendar does not. */
export class AppointmentCalendarController extends CalendarController {
  getQuickCreateFormViewProps(record) {
    return {
      ...super.getQuickCreateFormViewProps(record),
      title: _t("New Appointment"),
      onRecordSaved: () => this.model.load(),
    };
  }
}

registry.category("views").add("whatsapp_clinic_appointment_calendar", {
  ...calendarView,
  Controller: AppointmentCalendarController,
});
