import {Component} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";
import {useService} from "@web/core/utils/hooks";

/** A button for each patient of a shared number: the message is about that one. */
export class WhoIsMeantField extends Component {
  static template = "whatsapp_clinic.WhoIsMeantField";
  static props = {...standardFieldProps};

  setup() {
    this.orm = useService("orm");
  }

  get patients() {
    const {data} = this.props.record;
    const {records} = data[this.props.name];
    return records.filter((patient) => patient.resId !== data.partner_id?.id);
  }

  async choose(patient) {
    const {record} = this.props;
    await this.orm.call(record.resModel, "action_choose_patient", [
      [record.resId],
      patient.resId,
    ]);
    await record.load();
  }
}

registry.category("fields").add("whatsapp_clinic_who_is_meant", {
  component: WhoIsMeantField,
  displayName: _t("Who Is Meant"),
  supportedTypes: ["many2many"],
  relatedFields: () => [{name: "display_name", type: "char"}],
});

/** A JSON value, for people who have to find out what it is. */
export class JsonField extends Component {
  static template = "whatsapp_clinic.JsonField";
  static props = {...standardFieldProps};

  get text() {
    return JSON.stringify(this.props.record.data[this.props.name], null, 2);
  }
}

registry.category("fields").add("whatsapp_clinic_json", {
  component: JsonField,
  displayName: _t("JSON"),
  supportedTypes: ["json"],
});
