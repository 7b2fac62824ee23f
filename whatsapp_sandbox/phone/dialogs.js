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

/** Shows a form in a dialog; resolves to the value it was closed with. */
function opened(title, form) {
  const dialog = element("dialog", "question", form);
  dialog.setAttribute("aria-label", title);
  document.body.append(dialog);
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue);
    });
    dialog.showModal();
  });
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
  return opened(title, form).then((value) =>
    value === "send" ? Object.fromEntries(new FormData(form)) : null
  );
}

function rowButton(row, position) {
  const detail = row.description ? element("span", "quiet", row.description) : null;
  const node = element("button", "row", element("strong", "", row.title), detail);
  node.type = "submit";
  node.value = `${position}`;
  return node;
}

/**
 * Lets the patient choose a row of a list.
 * @param {string} title
 * @param {Array<Object>} rows each {title, description?, section?}
 * @returns {Promise<?Object>} the row, null if none was chosen
 */
export function chooseRow(title, rows) {
  const shown = rows.flatMap((row, position) => {
    const isFirst = row.section && row.section !== rows[position - 1]?.section;
    const head = isFirst ? [element("h3", "", row.section)] : [];
    return [...head, rowButton(row, position)];
  });
  const cancel = button("Cancel", "", "plain");
  const form = element(
    "form",
    "",
    element("h2", "", title),
    ...shown,
    element("div", "choices", cancel)
  );
  form.method = "dialog";
  return opened(title, form).then((value) => (value ? rows[Number(value)] : null));
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
