import {ConfirmationDialog} from "@web/core/confirmation_dialog/confirmation_dialog";
import {FormController} from "@web/views/form/form_controller";
import {_t} from "@web/core/l10n/translation";
import {formView} from "@web/views/form/form_view";
import {registry} from "@web/core/registry";
import {useService} from "@web/core/utils/hooks";

/** A form in a dialog that asks before Escape or its cross loses what was typed. */
export class WritingFormController extends FormController {
  setup() {
    super.setup();
    this.dialogs = useService("dialog");
    if (this.env.dialogData) {
      this.env.dialogData.dismiss = () => this.askToDiscard();
    }
  }

  /** Resolves once the dialog may close; never where somebody goes on writing. */
  async askToDiscard() {
    if (await this.model.root.isDirty()) {
      await new Promise((discard) => {
        this.dialogs.add(ConfirmationDialog, {
          title: _t("Discard what you wrote?"),
          body: _t("It has not been sent."),
          confirm: () => discard(),
          confirmLabel: _t("Discard"),
          cancel: () => null,
          cancelLabel: _t("Keep Writing"),
        });
      });
    }
  }
}

registry.category("views").add("whatsapp_clinic_writing_form", {
  ...formView,
  Controller: WritingFormController,
});
