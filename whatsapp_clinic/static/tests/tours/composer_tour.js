import {patient} from "./patience";
import {registry} from "@web/core/registry";

const SEND = "Send WhatsApp Message";

const choose = (name, text) => [
  {
    trigger: `.modal .o_field_widget[name=${name}] input`,
    run: `edit ${text}`,
  },
  {
    trigger: `.modal .o_field_widget[name=${name}] .o-autocomplete--dropdown-item:contains(${text})`,
    run: "click",
  },
];

const choosePurpose = (text) => [
  {
    trigger: ".modal details:has([name=purpose_id]) summary",
    run: "click",
  },
  ...choose("purpose_id", text),
];

const throughTheActions = [
  {
    trigger: ".o_list_view .o_cp_action_menus .dropdown-toggle:contains(Actions)",
    run: "click",
  },
  {
    trigger: `.o-dropdown--menu .o-dropdown-item:contains(${SEND})`,
    run: "click",
  },
];

registry.category("web_tour.tours").add("whatsapp_clinic_write_to_one", {
  steps: () =>
    patient([
      {
        trigger: ".o_whatsapp_clinic_chatter_button",
        run: "click",
      },
      ...choose("template_id", "How are you"),
      {
        content: "The message as the first patient gets it",
        trigger: ".modal .o_whatsapp_clinic_bubble:contains(how are you?)",
      },
      ...choosePurpose("Appointment"),
      {
        trigger: ".modal .o_whatsapp_clinic_counts .badge:contains(1 will be sent)",
      },
      {
        trigger: ".modal button[name=action_send]",
        run: "click",
      },
      {
        trigger: ".o_notification:contains(Queued: 1):has(button:contains(Undo))",
      },
      {
        content: "It stands in the chatter, with its ticks to come",
        trigger:
          ".o-mail-Message:contains(Dear Nesrin) .o-mail-Message-notification:contains(WhatsApp)",
        run: "click",
      },
      {
        trigger: ".o-mail-MessageNotificationPopover:contains(Nesrin) [title=Queued]",
      },
      {
        trigger: ".o_notification button:contains(Undo)",
        run: "click",
      },
      {
        trigger: ".o_notification:contains(nothing was sent)",
      },
      {
        content: "What was written is there again",
        trigger: ".modal .o_whatsapp_clinic_bubble:contains(how are you?)",
      },
      {
        trigger:
          ".modal summary .o_field_widget[name=purpose_id]:contains(Appointment)",
      },
      {
        trigger: ".modal button[special=cancel]",
        run: "click",
      },
      {
        trigger: "body:not(:has(.modal)) .o-mail-Message:contains(Dear Nesrin)",
      },
    ]),
});

registry.category("web_tour.tours").add("whatsapp_clinic_write_to_many", {
  steps: () =>
    patient([
      {
        trigger: ".o_list_view thead .o_list_record_selector input",
        run: "click",
      },
      {
        trigger: ".o_list_view .o_select_domain",
        run: "click",
      },
      ...throughTheActions,
      ...choose("template_id", "How are you"),
      {
        content: "The message as the first patient gets it",
        trigger: ".modal .o_whatsapp_clinic_bubble:contains(how are you?)",
      },
      ...choosePurpose("Appointment"),
      {
        trigger: ".modal .o_whatsapp_clinic_counts .badge:contains(200 will be sent)",
      },
      {
        content: "Who will be refused, and why; the only reason is open",
        trigger:
          ".modal .o_whatsapp_clinic_outlook summary:contains(The patient has not agreed)",
      },
      {
        trigger: ".modal .o_whatsapp_clinic_outlook li:contains(Nobody)",
      },
      {
        trigger: ".modal button[name=action_send]",
        run: "click",
      },
      {
        content: "More than are written at once: the progress is shown",
        trigger: ".o_form_view .o_field_widget[name=progress]",
      },
      {
        trigger: ".o_form_view button[name=action_undo]",
      },
    ]),
});

registry.category("web_tour.tours").add("whatsapp_clinic_send_with_the_keys", {
  steps: () =>
    patient([
      {
        trigger: ".o_whatsapp_clinic_chatter_button",
        run: "click",
      },
      {
        content: "Nothing is written yet, and the keys throw nothing away",
        trigger: ".modal .o_field_widget[name=content] input[data-value=template]",
        run: "click",
      },
      {
        trigger:
          ".modal:has(button[name=action_send]:disabled) input[data-value=template]",
        run: "press Control+Enter",
      },
      {
        trigger: ".modal footer:contains(Choose a template)",
      },
      {
        trigger: ".modal .o_field_widget[name=content] input[data-value=text]",
        run: "click",
      },
      {
        trigger: ".modal .o_field_widget[name=body] textarea",
        run: "edit See you soon KUMQUAT",
      },
      {
        trigger: ".modal .o_field_widget[name=body] textarea",
        run: "press Control+Enter",
      },
      {
        trigger: ".o_notification:contains(Queued: 1)",
      },
      {
        trigger: "body:not(:has(.modal)) .o-mail-Message:contains(See you soon)",
      },
    ]),
});
