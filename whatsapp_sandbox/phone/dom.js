/** Small helpers to build elements; texts only ever become text nodes. */

const SVG = "http://www.w3.org/2000/svg";

export function element(tag, className = "", ...children) {
  const node = document.createElement(tag);
  if (className) {
    node.className = className;
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** Makes `nodes` the children of `parent`; those that stay are not touched. */
export function update(parent, nodes) {
  const wanted = new Set(nodes);
  for (const node of [...parent.childNodes]) {
    if (!wanted.has(node)) {
      node.remove();
    }
  }
  nodes.forEach((node, position) => {
    if (parent.childNodes[position] !== node) {
      parent.insertBefore(node, parent.childNodes[position] ?? null);
    }
  });
}

export function icon(name, label, ...paths) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", `icon ${name}`);
  if (label) {
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", label);
  } else {
    svg.setAttribute("aria-hidden", "true");
  }
  for (const path of paths) {
    const line = document.createElementNS(SVG, "path");
    line.setAttribute("d", path);
    svg.append(line);
  }
  return svg;
}

export function initials(name) {
  const words = name
    .replace(/[^\p{L}\p{N} ]/gu, "")
    .split(" ")
    .filter(Boolean);
  const ends = words.length > 1 ? [words[0], words[words.length - 1]] : words;
  return ends.map((word) => word[0].toLocaleUpperCase()).join("");
}

export function avatar(name, index) {
  const node = element("span", `avatar tone-${index % 6}`, initials(name));
  node.setAttribute("aria-hidden", "true");
  return node;
}
