import {Dropdown} from "@web/core/dropdown/dropdown";
import {DropdownItem} from "@web/core/dropdown/dropdown_item";
import {LiveTextField} from "./live_text";
import {registry} from "@web/core/registry";
import {textField} from "@web/views/fields/text/text_field";

const TOUCHES = /[\p{L}\p{N},.:;}]$/u;

/** A text of a template, with a list of variables that are put in at the cursor. */
export class VariableTextField extends LiveTextField {
  static template = "whatsapp_clinic.VariableTextField";
  static components = {...LiveTextField.components, Dropdown, DropdownItem};

  get variables() {
    return this.props.record.data.variable_choices || [];
  }

  /** Replaces what is selected; it is set off from a word before it. */
  insert(name) {
    const {el} = this.textareaRef;
    el.focus();
    const space = TOUCHES.test(el.value.slice(0, el.selectionStart)) ? " " : "";
    const text = `${space}{{${name}}}`;
    el.setRangeText(text, el.selectionStart, el.selectionEnd, "end");
    el.dispatchEvent(new InputEvent("input", {bubbles: true}));
  }
}

registry.category("fields").add("whatsapp_clinic_variable_text", {
  ...textField,
  component: VariableTextField,
  fieldDependencies: [{name: "variable_choices", type: "json", readonly: true}],
});
