// Links: what is chosen in one column narrows all the others, and the linked systems; the address keeps what is chosen.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const COLUMNS = ["scene", "capability", "situation", "indicator", "base", "source"];
  const page = () => document.getElementById("links");
  const asked = () => new URLSearchParams(location.search);
  let paths = [];

  function keep(name, value) {
    const search = asked();
    if (value) search.set(name, value); else search.delete(name);
    const text = search.toString();
    history.replaceState(history.state, "", location.pathname + (text ? `?${text}` : ""));
  }

  const chosen = () => COLUMNS.map((name) => asked().get(name) || "");
  const nodes = () => [...page().querySelectorAll(".node")];

  function draw() {
    if (!page() || !document.getElementById("link-paths")) return;
    paths = JSON.parse(document.getElementById("link-paths").dataset.paths);
    const wanted = chosen();
    const text = (asked().get("q") || "").trim().toLowerCase();
    const field = document.getElementById("links-search");
    if (field && document.activeElement !== field && field.value !== (asked().get("q") || "")) field.value = asked().get("q") || "";
    const hit = new Set(nodes().filter((node) => text && node.dataset.text.includes(text)).map((node) => `${node.dataset.column}|${node.dataset.id}`));
    const open = COLUMNS.map(() => new Set());
    for (const path of paths) {
      if (wanted.some((id, at) => id && path[at] !== id)) continue;
      if (text && !path.some((id, at) => hit.has(`${COLUMNS[at]}|${id}`))) continue;
      path.forEach((id, at) => open[at].add(id));
    }
    const named = [];
    nodes().forEach((node) => {
      const at = COLUMNS.indexOf(node.dataset.column);
      const is = wanted[at] === node.dataset.id;
      const alone = wanted.every((id) => !id) && hit.has(`${node.dataset.column}|${node.dataset.id}`); // an entry that leads nowhere yet
      node.hidden = !(open[at].has(node.dataset.id) || is || alone);
      node.classList.toggle("is-chosen", is);
      node.querySelector(".choose").setAttribute("aria-pressed", String(is));
      if (is) named.push(node.querySelector(".choose").firstChild.textContent);
    });
    page().querySelectorAll("[data-shown]").forEach((place) => {
      const all = [...page().querySelectorAll(`.node[data-column="${place.dataset.shown}"]`)];
      const seen = all.filter((node) => !node.hidden).length;
      ioc.text(place, seen === all.length ? String(seen) : `${seen} / ${all.length}`);
    });
    ioc.text(document.getElementById("links-chosen"), named.join(" › "));
    document.getElementById("links-clear").hidden = !named.length && !text;
    systems(wanted, text, open);
  }

  // A system stays while it is of the theme, and gives or takes something that is still in sight where more is chosen.
  function systems(wanted, text, open) {
    const [scene] = wanted;
    const narrow = wanted.slice(1).some(Boolean);
    let seen = 0;
    page().querySelectorAll(".system[data-system]").forEach((row) => {
      const touched = [...row.dataset.gives.split(" "), ...row.dataset.takes.split(" ")].filter(Boolean);
      const near = !narrow || touched.some((id) => open[5].has(id) || open[3].has(id));
      const found = !text || row.dataset.text.includes(text) || touched.some((id) => open[5].has(id) || open[3].has(id));
      row.hidden = !((!scene || row.dataset.scene === scene) && near && found);
      seen += row.hidden ? 0 : 1;
    });
    document.getElementById("no-system").hidden = seen > 0;
  }

  // Other systems that feed the live world, as the answer of standing.js has them.
  const COUNTS = ["accepted", "rejected", "unread"];
  function connectors() {
    const list = document.getElementById("connectors");
    const { answer } = ioc.standing;
    if (!list || !answer || !answer.connectors) return;
    const now = answer.at;
    const ago = (ms) => (ms ? ioc.word("ago", ioc.age(now - ms)) : "—");
    answer.connectors.forEach((one, at) => {
      const row = list.children[at] || list.appendChild(ioc.make("div", "connector"));
      if (!row.children.length) row.append(...Array.from({ length: 10 }, () => ioc.make("span", "")));
      const fine = one.state === "live";
      const error = one.error ? `${one.error}${one.error_at_ms ? ` · ${ago(one.error_at_ms)}` : ""}` : "";
      const texts = [one.name, one.kind, one.source, ioc.word(`connector_${one.state}`), ago(one.last_at_ms), one.newest_ms ? `${ioc.isoDate(one.newest_ms).slice(5)} ${ioc.clock(one.newest_ms)}` : "—", ...COUNTS.map((key) => ioc.shown(one[key], 0)), error];
      texts.forEach((text, column) => ioc.text(row.children[column], text));
      row.children[3].className = `state is-${fine ? "ok" : "lost"}`;
      ioc.put(row, "data-connector", one.name);
    });
    while (list.children.length > answer.connectors.length) list.lastChild.remove();
    document.getElementById("no-connector").hidden = answer.connectors.length > 0;
  }
  document.addEventListener("standing", connectors);

  document.addEventListener("click", (event) => {
    if (!page()) return;
    if (event.target.closest("#links-clear")) { [...COLUMNS, "q"].forEach((name) => keep(name, "")); document.getElementById("links-search").value = ""; draw(); return; }
    const button = event.target.closest("#links .choose");
    if (!button) return;
    const { column, id } = button.parentElement.dataset;
    keep(column, asked().get(column) === id ? "" : id);
    draw();
  });
  document.addEventListener("input", (event) => {
    if (!page() || event.target.id !== "links-search") return;
    keep("q", event.target.value);
    draw();
  });
  // Arrows go through a column and from one to the next; Escape lets go of everything.
  document.addEventListener("keydown", (event) => {
    if (!page()) return;
    if (event.key === "Escape") { document.getElementById("links-clear").click(); return; }
    const here = event.target.closest("#links .node");
    const steps = { ArrowDown: [0, 1], ArrowUp: [0, -1], ArrowRight: [1, 0], ArrowLeft: [-1, 0] }[event.key];
    if (!here || !steps) return;
    const list = (name) => [...page().querySelectorAll(`.node[data-column="${name}"]`)].filter((node) => !node.hidden);
    const at = COLUMNS.indexOf(here.dataset.column);
    const beside = steps[0] ? list(COLUMNS[at + steps[0]] || "") : list(here.dataset.column);
    const next = steps[0] ? beside[0] : beside[beside.indexOf(here) + steps[1]];
    if (!next) return;
    event.preventDefault();
    next.querySelector(".choose").focus();
  });

  let seen = null;
  new MutationObserver(() => { if (page() !== seen) { seen = page(); draw(); } }).observe(document, { childList: true, subtree: true });
})();
