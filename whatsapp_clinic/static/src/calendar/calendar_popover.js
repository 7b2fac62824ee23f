import {CalendarCommonPopover} from "@web/views/calendar/calendar_common/calendar_common_popover";
import {useService} from "@web/core/utils/hooks";
import {writeAbout} from "../appointment/appointment_news";

/** What is known of a visit, with a button to write to the patient. */
export class AppointmentPopover extends CalendarCommonPopover {
  static subTemplates = {
    ...CalendarCommonPopover.subTemplates,
    footer: "whatsapp_clinic.AppointmentPopover.footer",
  };

  setup() {
    super.setup();
    this.action = useService("action");
  }

  onWrite() {
    writeAbout(this.action, this.props.record.id);
    this.props.close();
  }
}
