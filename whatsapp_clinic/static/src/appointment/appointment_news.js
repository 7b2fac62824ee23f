import {_t} from "@web/core/l10n/translation";

export const APPOINTMENT = "whatsapp.clinic.appointment";
const COMPOSER = "whatsapp_clinic.composer_of_appointment_action";

/** Opens a message about a visit. */
export function writeAbout(action, id) {
  const additionalContext = {
    active_model: APPOINTMENT,
    active_id: id,
    active_ids: [id],
  };
  return action.doAction(COMPOSER, {additionalContext});
}

/** Where and when a visit is, as `offerToTell` wants it back. */
export const placeOf = (orm, id) => orm.call(APPOINTMENT, "place", [[id]]);

/**
 * Asks whether the patient should hear of a move that was just made.
 *
 * @param {Object} services action, notification and orm
 * @param {Number} id of the appointment
 * @param {Object} before where it was, to undo the move
 * @param {Function} reload shows the appointment where it is
 */
export async function offerToTell(services, id, before, reload) {
  const {action, notification, orm} = services;
  const news = await orm.call(APPOINTMENT, "news_of_move", [[id], before]);
  if (!news) {
    return;
  }
  let close = () => {};
  const button = (name, method, primary = false) => ({
    name,
    primary,
    onClick: async () => {
      close();
      const next = method && (await orm.call(APPOINTMENT, method, [[id], before]));
      await (next && next.type ? action.doAction(next) : reload());
    },
  });
  const choices = news.can_ask
    ? [
        ...(news.can_tell ? [button(_t("Tell Now"), "action_tell_move", true)] : []),
        button(_t("I Will Call"), "action_call_about_move", !news.can_tell),
        button(_t("No")),
      ]
    : [];
  close = notification.add(news.message, {
    type: "info",
    sticky: news.can_ask,
    autocloseDelay: 15000,
    className: "o_whatsapp_clinic_news",
    buttons: [...choices, button(_t("Undo"), "action_undo_move")],
  });
}
