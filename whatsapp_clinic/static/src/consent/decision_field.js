import {Component} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";

// Only what was given once can be withdrawn.
const NEVER_GIVEN = ["none", "refused"];

/**
 * What a patient decided about one purpose, as buttons that work at the first click,
 * whether or not their row is being edited. The pressed one, pressed again, lets go.
 */
export class DecisionField extends Component {
  static template = "whatsapp_clinic.DecisionField";
  static props = {...standardFieldProps};

  get value() {
    return this.props.record.data[this.props.name];
  }

  get choices() {
    const {data, fields} = this.props.record;
    const {selection} = fields[this.props.name];
    return selection
      .filter(
        ([value]) =>
          value === this.value ||
          value !== "withdrawn" ||
          !NEVER_GIVEN.includes(data.present_state)
      )
      .map(([value, label]) => ({
        value,
        label,
        isPressed: value === this.value,
        isUnfit: value === "given" && !data.is_fit,
      }));
  }

  look({isPressed, isUnfit}) {
    if (!isPressed) {
      return "btn-outline-secondary";
    }
    return isUnfit ? "btn-danger" : "btn-primary";
  }

  choose({value, isPressed}) {
    this.props.record.update({[this.props.name]: isPressed ? false : value});
  }
}

registry.category("fields").add("whatsapp_clinic_decision", {
  component: DecisionField,
  displayName: _t("Patient's Decision"),
  supportedTypes: ["selection"],
  fieldDependencies: [
    {name: "present_state", type: "selection"},
    {name: "is_fit", type: "boolean"},
  ],
  extractProps: (_info, {readonly}) => ({readonly}),
});
