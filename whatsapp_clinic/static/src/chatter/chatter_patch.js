import {_t} from "@web/core/l10n/translation";
import {Chatter} from "@mail/chatter/web_portal/chatter";
import {patch} from "@web/core/utils/patch";

patch(Chatter.prototype, {
  async writeWhatsApp() {
    const {thread} = this.state;
    if (!(await this.props.saveRecord?.()) && !thread.id) {
      return;
    }
    await this.env.services.action.doAction(
      {
        type: "ir.actions.act_window",
        name: _t("Send WhatsApp Message"),
        res_model: "whatsapp.clinic.composer",
        views: [[false, "form"]],
        target: "new",
        context: {active_model: thread.model, active_ids: [thread.id]},
      },
      {
        onClose: () => {
          this.load(thread, ["messages"]);
          this.reloadParentView();
        },
      }
    );
  },
});
