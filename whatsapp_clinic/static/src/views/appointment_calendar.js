import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {CalendarController} from "@web/views/calendar/calendar_controller";
import {calendarView} from "@web/views/calendar/calendar_view";
import {utils} from "@web/core/ui/ui_service";

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

/** A week has no room for names on a phone, which begins with the day. */
function appointmentCalendarProps(genericProps, view) {
  const props = calendarView.props(genericProps, view);
  const scale = utils.isSmall() ? "day" : props.archInfo.scale;
  const className = `${props.className || ""} o_whatsapp_clinic_calendar`;
  return {...props, className, archInfo: {...props.archInfo, scale}};
}

registry.category("views").add("whatsapp_clinic_appointment_calendar", {
  ...calendarView,
  Controller: AppointmentCalendarController,
  props: appointmentCalendarProps,
});
