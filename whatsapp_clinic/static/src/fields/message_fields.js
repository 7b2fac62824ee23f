import {Component} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";

export const TICKS = {
  draft: "◷",
  queued: "◷",
  held: "◷",
  sending: "◷",
  sent: "✓",
  delivered: "✓✓",
  read: "✓✓",
  failed: "!",
  refused: "⊘",
  unknown: "?",
  cancelled: "⊘",
};

/** The state of a message as WhatsApp draws it: a clock, one tick, two, two in blue. */
export class TicksField extends Component {
  static template = "whatsapp_clinic.TicksField";
  static props = {...standardFieldProps};

  get state() {
    return this.props.record.data[this.props.name];
  }

  get label() {
    const {selection} = this.props.record.fields[this.props.name];
    return selection.find(([value]) => value === this.state)?.[1] || "";
  }

  get ticks() {
    return TICKS[this.state] || "";
  }
}

registry.category("fields").add("whatsapp_clinic_ticks", {
  component: TicksField,
  displayName: _t("WhatsApp Ticks"),
  supportedTypes: ["selection"],
});

/** What kind of message it is, with its icon. */
export class KindField extends Component {
  static template = "whatsapp_clinic.KindField";
  static props = {...standardFieldProps};

  get label() {
    return this.props.record.data[this.props.name];
  }

  get icon() {
    return this.props.record.data.kind_icon;
  }
}

registry.category("fields").add("whatsapp_clinic_kind", {
  component: KindField,
  displayName: _t("WhatsApp Kind of Message"),
  supportedTypes: ["char"],
  fieldDependencies: [{name: "kind_icon", type: "char"}],
});

/** An arrow to the patient or to the clinic. */
export class DirectionField extends Component {
  static template = "whatsapp_clinic.DirectionField";
  static props = {...standardFieldProps};

  get isIncoming() {
    return this.props.record.data[this.props.name] === "in";
  }

  get label() {
    return this.isIncoming ? _t("Incoming") : _t("Outgoing");
  }
}

registry.category("fields").add("whatsapp_clinic_direction", {
  component: DirectionField,
  displayName: _t("WhatsApp Direction"),
  supportedTypes: ["selection"],
});
