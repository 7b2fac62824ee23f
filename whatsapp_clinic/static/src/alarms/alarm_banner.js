import {Component, onWillStart, status} from "@odoo/owl";
import {KanbanController} from "@web/views/kanban/kanban_controller";
import {ListController} from "@web/views/list/list_controller";
import {deserializeDateTime, formatDateTime} from "@web/core/l10n/dates";
import {kanbanView} from "@web/views/kanban/kanban_view";
import {listView} from "@web/views/list/list_view";
import {registry} from "@web/core/registry";
import {user} from "@web/core/user";
import {useService} from "@web/core/utils/hooks";

const FIELDS = ["display_name", "advice", "since", "is_mendable"];

/** Tells managers what is wrong with the channels, since when, and what to do. */
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
    const isManager = await user.hasGroup("whatsapp_clinic.group_manager");
    // The view may have been left meanwhile; its services answer no more.
    if (isManager && status(this) !== "destroyed") {
      const open = [["closed_at", "=", false]];
      this.alarms = await this.orm.searchRead("whatsapp.clinic.alarm", open, FIELDS);
    }
  }

  since(alarm) {
    return formatDateTime(deserializeDateTime(alarm.since));
  }

  async mend(alarm) {
    const action = await this.orm.call("whatsapp.clinic.alarm", "action_mend", [
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
