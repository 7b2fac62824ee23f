import {offerToTell, placeOf} from "./appointment_news";
import {FormController} from "@web/views/form/form_controller";
import {formView} from "@web/views/form/form_view";
import {registry} from "@web/core/registry";
import {useService} from "@web/core/utils/hooks";

const PLACE = ["start", "practitioner_id", "branch_id"];

/** Asks after a move whether the patient should hear of it. */
export class AppointmentFormController extends FormController {
  setup() {
    super.setup();
    this.services = {
      action: useService("action"),
      notification: useService("notification"),
      orm: this.orm,
    };
  }

  async onWillSaveRecord(record, changes) {
    const isMove = record.resId && PLACE.some((name) => name in changes);
    this.before = isMove && (await placeOf(this.services.orm, record.resId));
    return super.onWillSaveRecord(record, changes);
  }

  async onRecordSaved(record, changes) {
    await super.onRecordSaved(record, changes);
    if (this.before) {
      const reload = () => this.services.action.doAction("soft_reload");
      offerToTell(this.services, record.resId, this.before, reload);
    }
  }
}

registry.category("views").add("whatsapp_clinic_appointment_form", {
  ...formView,
  Controller: AppointmentFormController,
});
