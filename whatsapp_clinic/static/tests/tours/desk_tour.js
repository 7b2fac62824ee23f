import {patient} from "./patience";
import {registry} from "@web/core/registry";

const visit = (name) => `.fc-event:contains(${name})`;
const nextWeek = [
  {trigger: ".o_calendar_button_next", run: "click"},
  {trigger: ".o_calendar_renderer:not(:has(.fc-day-today))"},
];
const toDay = [
  {trigger: ".scale_button_selection", run: "click"},
  {trigger: ".o-dropdown--menu .o_scale_button_day", run: "click"},
];

/** Drags an event by some pixels, with the mouse events that FullCalendar looks for. */
async function drag(element, x, y) {
  const box = element.getBoundingClientRect();
  const from = {x: box.x + 20, y: box.y + 8};
  const fire = (target, type, at) =>
    target.dispatchEvent(
      new MouseEvent(type, {
        bubbles: true,
        cancelable: true,
        view: window,
        button: 0,
        clientX: at.x,
        clientY: at.y,
        pageX: at.x,
        pageY: at.y,
      })
    );
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  fire(element, "mousedown", from);
  for (const part of [0.2, 0.4, 0.6, 0.8, 1]) {
    fire(document, "mousemove", {x: from.x + x * part, y: from.y + y * part});
    await frame();
  }
  fire(document, "mouseup", {x: from.x + x, y: from.y + y});
}

/** Drags a visit to where another one is. */
const dragOnto = (name, other) => ({
  trigger: visit(name),
  run: async ({anchor}) => {
    const target = [...document.querySelectorAll(".fc-event")].find((one) =>
      one.textContent.includes(other)
    );
    const from = anchor.getBoundingClientRect();
    const to = target.getBoundingClientRect();
    await drag(anchor, to.x - from.x, to.y - from.y);
  },
});

registry.category("web_tour.tours").add("whatsapp_clinic_move_a_visit", {
  steps: () =>
    patient([
      ...nextWeek,
      {content: "Nobody has answered yet", trigger: visit("? Nesrin")},
      dragOnto("Nesrin", "Other"),
      {
        content: "Why the time is taken, and when there is room",
        trigger: ".modal:contains(Dr. Demir has another appointment until)",
      },
      {trigger: ".modal .btn-primary:contains(Close)", run: "click"},
      {
        content: "It is drawn where it is",
        trigger: `body:not(:has(.modal)) ${visit("Nesrin")}:contains(10:00)`,
        run: async ({anchor}) => drag(anchor, 0, 200),
      },
      {trigger: ".o_whatsapp_clinic_news:contains(Tell Nesrin)"},
      {trigger: `${visit("Nesrin")}:not(:contains(10:00))`},
      {
        trigger: ".o_whatsapp_clinic_news button:contains(Undo)",
        run: "click",
      },
      {trigger: `${visit("Nesrin")}:contains(10:00)`},
    ]),
});

registry.category("web_tour.tours").add("whatsapp_clinic_day_of_practitioners", {
  steps: () =>
    patient([
      ...nextWeek,
      ...toDay,
      {
        content: "Each has a column",
        trigger: ".o_whatsapp_clinic_practitioner:contains(Dr. Demir)",
      },
      {trigger: ".o_whatsapp_clinic_practitioner:contains(Dr. Zeki)"},
      {
        content: "Another practitioner takes the visit over",
        trigger: `${visit("Nesrin")}`,
        run: async ({anchor}) => {
          const columns = document.querySelectorAll(".fc-timegrid-col[data-date]");
          const {width} = columns[0].getBoundingClientRect();
          await drag(anchor, width, 0);
        },
      },
      {
        content: "The new time is told by a message that is proposed",
        trigger: ".o_whatsapp_clinic_news button:contains(Tell Now)",
        run: "click",
      },
      {trigger: ".modal .o_field_widget[name=recipient_name]:contains(Nesrin)"},
      {
        trigger:
          ".modal .o_field_widget[name=template_id] input:value(Appointment moved)",
      },
      {trigger: ".modal button[special=cancel]", run: "click"},
      {
        content: "Only one practitioner is shown: a new visit is with them",
        trigger:
          "body:not(:has(.modal)) .o_calendar_filter[data-name=practitioner_id] .o_calendar_filter_item:contains(Dr. Demir) input",
        run: "click",
      },
      {
        trigger:
          ".o_calendar_renderer:not(:has(.o_whatsapp_clinic_practitioner:contains(Dr. Demir)))",
      },
      {trigger: ".fc-timegrid-slot-lane[data-time='13:00:00']", run: "click"},
      {trigger: ".modal .o_field_widget[name=practitioner_id] input:value(Dr. Zeki)"},
      {trigger: ".modal .o_form_button_cancel", run: "click"},
      {trigger: "body:not(:has(.modal))"},
    ]),
});

registry.category("web_tour.tours").add("whatsapp_clinic_cancel_a_visit", {
  steps: () =>
    patient([
      ...nextWeek,
      {trigger: visit("Nesrin"), run: "click"},
      {
        content: "Phone and time are known without opening the visit",
        trigger: ".o_cw_popover:contains(+90):contains(10:00)",
      },
      {trigger: ".o_cw_popover .o_cw_popover_edit", run: "click"},
      {trigger: ".modal button[name=action_ask_to_cancel]", run: "click"},
      {
        trigger: ".modal .o_field_widget[name=cancelled_by] label:contains(The clinic)",
        run: "click",
      },
      {trigger: ".modal .modal-footer button[name=action_cancel]", run: "click"},
      {trigger: ".o_notification:contains(cancelled) button:contains(Undo)"},
      {trigger: ".modal .btn-close", run: "click"},
      {
        content: "What is cancelled is struck through",
        trigger: `body:not(:has(.modal)) .o_event_striked:contains(Nesrin)`,
      },
    ]),
});

registry.category("web_tour.tours").add("whatsapp_clinic_cancel_and_tell", {
  steps: () =>
    patient([
      {trigger: "button[name=action_ask_to_cancel]", run: "click"},
      {
        trigger: ".modal .btn-primary[name=action_cancel_and_tell]",
        run: "click",
      },
      {
        content: "Nothing is cancelled before the message about it is sent",
        trigger:
          ".modal .o_field_widget[name=template_id] input:value(Appointment cancelled)",
      },
      {trigger: ".o_action_manager .o_arrow_button_current:not(:contains(Cancelled))"},
      {trigger: ".modal .o_field_widget[name=also_over] input", run: "click"},
      {
        content: "Escape asks before it loses what was changed",
        trigger: ".modal .o_field_widget[name=also_over] input:not(:checked)",
        run: "press Escape",
      },
      {
        trigger: ".modal:contains(Discard what) button:contains(Keep Writing)",
        run: "click",
      },
      {
        trigger:
          ".modal:not(:contains(Discard what)) .o_field_widget[name=also_over] input",
        run: "click",
      },
      {trigger: ".modal button[name=action_send]", run: "click"},
      {trigger: ".o_notification:contains(Queued: 1)"},
      {trigger: ".o_action_manager .o_arrow_button_current:contains(Cancelled)"},
      {
        content: "What was written stands in the tab at once",
        trigger:
          "body:not(:has(.modal)) .o_field_widget[name=whatsapp_message_ids] .o_kanban_record:contains(Queued)",
      },
    ]),
});

registry.category("web_tour.tours").add("whatsapp_clinic_cancel_without_telling", {
  steps: () =>
    patient([
      {trigger: "button[name=action_ask_to_cancel]", run: "click"},
      {
        trigger:
          ".modal:contains(gets no message):not(:has([name=action_cancel_and_tell])) .btn-primary[name=action_cancel]",
        run: "click",
      },
      {
        trigger: "body:not(:has(.modal)) .o_arrow_button_current:contains(Cancelled)",
      },
    ]),
});

registry.category("web_tour.tours").add("whatsapp_clinic_small_day", {
  steps: () =>
    patient([
      {
        content: "Columns without visits are left out",
        trigger: ".o_kanban_group:visible:contains(Arrived) .o_kanban_record",
        run: () => {
          const shown = [...document.querySelectorAll(".o_kanban_group")].filter(
            (group) => group.offsetParent
          );
          if (shown.length !== 1) {
            throw new Error(`${shown.length} columns are shown`);
          }
        },
      },
    ]),
});

registry.category("web_tour.tours").add("whatsapp_clinic_small_planned", {
  steps: () =>
    patient([
      {
        content: "The text, and why it does not leave",
        trigger: ".o_kanban_record:contains(Nesrin):contains(expects you on)",
      },
    ]),
});

registry.category("web_tour.tours").add("whatsapp_clinic_end_of_the_day", {
  steps: () =>
    patient([
      {
        content: "The calendar has dates of its own",
        trigger: ".o_calendar_renderer",
      },
      {trigger: ".o_searchview:not(:has(.o_searchview_facet))"},
      {trigger: ".o_switch_view.o_list", run: "click"},
      {trigger: ".o_searchview_facet:contains(From Today)"},
      {trigger: ".o_data_row:contains(Nesrin)"},
      {trigger: ".o_list_view:not(:has(.o_data_row:contains(Yesterday)))"},
      {
        trigger: ".o_whatsapp_clinic_overdue button",
        run: "click",
      },
      {trigger: ".o_list_view:not(:has(.o_data_row:contains(Nesrin)))"},
      {
        trigger: ".o_data_row:contains(Yesterday) .o_list_record_selector input",
        run: "click",
      },
      {trigger: "button[name=action_mark_arrived]", run: "click"},
      {trigger: ".o_list_view:not(:has(.o_data_row))"},
      {
        content: "The banner counts again",
        trigger: "body:not(:has(.o_whatsapp_clinic_overdue))",
      },
      {
        content: "What was marked can be taken back",
        trigger: ".o_notification:contains(1 marked) button:contains(Undo)",
        run: "click",
      },
      {trigger: ".o_whatsapp_clinic_overdue:contains(1)"},
      {trigger: ".o_data_row:contains(Yesterday)"},
    ]),
});

registry.category("web_tour.tours").add("whatsapp_clinic_busy_week", {
  steps: () =>
    patient([
      {trigger: ".o_whatsapp_clinic_practitioner_day"},
      {trigger: ".scale_button_selection", run: "click"},
      {trigger: ".o-dropdown--menu .o_scale_button_week", run: "click"},
      {
        content: "Who chose the week keeps it",
        trigger: ".o_calendar_renderer .fc-timeGridWeek-view",
      },
    ]),
});

registry.category("web_tour.tours").add("whatsapp_clinic_switch_a_rule_off", {
  steps: () =>
    patient([
      {
        content: "Nothing is archived past the question",
        trigger: ".o_form_view .o_cp_action_menus button",
        run: "click",
      },
      {
        trigger: ".o-dropdown--menu:not(:has(:contains(Archive))) .o_menu_item",
      },
      {trigger: ".o_field_widget[name=active] input:checked", run: "click"},
      {
        trigger:
          ".modal:contains(Messages that wait and will not be sent) button:contains(Switch Off)",
        run: "click",
      },
      {trigger: ".o_notification:contains(The rule is off) button:contains(Undo)"},
    ]),
});

registry.category("web_tour.tours").add("whatsapp_clinic_free_times", {
  steps: () =>
    patient([
      {
        content: "The form says why nobody can come then",
        trigger: ".alert:contains(Dr. Demir does not work at this time)",
      },
      {
        trigger: ".o_whatsapp_clinic_free_times button:contains(1:00):first",
        run: "click",
      },
      {
        content:
          "The time that was tapped is taken over, and nothing stands against it",
        trigger:
          ".o_form_view:not(:has(.alert:contains(does not work))) .o_whatsapp_clinic_free_times button[aria-pressed=true]:contains(1:00)",
      },
      {trigger: ".o_form_button_save", run: "click"},
      {
        trigger:
          ".o_form_saved, .o_form_status_indicator:not(:has(.o_form_button_save:visible))",
      },
    ]),
});
