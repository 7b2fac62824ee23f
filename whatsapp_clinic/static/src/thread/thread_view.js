import {onMounted, useEffect, useRef} from "@odoo/owl";
import {AnswerBox} from "./answer_box";
import {KanbanRenderer} from "@web/views/kanban/kanban_renderer";
import {kanbanView} from "@web/views/kanban/kanban_view";
import {registry} from "@web/core/registry";
import {useBus} from "@web/core/utils/hooks";
import {useChangedMessages} from "../fields/live_messages";
import {useDebounced} from "@web/core/utils/timing";

const {DateTime} = luxon;
const WAITING = ["draft", "queued", "held"];
// What leaves sooner was just sent, and stands where it will stand.
const SOON = {minutes: 2};
// Milliseconds in which several changes are loaded once.
const PAUSE = 500;

function isComing({data}) {
  return WAITING.includes(data.state) && data.due_at > DateTime.now().plus(SOON);
}

/** A conversation from its oldest message to the latest, with room to answer. */
export class ThreadRenderer extends KanbanRenderer {
  static template = "whatsapp_clinic.ThreadRenderer";
  static components = {...KanbanRenderer.components, AnswerBox};

  setup() {
    super.setup();
    this.endRef = useRef("end");
    const load = useDebounced(() => this.props.list.load(), PAUSE);
    useChangedMessages(load);
    useBus(this.env.bus, "WHATSAPP_CLINIC:UNANSWERED", load);
    // What stands last: the box to answer in is always in view, and scrolls nothing.
    // Without a value: browsers have begun to answer a promise.
    const showEnd = () => {
      this.endRef.el?.scrollIntoView({block: "end"});
    };
    onMounted(showEnd);
    useEffect(showEnd, () => [this.props.list.records.length]);
  }

  getGroupsOrRecords() {
    const all = super.getGroupsOrRecords();
    return this.props.list.isGrouped
      ? all
      : all.filter(({record}) => !isComing(record)).reverse();
  }

  get coming() {
    const {list} = this.props;
    return list.isGrouped ? [] : list.records.filter(isComing).reverse();
  }

  get ids() {
    return this.props.list.records.map(({resId}) => resId);
  }

  /** Whom a template is sent to, where the conversation is of one patient. */
  get about() {
    return this.props.list.context.thread_of;
  }

  when({data}) {
    return data.due_at.toLocaleString(DateTime.DATETIME_MED);
  }

  reload() {
    return this.props.list.load();
  }
}

registry.category("views").add("whatsapp_clinic_thread", {
  ...kanbanView,
  Renderer: ThreadRenderer,
});
