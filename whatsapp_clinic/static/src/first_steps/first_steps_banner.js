import {Component, onWillStart, status} from "@odoo/owl";
import {useService} from "@web/core/utils/hooks";
import {user} from "@web/core/user";

/** Leads who sets the clinic up back to the first steps until all are done. */
export class FirstStepsBanner extends Component {
  static template = "whatsapp_clinic.FirstStepsBanner";
  static props = {};

  setup() {
    this.orm = useService("orm");
    this.action = useService("action");
    this.steps = null;
    onWillStart(() => this.load());
  }

  async load() {
    if (!user.isSystem) {
      return;
    }
    const steps = await this.orm.call("res.config.settings", "clinic_steps_left", []);
    if (status(this) !== "destroyed") {
      this.steps = steps;
    }
  }

  resume() {
    this.action.doAction("whatsapp_clinic.settings_action");
  }
}
