import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";

/** Says what became of what was sent, with an Undo for what still waits. */
function sent(env, {params}) {
  const {notification, orm, action} = env.services;
  const undo = {
    name: _t("Undo"),
    primary: true,
    onClick: async () => {
      close();
      action.doAction(
        await orm.call("whatsapp.clinic.sending", "action_undo", [[params.sending_id]])
      );
    },
  };
  const close = notification.add(params.message, {
    type: params.type,
    autocloseDelay: 8000,
    buttons: params.can_be_undone ? [undo] : [],
  });
  return {type: "ir.actions.act_window_close"};
}

registry.category("actions").add("whatsapp_clinic_sent", sent);
