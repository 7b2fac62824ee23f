import {patient} from "./patience";
import {registry} from "@web/core/registry";

const enter = (name, text) => ({
  trigger: `.modal .o_field_widget[name=${name}] input`,
  run: `edit ${text}`,
});

registry.category("web_tour.tours").add("whatsapp_clinic_connect_a_channel", {
  steps: () =>
    patient([
      {
        trigger: ".o_control_panel button:contains(Connect a Number)",
        run: "click",
      },
      enter("name", "Clinic"),
      enter("app_id", "610000000000001"),
      enter("app_secret", "sandbox-app-secret"),
      enter("access_token", "sandbox-access-token"),
      {
        trigger: ".modal button[name=action_find]:contains(Find the Numbers)",
        run: "click",
      },
      {
        content: "The numbers of the account are found",
        trigger: ".modal .o_data_row:contains(0001) button[name=action_connect]",
        run: "click",
      },
      {
        content: "What Meta needs can be copied",
        trigger:
          ".modal .o_field_widget[name=webhook_url]:contains(/whatsapp_clinic/webhook) .o_clipboard_button",
      },
      {
        trigger: ".modal .o_field_widget[name=verify_token] .o_clipboard_button",
      },
      {
        trigger: ".modal button[name=action_set_webhook]",
        run: "click",
      },
      {
        content: "Nine lines are green; a patient has to write first",
        trigger:
          ".o_form_view .o_data_row:contains(A message has arrived):contains(Write a message to)",
      },
      {
        trigger: ".o_form_view .o_data_row:contains(The webhooks come):contains(Fine)",
      },
      {
        trigger: ".o_form_view .o_data_row:contains(The app gets the):contains(Fine)",
      },
    ]),
});
