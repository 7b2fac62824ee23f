import {Component, useState, useSubEnv} from "@odoo/owl";
import {FormController} from "@web/views/form/form_controller";
import {_t} from "@web/core/l10n/translation";
import {formView} from "@web/views/form/form_view";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";

/** A dialog for somebody new that can also end with somebody who is known. */
export class NewPatientController extends FormController {
  setup() {
    super.setup();
    const {saveRecord} = this.props;
    // Whoever opened the dialog gets the patient as if they had been saved in it.
    const take = (resId, data) => saveRecord({resId, data, save: async () => true});
    useSubEnv({takePatient: saveRecord && take});
  }
}

/** Who has this number already: the same person, or somebody who shares the phone. */
export class SameNumberField extends Component {
  static template = "whatsapp_clinic.SameNumber";
  static props = {...standardFieldProps};

  setup() {
    this.state = useState({isShared: false});
  }

  get others() {
    return this.props.record.data[this.props.name].records;
  }

  get canTake() {
    return Boolean(this.env.takePatient) && !this.props.record.resId;
  }

  take({resId, data}) {
    return this.env.takePatient(resId, {display_name: data.display_name});
  }
}

registry.category("views").add("whatsapp_clinic_new_patient", {
  ...formView,
  Controller: NewPatientController,
});
registry.category("fields").add("whatsapp_clinic_same_number", {
  component: SameNumberField,
  displayName: _t("Who Has This Number"),
  supportedTypes: ["many2many"],
  relatedFields: [{name: "display_name", type: "char"}],
});
