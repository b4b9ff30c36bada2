// Asks for the picture every moment while somebody looks, and shows it. Unchanged: 304, nothing to do.
import { ago, byId, clock, due, h, number, percent, put } from "./live_dom.js";
import { showMap } from "./live_map.js";
import { pauseOrders, showOrders, tellTimes } from "./live_orders.js";

const EVERY_MS = 1500;
const SPEAK_MS = 30000;
const FEW = 12;
let etag = "";
let paused = false;
let spokeAt = 0;
let allPlaces = false;
let state = null;

async function look() {
  if (!paused && !document.hidden) {
    const headers = etag ? { "If-None-Match": etag } : {};
    const answer = await fetch("/live/state", { headers, cache: "no-store" }).catch(() => null);
    if (answer?.status === 200) {
      etag = answer.headers.get("ETag") ?? "";
      show(await answer.json());
    }
    pulse(answer !== null && (answer.ok || answer.status === 304));
  }
  tellTimes();
  window.setTimeout(look, EVERY_MS);
}

function pulse(alive) {
  byId("pulse").className = `pulse ${paused ? "paused" : alive ? "alive" : "lost"}`;
  const since = state?.since ? `Live since ${clock(state.since)}` : "Live";
  put(byId("pulse-text"), paused ? "Paused" : alive ? since : "No connection, trying again");
}

function show(found) {
  state = found;
  showKpis(found.kpis);
  showOrders(found.orders);
  showMap(byId("map"), found);
  showCases(found.cases, found.kpis.exceptions);
  showNews(found.news);
  showStock(found.nodes);
  speak(found.kpis);
}

function showKpis(k) {
  for (const name of ["orders", "shipped", "collected", "oversold", "exceptions"]) {
    put(byId(`kpi-${name}`), number(k[name]));
  }
  for (const name of ["fill", "on_time"]) put(byId(`kpi-${name}`), percent(k[name]));
  put(byId("hint-orders"), `and ${number(k.till)} units sold at tills`);
  byId("kpi-oversold").classList.toggle("good", k.oversold === 0);
  byId("kpi-oversold").classList.toggle("bad", k.oversold > 0);
}

function showCases(cases, all) {
  const rows = cases.slice(0, 6).map((c) =>
    h("li", { class: c.severity < 2 ? "bad" : c.severity < 3 ? "warn" : "busy" },
      h("span", { class: "dot", "aria-hidden": "true" }),
      h("span", { class: "text" }, h("strong", {}, c.kind), c.about ? ` · ${c.about}` : "",
        h("span", { class: "do" }, c.do)),
      h("span", { class: "when" }, due(c.due))));
  if (all > rows.length) rows.push(h("li", { class: "rest" }, `and ${number(all - rows.length)} more`));
  if (!rows.length) rows.push(h("li", { class: "empty" }, "Nothing. Everything runs by itself."));
  byId("cases").replaceChildren(...rows);
}

function showNews(news) {
  if (!news.length) return;
  byId("news").replaceChildren(...news.slice(0, 8).map((n) =>
    h("li", { class: n.tone }, h("span", { class: "dot", "aria-hidden": "true" }),
      h("span", { class: "text" }, n.text), h("time", { class: "when", datetime: n.at }, ago(n.at)))));
}

function showStock(nodes) {
  const sorted = [...nodes].sort((a, b) => b.work - a.work || b.units.sellable - a.units.sellable);
  const most = Math.max(1, ...nodes.map((n) => n.work));
  const shown = allPlaces ? sorted : sorted.slice(0, FEW);
  byId("more-stock").hidden = allPlaces || sorted.length <= FEW;
  put(byId("more-stock"), `Show all ${sorted.length} places`);
  byId("stock").replaceChildren(...shown.map((n) => {
    const u = n.units;
    const bar = h("span", { class: "bar" });
    bar.style.width = `${Math.round((n.work / most) * 100)}%`;
    return h("tr", {},
      h("th", { scope: "row" }, n.name, n.paused ? h("span", { class: "tag warn" }, "paused") : null),
      h("td", {}, number(u.sellable)), h("td", {}, number(u.held)),
      h("td", { class: "wide" }, number(u.allocated)), h("td", { class: "wide" }, number(u.picked)),
      h("td", { class: "wide" }, number(u.packed)),
      h("td", { class: "slim" }, number(u.allocated + u.picked + u.packed)),
      h("td", { class: "busy" }, h("span", { class: "track", "aria-hidden": "true" }, bar), number(n.work)));
  }));
}

function speak(k) {
  if (Date.now() - spokeAt < SPEAK_MS) return;
  spokeAt = Date.now();
  put(byId("spoken"), `${number(k.orders)} orders, ${number(k.exceptions)} things need a person.`);
}

byId("pause").addEventListener("click", (event) => {
  paused = !paused;
  event.target.setAttribute("aria-pressed", String(paused));
  event.target.textContent = paused ? "Go on" : "Pause";
  pauseOrders(paused);
  pulse(true);
});
byId("more-stock").addEventListener("click", () => {
  allPlaces = true;
  if (state) showStock(state.nodes);
});
look();
