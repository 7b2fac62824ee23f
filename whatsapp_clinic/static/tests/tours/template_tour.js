import {patient} from "./patience";
import {registry} from "@web/core/registry";

const BODY = ".o_field_widget[name=body_text] textarea";
const INSERT = ".o_field_widget[name=body_text] .o_whatsapp_clinic_insert_variable";

registry.category("web_tour.tours").add("whatsapp_clinic_write_a_template", {
  steps: () =>
    patient([
      {
        trigger: ".o_list_button_add",
        run: "click",
      },
      {
        trigger: ".o_field_widget[name=title] input",
        run: "edit From the tour",
      },
      {
        trigger: ".o_field_widget[name=language] input",
        run: "edit en",
      },
      {
        content: "The name at WhatsApp follows",
        trigger: ".o_field_widget[name=name] input:value(from_the_tour)",
      },
      {
        trigger: BODY,
        run: "edit *Hello* {{patient_name}}, see you soon at",
      },
      {
        content: "A variable is put in with a click, here at the end",
        trigger: INSERT,
        run: "click",
      },
      {
        trigger: ".o-dropdown-item:contains(Name of the branch)",
        run: "click",
      },
      {
        content: "More is typed behind it, or put in with the keyboard",
        trigger: `${BODY}:value(soon at {{clinic_name}}):focus`,
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

registry.category("web_tour.tours").add("whatsapp_clinic_change_a_template", {
  steps: () => [
    {
      trigger: ".o_form_view button[name=action_edit]",
      run: "click",
    },
    {
      content: "The change",
      trigger:
        ".o_form_view:has(button[name=action_submit]) .o_field_widget[name=footer_text] textarea",
      run: "edit Reply STOP to end",
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
      trigger: ".alert:contains(Change being submitted)",
    },
    {
      content: "It was taken: what it changed is shown",
      trigger: ".o_form_view:has(button[name=action_edit])",
    },
    {
      trigger: "body:not(:has(.o_notification))",
    },
  ],
});
