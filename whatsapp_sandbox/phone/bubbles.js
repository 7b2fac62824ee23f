/** A thread as WhatsApp draws it: day separators, bubbles, buttons, ticks. */

import {element, icon} from "./dom.js";
import {chooseRow} from "./dialogs.js";
import {drawMenu} from "./menu.js";
import {drawContacts, drawFile, drawPlace} from "./parts.js";

const STYLES = {"*": "strong", _: "em", "~": "s", "```": "code"};
// A mark stands at the edges of words; what ends a sentence is no part of a link.
const MARKED =
  /(?<![\p{L}\p{N}*_~])(```|[*_~])(?=\S)((?:(?!\1)[^\n])*?\S)\1(?![\p{L}\p{N}*_~])|https?:\/\/[^\s<>"]*[^\s<>".,;:!?)\]}'*_~]/gu;
const TICKS = {
  sent: ["Sent", ["M6 12.5l4 4 9-10"]],
  delivered: ["Delivered", ["M2 12.5l4 4 9-10", "M10.5 15.5l1.5 1 9-10"]],
  read: ["Read", ["M2 12.5l4 4 9-10", "M10.5 15.5l1.5 1 9-10"]],
};
const COPY_ICON = "M8 8V4h12v12h-4M4 8h12v12H4z";
const FORM_ICON = "M5 4h14v16H5zM8 9h8M8 13h8M8 17h4";
const PLACE_ICON = "M12 21s-7-6.5-7-11.5a7 7 0 0114 0C19 14.5 12 21 12 21z";
const PERSON_ICON = "M12 12a4 4 0 100-8 4 4 0 000 8zM4 21c1-4.5 4-6 8-6s7 1.5 8 6";
const LIST_ICON = "M4 7h16M4 12h16M4 17h16";
const BUTTON_ICONS = {
  list: LIST_ICON,
  url: "M14 4h6v6M20 4l-9 9M18 14v6H4V6h6",
  phone_number:
    "M5 4h4l2 5-2.5 1.5a11 11 0 005 5L15 13l5 2v4a1 1 0 01-1 1A15 15 0 014 5a1 1 0 011-1z",
  copy_code: COPY_ICON,
  otp: COPY_ICON,
  flow: FORM_ICON,
  send_location: PLACE_ICON,
  send_contact: PERSON_ICON,
};
const REPLY_ICON = "M10 7V3l-7 7 7 7v-4c5 0 8.5 1.5 11 5-1-5-4-10-11-11z";
const DAY_SECONDS = 86400;

function styledText(text) {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(MARKED)) {
    parts.push(text.slice(end, match.index));
    parts.push(match[1] ? element(STYLES[match[1]], "", match[2]) : link(match[0]));
    end = match.index + match[0].length;
  }
  return [...parts, text.slice(end)];
}

function link(address) {
  const node = element("a", "", address);
  node.href = address;
  node.target = "_blank";
  node.rel = "noopener noreferrer";
  return node;
}

function dayOf(timestamp) {
  return new Date(timestamp * 1000).toDateString();
}

function dayName(timestamp, now) {
  const day = dayOf(timestamp);
  if (day === dayOf(now)) {
    return "Today";
  }
  if (day === dayOf(now - DAY_SECONDS)) {
    return "Yesterday";
  }
  return new Date(timestamp * 1000).toLocaleDateString("en-GB", {
    weekday: "long",
    day: "numeric",
    month: "long",
    year: "numeric",
  });
}

function timeOf(timestamp) {
  return new Date(timestamp * 1000).toLocaleTimeString("en-GB", {
    hour: "2-digit",
    minute: "2-digit",
  });
}

function ticks(status) {
  const [label, paths] = TICKS[status];
  return icon(`ticks ${status}`, label, ...paths);
}

function quote(quoted, clinicName) {
  const author = quoted.direction === "out" ? clinicName : "You";
  return element(
    "div",
    "quote",
    element("strong", "", author),
    element("span", "", quoted.text ?? "")
  );
}

function meta(bubble) {
  const time = timeOf(bubble.timestamp);
  const node = element("span", "meta", bubble.edited ? `Edited ${time}` : time);
  if (bubble.direction === "in") {
    node.append(ticks(bubble.status));
  }
  return node;
}

function button(bubble, definition, onTap) {
  if (definition.kind === "url") {
    const node = link(definition.payload);
    node.className = "bubble-button";
    node.replaceChildren(icon("", "", BUTTON_ICONS.url), definition.title);
    return node;
  }
  const path = BUTTON_ICONS[definition.kind] ?? REPLY_ICON;
  const node = element(
    "button",
    "bubble-button",
    icon("", "", path),
    element("span", "", definition.title)
  );
  node.type = "button";
  node.addEventListener("click", () => onTap(bubble, definition));
  return node;
}

/** The buttons below a bubble; the rows of a list are behind one. */
function buttons(bubble, onTap) {
  if (!bubble.list_label) {
    return bubble.buttons.map((one) => button(bubble, one, onTap));
  }
  const opener = {kind: "list", title: bubble.list_label};
  const open = async () => {
    const row = await chooseRow(bubble.list_label, bubble.buttons);
    if (row) {
      onTap(bubble, row);
    }
  };
  return [button(bubble, opener, open)];
}

/** The cards side by side; a tap on a button tells which card it is on. */
function carousel(bubble, onTap) {
  const cards = bubble.carousel.map((card, index) =>
    element(
      "section",
      "carousel-card",
      drawFile(card.file, () => {}),
      card.text ? element("p", "carousel-text", ...styledText(card.text)) : null,
      ...card.buttons.map((one) => button(bubble, {...one, card: index}, onTap))
    )
  );
  return cards.length ? element("div", "carousel", ...cards) : "";
}

function words(bubble) {
  if (bubble.deleted) {
    return element("p", "text deleted", "You deleted this message");
  }
  const alone = bubble.place || bubble.cards;
  const isFile = bubble.file?.kind === bubble.type;
  const text = isFile ? bubble.file.caption : bubble.text;
  if (!text || (alone && !bubble.buttons.length && bubble.type !== "template")) {
    return null;
  }
  return element("p", "text", ...styledText(text));
}

function parts(bubble, acts) {
  if (bubble.deleted) {
    return [];
  }
  return [
    bubble.file && drawFile(bubble.file, () => acts.play(bubble)),
    bubble.place && drawPlace(bubble.place),
    ...(bubble.cards ? drawContacts(bubble.cards) : []),
  ].filter(Boolean);
}

function body(bubble, quoted, {clinicName, acts}) {
  const text = words(bubble);
  const shown = parts(bubble, acts);
  const end = bubble.footer
    ? element("p", "footer", bubble.footer, meta(bubble))
    : meta(bubble);
  const isText = bubble.header && !bubble.file && !bubble.place;
  const header = isText ? element("p", "header", bubble.header) : null;
  const above = quoted ? quote(quoted, clinicName) : null;
  return element("div", "content", above, ...shown, header, text, end);
}

function reactions(bubble) {
  const emojis = [...new Set(Object.values(bubble.reactions))];
  if (!emojis.length) {
    return null;
  }
  const node = element("span", "reactions", emojis.join(""));
  node.setAttribute("aria-label", `Reactions: ${emojis.join(" ")}`);
  return node;
}

function drawBubble(bubble, view) {
  const {byId, clinicName, onTap, acts} = view;
  const quoted = byId.get(bubble.context_id);
  const node = element("article", `bubble ${bubble.direction}`);
  node.dataset.messageId = bubble.id;
  node.dataset.status = bubble.status;
  node.setAttribute("aria-label", bubble.direction === "in" ? "You" : clinicName);
  node.append(body(bubble, quoted, view));
  if (!bubble.deleted) {
    node.append(drawMenu(bubble, acts));
  }
  node.append(...buttons(bubble, onTap), carousel(bubble, onTap));
  const below = reactions(bubble);
  if (below) {
    node.classList.add("reacted");
    node.append(below);
  }
  return node;
}

/**
 * Returns the nodes of a thread; those that did not change are the same as before, so
 * that what plays plays on and an open menu stays open.
 * @param {Array} bubbles oldest first, as the control API gives them
 * @param {Object} view now (epoch seconds), clinicName, onTap(bubble, button), acts
 * @param {Map} drawn nodes by what they show; it is brought up to date
 */
export function drawThread(bubbles, view, drawn) {
  const byId = new Map(bubbles.map((bubble) => [bubble.id, bubble]));
  const known = new Map(drawn);
  drawn.clear();
  const keep = (what, draw) => {
    const key = JSON.stringify(what);
    const node = known.get(key) ?? draw();
    drawn.set(key, node);
    return node;
  };
  const chip = (text, more = "") =>
    keep([text], () => element("p", `chip ${more}`, text));
  const nodes = [chip("A sandbox chat. Nothing here leaves this machine.", "lock")];
  let before = null;
  for (const bubble of bubbles) {
    const newDay = !before || dayOf(before.timestamp) !== dayOf(bubble.timestamp);
    if (newDay) {
      nodes.push(chip(dayName(bubble.timestamp, view.now)));
    }
    const tail = newDay || before.direction !== bubble.direction;
    const quoted = byId.get(bubble.context_id)?.text;
    nodes.push(
      keep([bubble, tail, quoted, view.clinicName], () => {
        const node = drawBubble(bubble, {...view, byId});
        node.classList.toggle("tail", tail);
        return node;
      })
    );
    before = bubble;
  }
  return nodes;
}
