/** Questions to the one who holds the phone. */

import {element} from "./dom.js";

function field({name, label, value = "", rows = 0, type = "text", step = undefined}) {
  const input = element(rows ? "textarea" : "input");
  input.name = name;
  if (rows) {
    input.rows = rows;
  } else {
    input.type = type;
  }
  if (step) {
    input.step = step;
  }
  input.value = value;
  return element("label", "field", element("span", "", label), input);
}

function button(text, value, className) {
  const node = element("button", className, text);
  node.type = "submit";
  node.value = value;
  return node;
}

/**
 * Asks for some fields in a dialog.
 * @param {string} title also the dialog's name
 * @param {Array<Object>} fields each {name, label, value?, rows?, type?, step?}
 * @returns {Promise<?Object<string, string>>} the values, null if cancelled
 */
export function ask(title, fields) {
  const cancel = button("Cancel", "cancel", "plain");
  cancel.formNoValidate = true;
  const form = element(
    "form",
    "",
    element("h2", "", title),
    ...fields.map(field),
    element("div", "choices", cancel, button("Send", "send", "plain primary"))
  );
  form.method = "dialog";
  const dialog = element("dialog", "question", form);
  dialog.setAttribute("aria-label", title);
  document.body.append(dialog);
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      const sent = dialog.returnValue === "send";
      resolve(sent ? Object.fromEntries(new FormData(form)) : null);
      dialog.remove();
    });
    dialog.showModal();
  });
}

export const askPlace = () =>
  ask("Send a location", [
    {
      name: "latitude",
      label: "Latitude",
      value: "40.9903",
      type: "number",
      step: "any",
    },
    {
      name: "longitude",
      label: "Longitude",
      value: "29.0290",
      type: "number",
      step: "any",
    },
    {name: "name", label: "Name", value: "Home"},
  ]);

export const askContact = () =>
  ask("Send a contact", [
    {name: "name", label: "Name", value: "Zeynep Kaya"},
    {name: "phone", label: "Phone", value: "+905321119988", type: "tel"},
  ]);

export const askForm = () =>
  ask("Fill in the form", [
    {name: "answers", label: "Answers, as JSON", value: '{"answer": "yes"}', rows: 5},
  ]);

export const askText = (value) =>
  ask("Edit the message", [{name: "text", label: "Message", value, rows: 4}]);
