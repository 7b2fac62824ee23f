import {Component} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";

const {DateTime} = luxon;

/** For how long a patient's message waits for an answer; nothing once it has one. */
export class WaitsField extends Component {
  static template = "whatsapp_clinic.WaitsField";
  static props = {...standardFieldProps};

  get waits() {
    return this.props.record.data[this.props.name];
  }

  get since() {
    const at = this.props.record.data.due_at;
    // Never in the future: the server's clock may be ahead of the browser's.
    const base = DateTime.max(DateTime.now(), at.plus({seconds: 1}));
    return at.toRelative({base, style: "short"});
  }
}

registry.category("fields").add("whatsapp_clinic_waits", {
  component: WaitsField,
  displayName: _t("WhatsApp Time without an Answer"),
  supportedTypes: ["boolean"],
  fieldDependencies: [{name: "due_at", type: "datetime"}],
});
