import {Component, onWillStart, onWillUpdateProps, useRef, useState} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {useHotkey} from "@web/core/hotkeys/hotkey_hook";
import {useService} from "@web/core/utils/hooks";

const REPLY = "whatsapp.clinic.message.reply";
const BY_HAND = {clinic_sent_by_hand: true};

/** A text to the patient of a conversation; a file, a place or a template by a dialog. */
export class AnswerBox extends Component {
  static template = "whatsapp_clinic.AnswerBox";
  static props = {
    ids: {type: Array, element: Number},
    about: {optional: true},
    onSent: Function,
  };

  setup() {
    this.orm = useService("orm");
    this.action = useService("action");
    this.boxRef = useRef("box");
    this.state = useState({
      objection: "",
      messageId: false,
      text: "",
      isSending: false,
    });
    onWillStart(() => this.ask(this.props.ids));
    onWillUpdateProps(({ids}) => {
      if (String(ids) !== String(this.props.ids)) {
        return this.ask(ids);
      }
    });
    useHotkey("control+enter", () => this.send(), {
      area: () => this.boxRef.el,
      bypassEditableProtection: true,
    });
  }

  async ask(ids) {
    const box = await this.orm.call("whatsapp.clinic.message", "answer_box", [ids]);
    Object.assign(this.state, {objection: box.objection, messageId: box.message_id});
  }

  get canSend() {
    const {objection, text, isSending} = this.state;
    return !objection && !isSending && text.trim();
  }

  async send() {
    if (!this.canSend) {
      return;
    }
    this.state.isSending = true;
    try {
      const [id] = await this.orm.create(REPLY, [
        {message_id: this.state.messageId, body: this.state.text},
      ]);
      const told = await this.orm.call(REPLY, "action_send", [[id]], {
        context: BY_HAND,
      });
      this.state.text = "";
      await this.action.doAction(told);
    } finally {
      this.state.isSending = false;
    }
    await this.props.onSent();
  }

  attach() {
    return this.open(_t("Send a File or a Place"), REPLY, {
      default_message_id: this.state.messageId,
      default_content: "file",
    });
  }

  useTemplate() {
    const [model, id] = this.props.about;
    return this.open(_t("Send WhatsApp Message"), "whatsapp.clinic.composer", {
      active_model: model,
      active_ids: [id],
    });
  }

  open(name, model, context) {
    return this.action.doAction(
      {
        type: "ir.actions.act_window",
        name,
        res_model: model,
        views: [[false, "form"]],
        target: "new",
        context,
      },
      {onClose: () => this.props.onSent()}
    );
  }
}
