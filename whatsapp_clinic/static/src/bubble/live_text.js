import {onWillUnmount, useEffect} from "@odoo/owl";
import {registry} from "@web/core/registry";
import {TextField, textField} from "@web/views/fields/text/text_field";

// Milliseconds without a key after which the preview follows.
const PAUSE = 400;

/** A text whose changes count while it is typed, for previews beside it. */
export class LiveTextField extends TextField {
  setup() {
    super.setup();
    let timer = null;
    const commit = (input) => input.dispatchEvent(new Event("change"));
    const wait = ({target}) => {
      clearTimeout(timer);
      timer = setTimeout(commit, PAUSE, target);
    };
    useEffect(
      (input) => {
        input?.addEventListener("input", wait);
        return () => input?.removeEventListener("input", wait);
      },
      () => [this.textareaRef.el]
    );
    onWillUnmount(() => clearTimeout(timer));
  }
}

registry.category("fields").add("whatsapp_clinic_live_text", {
  ...textField,
  component: LiveTextField,
});
