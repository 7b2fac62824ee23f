import {AppointmentPopover} from "./calendar_popover";
import {CalendarCommonRenderer} from "@web/views/calendar/calendar_common/calendar_common_renderer";
import {CalendarRenderer} from "@web/views/calendar/calendar_renderer";
import {renderToString} from "@web/core/utils/render";

const {DateTime} = luxon;

/** Slots are high enough for the name of who comes for a quarter of an hour. */
class AppointmentCommonRenderer extends CalendarCommonRenderer {
  static components = {
    ...CalendarCommonRenderer.components,
    Popover: AppointmentPopover,
  };
  static eventTemplate = "whatsapp_clinic.CalendarVisit";

  get options() {
    return {
      ...super.options,
      allDaySlot: false,
      eventMinHeight: 22,
      scrollTime: "08:00:00",
      slotDuration: "00:15:00",
      slotEventOverlap: false,
      slotLabelInterval: "01:00:00",
    };
  }
}

/**
 * One day, a column for each practitioner.
 *
 * FullCalendar knows columns of days only. So the columns are days to it: the first is
 * the day that is shown, and what is drawn in a later one is moved by as many days, there
 * and back.
 */
class PractitionerDayRenderer extends AppointmentCommonRenderer {
  static template = "whatsapp_clinic.PractitionerDay";

  get columns() {
    return this.props.model.columns;
  }

  get options() {
    const days = this.columns.length;
    if (!days) {
      return super.options;
    }
    const practitioners = {type: "timeGrid", duration: {days}};
    return {...super.options, initialView: "practitioners", views: {practitioners}};
  }

  convertRecordToEvent(record) {
    const {practitioner_id} = record.rawRecord;
    const days = this.columns.findIndex(({value}) => value === practitioner_id[0]);
    const start = record.start.plus({days});
    const end = record.end.plus({days});
    return super.convertRecordToEvent({...record, start, end});
  }

  fcEventToRecord(event) {
    const record = super.fcEventToRecord(event);
    if (!this.columns.length) {
      return record;
    }
    const days = this.columnOf(record.start);
    return {
      ...record,
      practitionerId: this.columns[days].value,
      start: record.start.minus({days}),
      end: record.end && record.end.minus({days}),
    };
  }

  columnOf(date) {
    const shown = this.props.model.date.startOf("day");
    return Math.round(date.startOf("day").diff(shown, "days").days);
  }

  getHeaderHtml({date}) {
    const practitioner = this.columns[this.columnOf(DateTime.fromJSDate(date))];
    return practitioner
      ? {html: renderToString("whatsapp_clinic.PractitionerHeader", practitioner)}
      : super.getHeaderHtml({date});
  }
}

export class AppointmentCalendarRenderer extends CalendarRenderer {
  static components = {
    ...CalendarRenderer.components,
    day: PractitionerDayRenderer,
    week: AppointmentCommonRenderer,
    month: AppointmentCommonRenderer,
  };

  /** FullCalendar is made again when its columns are others. */
  get calendarKey() {
    const {scale, columns} = this.props.model;
    const shown = scale === "day" ? columns.map(({value}) => value) : [];
    return [super.calendarKey, ...shown].join("_");
  }
}
