import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";

/**
 * Says what became of what was sent, with an Undo for what still waits. Then opens what
 * comes next, if anything does, over a page that shows what was done.
 */
async function sent(env, {params}) {
  const {notification, orm, action} = env.services;
  const {message, type, seconds, undo, next} = params;
  const button = {
    name: _t("Undo"),
    primary: true,
    onClick: async () => {
      close();
      const next = await orm.call(undo.model, undo.method, [undo.ids]);
      action.doAction(next || "soft_reload");
    },
  };
  const close = notification.add(message, {
    type,
    autocloseDelay: seconds * 1000,
    buttons: undo ? [button] : [],
  });
  const closing = {type: "ir.actions.act_window_close"};
  if (!next) {
    return closing;
  }
  await action.doAction(closing);
  await action.doAction(next, {onClose: () => action.doAction("soft_reload")});
}

/** Says what an Undo stopped, and shows again what was written. */
async function stopped(env, {params}) {
  const {notification, action} = env.services;
  const {message, type, wizard} = params;
  const reload = () => action.doAction("soft_reload");
  notification.add(message, {type});
  await reload();
  if (wizard) {
    await action.doAction(
      {
        type: "ir.actions.act_window",
        name: _t("Send WhatsApp Message"),
        res_model: wizard.model,
        res_id: wizard.id,
        views: [[false, "form"]],
        target: "new",
      },
      {onClose: reload}
    );
  }
}

registry.category("actions").add("whatsapp_clinic_sent", sent);
registry.category("actions").add("whatsapp_clinic_stopped", stopped);
