import {AppointmentCalendarController} from "./calendar_controller";
import {AppointmentCalendarModel} from "./calendar_model";
import {AppointmentCalendarRenderer} from "./calendar_renderer";
import {AppointmentCalendarSearchModel} from "./calendar_search_model";
import {calendarView} from "@web/views/calendar/calendar_view";
import {registry} from "@web/core/registry";
import {utils} from "@web/core/ui/ui_service";

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
  Model: AppointmentCalendarModel,
  Renderer: AppointmentCalendarRenderer,
  SearchModel: AppointmentCalendarSearchModel,
  props: appointmentCalendarProps,
});
