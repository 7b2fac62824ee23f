import {X2ManyField, x2ManyField} from "@web/views/fields/x2many/x2many_field";
import {onWillUnmount} from "@odoo/owl";
import {registry} from "@web/core/registry";
import {useService} from "@web/core/utils/hooks";

const EVENT = "whatsapp_clinic/changed";

/** Calls back when messages that the user sent have changed, with their ids. */
export function useChangedMessages(onChanged) {
  const bus = useService("bus_service");
  const tell = ({ids}) => onChanged(ids);
  bus.subscribe(EVENT, tell);
  onWillUnmount(() => bus.unsubscribe(EVENT, tell));
}

/** Messages of a record that are drawn again when their state changes. */
export class LiveMessagesField extends X2ManyField {
  setup() {
    super.setup();
    useChangedMessages((ids) => this.look(ids));
  }

  async look(ids) {
    const {record} = this.props;
    const shown = this.list.records.some(({resId}) => ids.includes(resId));
    if (shown && !(await record.isDirty())) {
      await record.load();
    }
  }
}

registry.category("fields").add("whatsapp_clinic_live_messages", {
  ...x2ManyField,
  component: LiveMessagesField,
});
