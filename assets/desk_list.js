// The list of the desk: what the address asks for, lines in their order, a page at a time, and news written in place. The
// page of cases and the queue of the duty desk are both made of it.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const { desk } = ioc;
  const list = (desk.list = {});
  const PAGES = { cases: 50, duty: 200 };
  const SORTS = { cases: "level", duty: "due" };
  const AGAIN_MS = 2000; // a whole page is read at most this often; single lines at once
  const RETRY_MS = 3000;
  const OVERDUE_MS = 15000;
  const TYPED_MS = 200;
  const NEVER = 2 ** 62;
  const FRESH_MS = 10000;
  const SCREEN = 40; // lines that are drawn first
  const ASKED = ["state", "kind", "level", "stage", "region", "org", "overdue", "mine", "q", "sort", "start"];

  let root = null;
  let rows = [];
  let total = 0;
  let me = "";
  let round = 0;
  let known = false; // the page has been read once

  const size = () => PAGES[root.dataset.desk];
  const sort = () => value("sort") || SORTS[root.dataset.desk];
  list.rows = () => rows;
  const asked = () => new URLSearchParams(location.search);
  const value = (name) => asked().get(name) || "";
  function keep(name, text) {
    const search = asked();
    if (text) search.set(name, text); else search.delete(name);
    if (name !== "start") search.delete("start");
    const said = search.toString();
    history.replaceState(history.state, "", location.pathname + (said ? `?${said}` : ""));
  }

  // --- order and fit, as the server has them ------------------------------------------------------------------------------
  const due = (row) => (row.due === null ? NEVER : row.due);
  list.compare = (sort) => (a, b) => {
    const keys = sort === "due" ? [due(a) - due(b), b.level - a.level] : [b.level - a.level, due(a) - due(b)];
    return keys.find(Boolean) || a.received - b.received || (a.id < b.id ? -1 : 1);
  };
  function fits(row) {
    if ((row.ended !== null) !== (value("state") === "ended")) return false;
    if (value("kind") && row.kind !== value("kind")) return false;
    if (value("level") && row.level !== Number(value("level"))) return false;
    if (value("stage") && row.stage !== value("stage")) return false;
    if (value("region") && !row.region.startsWith(value("region"))) return false;
    if (value("mine") && row.owner !== me) return false;
    if (value("org") && row.org !== value("org")) return false;
    if (value("overdue") && row.ended === null && row.clock !== "overdue") return false;
    const text = value("q").trim().toLowerCase();
    return !text || [row.title, row.owner, row.org].some((each) => each.toLowerCase().includes(text)) || row.id.startsWith(text);
  }

  // --- reading --------------------------------------------------------------------------------------------------------
  function query(more, page = root.dataset.desk, world = desk.world()) {
    const search = new URLSearchParams({ limit: String(PAGES[page]), sort: value("sort") || SORTS[page] });
    if (world) search.set("world", world);
    ASKED.forEach((name) => { if (value(name)) search.set(name, value(name)); });
    Object.entries(more || {}).forEach(([name, text]) => search.set(name, text));
    return `/api/v1/incidents?${search}`;
  }

  // The first page is asked for before the places of the desk stand.
  let early = null;
  const here = location.pathname.split("/")[1];
  if (Object.hasOwn(PAGES, here)) early = { path: query({}, here, value("world")), at: performance.now(), answer: desk.ask(query({}, here, value("world"))).catch(() => null) };
  async function first() {
    if (!early) return null;
    const { path, at } = early, answer = await early.answer;
    early = null;
    return answer && answer.world === desk.world() && path === query({}, root.dataset.desk, value("world")) && performance.now() - at < FRESH_MS ? answer : null;
  }

  let readAt = -Infinity;
  let reading = false;
  let again = 0;
  async function read() {
    clearTimeout(again);
    if (reading) { again = setTimeout(read, 100); return; }
    const mine = round;
    reading = true;
    readAt = performance.now();
    try {
      const answer = (await first()) || (await desk.ask(query()));
      if (mine === round) take(answer);
    } catch (problem) {
      if (mine === round) { trouble(desk.word("failed", desk.why(problem))); again = setTimeout(read, RETRY_MS); }
    } finally { reading = false; }
  }
  // At once when the last reading is long ago, else when that is so.
  function soon() {
    clearTimeout(again);
    again = setTimeout(read, Math.max(0, readAt + AGAIN_MS - performance.now()));
  }

  function take(answer) {
    const again = known;
    known = true;
    me = answer.me;
    rows = answer.rows;
    total = answer.total;
    trouble("");
    draw(again ? Infinity : SCREEN);
    if (!again && rows.length > SCREEN) setTimeout(draw);
  }

  async function news(changed) {
    if (!root || !root.isConnected) return;
    const ids = (changed || []).filter((each) => each.kind !== "alarm").map((each) => each.id);
    if (changed !== null && !ids.length) return;
    if (changed === null || ids.length > 50 || !known) { read(); return; }
    try {
      const answer = await desk.ask(query({ ids: ids.join(",") }));
      for (const id of ids) {
        rows = rows.filter((row) => row.id !== id);
        const found = answer.rows.find((row) => row.id === id);
        if (found && fits(found)) rows.push(found);
      }
      if (value("state") !== "ended") rows.sort(list.compare(sort()));
      rows = rows.slice(0, size());
      draw();
    } catch { /* the page is read again below */ }
    soon();
  }

  // --- drawing --------------------------------------------------------------------------------------------------------
  function trouble(text) {
    const place = desk.at("desk-empty");
    if (!place) return;
    const filtered = ASKED.some((name) => !["state", "sort"].includes(name) && value(name));
    const empty = known && !rows.length ? desk.word(filtered || value("state") ? "none" : "calm") : known ? "" : desk.word("loading");
    ioc.text(place, text || empty);
    ioc.hide(place, !(text || empty));
  }

  list.line = () => {
    const line = ioc.make("a", "desk-row");
    line.append(...["level", "title", "stage", "owner", "received", "due"].map((name) => ioc.make("span", `of-${name}`)));
    line.children[1].append(ioc.make("b"), ioc.make("small"));
    return line;
  };
  list.write = (line, row) => {
    const lang = ioc.english() ? "?lang=en" : "";
    ioc.put(line, "href", `/incident/${row.id}${lang}`);
    ioc.put(line, "data-level", String(row.level));
    ioc.put(line, "data-version", String(row.version));
    const [level, title, stage, owner] = line.children;
    if (level.dataset.level !== String(row.level)) { level.dataset.level = String(row.level); level.replaceChildren(desk.chip(row.level)); }
    ioc.text(title.firstChild, row.title);
    ioc.text(title.lastChild, [desk.short(row.id), ioc.name(desk.cycle(row.kind)), desk.class(row.class), desk.region(row.region), row.org].filter(Boolean).join(" · "));
    ioc.text(stage, desk.stage(row.kind, row.stage));
    ioc.text(owner, row.owner || desk.word("nobody"));
    ioc.flag(owner, "nobody", !row.owner);
    list.tick(line, row);
  };
  list.tick = (line, row) => {
    const received = line.querySelector(".of-received"), dueAt = line.querySelector(".of-due");
    ioc.text(received, desk.word("ago", ioc.age(desk.now() - row.received)));
    ioc.text(dueAt, row.ended !== null ? desk.moment(row.ended) : desk.due(row));
    ioc.flag(dueAt, "overdue", row.ended === null && row.due !== null && row.due < desk.now());
    ioc.flag(dueAt, "is-held", row.held);
  };

  function draw(most = Infinity) {
    const place = desk.at("desk-rows");
    if (!place) return;
    desk.lines(place, rows.slice(0, most), (row) => row.id, list.line, list.write);
    const start = Number(value("start") || 0);
    ioc.text(desk.at("desk-total"), desk.word("total", total));
    ioc.text(desk.at("desk-range"), total ? desk.word("range", start + 1, Math.min(total, start + rows.length), total) : "");
    if (desk.at("desk-later")) {
      desk.at("desk-earlier").disabled = start === 0;
      desk.at("desk-later").disabled = start + size() >= total;
    }
    trouble("");
    if (list.drawn) list.drawn(rows);
  }

  // --- choosing ---------------------------------------------------------------------------------------------------------
  function controls() {
    root.querySelectorAll("[data-ask]").forEach((each) => {
      const now = value(each.dataset.ask);
      if (each.tagName === "SELECT") { if (each.value !== now) each.value = now; return; }
      const first = { state: "open", sort: sort() }[each.dataset.ask];
      ioc.put(each, "aria-pressed", String((now || first) === each.dataset.value));
    });
    const search = desk.at("desk-q");
    if (search && document.activeElement !== search) search.value = value("q");
  }
  function choose(name, text) {
    keep(name, text);
    round += 1;
    known = false;
    rows = [];
    draw();
    controls();
    read();
  }

  let typing = 0;
  document.addEventListener("click", (event) => {
    if (!root || !root.isConnected) return;
    const button = event.target.closest("button[data-ask]");
    if (button) {
      const { ask, value: wanted } = button.dataset;
      choose(ask, { state: "open", sort: SORTS[root.dataset.desk] }[ask] === wanted || (["mine", "overdue"].includes(ask) && value(ask)) ? "" : wanted);
    }
    const step = { "desk-earlier": -size(), "desk-later": size() }[event.target.id];
    if (step) { keep("start", String(Math.max(0, Number(value("start") || 0) + step) || "")); round += 1; read(); desk.at("desk-rows").scrollTop = 0; }
  });
  document.addEventListener("change", (event) => {
    if (root && root.isConnected && event.target.matches("select[data-ask]")) choose(event.target.dataset.ask, event.target.value);
  });
  document.addEventListener("input", (event) => {
    if (event.target.id !== "desk-q") return;
    clearTimeout(typing);
    typing = setTimeout(() => choose("q", event.target.value.trim()), TYPED_MS);
  });
  // j, k and arrows go through the lines, Enter opens, / goes to the search; the duty desk has keys of its own.
  document.addEventListener("keydown", (event) => {
    if (!root || !root.isConnected || root.dataset.desk !== "cases" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches("input,select,textarea")) { if (event.key === "Escape") event.target.blur(); return; }
    if (event.key === "/") { event.preventDefault(); desk.at("desk-q").focus(); return; }
    const step = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const lines = [...desk.at("desk-rows").children];
    const at = lines.indexOf(document.activeElement);
    const next = lines[at < 0 ? (step > 0 ? 0 : lines.length - 1) : Math.min(lines.length - 1, Math.max(0, at + step))];
    if (next) { event.preventDefault(); next.focus(); next.scrollIntoView({ block: "nearest" }); }
  });

  desk.hear(news);
  desk.page({
    enter: (found) => {
      root = Object.hasOwn(PAGES, found.dataset.desk) ? found : null;
      if (!root) return;
      round += 1;
      known = false;
      rows = [];
      const place = desk.at("desk-search");
      const search = ioc.make("input", "typed");
      Object.assign(search, { id: "desk-q", type: "search", placeholder: place.dataset.placeholder, maxLength: 100 });
      place.replaceChildren(search);
      controls();
      trouble("");
      read();
    },
    tick: () => {
      if (!root) return;
      if (value("overdue") && performance.now() - readAt > OVERDUE_MS) soon(); // what runs out is news of the clock alone
      const known_ = new Map(rows.map((row) => [row.id, row]));
      for (const line of desk.at("desk-rows").children) { const row = known_.get(line.dataset.key); if (row) list.tick(line, row); }
    },
  });
})();
