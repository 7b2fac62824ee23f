import {Component, onWillUnmount} from "@odoo/owl";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";

const SECONDS = 1.5;

/** Says that WhatsApp is being asked, and looks again until it has answered. */
export class BusyField extends Component {
  static template = "whatsapp_clinic.BusyField";
  static props = {...standardFieldProps};

  setup() {
    const timer = setInterval(() => this.look(), SECONDS * 1000);
    onWillUnmount(() => clearInterval(timer));
  }

  async look() {
    const {record, name} = this.props;
    if (record.data[name] && record.resId && !(await record.isDirty())) {
      await record.load();
    }
  }
}

registry.category("fields").add("whatsapp_clinic_busy", {
  component: BusyField,
  supportedTypes: ["boolean"],
  isEmpty: () => false,
});
