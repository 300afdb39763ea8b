// What surrounds a dossier: who else looks at it, what may be the same thing (merged and parted here), its alarms, what its
// ladders told and will tell. Read when the dossier changes and now and then; who looks is asked every five seconds.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const { desk } = ioc;
  const around = (desk.around = {});
  const LOOK_MS = 5000; // a lease lasts three of these
  const AGAIN_MS = 30000;
  const WORDS = {
    viewing: ["{0} 也在看", "{0} looks at it too"], alike: ["可能是同一件事", "May be the same thing"], merged: ["已并入本件", "Merged into this one"], into: ["本件已并入 {0}", "This one was merged into {0}"], alarms: ["关联告警", "Linked alarms"], coming: ["接下来", "What comes"], told: ["已通知", "Was told"],
    none: ["没有疑似重复，没有关联告警，没有待上报", "No likely duplicate, no linked alarm, nothing to be told"], score: ["相近 {0}%", "{0}% alike"], merge: ["并入本件", "Merge into this"], split: ["拆分", "Part"], open: ["打开", "Open"], title: ["疑似重复与合并", "Duplicates and merging"],
    silent: ["已有人应答，不再上报", "answered: not told any more"], tells: ["通知 {0}", "tell {0}"], late: ["补报", "late"], nothing: ["没有疑似重复，也没有并入的事件", "No likely duplicate and nothing merged"], mergeDone: ["已并入：{0}", "Merged: {0}"], splitDone: ["已拆分：{0}", "Parted: {0}"], more: ["另有 {0} 条", "{0} more"], over: ["已消失", "over"], away: ["关联读取失败：{0}", "what surrounds it cannot be read: {0}"],
    noData: ["无数据", "no data"], stale: ["迟到", "stale"], limit: ["限 {0}", "limit {0}"], owner: ["{0}承办", "{0} handles it"],
  };
  const word = (key, ...parts) => WORDS[key][ioc.english() ? 1 : 0].replace(/\{(\d)\}/g, (_, index) => parts[index]);
  const named = ([zh, en]) => (ioc.english() ? en || zh : zh);
  let root = null, now = null, of = "", version = -1, lookAt = -Infinity, readAt = -Infinity;
  around.now = () => now;

  async function read(id) {
    readAt = performance.now();
    try {
      const answer = await desk.ask(`/api/v1/incidents/${encodeURIComponent(id)}/relations`);
      if (desk.dossier.name() !== id) return;
      now = answer;
      draw();
    } catch (problem) { if (desk.dossier.name() === id && !now) ioc.text(desk.at("around-note"), word("away", desk.why(problem))); }
  }
  async function look(id) {
    lookAt = performance.now();
    let names = "";
    try { names = (await desk.ask(`/api/v1/incidents/${encodeURIComponent(id)}/viewers`)).viewers.map((each) => each.title || each.name).join(ioc.english() ? ", " : "、"); } catch { /* nobody is named */ }
    const place = desk.at("dossier-viewers");
    if (!place || desk.dossier.name() !== id) return;
    ioc.text(place, names && word("viewing", names));
    ioc.hide(place, !names);
  }

  // --- drawing ------------------------------------------------------------------------------------------------------------
  function section(title, lines) {
    const made = ioc.make("section"), list = ioc.make("ul");
    list.append(...lines);
    made.append(ioc.make("h3", "", title), list);
    return made;
  }
  function line(level, title, about, side) {
    const made = ioc.make("li");
    made.append(level ? desk.chip(level) : ioc.make("span"), ioc.make("b", "", title), ioc.make("span", "who", side || ""), ioc.make("p", "", about));
    return made;
  }
  const stage = (each) => desk.stage(desk.dossier.now().row.kind, each.stage);
  const reasons = (each) => each.why.map(named).join(ioc.word("semicolon"));
  const shown = (value) => String(Math.round(value * 100) / 100);
  desk.group = (dims) => Object.entries(dims).map(([dimension, value]) => { const found = (desk.names().groups[dimension] || {})[value]; return found ? ioc.name(found) : value; }).join(" ");
  desk.alarmName = (each) => [named(each.name), desk.group(each.dims)].filter(Boolean).join(" ");
  desk.alarmValue = (each) => (each.condition === "no_data" ? word("noData") : each.condition === "stale" ? word("stale") : each.value === null ? "" : [`${shown(each.value)} ${each.unit}`.trim(), each.limit === null ? "" : word("limit", shown(each.limit))].filter(Boolean).join(" · "));

  function draw() {
    const place = desk.at("dossier-around");
    if (!place || !desk.dossier.now()) return;
    const parts = [];
    if (now.into) parts.push(section(word("into", now.into.title), [line(now.into.level, now.into.title, stage(now.into), desk.short(now.into.id))]));
    if (now.alike.length) parts.push(section(word("alike"), now.alike.map((each) => line(each.level, each.title, reasons(each), word("score", Math.round(each.score * 100))))));
    if (now.merged.length) parts.push(section(word("merged"), now.merged.map((each) => line(each.level, each.title, stage(each), desk.short(each.id)))));
    if (now.coming.length) parts.push(section(word("coming"), now.coming.map((each) => line(0, `${named(each.name)}${ioc.word("semicolon")}${word("tells", each.tells.map(named).join(ioc.english() ? ", " : "、"))}`, named(each.why), each.due === null || each.silent ? "" : desk.moment(each.due)))));
    if (now.told.length) parts.push(section(word("told"), now.told.map((each) => line(0, ioc.name(each), each.late ? word("late") : "", desk.moment(each.at)))));
    if (now.alarms.length) parts.push(section(word("alarms"), [...now.alarms.map((each) => line(each.stands ? each.level : 0, desk.alarmName(each), [named(each.place), desk.alarmValue(each), each.stands ? "" : word("over")].filter(Boolean).join(" · "), desk.moment(each.raised))), ...(now.more_alarms ? [ioc.make("li", "note", word("more", now.more_alarms))] : [])]));
    place.replaceChildren(...(parts.length ? parts : [ioc.make("p", "empty", word("none"))]));
    const count = now.alike.length;
    const button = desk.at("tool-merge");
    if (button) { ioc.text(button.firstChild, count ? `${desk.toolWord("merge")} ${count}` : desk.toolWord("merge")); ioc.flag(button, "calls", count > 0); }
  }

  // --- merging --------------------------------------------------------------------------------------------------------------
  function open() {
    const answer = desk.dossier.now();
    if (!answer || !now || !desk.at("desk-new-ok")) return;
    const list = ioc.make("ul", "box-list");
    const row = (each, about, side, act, work) => {
      const made = line(each.level, each.title, about, side), bar = ioc.make("div", "choices");
      const button = desk.button(act), see = ioc.make("a", "choice", word("open"));
      see.href = `/incident/${encodeURIComponent(each.id)}${ioc.english() ? "?lang=en" : ""}`;
      button.addEventListener("click", () => form.attempt(work));
      bar.append(button, see);
      made.append(bar);
      return made;
    };
    const post = (id, what, body) => desk.ask(`/api/v1/incidents/${encodeURIComponent(id)}/${what}`, body);
    const after = (text) => { desk.dialog(null); desk.say(text); desk.dossier.read(); read(answer.row.id); };
    list.append(...now.alike.map((each) => row(each, `${reasons(each)}${each.owner ? ` · ${word("owner", each.owner)}` : ""}`, word("score", Math.round(each.score * 100)), word("merge"), async () => {
      await post(answer.row.id, "merge", { version: desk.dossier.now().row.version, merged: each.id, merged_version: each.version });
      after(word("mergeDone", each.title));
    })));
    list.append(...now.merged.map((each) => row(each, stage(each), desk.short(each.id), word("split"), async () => { await post(each.id, "split", { version: each.version }); after(word("splitDone", each.title)); })));
    if (now.into) list.append(row(now.into, word("into", now.into.title), desk.short(now.into.id), word("split"), async () => { await post(answer.row.id, "split", { version: desk.dossier.now().row.version }); after(word("splitDone", answer.row.title)); }));
    if (!list.children.length) list.append(ioc.make("li", "empty", word("nothing")));
    const form = desk.box({ title: word("title"), parts: [list], wide: true });
  }
  around.open = open;

  desk.keys("duty incident", { u: open });
  desk.whenTaken((answer) => {
    if (answer.row.id !== of) { of = answer.row.id; version = -1; now = null; const place = desk.at("dossier-around"); if (place) place.replaceChildren(); lookAt = -Infinity; }
    if (answer.row.version !== version) { version = answer.row.version; read(of); }
  });
  desk.page({
    enter: (found) => { root = desk.at("dossier") ? found : null; now = null; of = ""; },
    tick: () => {
      const id = root && desk.dossier.now() && desk.dossier.name();
      if (!id || document.hidden) return;
      if (performance.now() - lookAt > LOOK_MS) look(id);
      if (performance.now() - readAt > AGAIN_MS) read(id);
    },
  });
})();
