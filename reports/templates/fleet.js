"use strict";
(() => {
  const PAGE = 50, PRINTED = 1000;
  const data = JSON.parse(document.getElementById("data").textContent);
  const table = document.getElementById("table");
  if (!table) return;
  document.documentElement.classList.add("js");
  const byId = (id) => document.getElementById(id);
  const body = table.tBodies[0], heads = [...table.tHead.rows[0].cells];
  const text = (number) => data.texts[number];
  const systems = data.systems.map(([id, client, verdict, cells, reason, facts, findings, passed], place) =>
    ({ id, client, verdict, cells, reason: text(reason), facts, findings, passed, place }));
  const state = { shown: systems, page: 0, column: -1, descending: false, open: "", printing: false };

  const el = (name, attributes, ...children) => {      // text goes in as text: nothing of a client's can become markup
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {}))
      if (value !== "" && value !== false && value != null) element.setAttribute(key, value);
    element.append(...children.filter((child) => child !== "" && child != null));
    return element;
  };
  const bdi = (value, kind) => el("bdi", { class: kind || "" }, value);
  const badge = (verdict) => {
    const [name, label, sign] = data.verdicts[verdict];
    return el("span", { class: `badge ${name}` }, el("span", { "aria-hidden": "true" }, sign), ` ${label}`);
  };

  const finding = ([check, title, subject, outcome, severity, label, blocking, summary, figures, steps, waiver]) => {
    const waived = text(waiver), [measured, measuredExact, threshold, thresholdExact] = figures.map(text);
    const [why, remedy] = data.checks[text(check)] || ["", ""];
    const item = el("li", { class: `finding ${text(outcome)} ${text(severity)}${waived ? " waived" : ""}` });
    const head = el("p", { class: "finding-head" }, el("span", { class: "tag" }, text(label)), " ", el("strong", {}, text(title)));
    if (text(subject)) head.append(" ", bdi(text(subject), "subject"));
    if (blocking && !waived) head.append(" ", el("span", { class: "blocks" }, "blocks the upgrade"));
    item.append(head, el("p", {}, bdi(text(summary))));
    if (measured || threshold) {
      const line = el("p", { class: "figures" });
      if (measured) line.append("Measured ", el("b", { title: measuredExact }, measured));
      if (threshold) line.append(" Limit ", el("b", { title: thresholdExact }, threshold));
      item.append(line);
    }
    if (text(outcome) !== "pass" && why) item.append(el("p", { class: "why" }, why));
    const todo = steps.map(([what, terms]) => el("li", {}, bdi(text(what)), " ", el("small", {}, text(terms))));
    if (!todo.length && text(outcome) === "fail" && remedy) todo.push(el("li", {}, remedy));
    if (todo.length) item.append(el("ul", { class: "steps" }, ...todo));
    if (waived) item.append(el("p", { class: "waiver" }, bdi(waived)));
    return item;
  };

  const details = (system) => {
    const facts = el("dl", { class: "facts" }), inside = el("div", {}, facts);
    system.facts.forEach((fact, number) => {
      if (text(fact)) facts.append(el("div", {}, el("dt", {}, data.facts[number]), el("dd", {}, bdi(text(fact)))));
    });
    inside.append(system.findings.length
      ? el("ul", { class: "findings" }, ...system.findings.map(finding))
      : el("p", { class: "none" }, "Nothing was found."));
    if (text(system.passed)) inside.append(el("p", { class: "passed" }, `${text(system.passed)}.`));
    return el("tr", { class: "details" }, el("td", { colspan: heads.length }, inside));
  };

  const row = (system) => {
    const opened = system.id === state.open;
    const address = `system-${system.id}`;               // on the link, so that the browser itself gives it the focus
    const link = el("a", { id: address, href: `#${address}`, "aria-expanded": String(opened) }, bdi(system.client));
    const line = el("tr", { "data-system": system.id, class: opened ? "open" : "" },
      el("th", { scope: "row" }, link, el("small", {}, system.id)), cell(1, {}, badge(system.verdict)));
    system.cells.forEach(([value, note, exact], number) =>
      line.append(cell(number + 2, { title: exact }, value, note ? el("small", {}, note) : "")));
    line.append(cell(heads.length - 1, {}, bdi(system.reason || "–")));
    return line;
  };
  const labels = heads.map((head) => head.textContent.trim());
  const cell = (column, attributes, ...children) => el("td",
    { "data-label": labels[column], class: heads[column].classList.contains("number") ? "number" : "", ...attributes }, ...children);

  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  const key = (system, column) =>
    column === 0 ? system.client : column === 1 ? system.verdict
      : column === heads.length - 1 ? system.reason || null : system.cells[column - 2][3];
  const compare = (one, other) => {
    const a = key(one, state.column), b = key(other, state.column);
    if (a === null || b === null) return (a === null) - (b === null) || one.place - other.place;
    const order = typeof a === "string" ? collator.compare(a, b) : a - b;
    return (state.descending ? -order : order) || one.place - other.place;
  };
  const searched = (system) => system.search ??= [system.id, system.client, data.verdicts[system.verdict][1], system.reason,
    ...system.cells.map((value) => value[0]), ...system.facts.map(text), ...system.findings.map((one) => `${text(one[1])} ${text(one[2])}`)]
    .join("\n").toLowerCase();
  const FILTERS = ["verdict", "check", "outcome", "release"], RANKS = ["high", "medium", "low", "unknown"];
  const releaseOf = (system) => system.cells[0][0] === "–" ? "not told" : system.cells[0][0];
  const rank = (one) => text(one[3]) === "unknown" ? 3 : Math.min(2, RANKS.indexOf(text(one[4])) >>> 0);
  const standsOpen = (one) => ["fail", "unknown"].includes(text(one[3])) && !text(one[10]);
  const found = (system, check, outcome) => {           // a system counts once a check, with its worst open finding
    if (!check && !outcome) return true;
    const named = system.findings.filter((one) => !check || text(one[0]) === check);
    if (outcome === "waived") return named.some((one) => text(one[10]));
    if (outcome === "fail-any") return named.some((one) => text(one[3]) === "fail");
    if (outcome === "unknown-any") return named.some((one) => standsOpen(one) && rank(one) === 3);
    const worst = new Map();
    for (const one of named) if (standsOpen(one)) worst.set(one[0], Math.min(worst.get(one[0]) ?? 3, rank(one)));
    const ranks = [...worst.values()];
    if (outcome === "fail") return ranks.some((one) => one < 3);
    return outcome ? ranks.includes(RANKS.indexOf(outcome.replace("fail-", ""))) : ranks.length > 0;
  };

  const select = () => {
    const words = byId("find").value.toLowerCase().split(/\s+/).filter(Boolean);
    const [verdict, check, outcome, release] = FILTERS.map((name) => byId(name).value);
    state.shown = systems.filter((system) => (!verdict || data.verdicts[system.verdict][0] === verdict)
      && (!release || releaseOf(system) === release) && found(system, check, outcome)
      && words.every((word) => searched(system).includes(word)));
    if (state.column >= 0) state.shown.sort(compare);
    state.page = 0;
    draw();
  };

  const draw = () => {
    const { shown } = state, pages = Math.max(1, Math.ceil(shown.length / PAGE));
    const first = state.printing ? 0 : state.page * PAGE, last = Math.min(shown.length, first + (state.printing ? PRINTED : PAGE));
    const lines = [];
    for (const system of shown.slice(first, last)) {
      lines.push(row(system));
      if (system.id === state.open) lines.push(details(system));
    }
    if (!lines.length) lines.push(el("tr", {}, el("td", { colspan: heads.length, class: "nothing" }, "No system matches. Change the filter, or press “Show all”.")));
    body.replaceChildren(...lines);
    const number = (value) => value.toLocaleString("en");
    const whole = shown.length === systems.length ? "" : ` (of ${number(systems.length)})`;
    byId("showing").textContent = shown.length
      ? `Systems ${number(first + 1)} to ${number(last)} of ${number(shown.length)}${whole}` : `No system of ${number(systems.length)} matches`;
    byId("pager").hidden = pages < 2;
    byId("page").textContent = `Page ${number(state.page + 1)} of ${number(pages)}`;
    byId("previous").disabled = state.page === 0;
    byId("next").disabled = state.page >= pages - 1;
  };

  const sortBy = (column, descending) => {
    state.column = column;
    state.descending = descending;
    heads.forEach((head, number) => number === column
      ? head.setAttribute("aria-sort", descending ? "descending" : "ascending") : head.removeAttribute("aria-sort"));
    byId("sort").value = column < 0 ? "" : String(column);
    if (column < 0) state.shown.sort((one, other) => one.place - other.place); else state.shown.sort(compare);
    state.page = 0;
    draw();
  };
  const descendsFirst = (column) => column >= 3 && column <= 6 && column !== 5;     // the largest, but the least room

  const open = (id) => {
    const system = systems.find((one) => one.id === id);
    if (!system) return;
    if (!state.shown.includes(system)) filterBy({});
    state.page = Math.floor(state.shown.indexOf(system) / PAGE);
    state.open = id;
    draw();
    const link = byId(`system-${id}`);
    link.closest("tr").scrollIntoView({ block: "start" });
    link.focus({ preventScroll: true });
  };
  const filterBy = (wanted) => {
    byId("find").value = "";
    for (const name of FILTERS) byId(name).value = wanted[name] || "";
    state.open = "";
    select();
  };
  const close = () => {
    const id = state.open;
    state.open = "";
    history.replaceState(null, "", location.pathname + location.search);
    draw();
    byId(`system-${id}`)?.focus({ preventScroll: true });
  };
  const follow = () => {
    let id = "";
    try { id = decodeURIComponent(location.hash); } catch { return; }
    if (id.startsWith("#system-")) open(id.slice(8));
    if (id.startsWith("#check-")) {
      filterBy({ check: id.slice(7) });
      byId("systems").scrollIntoView();
      byId("systems").focus({ preventScroll: true });
    }
  };

  heads.forEach((head, column) => {
    const button = el("button", { type: "button" }, head.textContent.trim());
    head.dataset.name = labels[column];                  // for print: a repeated header does not paint its buttons
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const again = state.column === column, back = descendsFirst(column);
      if (again && state.descending !== back) sortBy(-1, false); else sortBy(column, again ? !back : back);
    });
    byId("sort").append(el("option", { value: column }, labels[column]));
  });
  byId("sort").addEventListener("change", (event) => {
    const column = event.target.value === "" ? -1 : Number(event.target.value);
    sortBy(column, descendsFirst(column));
  });
  const turn = (by) => { state.page += by; draw(); byId("systems").scrollIntoView(); };
  byId("previous").addEventListener("click", () => turn(-1));
  byId("next").addEventListener("click", () => turn(1));
  byId("find").addEventListener("input", select);
  for (const name of FILTERS) byId(name).addEventListener("change", select);
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  byId("filters").addEventListener("reset", () => setTimeout(() => { state.open = ""; sortBy(-1, false); select(); }));
  body.addEventListener("click", (event) => {
    const link = event.target.closest("a[aria-expanded]");
    if (!link) return;
    event.preventDefault();
    const id = link.getAttribute("href").slice(8);
    if (id === state.open) { close(); return; }
    history.pushState(null, "", `#system-${id}`);
    open(id);
  });
  document.addEventListener("click", (event) => {
    const place = event.target.closest("[data-verdict], [data-check], [data-outcome], [data-release], [data-open]");
    if (!place || body.contains(place)) return;
    if (place.dataset.open) { location.hash = `#system-${place.dataset.open}`; return; }
    filterBy(place.dataset);
    if (!place.closest("a")) byId("systems").scrollIntoView();      // a shape of a chart
  });
  addEventListener("hashchange", follow);
  addEventListener("popstate", follow);
  addEventListener("beforeprint", () => {
    state.printing = true;
    draw();
    const kept = new Set(state.shown.map((system) => system.id));
    document.querySelectorAll("article[data-system]").forEach((one) => { one.hidden = !kept.has(one.dataset.system); });
  });
  addEventListener("afterprint", () => { state.printing = false; draw(); });

  document.querySelectorAll("article[data-system]").forEach((one) => one.removeAttribute("id"));
  const releases = [...new Set(systems.map(releaseOf))].sort(collator.compare);
  byId("release").append(...releases.map((release) => el("option", { value: release }, release)));
  byId("filters").hidden = false;
  draw();
  follow();
  addEventListener("load", () => { if (location.hash.startsWith("#check-")) setTimeout(follow); });   // after its own jump
})();
