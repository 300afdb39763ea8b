// The workbench: narrows the catalogue by what the address asks for, asks for rehearsals, follows them and writes their sheets.
// Everything is written as text and never as markup.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const ANSWER_MS = 8000, FOLLOW_MS = 1000;
  const WORDS = {
    lost: ["读取失败，请重试", "It could not be read: try again"], none: ["尚无预演", "No rehearsal yet"], waiting: ["排队中", "waiting"], running: ["进行中 {0}%", "{0}% done"], done: ["已完成", "done"], failed: ["未完成", "failed"], cancelled: ["已取消", "cancelled"],
    cancel: ["取消", "Cancel"], look: ["查看", "Look"], would: ["会触发 {0} 次，现行版 {1} 次", "{0} alarms, {1} as in force"], span: ["{0} 至 {1}，{2} 个窗口，{3} 个序列", "{0} to {1}, {2} windows, {3} series"], short: ["只有 {0} 起的值", "values from {0} on only"],
    tried: ["预演", "tried"], today: ["现行", "in force"], limits: ["界限", "Limits"], times: ["达到次数", "Times reached"], minutes: ["持续", "Duration"], during: ["在事件期间", "During incidents"], met: ["对上的事件", "Incidents met"], missed: ["未对上的事件", "Incidents missed"], ahead: ["比受理早（中位）", "Ahead of receipt, median"],
    of: ["{0} / {1}", "{0} of {1}"], noIncidents: ["此时段没有本场景的事件记录，不能判断误报与漏报", "No incidents of this scene are on file for that time: nothing can be said of false or missed alarms"], regions: ["按区域（次）", "By region, alarms"], days: ["按日（次）", "By day, alarms"], newest: ["预演会触发的最近告警", "The newest that would have been told"], stands: ["未结束", "goes on"],
    min: ["{0} 分钟", "{0} min"], hours: ["{0} 小时", "{0} h"], stale: ["界限已改，此结果不属于现在填的界限", "The limits were changed: this sheet is not of what stands in the form"], asked: ["已提交", "Asked"], calendar: ["另有 {0} 个日历的界限", "further limits on {0} calendars"], changed: ["有更改", "changed"], nothing: ["没有触发", "none"], z: ["z", "z"],
  };
  const word = (key, ...parts) => WORDS[key][ioc.english() ? 1 : 0].replace(/\{(\d)\}/g, (_, index) => parts[index]);
  const at = (id) => document.getElementById(id);
  const make = ioc.make;
  const moment = (ms) => `${ioc.isoDate(ms)} ${ioc.clock(ms)}`;
  const level = (name) => ioc.word(name);

  // --- both pages -----------------------------------------------------------------------------------------------------------
  function select(place, chosen, act) {
    const field = make("label", "admin-field"), made = make("select");
    made.append(...JSON.parse(place.dataset.choices).map(([value, name]) => Object.assign(make("option", "", name), { value })));
    made.name = place.dataset.choose;
    made.value = chosen;
    made.addEventListener("change", () => act(made.value));
    field.append(make("span", "", place.dataset.label), made);
    place.replaceChildren(field);
    return made;
  }
  const asked = () => new URLSearchParams(location.search);
  function keep(name, value) {
    const search = asked();
    if (value) search.set(name, value); else search.delete(name);
    const text = search.toString();
    history.replaceState(history.state, "", location.pathname + (text ? `?${text}` : ""));
  }

  // --- the catalogue --------------------------------------------------------------------------------------------------------
  const BY = ["scene", "source", "task", "owner", "level"];
  function fits(row, wanted) {
    const live = row.querySelector("[data-value]"), quality = live.querySelector(".number").dataset.quality;
    return wanted.words.every((part) => row.dataset.text.includes(part)) &&
      (!wanted.scene || row.dataset.scene === wanted.scene) && (!wanted.owner || row.dataset.owner === wanted.owner) &&
      (!wanted.source || row.dataset.source.split(" ").includes(wanted.source)) && (!wanted.task || row.dataset.serves.split(" ").includes(wanted.task)) &&
      ({ over: !live.querySelector(".chip").hidden, poor: quality !== "complete" && quality !== "provisional", judged: Boolean(row.dataset.judged) }[wanted.level] ?? true);
  }
  function narrow() {
    if (!at("workbench")) return;
    const search = asked(), wanted = Object.fromEntries(BY.map((name) => [name, search.get(name) || ""]));
    wanted.words = (search.get("q") || "").toLowerCase().split(/\s+/).filter(Boolean);
    const rows = [...document.querySelectorAll("#workbench [data-row]")];
    rows.forEach((row) => ioc.hide(row, !fits(row, wanted)));
    const left = rows.filter((row) => !row.hidden).length;
    ioc.text(at("bench-count"), `${left} / ${rows.length}`);
    ioc.hide(at("bench-nothing"), left > 0);
  }
  function catalogue() {
    const place = at("bench-search");
    const input = Object.assign(make("input", "typed"), { type: "search", maxLength: 80, value: asked().get("q") || "", placeholder: place.dataset.label });
    input.setAttribute("aria-label", place.dataset.label);
    input.addEventListener("input", () => { keep("q", input.value.trim()); narrow(); });
    place.replaceChildren(input);
    document.querySelectorAll("#workbench [data-choose]").forEach((each) => select(each, asked().get(each.dataset.choose) || "", (value) => { keep(each.dataset.choose, value); narrow(); }));
    narrow();
  }

  // --- one indicator --------------------------------------------------------------------------------------------------------
  let root = null, facts = null, shown = null, timer = 0, silence = 0;
  const here = () => at("bench-is").dataset.indicator;
  const world = () => new URLSearchParams({ world: root.dataset.standing });
  async function ask(path, body) {
    const reply = await fetch(path, { method: body ? "POST" : "GET", credentials: "same-origin", headers: { "Content-Type": "application/json" }, body: body && JSON.stringify(body), signal: AbortSignal.timeout(ANSWER_MS) });
    if (reply.status === 401) { location.assign(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`); return null; }
    const answer = await reply.json();
    if (!reply.ok) throw Object.assign(new Error(ioc.english() ? answer.error.message_en : answer.error.message_zh), { told: true });
    return answer;
  }
  function say(text) {
    const place = at("bench-said");
    clearTimeout(silence);
    ioc.text(place, text);
    ioc.hide(place, !text);
    silence = setTimeout(() => ioc.hide(place, true), 8000);
  }
  const trouble = (problem) => say(problem.told ? problem.message : word("lost"));
  const fields = () => [...root.querySelectorAll(".bench-field input")];
  const thresholds = () => fields().filter((field) => field.value.trim() !== "").map((field) => `${field.name}=${field.value.trim()}`).join(",");

  function form() {
    root.querySelectorAll(".bench-field").forEach((place) => {
      const field = make("label", "admin-field"), input = Object.assign(make("input"), { name: place.dataset.field, value: place.dataset.limit, maxLength: 12, inputMode: "decimal", autocomplete: "off", placeholder: place.dataset.hint });
      const title = make("span");
      if (ioc.LEVELS.includes(place.dataset.field)) { const chip = ioc.makeChip(); ioc.chip(chip, place.dataset.field); title.append(chip); } else title.textContent = place.dataset.label;
      input.addEventListener("input", note);
      input.addEventListener("keydown", (event) => { if (event.key === "Enter") run(); });
      field.append(title, input, make("small", "", `${place.dataset.now}${ioc.LEVELS.includes(place.dataset.field) || place.dataset.field === "hysteresis" ? ` ${facts.unit}`.trimEnd() : ""}`));
      place.replaceChildren(field);
    });
    const days = root.querySelector("[data-choose=days]");
    if (days) select(days, "30", () => {});
    if (at("rehearsal-run")) at("rehearsal-run").addEventListener("click", run);
  }
  function note() {
    const other = shown && at("rehearsal-run") && shown.thresholds !== thresholds();
    ioc.text(at("rehearsal-note"), other ? word("stale") : "");
    ioc.flag(at("rehearsal-sheet"), "is-stale", Boolean(other));
  }
  async function run() {
    try {
      const made = await ask(`/api/v1/workbench/indicators/${encodeURIComponent(here())}/rehearse?${world()}`, { thresholds: thresholds(), days: Number(root.querySelector("select[name=days]").value) });
      say(word("asked"));
      keep("rehearsal", made.id);
      follow();
    } catch (problem) { trouble(problem); }
  }

  async function follow() {
    clearTimeout(timer);
    const mine = root;
    if (!mine || !mine.isConnected) return;
    try {
      const { rehearsals } = await ask(`/api/v1/workbench/indicators/${encodeURIComponent(here())}/rehearsals?${world()}`);
      if (mine !== root) return;
      past(rehearsals);
      const chosen = asked().get("rehearsal") || (rehearsals.find((each) => each.state === "done") || {}).id;
      if (chosen && (!shown || shown.id !== chosen || shown.state !== "done")) show(await ask(`/api/v1/workbench/rehearsals/${encodeURIComponent(chosen)}`));
      if (rehearsals.some((each) => each.state === "waiting" || each.state === "running")) timer = setTimeout(follow, FOLLOW_MS);
    } catch (problem) { trouble(problem); timer = setTimeout(follow, 5 * FOLLOW_MS); }
  }
  const state = (each) => (each.state === "running" ? word("running", Math.floor(each.permille / 10)) : word(each.state));
  function past(rehearsals) {
    at("rehearsal-past").replaceChildren(...(rehearsals.length ? rehearsals.map((each) => {
      const row = make("article", "bench-rehearsal"), acts = make("div", "choices"), open = each.state === "waiting" || each.state === "running";
      row.append(make("b", "", state(each)), make("span", "note", `${moment(each.asked_ms)} ${each.by}`), make("p", "", each.thresholds.replaceAll(",", "  ")), make("p", "note", each.why || `${moment(each.from_ms)} – ${moment(each.until_ms)}`));
      if (each.state === "done") { const look = Object.assign(make("button", "choice", word("look")), { type: "button" }); look.addEventListener("click", () => { keep("rehearsal", each.id); follow(); }); acts.append(look); }
      if (open && at("rehearsal-run")) { const stop = Object.assign(make("button", "choice", word("cancel")), { type: "button" }); stop.addEventListener("click", () => ask(`/api/v1/workbench/rehearsals/${each.id}/cancel`, {}).then(follow, trouble)); acts.append(stop); }
      row.append(acts);
      return row;
    }) : [make("p", "empty", word("none"))]));
  }

  const table = (name, heads, rows) => {
    const made = make("table", "admin-table"), caption = make("caption", "", name), head = make("thead"), line = make("tr"), body = make("tbody");
    line.append(...heads.map((text) => Object.assign(make("th", "", text), { scope: "col" })));
    head.append(line);
    body.append(...rows.map((cells) => { const row = make("tr"); row.append(...cells.map((cell, index) => { const made_ = make(index ? "td" : "th"); if (!index) made_.scope = "row"; made_.append(cell); return made_; })); return row; }));
    made.append(caption, head, body);
    return made;
  };
  const lasting = (minutes) => (minutes >= 120 ? word("hours", (minutes / 60).toFixed(1)) : word("min", Math.round(minutes)));
  const chip = (name) => { const made = ioc.makeChip(); ioc.chip(made, name); return made; };

  function show(one) {
    const same = shown && shown.id === one.id && shown.state === one.state;
    shown = one;
    const place = at("rehearsal-sheet");
    if (!one.sheet) { place.replaceChildren(make("p", "empty", one.why || state(one))); note(); return; }
    if (!same) place.replaceChildren(...sheet(one.sheet));
    note();
  }
  function sheet(of) {
    const named = (code) => { const found = of.regions.find((each) => each.code === code); return found ? ioc.name(found) : code; };
    const used = ioc.LEVELS.filter((name) => name in of.tried.limits || name in of.today.limits);
    const limit = (side, name) => (name in side.limits ? `${of.on === "z" ? "|z| ≥ " : of.direction === "up" ? "< " : "≥ "}${side.limits[name]}${of.on === "z" ? "" : ` ${of.unit}`.trimEnd()}` : "—");
    const parts = [
      make("p", "rehearsal-would", word("would", of.tried.alarms, of.today.alarms)),
      make("p", "note", [word("span", moment(of.from), moment(of.until), of.windows, of.series), of.first !== null && of.first - of.from > 86400000 ? word("short", moment(of.first)) : "", of.today.variants ? `${word("today")}: ${word("calendar", of.today.variants)}` : ""].filter(Boolean).join(" · ")),
      table(word("times"), ["", `${word("tried")} ${word("limits")}`, word("tried"), word("minutes"), `${word("today")} ${word("limits")}`, word("today"), word("minutes")], used.map((name) => [chip(name), limit(of.tried, name), String(of.tried.levels[name]), lasting(of.tried.minutes[name]), limit(of.today, name), String(of.today.levels[name]), lasting(of.today.minutes[name])])),
    ];
    if (of.incidents) parts.push(table(word("met"), ["", word("tried"), word("today")], [
      [word("met"), word("of", of.tried.met, of.incidents), word("of", of.today.met, of.incidents)], [word("missed"), String(of.tried.missed), String(of.today.missed)],
      [word("during"), word("of", of.tried.during, of.tried.alarms), word("of", of.today.during, of.today.alarms)], [word("ahead"), of.tried.ahead === null ? "—" : lasting(of.tried.ahead), of.today.ahead === null ? "—" : lasting(of.today.ahead)],
    ]));
    else parts.push(make("p", "note", word("noIncidents")));
    parts.push(bars(word("regions"), of.regions.map((each) => [ioc.name(each) || each.code, each.tried, each.today])), bars(word("days"), of.days.map((each) => [each.day, sum(each.tried), sum(each.today)])));
    const newest = of.tried.episodes.slice(-12).reverse();
    parts.push(newest.length ? table(word("newest"), ["", "", ""], newest.map((each) => [chip(each.level), [named(each.region), ...each.dims.map((pair) => pair.join(" "))].join(" · "), `${moment(each.begun)} – ${each.ended === null ? word("stands") : moment(each.ended)}`])) : make("p", "note", word("nothing")));
    return parts;
  }
  const sum = (levels) => Object.values(levels).reduce((whole, count) => whole + count, 0);
  // Two bars a line: solid what was tried, an outline what is in force; the numbers stand beside.
  function bars(name, rows) {
    const made = make("section", "rehearsal-bars"), most = Math.max(1, ...rows.map(([, tried, today]) => Math.max(tried, today)));
    made.append(make("h3", "", name), ...(rows.length ? rows.map(([title, tried, today]) => {
      const line = make("div", "rehearsal-bar"), place = make("span", "rehearsal-bar-place"), full = make("i", "is-tried"), empty = make("i", "is-today");
      full.style.width = `${(100 * tried) / most}%`;
      empty.style.width = `${(100 * today) / most}%`;
      place.append(empty, full);
      line.append(make("b", "", title), place, make("span", "", `${today} → ${tried}`));
      return line;
    }) : [make("p", "note", word("nothing"))]));
    return made;
  }

  // --- pages come and go ----------------------------------------------------------------------------------------------------
  let page = null, about = ""; // Dash may keep the element and change what it is about
  function look() {
    const found = at("workbench") || at("bench"), which = found && at("bench-is") ? here() : "";
    if (found === page && which === about) return;
    [page, about] = [found, which];
    clearTimeout(timer);
    root = null;
    shown = null;
    if (!found) return;
    if (found.id === "workbench") { catalogue(); return; }
    root = found;
    facts = JSON.parse(at("bench-is").dataset.facts);
    form();
    follow();
  }
  document.addEventListener("standing", narrow);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || !at("workbench") || event.target.closest("input, textarea, select")) return;
    event.preventDefault();
    at("bench-search").querySelector("input").focus();
  });
  new MutationObserver(look).observe(document, { childList: true, subtree: true });
  look();
})();
