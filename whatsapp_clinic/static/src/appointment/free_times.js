import {Component} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {deserializeDateTime} from "@web/core/l10n/dates";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";

/** Free times of a visit that is being written, one tap each. */
export class FreeTimes extends Component {
  static template = "whatsapp_clinic.FreeTimes";
  static props = {...standardFieldProps};

  get value() {
    return this.props.record.data[this.props.name] || {times: [], told: ""};
  }

  isChosen(time) {
    const {start, practitioner_id: practitioner} = this.props.record.data;
    const isTime = start && start.equals(deserializeDateTime(time.start));
    return Boolean(isTime) && practitioner.id === time.practitioner[0];
  }

  /** The name of who is free is told where nobody was chosen. */
  label(time) {
    const isKnown = this.props.record.data.practitioner_id;
    return isKnown ? time.told : `${time.told} · ${time.practitioner[1]}`;
  }

  async choose(time) {
    const [id, name] = time.practitioner;
    await this.props.record.update({
      start: deserializeDateTime(time.start),
      practitioner_id: {id, display_name: name},
    });
  }
}

registry.category("fields").add("whatsapp_clinic_free_times", {
  component: FreeTimes,
  displayName: _t("Free Times"),
  supportedTypes: ["json"],
  isEmpty: () => false,
});
