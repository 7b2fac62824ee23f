import {Component} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";
import {useInputField} from "@web/views/fields/input_field_hook";

let nextId = 0;

/** A language of WhatsApp, to be chosen from a list or written as people call it. */
export class LanguageField extends Component {
  static template = "whatsapp_clinic.LanguageField";
  static props = {
    ...standardFieldProps,
    placeholder: {type: String, optional: true},
  };

  setup() {
    this.listId = `whatsapp_clinic_languages_${nextId++}`;
    useInputField({getValue: () => this.value});
  }

  get value() {
    return this.props.record.data[this.props.name] || "";
  }

  get choices() {
    return this.props.record.data.language_choices || [];
  }

  get label() {
    const found = this.choices.find(([code]) => code === this.value);
    return found ? `${found[1]} (${this.value})` : this.value;
  }
}

registry.category("fields").add("whatsapp_clinic_language", {
  component: LanguageField,
  displayName: _t("WhatsApp Language"),
  supportedTypes: ["char"],
  fieldDependencies: [{name: "language_choices", type: "json", readonly: true}],
  extractProps: ({placeholder}) => ({placeholder}),
});
