// People and means: the tabs of the page, and the duty roster of a week: shifts, handovers that are signed, undo, import.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const { desk } = ioc;
  const roster = (desk.roster = { tabs: {} });
  const AGAIN_MS = 15000;
  const DAY = 86400000, HOUR = 3600000, LOCAL = 8 * HOUR;
  const ROLES = ["duty", "leader"];
  const WORDS = {
    duty: ["值班员", "Duty officers"], leader: ["值班领导", "Leaders"], now: ["此刻在班：{0}", "On duty now: {0}"], nobody: ["此刻无人排班，通知发给该角色全体", "Nobody is on the roster now: everybody of a role is told"],
    add: ["排班", "Add a shift"], change: ["更改班次", "Change the shift"], import: ["导入 CSV", "Import CSV"], undo: ["撤销", "Undo"], give: ["交班", "Hand over"], sign: ["签收", "Sign"], earlier: ["上一周", "Week before"], later: ["下一周", "Week after"], today: ["本周", "This week"],
    person: ["人员", "Person"], role: ["角色", "Role"], post: ["席位", "Post"], start: ["开始", "Begin"], end: ["结束", "End"], note: ["备注", "Note"], save: ["保存", "Save"], remove: ["取消此班", "Remove"], taker: ["接班人", "To"], matters: ["交接事项", "What to know"],
    csv: ["粘贴表格或 CSV：{0}", "Paste a table or CSV: {0}"], done: ["已保存", "Saved"], undone: ["已撤销 {0} 项", "{0} taken back"], imported: ["已导入 {0} 项", "{0} imported"], empty: ["这一周还没有排班。按“排班”新增，或导入 CSV。", "No shifts this week yet: add one, or import a CSV."], none: ["无", "None"],
    waits: ["待 {0} 签收", "{0} has to sign"], signed: ["{0} {1} 已签收", "{0} signed at {1}"], open: ["未结 {0} 件：{1}", "{0} open: {1}"], calm: ["无未结事件", "nothing is open"], added: ["新增 {0}", "added {0}"], changed: ["更改 {0}", "changed {0}"], removed: ["取消 {0}", "removed {0}"], back: ["撤销 {0}", "undid {0}"], gone: ["（已撤销）", " (taken back)"], more: [" 等 {0} 项", " and more, {0} in all"], week: ["一周班次", "The week"], second: ["交接", "Handovers"], which: ["{0} 至 {1}", "{0} to {1}"],
  };
  const word = (roster.word = (key, ...parts) => WORDS[key][ioc.english() ? 1 : 0].replace(/\{(\d)\}/g, (_, index) => parts[index]));
  const make = (...all) => ioc.make(...all), text = (...all) => ioc.text(...all);
  let root = null, tab = "roster", week = 0, page = null, readAt = -Infinity;

  const local = (ms) => new Date(ms + LOCAL).toISOString().slice(0, 16); // as an input of date and time has it, of here
  const instant = (said) => Date.parse(`${said}:00Z`) - LOCAL;
  const midnight = (ms) => Math.floor((ms + LOCAL) / DAY) * DAY - LOCAL;
  const monday = () => { const today = midnight(desk.now()); return today - ((new Date(today + LOCAL).getUTCDay() + 6) % 7) * DAY + week * 7 * DAY; };
  const hour = (ms) => new Date(ms + LOCAL).toISOString().slice(11, 16);

  roster.open = (name) => tab === name && root !== null;
  roster.acts = (buttons) => desk.at("roster-acts").replaceChildren(...buttons.filter(Boolean).map(([name, act, first]) => {
    const button = desk.button(name);
    if (first) button.classList.add("first");
    button.addEventListener("click", act);
    return button;
  }));
  roster.edits = (edits) => {
    const lines = edits.map((each) => {
      const line = make("li"), what = each.what + (each.edits > 1 ? word("more", each.edits) : "");
      line.append(make("span", "who", each.by), make("b", "", word(each.undo ? "back" : each.kind, what) + (each.undone ? word("gone") : "")), make("span", "who", desk.moment(each.at)));
      return line;
    });
    desk.at("roster-edits").replaceChildren(...(lines.length ? lines : [make("li", "note", word("none"))]));
  };
  roster.send = async (path, body, told) => { const answer = await desk.ask(path, body); desk.dialog(null); desk.say(told(answer)); await roster.read(); };
  roster.undo = (path) => desk.ask(path, {}).then((answer) => { desk.say(word("undone", answer.undone)); return roster.read(); }).catch((problem) => desk.say(desk.why(problem)));
  roster.import = (path, columns, count) => {
    const csv = desk.input({ rows: 10, spellcheck: false }), file = Object.assign(make("input"), { type: "file", accept: ".csv,text/csv" });
    csv.placeholder = columns;
    file.addEventListener("change", async () => { if (file.files[0]) csv.value = await file.files[0].text(); });
    desk.box({ title: word("import"), submit: word("import"), wide: true, parts: [make("p", "note", word("csv", columns)), desk.labelled("CSV", csv), desk.labelled("", file)],
      send: () => roster.send(path, { csv: csv.value }, (answer) => word("imported", count(answer))) });
    file.setAttribute("aria-label", word("import"));
  };

  // --- the week ----------------------------------------------------------------------------------------------------------
  function edit(shift, day, role) {
    const able = page.people.filter((each) => !role || each.roles.includes(role) || shift);
    const person = desk.select((able.length ? able : page.people).map((each) => [each.name, `${each.title} (${each.name})`]), shift ? shift.person : (able[0] || page.people[0] || {}).name);
    const as = desk.select(ROLES.map((each) => [each, word(each)]), shift ? shift.role : role || "duty");
    const post = desk.input({ value: shift ? shift.post : "", maxLength: 64 }), note = desk.input({ value: shift ? shift.note : "", maxLength: 400 });
    const begin = desk.input({ type: "datetime-local", value: local(shift ? shift.start : day + 8 * HOUR) }), end = desk.input({ type: "datetime-local", value: local(shift ? shift.end : day + 20 * HOUR) });
    const parts = [[word("person"), person], [word("role"), as], [word("post"), post], [word("start"), begin], [word("end"), end], [word("note"), note]].map(([name, made]) => desk.labelled(name, made));
    if (shift) {
      const gone = desk.button(word("remove"));
      gone.addEventListener("click", () => form.attempt(() => roster.send(`/api/v1/roster/shifts/${shift.id}/remove`, {}, () => word("done"))));
      parts.push(gone);
    }
    const form = desk.box({ title: word(shift ? "change" : "add"), submit: word("save"), parts,
      send: () => roster.send("/api/v1/roster/shifts", { ...(shift ? { id: shift.id } : {}), person: person.value, role: as.value, post: post.value, note: note.value, start: instant(begin.value), end: instant(end.value) }, () => word("done")) });
  }

  function give() {
    const others = page.people.filter((each) => each.name !== page.me);
    const taker = desk.select(others.map((each) => [each.name, `${each.title} (${each.name})`]), (others[0] || {}).name), note = desk.input({ rows: 6, maxLength: 2000 });
    desk.box({ title: word("give"), submit: word("give"), parts: [desk.labelled(word("taker"), taker), desk.labelled(word("matters"), note)],
      send: () => roster.send("/api/v1/roster/handovers", { taker: taker.value, note: note.value }, () => word("done")) });
  }

  function cell(day, role) {
    const place = make("div", "roster-cell"), shifts = page.shifts.filter((each) => each.role === role && each.start < day + DAY && each.end > day && midnight(Math.max(each.start, page.from)) === day);
    shifts.forEach((each) => {
      const line = make(page.may_edit ? "button" : "div", `roster-shift${each.now ? " is-now" : ""}`);
      if (page.may_edit) { line.type = "button"; line.dataset.shift = each.id; line.addEventListener("click", () => edit(each)); }
      line.append(make("b", "", each.title), make("span", "", `${hour(each.start)}–${hour(each.end)}`), make("small", "", each.post));
      place.append(line);
    });
    return place;
  }

  function draw() {
    const days = [...Array(7).keys()].map((index) => page.from + index * DAY), today = midnight(page.at);
    text(desk.at("roster-title"), word("week"));
    text(desk.at("roster-second"), word("second"));
    text(desk.at("roster-note"), word("which", ioc.isoDate(days[0]), ioc.isoDate(days[6])));
    const names = ROLES.filter((role) => page.now[role]).map((role) => `${word(role)} ${page.now[role].join("、")}`);
    text(desk.at("roster-now"), names.length ? word("now", names.join(ioc.english() ? "; " : "；")) : word("nobody"));
    const grid = make("div", "roster-week");
    const dated = new Intl.DateTimeFormat(ioc.english() ? "en" : "zh-CN", { weekday: "short", month: "numeric", day: "numeric", timeZone: "Asia/Shanghai" });
    grid.append(make("span"), ...days.map((day) => make("b", day === today ? "is-today" : "", dated.format(day))));
    ROLES.forEach((role) => grid.append(make("b", "roster-role", word(role)), ...days.map((day) => { const place = cell(day, role); ioc.flag(place, "is-today", day === today); return place; })));
    const main = desk.at("roster-main");
    main.replaceChildren(grid, ...(page.shifts.length ? [] : [make("p", "empty", word("empty"))]));
    const side = page.handovers.map((each) => {
      const line = make("li"), told = each.signed ? word("signed", each.taker_title, desk.moment(each.signed)) : word("waits", each.taker_title);
      line.append(make("span", "who", `${each.giver_title} → ${each.taker_title}`), make("b", "", each.note), make("span", "who", desk.moment(each.made)));
      line.append(make("p", "", each.open.length ? word("open", each.open.length, each.open.slice(0, 5).map((one) => one.title).join("、")) : word("calm")), make("p", "", told));
      if (!each.signed && each.taker === page.me) {
        const place = make("div", "choices"), button = desk.button(word("sign"));
        button.addEventListener("click", () => roster.send(`/api/v1/roster/handovers/${each.id}/sign`, {}, () => told).catch((problem) => desk.say(desk.why(problem))));
        place.append(button);
        line.append(place);
      }
      return line;
    });
    desk.at("roster-side").replaceChildren(...(side.length ? side : [make("li", "note", word("none"))]));
    roster.edits(page.edits);
    roster.acts([
      [word("earlier"), () => { week -= 1; roster.read(); }], [word("today"), () => { week = 0; roster.read(); }], [word("later"), () => { week += 1; roster.read(); }],
      page.may_edit && [word("add"), () => edit(null, today >= page.from && today <= days[6] ? today : page.from), true],
      page.may_edit && [word("import"), () => roster.import("/api/v1/roster/import", "person,role,post,start,end,note", (answer) => answer.shifts)],
      page.may_edit && page.edits.length && [word("undo"), () => roster.undo("/api/v1/roster/undo")],
      page.may_hand_over && [word("give"), give],
    ]);
  }
  roster.tabs.roster = async () => {
    page = await desk.ask(`/api/v1/roster?from=${monday()}&days=7`);
    if (roster.open("roster")) draw();
  };

  // --- tabs --------------------------------------------------------------------------------------------------------------
  roster.read = async () => {
    readAt = performance.now();
    try { await roster.tabs[tab](); } catch (problem) { if (root && root.isConnected) desk.say(desk.why(problem)); }
  };
  function choose(name) {
    tab = Object.hasOwn(roster.tabs, name) ? name : "roster";
    document.querySelectorAll("[data-tab]").forEach((each) => each.setAttribute("aria-pressed", String(each.dataset.tab === tab)));
    ["roster-main", "roster-side", "roster-edits", "roster-acts"].forEach((id) => desk.at(id).replaceChildren());
    text(desk.at("roster-now"), "");
    text(desk.at("roster-note"), "");
    const asked = new URLSearchParams(location.search);
    if (tab === "roster") asked.delete("tab"); else asked.set("tab", tab);
    history.replaceState(history.state, "", location.pathname + (asked.size ? `?${asked}` : ""));
    roster.read();
  }
  document.addEventListener("click", (event) => { const way = root && root.isConnected && event.target.closest("[data-tab]"); if (way) choose(way.dataset.tab); });
  desk.page({
    enter: (found) => { root = desk.at("roster-main") ? found : null; if (root) choose(new URLSearchParams(location.search).get("tab") || "roster"); },
    tick: () => { if (root && !document.hidden && desk.at("desk-box").hidden && performance.now() - readAt > AGAIN_MS) roster.read(); },
  });
})();
