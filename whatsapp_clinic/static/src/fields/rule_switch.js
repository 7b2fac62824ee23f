import {
  BooleanToggleField,
  booleanToggleField,
} from "@web/views/fields/boolean_toggle/boolean_toggle_field";
import {ConfirmationDialog} from "@web/core/confirmation_dialog/confirmation_dialog";
import {FormController} from "@web/views/form/form_controller";
import {ListController} from "@web/views/list/list_controller";
import {_t} from "@web/core/l10n/translation";
import {formView} from "@web/views/form/form_view";
import {listView} from "@web/views/list/list_view";
import {registry} from "@web/core/registry";
import {useService} from "@web/core/utils/hooks";

const RULE = "whatsapp.clinic.message.rule";

/** Switches a rule after saying what becomes of its messages, and offers an Undo. */
export class RuleSwitchField extends BooleanToggleField {
  setup() {
    super.setup();
    this.orm = useService("orm");
    this.dialogs = useService("dialog");
    this.notification = useService("notification");
  }

  async onChange(value) {
    const {record} = this.props;
    if (!record.resId) {
      return super.onChange(value);
    }
    const outlook = await this.orm.call(RULE, "outlook_of_switch", [
      [record.resId],
      value,
    ]);
    this.state.value = value;
    this.dialogs.add(ConfirmationDialog, {
      title: value ? _t("Switch this rule on?") : _t("Switch this rule off?"),
      body: outlook,
      confirm: () => this.switchTo(value),
      confirmLabel: value ? _t("Switch On") : _t("Switch Off"),
      cancel: () => {
        this.state.value = !value;
      },
    });
  }

  async switchTo(value) {
    await super.onChange(value);
    const close = this.notification.add(
      value ? _t("The rule is on.") : _t("The rule is off."),
      {
        type: "success",
        buttons: [
          {
            name: _t("Undo"),
            primary: true,
            onClick: async () => {
              close();
              await super.onChange(!value);
            },
          },
        ],
      }
    );
  }
}

/** The form and list of what is switched: nothing is archived past the question. */
class SwitchedFormController extends FormController {
  get archiveEnabled() {
    return false;
  }
}

class SwitchedListController extends ListController {
  setup() {
    super.setup();
    this.archiveEnabled = false;
  }
}

registry.category("views").add("whatsapp_clinic_switched_form", {
  ...formView,
  Controller: SwitchedFormController,
});
registry.category("views").add("whatsapp_clinic_switched_list", {
  ...listView,
  Controller: SwitchedListController,
});
registry.category("fields").add("whatsapp_clinic_rule_switch", {
  ...booleanToggleField,
  component: RuleSwitchField,
  displayName: _t("WhatsApp Rule On or Off"),
});
