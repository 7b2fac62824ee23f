/** The page: who holds the phone, which chat is open, what happens on it. */

import * as api from "./api.js";
import {avatar, element, initials, update} from "./dom.js";
import {attachment} from "./attach.js";
import {drawThread} from "./bubbles.js";
import {askContact, askForm, askPlace, askText} from "./dialogs.js";

const LONGEST_LIST = 200;
const TYPING_MS = 25000;
const GATHER_MS = 150;

const at = (id) => document.getElementById(id);
const state = {
  numbers: [],
  patients: [],
  bubbles: [],
  patient: null,
  number: null,
  reply: null,
};
const drawn = new Map();
let typingTimer = null;

function notify(text) {
  const notice = at("notice");
  notice.textContent = text;
  notice.classList.add("shown");
  setTimeout(() => notice.classList.remove("shown"), 4000);
}

/** Wraps an act so that its failure is shown instead of lost. */
const shown =
  (act) =>
  async (...args) => {
    try {
      await act(...args);
    } catch (error) {
      notify(error.message);
    }
  };

/** Collects calls that come close together into one. */
function gathered(act) {
  let timer = null;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(shown(act), GATHER_MS);
  };
}

function drawPeople() {
  const wanted = at("search").value.toLocaleLowerCase();
  const matching = state.patients.filter((one) =>
    `${one.name} ${one.phone}`.toLocaleLowerCase().includes(wanted)
  );
  matching.sort((a, b) => (b.last_message_at ?? 0) - (a.last_message_at ?? 0));
  at("people").replaceChildren(...matching.slice(0, LONGEST_LIST).map(drawPerson));
}

function drawPerson(person) {
  const badge = person.unread ? element("span", "badge", `${person.unread}`) : null;
  badge?.setAttribute("aria-label", `${person.unread} unread`);
  const subtitle = person.online ? person.phone : `${person.phone} · offline`;
  const node = element(
    "button",
    "person",
    avatar(person.name, Number(person.wa_id.slice(-3))),
    element(
      "span",
      "person-text",
      element("strong", "", person.name),
      element("span", "quiet", subtitle)
    ),
    badge
  );
  node.type = "button";
  node.dataset.waId = person.wa_id;
  if (person.wa_id === state.patient?.wa_id) {
    node.setAttribute("aria-current", "true");
  }
  node.addEventListener("click", () => openChat(person.wa_id, state.number?.id));
  return element("li", "", node);
}

function drawSettings() {
  const {patient, number} = state;
  at("patient-name").textContent = patient.name;
  at("patient-phone").textContent = patient.phone;
  at("online").checked = patient.online;
  at("auto-read").checked = patient.auto_read;
  at("read").disabled = !patient.online || !patient.unread;
  at("clinic-phone").textContent = number.display_phone_number;
  at("numbers").value = number.id;
  const stopped = patient.stopped_marketing.includes(number.id);
  at("stop").textContent = stopped ? "Resume offers" : "Stop offers from this clinic";
  at("stop").dataset.value = stopped ? "resume" : "stop";
}

function drawHeader() {
  const {patient, number} = state;
  at("clinic-name").textContent = number.verified_name;
  at("clinic-avatar").textContent = initials(number.verified_name);
  at("clinic-state").textContent = patient.online
    ? "Business account"
    : "Your phone is offline";
  at("text").disabled = at("attach").disabled = !patient.online;
  at("text").placeholder = patient.online ? "Message" : "Waiting for network";
  document.title = `${patient.name} · ${number.verified_name}`;
}

async function drawChat() {
  const thread = at("thread");
  const now = Date.parse((await api.clock()).now) / 1000;
  const newest = thread.lastElementChild;
  const view = {now, clinicName: state.number.verified_name, onTap: shown(tap), acts};
  update(thread, drawThread(state.bubbles, view, drawn));
  if (thread.lastElementChild !== newest) {
    thread.scrollTop = thread.scrollHeight;
  }
}

async function loadPeople() {
  state.patients = await api.patients();
  if (state.patient) {
    const known = state.patients.find((one) => one.wa_id === state.patient.wa_id);
    state.patient = known ?? null;
    document.body.classList.toggle("chatting", Boolean(known));
  }
  drawPeople();
  if (state.patient) {
    drawSettings();
    drawHeader();
  }
}

async function loadThread() {
  if (state.patient) {
    state.bubbles = await api.thread(state.patient.wa_id, state.number.id);
    await drawChat();
  }
}

async function loadAll() {
  await loadPeople();
  await loadThread();
}

const openChat = shown(async (waId, numberId) => {
  const patient = state.patients.find((one) => one.wa_id === waId);
  if (!patient) {
    throw new Error("No such patient");
  }
  quote(null);
  state.patient = patient;
  state.number = state.numbers.find((one) => one.id === numberId) ?? state.numbers[0];
  const query = new URLSearchParams({patient: waId, number: state.number.id});
  history.replaceState(null, "", `/?${query}`);
  document.body.classList.add("chatting");
  drawPeople();
  drawSettings();
  drawHeader();
  await loadThread();
});

function closeChat() {
  state.patient = null;
  history.replaceState(null, "", "/");
  document.body.classList.remove("chatting", "settings-open");
  drawPeople();
  at("search").focus();
}

function toggleSettings(wanted = undefined) {
  const open = document.body.classList.toggle("settings-open", wanted);
  at("menu").setAttribute("aria-expanded", `${open}`);
}

/** Closes the menu of a message, and says whether one was open. */
function closeMenu() {
  const open = document.querySelector(".message-menu[open]");
  if (open) {
    open.open = false;
    open.querySelector("summary").focus();
  }
  return Boolean(open);
}

const isOpen = (data) =>
  state.patient?.wa_id === data.patient && state.number?.id === data.phone_number_id;

function showTyping(data) {
  if (!isOpen(data)) {
    return;
  }
  at("clinic-state").textContent = "typing…";
  clearTimeout(typingTimer);
  typingTimer = setTimeout(drawHeader, TYPING_MS);
}

function connectControls() {
  at("search").addEventListener("input", drawPeople);
  at("back").addEventListener("click", closeChat);
  at("menu").addEventListener("click", () => toggleSettings());
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !closeMenu()) {
      toggleSettings(false);
    }
  });
  at("numbers").addEventListener("change", (event) =>
    openChat(state.patient.wa_id, event.target.value)
  );
  at("online").addEventListener(
    "change",
    shown((event) => api.change(state.patient.wa_id, {online: event.target.checked}))
  );
  at("auto-read").addEventListener(
    "change",
    shown((event) => api.change(state.patient.wa_id, {auto_read: event.target.checked}))
  );
  at("read").addEventListener(
    "click",
    shown(() => api.read(state.patient.wa_id))
  );
  at("stop").addEventListener(
    "click",
    shown((event) =>
      api.prefer(state.patient.wa_id, state.number.id, event.target.dataset.value)
    )
  );
  at("file").addEventListener("change", sendFile);
  at("send-file").addEventListener("click", () => at("file").click());
  at("send-place").addEventListener(
    "click",
    shown(() => sendPlace())
  );
  at("send-contact").addEventListener("click", shown(sendContact));
  at("reply-cancel").addEventListener("click", () => quote(null));
  at("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    sendText();
  });
}

/** The patient sends something to the open chat, in reply to what is quoted. */
async function send(what, body) {
  const more = state.reply ? {context_id: state.reply.id} : {};
  quote(null);
  await api.act(state.patient.wa_id, what, {
    phone_number_id: state.number.id,
    ...more,
    ...body,
  });
}

const sendText = shown(async () => {
  const text = at("text").value.trim();
  if (text && state.patient) {
    at("text").value = "";
    await send("messages", {text});
  }
});

const sendFile = shown(async (event) => {
  const [file] = event.target.files;
  event.target.value = "";
  if (file) {
    await send("media", await attachment(file));
  }
});

async function sendPlace(more = {}) {
  const place = await askPlace();
  if (place) {
    const {latitude, longitude, name} = place;
    await send("locations", {
      latitude: Number(latitude),
      longitude: Number(longitude),
      ...(name ? {name} : {}),
      ...more,
    });
  }
}

async function sendContact() {
  const contact = await askContact();
  if (contact) {
    const name = {formatted_name: contact.name, first_name: contact.name};
    const phones = [{phone: contact.phone, type: "CELL"}];
    await send("contacts", {contacts: [{name, phones}]});
  }
}

async function fillForm(bubble) {
  const filled = await askForm();
  if (filled) {
    const answers = JSON.parse(filled.answers);
    await api.act(state.patient.wa_id, "forms", {message_id: bubble.id, answers});
  }
}

async function copyCode(button) {
  await navigator.clipboard.writeText(button.payload);
  notify("Code copied");
}

const TAPS = {
  flow: fillForm,
  send_location: (bubble) => sendPlace({context_id: bubble.id}),
  phone_number: (bubble, button) => notify(`Would call ${button.payload}`),
  copy_code: (bubble, button) => copyCode(button),
  otp: (bubble, button) => copyCode(button),
};

const tapped = (bubble, button) =>
  api.tap(state.patient.wa_id, bubble.id, button.index, button.card);

function tap(bubble, button) {
  return (TAPS[button.kind] ?? tapped)(bubble, button);
}

/** Shows what the next message replies to; null for nothing. */
function quote(bubble) {
  state.reply = bubble;
  at("reply").hidden = !bubble;
  at("reply-text").textContent = bubble?.text ?? "";
}

const acts = {
  react: shown((bubble, emoji) =>
    api.act(state.patient.wa_id, "reactions", {message_id: bubble.id, emoji})
  ),
  reply: (bubble) => {
    quote(bubble);
    at("text").focus();
  },
  edit: shown(async (bubble) => {
    const isFile = bubble.file?.kind === bubble.type;
    const answer = await askText((isFile ? bubble.file.caption : bubble.text) ?? "");
    if (answer?.text) {
      const body = {message_id: bubble.id, text: answer.text};
      await api.act(state.patient.wa_id, "edits", body);
    }
  }),
  play: shown(async (bubble) => {
    if (bubble.direction === "out" && bubble.file.voice) {
      await api.act(state.patient.wa_id, "plays", {message_id: bubble.id});
    }
  }),
  revoke: shown((bubble) =>
    api.act(state.patient.wa_id, "deletions", {message_id: bubble.id})
  ),
};

const refreshPeople = gathered(loadPeople);
const refreshThread = gathered(loadThread);
const refreshAll = gathered(loadAll);

function refreshFor(data) {
  refreshPeople();
  if (isOpen(data)) {
    refreshThread();
  }
}

const start = shown(async () => {
  connectControls();
  api.listen({
    message: (data) => {
      clearTimeout(typingTimer);
      refreshFor({...data, phone_number_id: data.bubble.phone_number_id});
    },
    status: refreshFor,
    patient: refreshPeople,
    typing: showTyping,
    reset: refreshAll,
  });
  state.numbers = await api.numbers();
  for (const number of state.numbers) {
    at("numbers").append(new Option(number.verified_name, number.id));
  }
  await loadPeople();
  const query = new URLSearchParams(location.search);
  if (query.has("patient")) {
    await openChat(query.get("patient"), query.get("number"));
  }
});

start();
