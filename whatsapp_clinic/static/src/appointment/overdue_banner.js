import {AlarmKanbanController, AlarmListController} from "../alarms/alarm_banner";
import {Component, onWillStart, onWillUpdateProps, status} from "@odoo/owl";
import {FirstStepsBanner} from "../first_steps/first_steps_banner";
import {kanbanView} from "@web/views/kanban/kanban_view";
import {listView} from "@web/views/list/list_view";
import {registry} from "@web/core/registry";
import {useService} from "@web/core/utils/hooks";

const {DateTime} = luxon;
// As long as the desk may still be busy with the patient.
const HOURS = 1;

function overdueDomain() {
  const before = DateTime.utc().minus({hours: HOURS}).toFormat("yyyy-MM-dd HH:mm:ss");
  return [
    ["state", "=", "booked"],
    ["stop", "<", before],
  ];
}

/** Asks what became of visits that are over and still booked. */
export class OverdueBanner extends Component {
  static template = "whatsapp_clinic.OverdueBanner";
  // The list that is shown: another one is loaded when something was done.
  static props = ["root"];

  setup() {
    this.orm = useService("orm");
    this.count = 0;
    onWillStart(() => this.load());
    onWillUpdateProps(() => this.load());
  }

  async load() {
    const count = await this.orm.searchCount(
      "whatsapp.clinic.appointment",
      overdueDomain(),
      {limit: 1000}
    );
    if (status(this) !== "destroyed") {
      this.count = count;
    }
  }

  show() {
    const {searchModel} = this.env;
    const items = Object.values(searchModel.searchItems);
    searchModel.clearQuery();
    searchModel.toggleSearchItem(items.find(({name}) => name === "over").id);
  }
}

class AppointmentListController extends AlarmListController {
  static template = "whatsapp_clinic.AppointmentListView";
  static components = {
    ...AlarmListController.components,
    FirstStepsBanner,
    OverdueBanner,
  };
}

class AppointmentKanbanController extends AlarmKanbanController {
  static template = "whatsapp_clinic.AppointmentKanbanView";
  static components = {
    ...AlarmKanbanController.components,
    FirstStepsBanner,
    OverdueBanner,
  };
}

registry.category("views").add("whatsapp_clinic_appointment_list", {
  ...listView,
  Controller: AppointmentListController,
});
registry.category("views").add("whatsapp_clinic_appointment_kanban", {
  ...kanbanView,
  Controller: AppointmentKanbanController,
});
