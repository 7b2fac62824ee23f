import {patient} from "./patience";
import {registry} from "@web/core/registry";

const BODY = ".o_field_widget[name=body_text] textarea";

registry.category("web_tour.tours").add("whatsapp_clinic_write_a_template", {
  steps: () =>
    patient([
      {
        trigger: ".o_list_button_add",
        run: "click",
      },
      {
        trigger: ".o_field_widget[name=name] input",
        run: "edit from_the_tour",
      },
      {
        trigger: ".o_field_widget[name=language] input",
        run: "edit en",
      },
      {
        content: "A variable at the end",
        trigger: BODY,
        run: "edit *Hello* {{patient_name}}, see you soon at {{clinic_name}}",
      },
      {
        content: "What WhatsApp would refuse is told beside it, with the text",
        trigger:
          ".o_field_widget[name=problems]:contains({{clinic_name}}):contains(No variable can end the text)",
      },
      {
        content: "The bubble follows what is typed",
        trigger: ".o_whatsapp_clinic_bubble b:contains(Hello)",
      },
      {
        content: "It keeps the lines",
        trigger: ".o_whatsapp_clinic_bubble .o_body",
        run({anchor}) {
          if (getComputedStyle(anchor).whiteSpace !== "pre-wrap") {
            throw new Error("The lines of the text run together");
          }
        },
      },
      {
        trigger: BODY,
        run: "edit *Hello* {{patient_name}}, see you soon at {{clinic_name}}, we look forward to it.",
      },
      {
        trigger:
          ".o_form_view:not(:has(.o_field_widget[name=problems] span:contains(No variable)))",
      },
      {
        content: "The variables are listed",
        trigger: ".o_field_widget[name=variable_ids] .o_data_row:contains(clinic_name)",
      },
      {
        trigger: ".nav-link[name=buttons]",
        run: "click",
      },
      {
        trigger: ".o_field_widget[name=button_ids] .o_field_x2many_list_row_add a",
        run: "click",
      },
      {
        trigger: ".o_field_widget[name=button_ids] .o_data_row [name=text] input",
        run: "edit Confirm",
      },
      {
        content: "Leave the row",
        trigger: ".o_field_widget[name=footer_text] textarea",
        run: "edit Reply STOP to end",
      },
      {
        trigger: ".o_whatsapp_clinic_chat .o_button:contains(Confirm)",
      },
      {
        trigger: ".o_form_button_save",
        run: "click",
      },
      {
        trigger: "button[name=action_submit]",
        run: "click",
      },
      {
        trigger: ".alert:contains(Being submitted)",
      },
    ]),
});
