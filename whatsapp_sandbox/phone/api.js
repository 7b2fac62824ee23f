/** The sandbox's control API, as far as a phone needs it. */

async function call(path, method = "GET", body = undefined) {
  const answer = await fetch(`/sandbox/${path}`, {
    method,
    headers: body === undefined ? {} : {"Content-Type": "application/json"},
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const content = await answer.json();
  if (!answer.ok) {
    throw new Error(
      typeof content.detail === "string" ? content.detail : "not accepted"
    );
  }
  return content;
}

const patientPath = (waId, rest) => `patients/${encodeURIComponent(waId)}${rest}`;

export const numbers = () => call("numbers");
export const patients = () => call("patients");
export const clock = () => call("clock");
export const thread = (waId, numberId) =>
  call(patientPath(waId, `/thread?phone_number_id=${encodeURIComponent(numberId)}`));
export const change = (waId, changes) => call(patientPath(waId, ""), "PATCH", changes);
export const read = (waId) => call(patientPath(waId, "/read"), "POST", {});
/** The patient does something: `what` is a path of the control API. */
export const act = (waId, what, body) =>
  call(patientPath(waId, `/${what}`), "POST", body);
export const tap = (waId, messageId, button, card) =>
  call(patientPath(waId, "/taps"), "POST", {message_id: messageId, button, card});
export const prefer = (waId, numberId, value) =>
  call(patientPath(waId, "/preferences"), "POST", {phone_number_id: numberId, value});

/**
 * Calls handlers[kind](data) for every event; handlers.reset when events were missed.
 * @param {Object<string, function(Object): void>} handlers
 */
export function listen(handlers) {
  const source = new EventSource("/sandbox/events");
  for (const [kind, handler] of Object.entries(handlers)) {
    source.addEventListener(kind, (event) => handler(JSON.parse(event.data)));
  }
  let opened = false;
  source.addEventListener("open", () => {
    if (opened) {
      handlers.reset({});
    }
    opened = true;
  });
}
