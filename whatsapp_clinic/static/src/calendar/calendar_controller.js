import {AlarmBanner} from "../alarms/alarm_banner";
import {CalendarController} from "@web/views/calendar/calendar_controller";
import {FirstStepsBanner} from "../first_steps/first_steps_banner";
import {_t} from "@web/core/l10n/translation";
import {onWillStart, status} from "@odoo/owl";
import {user} from "@web/core/user";
import {useService} from "@web/core/utils/hooks";

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

  setup() {
    super.setup();
    this.notification = useService("notification");
    onWillStart(async () => {
      this.canSetUp = await user.hasGroup("whatsapp_clinic.group_manager");
    });
  }

  openMissing() {
    return this.action.doAction(this.model.missing.action);
  }

  /** Says what to do first, instead of a form with nothing to choose from. */
  createRecord(record) {
    const {missing} = this.model;
    if (!missing) {
      return super.createRecord(record);
    }
    const open = {name: missing.button, primary: true};
    const close = this.notification.add(missing.told, {
      type: "warning",
      buttons: this.canSetUp
        ? [{...open, onClick: () => close() || this.openMissing()}]
        : [],
    });
  }

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
