/** What a bubble may hold beside text: files, places, contacts. */

import {element, icon} from "./dom.js";

const PIN_PATHS = [
  "M12 21s-7-6.5-7-11.5a7 7 0 0114 0C19 14.5 12 21 12 21z",
  "M12 12.2a2.6 2.6 0 100-5.2 2.6 2.6 0 000 5.2z",
];
const FILE_PATHS = ["M6 3h8l4 4v14H6z", "M14 3v4h4"];
const PERSON_PATHS = [
  "M12 12a4 4 0 100-8 4 4 0 000 8z",
  "M4 21c1-4.5 4-6 8-6s7 1.5 8 6",
];
const NAMES = {
  image: "Photo",
  video: "Video",
  audio: "Audio",
  document: "Document",
  sticker: "Sticker",
};

const address = (file) => `/sandbox/media/${encodeURIComponent(file.media_id)}`;

function card(paths, title, detail) {
  return element(
    "div",
    "card",
    icon("card-icon", "", ...paths),
    element(
      "span",
      "card-text",
      element("strong", "", title),
      detail ? element("span", "quiet", detail) : null
    )
  );
}

function picture(file) {
  const node = element("img", file.kind);
  node.alt = file.caption ?? NAMES[file.kind];
  node.src = address(file);
  node.addEventListener("error", () =>
    node.replaceWith(card(FILE_PATHS, NAMES[file.kind], "Cannot be shown"))
  );
  return node;
}

function player(tag, file, onPlay) {
  const node = element(tag, file.kind);
  node.controls = true;
  node.preload = "metadata";
  node.setAttribute("aria-label", file.voice ? "Voice message" : NAMES[file.kind]);
  node.src = address(file);
  node.addEventListener("play", onPlay);
  return node;
}

function download(file) {
  const node = element(
    "a",
    "file-link",
    card(FILE_PATHS, file.filename ?? NAMES.document, "Document")
  );
  node.href = address(file);
  node.download = file.filename ?? "document";
  return node;
}

const DRAWERS = {
  image: picture,
  sticker: picture,
  video: (file) => player("video", file, () => {}),
  audio: (file, onPlay) => player("audio", file, onPlay),
  document: download,
};

/** Draws a file; onPlay() is called when the patient listens to it. */
export function drawFile(file, onPlay) {
  return file.media_id
    ? DRAWERS[file.kind](file, onPlay)
    : card(FILE_PATHS, file.filename ?? NAMES[file.kind], "Not on this phone");
}

export function drawPlace(place) {
  const where = `${place.latitude.toFixed(5)}, ${place.longitude.toFixed(5)}`;
  const map = element("div", "map", icon("map-pin", "Location", ...PIN_PATHS));
  const text = element(
    "div",
    "place-text",
    element("strong", "", place.name ?? "Location"),
    element("span", "quiet", place.address ?? where)
  );
  return element("div", "place", map, text);
}

export function drawContacts(cards) {
  return cards.map((one) =>
    card(PERSON_PATHS, one.name.formatted_name, one.phones?.[0]?.phone)
  );
}
