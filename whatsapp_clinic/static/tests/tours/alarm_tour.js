import {patient} from "./patience";
import {registry} from "@web/core/registry";

const ALARM = ".o_whatsapp_clinic_alarms .alert:contains(connection does not work)";
const UNSUBSCRIBED = ".o_form_view .o_data_row:contains(The app gets the)";

registry.category("web_tour.tours").add("whatsapp_clinic_fix_an_alarm", {
  steps: () =>
    patient([
      {
        content: "The banner above the messages says what is wrong and leads there",
        trigger: `${ALARM} button:contains(Open)`,
        run: "click",
      },
      {
        content: "The channel says the same",
        trigger: ".o_form_view .alert-danger:contains(connection does not work)",
      },
      {
        trigger: `${UNSUBSCRIBED}:contains(not subscribed) button[name=action_fix]`,
        run: "click",
      },
      {
        content: "One click fixed it",
        trigger: `${UNSUBSCRIBED}:contains(Fine)`,
      },
      {
        trigger: ".o_breadcrumb .o_back_button, .breadcrumb-item a",
        run: "click",
      },
      {
        content: "The banner went",
        trigger: ".o_list_view:not(:has(.o_whatsapp_clinic_alarms))",
      },
    ]),
});
