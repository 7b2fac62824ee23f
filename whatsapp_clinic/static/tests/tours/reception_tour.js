import {patient} from "./patience";
import {registry} from "@web/core/registry";

const many2one = (name, text) => [
  {
    trigger: `.modal .o_field_widget[name=${name}] input`,
    run: `edit ${text}`,
  },
  {
    trigger: `.modal .o_field_widget[name=${name}] .o-autocomplete--dropdown-item:contains(${text})`,
    run: "click",
  },
];

registry.category("web_tour.tours").add("whatsapp_clinic_book_from_calendar", {
  steps: () =>
    patient([
      {
        content: "Next week, so that the reminder lies ahead",
        trigger: ".o_calendar_button_next",
        run: "click",
      },
      {
        trigger: ".o_calendar_renderer:not(:has(.fc-day-today))",
      },
      {
        trigger: ".fc-timegrid-slot-lane[data-time='10:00:00']",
        run: "click",
      },
      ...many2one("partner_id", "Nesrin"),
      {
        content: "Reception sees at once that the patient has not agreed",
        trigger: ".modal .o_field_widget[name=can_be_written_to]:contains(No consent)",
      },
      ...many2one("type_id", "Check-up"),
      ...many2one("practitioner_id", "Dr. Demir"),
      {
        trigger: ".modal .o_form_button_save",
        run: "click",
      },
      {
        trigger: ".fc-event:contains(Nesrin)",
        run: "click",
      },
      {
        trigger: ".o_cw_popover .o_cw_popover_edit",
        run: "click",
      },
      {
        content: "Why no reminder is planned",
        trigger:
          ".modal .o_form_view:contains(The patient has not agreed to these messages)",
      },
    ]),
});

registry.category("web_tour.tours").add("whatsapp_clinic_book_somebody_new", {
  steps: () =>
    patient([
      {trigger: ".o_calendar_button_next", run: "click"},
      {trigger: ".o_calendar_renderer:not(:has(.fc-day-today))"},
      {trigger: ".fc-timegrid-slot-lane[data-time='10:00:00']", run: "click"},
      {
        trigger: ".modal .o_field_widget[name=partner_id] input",
        run: "edit Fatma KUMQUAT",
      },
      {
        trigger:
          ".modal .o_field_widget[name=partner_id] .o_m2o_dropdown_option_create_edit",
        run: "click",
      },
      {
        trigger: ".modal .o_field_widget[name=phone] input",
        run: "edit 0532 999 88 77",
      },
      {
        content: "Consent is noted where the patient is entered",
        trigger: ".modal .o_field_widget[name=clinic_first_consent] input",
        run: "click",
      },
      {
        trigger: ".o_select_menu_item:contains(Agrees: said to staff)",
        run: "click",
      },
      {
        trigger: ".modal .o_field_widget[name=clinic_first_words] input",
        run: "edit Please remind me",
      },
      {
        trigger:
          ".modal:has(.o_field_widget[name=clinic_first_words]) .o_form_button_save",
        run: "click",
      },
      {
        content: "The booking shows that messages may be sent",
        trigger:
          ".modal .o_field_widget[name=can_be_written_to]:contains(May be written to)",
      },
      ...many2one("type_id", "Check-up"),
      ...many2one("practitioner_id", "Dr. Demir"),
      {trigger: ".modal .o_form_button_save", run: "click"},
      {trigger: "body:not(:has(.modal)) .fc-event:contains(Fatma)"},
    ]),
});

registry.category("web_tour.tours").add("whatsapp_clinic_book_the_same_person", {
  steps: () =>
    patient([
      {trigger: ".o_calendar_button_next", run: "click"},
      {trigger: ".o_calendar_renderer:not(:has(.fc-day-today))"},
      {trigger: ".fc-timegrid-slot-lane[data-time='10:00:00']", run: "click"},
      {
        trigger: ".modal .o_field_widget[name=partner_id] input",
        run: "edit Nesrin K.",
      },
      {
        trigger:
          ".modal .o_field_widget[name=partner_id] .o_m2o_dropdown_option_create_edit",
        run: "click",
      },
      {
        trigger: ".modal .o_field_widget[name=phone] input",
        run: "edit 0532 111 00 02",
      },
      {trigger: ".modal .o_field_widget[name=clinic_birthdate] input", run: "click"},
      {
        content: "Nobody is entered twice",
        trigger:
          ".o_whatsapp_clinic_same_number div:has(> span:contains(Nesrin)) button:contains(Same Person)",
        run: "click",
      },
      {
        trigger: ".modal .o_field_widget[name=partner_id] input:value(/^Nesrin/)",
      },
      ...many2one("type_id", "Check-up"),
      ...many2one("practitioner_id", "Dr. Demir"),
      {trigger: ".modal .o_form_button_save", run: "click"},
      {trigger: "body:not(:has(.modal)) .fc-event:contains(Nesrin)"},
    ]),
});

registry.category("web_tour.tours").add("whatsapp_clinic_nothing_to_book_with", {
  steps: () =>
    patient([
      {trigger: ".o_whatsapp_clinic_no_visits:contains(add the branch)"},
      {trigger: ".fc-timegrid-slot-lane[data-time='10:00:00']", run: "click"},
      {
        content: "A form without a choice is not opened",
        trigger:
          "body:not(:has(.modal)) .o_notification button:contains(Add the Branch)",
        run: "click",
      },
      {trigger: ".o_breadcrumb:contains(Branches)"},
    ]),
});

registry.category("web_tour.tours").add("whatsapp_clinic_withdraw_consent", {
  steps: () =>
    patient([
      {
        trigger: ".o_kanban_record:contains(Nesrin)",
        run: "click",
      },
      {
        trigger: ".nav-link[name=whatsapp_clinic]",
        run: "click",
      },
      {
        trigger: "button:contains(Record Consent or Withdrawal)",
        run: "click",
      },
      {
        content: "Said on the telephone",
        trigger: ".modal .o_field_widget[name=method] label:contains(Said to staff)",
        run: "click",
      },
      {
        content: "Nothing is chosen beforehand",
        trigger: ".modal .o_data_row:first:not(:has(button[aria-pressed=true]))",
      },
      {
        content: "What was never given cannot be withdrawn",
        trigger:
          ".modal .o_data_row:contains(Advertising):not(:has(button:contains(Takes it back)))",
      },
      {
        content: "Advertising needs a signature, and it says so",
        trigger:
          ".modal .o_data_row:contains(Advertising):contains(only on paper):has(button:disabled:contains(Agrees))",
      },
      {
        content: "The first click counts",
        trigger: ".modal .o_data_row button:contains(Takes it back)",
        run: "click",
      },
      {
        content: "So does the first click of another row",
        trigger:
          ".modal .o_data_row:contains(Advertising) button:contains(Does not agree)",
        run: "click",
      },
      {
        trigger:
          ".modal:has(button[aria-pressed=true]:contains(Takes it back)) button[name=action_record]",
        run: "click",
      },
      {
        content: "What was recorded is said",
        trigger:
          ".o_notification:contains(Recorded):contains(Takes it back):contains(Does not agree)",
      },
      {
        trigger:
          "body:not(:has(.modal)) .o_field_widget[name=whatsapp_consent_state]:contains(Withdrawn)",
      },
    ]),
});

registry.category("web_tour.tours").add("whatsapp_clinic_why_cannot_i_write", {
  steps: () =>
    patient([
      {
        trigger: ".o_data_row:contains(Nesrin) .o_data_cell[name=name]",
        run: "click",
      },
      {
        trigger: ".nav-link[name=whatsapp_clinic]",
        run: "click",
      },
      {
        trigger:
          ".o_field_widget[name=whatsapp_objection]:contains(no WhatsApp number)",
      },
      {
        trigger: "button[name=action_fix_objection]:contains(Enter Phone Number)",
        run: "click",
      },
      {
        trigger: ".modal .o_field_widget[name=phone] input",
        run: "edit +905321110002",
      },
      {
        trigger: ".modal button[special=save]",
        run: "click",
      },
      {
        content: "The next obstacle, with the button that fixes it",
        trigger:
          "body:not(:has(.modal)) .o_field_widget[name=whatsapp_objection]:contains(has not agreed)",
      },
      {
        trigger: "button[name=action_fix_objection]:contains(Ask for Consent)",
        run: "click",
      },
      {
        trigger: ".modal .modal-title:contains(Ask for Consent)",
      },
    ]),
});
