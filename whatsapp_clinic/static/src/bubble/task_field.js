import {onWillUnmount} from "@odoo/owl";
import {registry} from "@web/core/registry";
import {
  SelectionField,
  selectionField,
} from "@web/views/fields/selection/selection_field";

const SECONDS = 2;

/** Looks again until what is under way is done. */
export class TaskField extends SelectionField {
  setup() {
    super.setup();
    const timer = setInterval(() => this.look(), SECONDS * 1000);
    onWillUnmount(() => clearInterval(timer));
  }

  async look() {
    const {record, name} = this.props;
    if (record.data[name] && !(await record.isDirty())) {
      await record.load();
    }
  }
}

registry.category("fields").add("whatsapp_clinic_task", {
  ...selectionField,
  component: TaskField,
});
