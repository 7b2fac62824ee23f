/** What can be done with a message: react, reply, edit, delete. */

import {element, icon} from "./dom.js";

const EMOJIS = ["👍", "❤️", "😂", "😮", "😢", "🙏"];
const EDITABLE = ["text", "image", "video", "document"];
const ARROW = "M6 9l6 6 6-6";

function choice(text, act) {
  const node = element("button", "menu-choice", text);
  node.type = "button";
  node.addEventListener("click", act);
  return node;
}

function reactions(bubble, acts) {
  const own = bubble.reactions.in;
  return EMOJIS.map((emoji) => {
    const node = choice(emoji, () => acts.react(bubble, emoji === own ? "" : emoji));
    node.className = "emoji-choice";
    node.setAttribute("aria-label", `React with ${emoji}`);
    node.setAttribute("aria-pressed", `${emoji === own}`);
    return node;
  });
}

function choices(bubble, acts) {
  const own = bubble.direction === "in";
  return [
    choice("Reply", () => acts.reply(bubble)),
    own && EDITABLE.includes(bubble.type)
      ? choice("Edit", () => acts.edit(bubble))
      : null,
    own ? choice("Delete for everyone", () => acts.revoke(bubble)) : null,
  ];
}

/**
 * The arrow in a bubble's corner and the menu behind it.
 * @param {Object} bubble as the control API gives it
 * @param {Object<string, function>} acts react, reply, edit, revoke
 */
export function drawMenu(bubble, acts) {
  const opener = element("summary", "menu-opener", icon("", "Message options", ARROW));
  const menu = element(
    "div",
    "menu",
    element("div", "emoji-row", ...reactions(bubble, acts)),
    ...choices(bubble, acts)
  );
  const node = element("details", "message-menu", opener, menu);
  node.addEventListener("toggle", () => {
    for (const other of document.querySelectorAll(".message-menu[open]")) {
      if (node.open && other !== node) {
        other.open = false;
      }
    }
    menu.scrollIntoView({block: "nearest"});
  });
  menu.addEventListener("click", () => {
    node.open = false;
  });
  return node;
}
