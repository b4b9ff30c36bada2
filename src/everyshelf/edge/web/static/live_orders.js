// The stream of orders. It stands still while somebody reads: when an order is open, under the
// pointer or focused, or when the page is paused; new orders wait behind a button.
import { ago, byId, clock, h, number } from "./live_dom.js";

const list = byId("order-list");
const fresh = byId("fresh");
const more = byId("more-orders");
const CHANNELS = {
  web: "Website", app: "App", phone: "Phone", social: "Social", pos: "In store",
  marketplace: "Marketplace",
};
const cards = new Map();
const open = new Set();
let latest = [];
let order = [];
let most = window.matchMedia("(min-width: 960px)").matches ? 12 : 6;
let paused = false;

export function pauseOrders(now) {
  paused = now;
  if (!paused) flow();
}

export function showOrders(found) {
  latest = found;
  const known = new Map(found.map((o) => [o.id, o]));
  for (const [id, card] of cards) {
    if (known.has(id)) refresh(card, known.get(id));
    else if (open.has(id)) load(card);
  }
  const waiting = found.filter((o) => !order.includes(o.id)).length;
  if (order.length && reading()) {
    fresh.hidden = waiting === 0;
    fresh.textContent = `${waiting >= 40 ? "40+" : waiting} new ${waiting === 1 ? "order" : "orders"}`;
  } else {
    flow();
  }
}

function reading() {
  return paused || open.size > 0 || list.matches(":hover") ||
    (list.contains(document.activeElement) && document.activeElement.matches(":focus-visible"));
}

function flow() {
  fresh.hidden = true;
  const pinned = latest.filter((o) => open.has(o.id)).map((o) => o.id);
  const shown = latest.slice(0, most);
  order = [...latest.map((o) => o.id)];
  const keep = new Set([...shown.map((o) => o.id), ...pinned]);
  for (const [id, card] of cards) {
    if (!keep.has(id)) {
      card.element.remove();
      cards.delete(id);
      open.delete(id);
    }
  }
  list.querySelector(".empty")?.remove();
  let before = list.firstElementChild;
  for (const o of latest.filter((x) => keep.has(x.id))) {
    if (!cards.has(o.id)) cards.set(o.id, build(o));
    const { element } = cards.get(o.id);
    if (element === before) before = before.nextElementSibling;
    else list.insertBefore(element, before);
  }
  more.hidden = latest.length <= most;
}

fresh.addEventListener("click", () => {
  for (const id of [...open]) toggle(cards.get(id), false);
  flow();
  byId("orders-title").scrollIntoView({ block: "nearest" });
});
more.addEventListener("click", () => {
  most += 12;
  flow();
});

function build(o) {
  const card = { id: o.id, mark: "" };
  card.when = h("time", { datetime: o.at });
  card.body = h("div", { class: "order-body" });
  card.state = h("p", {});
  card.detail = h("div", { class: "detail", id: `d-${o.id}`, hidden: true });
  card.button = h("button", {
    type: "button", class: "reveal", "aria-expanded": "false", "aria-controls": `d-${o.id}`,
    onclick: () => toggle(card, !open.has(card.id)),
  }, "Details");
  card.element = h("article", { class: "order", "aria-label": `Order for ${o.town}` },
    h("div", { class: "order-head" },
      h("p", { class: "what" }, h("span", { class: `chip ${o.method.toLowerCase().replace(" ", "-")}` },
        o.method), h("strong", {}, o.town || "New"), h("span", { class: "soft" },
        CHANNELS[o.channel] ?? o.channel)),
      h("p", { class: "when" }, h("span", { class: "total" }, o.total), card.when)),
    card.body, h("div", { class: "order-foot" }, card.state, card.button), card.detail);
  refresh(card, o);
  return card;
}

function refresh(card, o) {
  const mark = JSON.stringify([o.lines, o.state, o.why, o.town]);
  card.order = o;
  if (card.mark === mark) return;
  card.mark = mark;
  card.element.querySelector("strong").textContent = o.town || "New";
  const places = [...new Set(o.lines.flatMap((x) => x.places.map((p) => p.name)))];
  card.body.replaceChildren(
    h("ul", { class: "lines" }, o.lines.map((x) => line(x, places.length > 1))),
    h("p", { class: "why" }, places.length ? h("strong", {}, places.join(" and ")) : "",
      o.why && places.length ? ` ${o.why}` : o.why || (places.length ? "" : o.tone === "busy" ? "Looking for a place…" : "No place chosen yet.")));
  tellState(card, o.state, o.tone);
  if (open.has(card.id)) load(card);
}

function tellState(card, text, tone) {
  card.state.className = `state ${tone}`;
  card.state.replaceChildren(h("span", { class: "dot", "aria-hidden": "true" }), text);
}

function line(x, split) {
  const gone = x.gone >= x.qty;
  const from = split ? x.places.map((p) => `${x.places.length > 1 ? `${p.qty} ` : ""}${p.name}`) : [];
  return h("li", { class: gone ? "gone" : null },
    h("span", { class: "item" }, `${x.qty} × ${x.item}`),
    h("span", { class: "places" }, gone ? "cancelled" : from.join(", ")));
}

export function tellTimes() {
  for (const card of cards.values()) card.when.textContent = ago(card.when.dateTime);
}

function toggle(card, show) {
  if (show) open.add(card.id);
  else open.delete(card.id);
  card.button.setAttribute("aria-expanded", String(show));
  card.button.textContent = show ? "Close" : "Details";
  card.detail.hidden = !show;
  card.element.classList.toggle("open", show);
  if (show) load(card);
}

async function load(card) {
  const answer = await fetch(`/live/orders/${card.id}`).catch(() => null);
  if (!answer?.ok) {
    card.detail.replaceChildren(h("p", { class: "empty" }, "This order is not on the page any more."));
    return;
  }
  const told = await answer.json();
  tellState(card, told.steps[0].text, told.steps[0].tone);
  card.detail.replaceChildren(
    h("h3", {}, "What happened"),
    h("ol", { class: "steps" }, told.steps.map((step) =>
      h("li", { class: step.tone }, h("time", { datetime: step.at }, clock(step.at, true)),
        h("span", {}, step.text)))),
    ...told.decisions.flatMap((d, n) => decision(d, n, told.decisions.length)),
    h("p", { class: "id" }, `Order ${told.id}`),
  );
}

function decision(d, n, all) {
  const weighed = d.candidates.filter((c) => !c.out);
  const out = new Map();
  for (const c of d.candidates.filter((x) => x.out)) {
    out.set(c.out, [...(out.get(c.out) ?? []), c.name]);
  }
  const shown = weighed.slice(0, 8);
  const title = all > 1 && n > 0 ? "Before that" : "Places that could send it";
  return [
    h("h3", {}, title),
    n > 0 ? h("p", { class: "why" }, h("strong", {}, d.where), ` ${d.why}`) : null,
    shown.length ? h("table", { class: "weighed" },
      h("thead", {}, h("tr", {}, ["Place", "Parcel", "Work", "In all"].map((t) =>
        h("th", { scope: "col" }, t)))),
      h("tbody", {}, shown.map((c) => h("tr", { class: c.chosen ? "chosen" : null },
        h("th", { scope: "row" }, c.name, c.chosen ? h("span", { class: "tag" }, "chosen") : null,
          c.missing ? h("span", { class: "soft" }, ` has ${number(c.missing)} too few`) : null,
          c.late ? h("span", { class: "soft" }, ` late: ${c.late}`) : null),
        h("td", {}, c.parcel), h("td", {}, c.labour), h("td", {}, c.cost || "$0.00"))))) : null,
    weighed.length > shown.length ? h("p", { class: "soft" },
      `and ${weighed.length - shown.length} dearer ones`) : null,
    out.size ? h("dl", { class: "out" }, [...out].flatMap(([why, names]) =>
      [h("dt", {}, why[0].toUpperCase() + why.slice(1)), h("dd", {}, names.slice(0, 8).join(", ") +
        (names.length > 8 ? ` and ${names.length - 8} more` : ""))])) : null,
    d.hint ? h("p", { class: "hint" }, d.hint) : null,
  ].filter(Boolean);
}
