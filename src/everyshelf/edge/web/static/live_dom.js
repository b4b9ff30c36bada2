// Small helpers: elements without innerHTML, numbers and times as people say them.
const SVG = "http://www.w3.org/2000/svg";

function fill(made, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter((c) => c !== null && c !== undefined && c !== ""));
  return made;
}

export const h = (tag, props, ...children) => fill(document.createElement(tag), props, children);
export const s = (tag, props, ...children) =>
  fill(document.createElementNS(SVG, tag), props, children);
export const byId = (id) => document.getElementById(id);

export function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export const number = (n) => (n ?? 0).toLocaleString("en-US");

export function percent(share) {
  if (share === null || share === undefined) return "–";
  const told = share * 100;
  return `${told >= 99.95 ? "100" : told.toFixed(1)}%`;
}

export function ago(at, now = Date.now()) {
  const seconds = Math.max(0, Math.round((now - Date.parse(at)) / 1000));
  if (seconds < 3) return "now";
  if (seconds < 60) return `${seconds} s ago`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes} min ago` : `${Math.floor(minutes / 60)} h ago`;
}

export const clock = (at, seconds = false) =>
  new Date(at).toLocaleTimeString("en-US", {
    hour: "numeric", minute: "2-digit", ...(seconds ? { second: "2-digit" } : {}),
  });

export function due(at, now = Date.now()) {
  const minutes = Math.round((Date.parse(at) - now) / 60000);
  if (minutes < 0) return "overdue";
  return minutes < 90 ? `within ${minutes} min` : `within ${Math.round(minutes / 60)} h`;
}
