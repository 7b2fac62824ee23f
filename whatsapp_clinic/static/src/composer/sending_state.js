import {onWillUnmount} from "@odoo/owl";
import {registry} from "@web/core/registry";
import {
  StatusBarField,
  statusBarField,
} from "@web/views/fields/statusbar/statusbar_field";

const SECONDS = 2;

/** A status bar that looks again while the rows of a sending are written. */
export class SendingStateField extends StatusBarField {
  setup() {
    super.setup();
    const timer = setInterval(() => this.look(), SECONDS * 1000);
    onWillUnmount(() => clearInterval(timer));
  }

  async look() {
    const {record, name} = this.props;
    if (record.data[name] === "writing") {
      await record.load();
    }
  }
}

registry.category("fields").add("whatsapp_clinic_sending_state", {
  ...statusBarField,
  component: SendingStateField,
  additionalClasses: ["o_field_statusbar"],
});
