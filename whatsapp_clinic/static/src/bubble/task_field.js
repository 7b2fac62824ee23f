import {onWillUnmount} from "@odoo/owl";
import {FetchRecordError} from "@web/model/relational_model/errors";
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
    this.timer = setInterval(() => this.look(), SECONDS * 1000);
    onWillUnmount(() => clearInterval(this.timer));
  }

  async look() {
    const {record, name} = this.props;
    if (record.data[name] && !(await record.isDirty())) {
      await record.load().catch((error) => this.leave(error));
    }
  }

  /** A change that was taken is gone: what it changed is shown. */
  leave(error) {
    if (!(error instanceof FetchRecordError)) {
      throw error;
    }
    clearInterval(this.timer);
    this.env.config.historyBack();
  }
}

registry.category("fields").add("whatsapp_clinic_task", {
  ...selectionField,
  component: TaskField,
});
