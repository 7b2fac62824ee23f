import {Component, onWillStart, onWillUnmount, useState} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {useDebounced} from "@web/core/utils/timing";
import {user} from "@web/core/user";
import {useService} from "@web/core/utils/hooks";

const EVENT = "whatsapp_clinic/unanswered";
// Milliseconds in which several messages are counted once.
const PAUSE = 1000;
// More are not counted.
const MANY = 99;
const DOMAIN = [["awaits_answer", "=", true]];

/** How many patients' messages wait for an answer, and a word when one comes. */
export class UnansweredMenu extends Component {
  static template = "whatsapp_clinic.UnansweredMenu";
  static props = {};

  setup() {
    this.orm = useService("orm");
    this.action = useService("action");
    this.notification = useService("notification");
    this.bus = useService("bus_service");
    this.state = useState({count: 0});
    const count = useDebounced(() => this.count(), PAUSE);
    const onChange = ({is_new: isNew}) => {
      count();
      this.env.bus.trigger("WHATSAPP_CLINIC:UNANSWERED");
      if (isNew && this.isReception) {
        this.tell();
      }
    };
    onWillStart(async () => {
      this.isReception = await user.hasGroup("whatsapp_clinic.group_receptionist");
      const role = "whatsapp_clinic.group_practitioner";
      this.answers = this.isReception || (await user.hasGroup(role));
      if (this.answers) {
        this.bus.subscribe(EVENT, onChange);
        await this.count();
      }
    });
    onWillUnmount(() => this.bus.unsubscribe(EVENT, onChange));
  }

  get label() {
    return this.state.count > MANY ? `${MANY}+` : this.state.count;
  }

  async count() {
    this.state.count = await this.orm.searchCount("whatsapp.clinic.message", DOMAIN, {
      limit: MANY + 1,
    });
  }

  /** One note at a time: what comes meanwhile is in the counter. */
  tell() {
    if (this.close) {
      return;
    }
    this.env.services["mail.sound_effects"]?.play("new-message");
    this.close = this.notification.add(_t("A patient wrote."), {
      type: "info",
      buttons: [{name: _t("Show"), onClick: () => this.show()}],
      onClose: () => {
        this.close = null;
      },
    });
  }

  show() {
    this.close?.();
    this.action.doAction("whatsapp_clinic.message_unanswered_action", {
      clearBreadcrumbs: true,
    });
  }
}

registry
  .category("systray")
  .add("whatsapp_clinic.unanswered", {Component: UnansweredMenu}, {sequence: 26});
