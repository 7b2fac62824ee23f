import {patient} from "./patience";
import {registry} from "@web/core/registry";

registry.category("web_tour.tours").add("whatsapp_clinic_answer_in_the_thread", {
  steps: () =>
    patient([
      {
        content: "The counter says that somebody waits, and leads there",
        trigger: ".o_whatsapp_clinic_unanswered button:has(.badge:contains(2))",
        run: "click",
      },
      {
        trigger: ".o_list_view .o_data_row:contains(Second) .badge",
      },
      {
        trigger:
          ".o_menu_sections a:contains(Patients), .o_menu_sections button:contains(Patients)",
        run: "click",
      },
      {
        trigger: ".o-dropdown--menu .dropdown-item:contains(Patients)",
        run: "click",
      },
      {
        trigger:
          ".o_list_view .o_data_row:contains(Nesrin):has(td[name=phone]) td[name=name]",
        run: "click",
      },
      {
        trigger: "button[name=action_open_whatsapp_messages]",
        run: "click",
      },
      {
        content: "The oldest message is first",
        trigger: ".o_kanban_record:contains(First) ~ .o_kanban_record:contains(Second)",
      },
      {
        content: "The latest message is in view, above the box to answer in",
        trigger: ".o_kanban_record:contains(Second)",
        run() {
          const box = document.querySelector(".o_whatsapp_clinic_answer");
          const {top, bottom} = this.anchor.getBoundingClientRect();
          const limit = box.getBoundingClientRect().top;
          if (top < 0 || bottom > limit + 1) {
            throw new Error(
              `The message ends at ${bottom}, the box begins at ${limit}`
            );
          }
        },
      },
      {
        trigger: ".o_whatsapp_clinic_answer textarea",
        run: "edit See you on Friday KUMQUAT",
      },
      {
        trigger: ".o_whatsapp_clinic_answer button:contains(Send):enabled",
        run: "click",
      },
      {
        trigger: ".o_notification:contains(Queued: 1)",
      },
      {
        content: "The answer stands below, and nobody waits any more",
        trigger:
          ".o_kanban_record:contains(Second) ~ .o_kanban_record:contains(See you on Friday)",
      },
      {
        trigger: ".o_whatsapp_clinic_unanswered:not(:has(.badge))",
      },
    ]),
});
