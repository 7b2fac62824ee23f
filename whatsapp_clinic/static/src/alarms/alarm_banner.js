import {Component, onWillStart, status} from "@odoo/owl";
import {KanbanController} from "@web/views/kanban/kanban_controller";
import {ListController} from "@web/views/list/list_controller";
import {deserializeDateTime, formatDateTime} from "@web/core/l10n/dates";
import {kanbanView} from "@web/views/kanban/kanban_view";
import {listView} from "@web/views/list/list_view";
import {registry} from "@web/core/registry";
import {useService} from "@web/core/utils/hooks";

/** Tells managers what is wrong with the channels, and others what that means. */
export class AlarmBanner extends Component {
  static template = "whatsapp_clinic.AlarmBanner";
  static props = {};

  setup() {
    this.orm = useService("orm");
    this.action = useService("action");
    this.alarms = [];
    onWillStart(() => this.load());
  }

  async load() {
    const alarms = await this.orm.call("whatsapp.clinic.alarm", "banner", []);
    // The view may have been left meanwhile.
    if (status(this) !== "destroyed") {
      this.alarms = alarms;
    }
  }

  since(alarm) {
    return formatDateTime(deserializeDateTime(alarm.since));
  }

  async fix(alarm) {
    const action = await this.orm.call("whatsapp.clinic.alarm", "action_fix", [
      alarm.id,
    ]);
    this.action.doAction(action);
  }
}

export class AlarmListController extends ListController {
  static template = "whatsapp_clinic.AlarmListView";
  static components = {...ListController.components, AlarmBanner};
}

export class AlarmKanbanController extends KanbanController {
  static template = "whatsapp_clinic.AlarmKanbanView";
  static components = {...KanbanController.components, AlarmBanner};
}

registry.category("views").add("whatsapp_clinic_alarm_list", {
  ...listView,
  Controller: AlarmListController,
});
registry.category("views").add("whatsapp_clinic_alarm_kanban", {
  ...kanbanView,
  Controller: AlarmKanbanController,
});
