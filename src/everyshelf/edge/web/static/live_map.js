// The map: an Albers equal-area conic projection of the contiguous United States, places and flows.
// Snyder, Map Projections: A Working Manual (USGS 1987), p. 98, with the usual parallels.
import { OUTLINE } from "./live_outline.js";
import { s } from "./live_dom.js";

const RAD = Math.PI / 180;
const [LAT0, LON0, LAT1, LAT2] = [37.5 * RAD, -96 * RAD, 29.5 * RAD, 45.5 * RAD];
const N = (Math.sin(LAT1) + Math.sin(LAT2)) / 2;
const C = Math.cos(LAT1) ** 2 + 2 * N * Math.sin(LAT1);
const RHO0 = Math.sqrt(C - 2 * N * Math.sin(LAT0)) / N;
const [WIDE, HIGH, SCALE] = [640, 392, 830];
const BIG = new Set(["dc", "three_pl"]);
const ROUND = new Set(["store", "popup"]);

export function project(lon, lat) {
  const rho = Math.sqrt(C - 2 * N * Math.sin(lat * RAD)) / N;
  const theta = N * (lon * RAD - LON0);
  return [WIDE / 2 + SCALE * rho * Math.sin(theta),
    HIGH / 2 - SCALE * (RHO0 - rho * Math.cos(theta)) + 14];
}

const dots = new Map();
const lines = new Map();
let layers = null;

function draw(holder) {
  const outline = OUTLINE.map(([lon, lat]) => project(lon, lat).map((v) => v.toFixed(1)).join(" "));
  const flows = s("g", { class: "flows" });
  const marks = s("g", { class: "marks" });
  const picture = s("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", "aria-label": "Map" },
    s("path", { class: "land", d: `M${outline.join("L")}Z` }), flows, marks);
  holder.replaceChildren(picture);
  return { picture, flows, marks };
}

function mark(node) {
  const [x, y] = project(node.lon, node.lat);
  const title = s("title", {});
  if (BIG.has(node.kind)) {
    return s("g", {}, s("rect", { x: x - 6, y: y - 6, width: 12, height: 12, rx: 2 }), title,
      s("text", { x: x + (x > 500 ? -10 : 10), y: y + 16, "text-anchor": "middle" },
        node.name.split(" ")[0]));
  }
  if (ROUND.has(node.kind)) return s("g", {}, s("circle", { cx: x, cy: y, r: 4.5 }), title);
  const d = `M${x} ${y - 6}L${x + 5.5} ${y + 4.5}H${x - 5.5}Z`;
  return s("g", {}, s("path", { d }), title);
}

function arc(from, to) {
  const [x1, y1] = project(from.lon, from.lat);
  const [x2, y2] = project(to.lon, to.lat);
  const lift = Math.min(60, Math.hypot(x2 - x1, y2 - y1) * 0.22);
  const [mx, my] = [(x1 + x2) / 2, (y1 + y2) / 2 - lift];
  return s("g", { class: "flow" },
    s("path", { d: `M${x1} ${y1}Q${mx} ${my} ${x2} ${y2}`, pathLength: 1 }),
    s("circle", { cx: x2, cy: y2, r: 2.2 }));
}

export function showMap(holder, state) {
  layers ??= draw(holder);
  const places = new Map(state.nodes.map((node) => [node.code, node]));
  for (const node of state.nodes) {
    if (!dots.has(node.code)) {
      dots.set(node.code, mark(node));
      layers.marks.append(dots.get(node.code));
    }
    const made = dots.get(node.code);
    const kind = BIG.has(node.kind) ? "m-big" : ROUND.has(node.kind) ? "m-store" : "m-other";
    made.setAttribute("class", `${kind}${node.paused ? " m-paused" : ""}`);
    const busy = node.paused ? "paused" : `${node.work} open orders`;
    made.querySelector("title").textContent = `${node.name}: ${busy}`;
  }
  const wanted = new Map(state.flows.map((flow) => [`${flow.id}:${flow.from}`, flow]));
  for (const [key, made] of lines) {
    if (!wanted.has(key)) {
      made.remove();
      lines.delete(key);
    }
  }
  for (const [key, flow] of wanted) {
    if (lines.has(key) || !places.has(flow.from)) continue;
    lines.set(key, arc(places.get(flow.from), flow));
    layers.flows.append(lines.get(key));
  }
  const paused = state.nodes.filter((n) => n.paused).length;
  layers.picture.setAttribute("aria-label",
    `Map of the United States with ${state.nodes.length} places, ${paused} of them paused, ` +
    `and ${lines.size} parcels on their way`);
}
