import {_t} from "@web/core/l10n/translation";
import {Failure} from "@mail/core/common/failure_model";
import {Message} from "@mail/core/common/message";
import {MessagingMenu} from "@mail/core/public_web/messaging_menu";
import {Notification} from "@mail/core/common/notification_model";
import {TICKS} from "../fields/message_fields";
import {patch} from "@web/core/utils/patch";

const isWhatsApp = ({notification_type: type}) => type === "whatsapp";

// As WhatsApp draws them; two ticks are one icon with a shadow of itself.
const ICONS = {
  sent: "fa fa-check",
  delivered: "fa fa-check o_whatsapp_clinic_two_ticks",
  read: "fa fa-check o_whatsapp_clinic_two_ticks o_state_read",
};

patch(Notification.prototype, {
  get failureMessage() {
    return (isWhatsApp(this) && this.whatsapp?.reason) || super.failureMessage;
  },
  get icon() {
    return isWhatsApp(this)
      ? `fa fa-whatsapp o_whatsapp_clinic_icon o_state_${this.whatsapp?.state}`
      : super.icon;
  },
  get label() {
    return isWhatsApp(this)
      ? `${_t("WhatsApp")} ${TICKS[this.whatsapp?.state] || ""}`
      : super.label;
  },
  get statusIcon() {
    return (isWhatsApp(this) && ICONS[this.whatsapp?.state]) || super.statusIcon;
  },
  get statusTitle() {
    const isRead = isWhatsApp(this) && this.whatsapp?.state === "read";
    return isRead ? _t("Read") : super.statusTitle;
  },
});

patch(Failure.prototype, {
  get iconSrc() {
    return this.type === "whatsapp"
      ? "/whatsapp_clinic/static/description/icon.svg"
      : super.iconSrc;
  },
  get body() {
    return this.type === "whatsapp"
      ? _t("A WhatsApp message could not be sent")
      : super.body;
  },
});

const messages = (domain) => ({
  type: "ir.actions.act_window",
  name: _t("WhatsApp Messages"),
  res_model: "whatsapp.clinic.message",
  views: [
    [false, "list"],
    [false, "form"],
  ],
  domain,
});

patch(MessagingMenu.prototype, {
  openFailureView(failure) {
    if (failure.type !== "whatsapp") {
      return super.openFailureView(failure);
    }
    const ids = failure.notifications.map((one) => one.whatsapp.id);
    this.env.services.action.doAction(messages([["id", "in", ids]]));
    this.dropdown.close();
  },
  getFailureNotificationName(failure) {
    return failure.type === "whatsapp"
      ? _t("WhatsApp Failure: %(modelName)s", {modelName: failure.modelName})
      : super.getFailureNotificationName(...arguments);
  },
});

patch(Message.prototype, {
  onClickNotification(ev) {
    const [failed] = this.message.failureNotifications;
    if (!failed || !isWhatsApp(failed)) {
      return super.onClickNotification(ev);
    }
    this.env.services.action.doAction({
      ...messages([["id", "=", failed.whatsapp.id]]),
      res_id: failed.whatsapp.id,
      views: [[false, "form"]],
    });
  },
});
