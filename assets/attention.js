// Attention: what matters now, asked for every few seconds in the order that the server gives, with the reason of each.
//
// Rows move at most once in SETTLE_MS, all together, so that nobody loses the line that he reads; what is over goes with
// the same step. Ages and values change in place.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const EVERY_MS = 2000;
  const ANSWER_MS = 1900;
  const SILENT_MS = 8000; // after so long without an answer the list says that it is old
  const SETTLE_MS = 4000;
  const FEW = 4; // a calm list is as long as it is; a longer one takes the room that there is
  const ROW_REM = 5.6;
  const RECORDS = 3;
  const CALLED = 5; // places that are ringed on the map
  let root = null;
  let round = 0;
  let asked = 0;
  let answered = null; // performance.now() of the newest answer
  let answer = null;
  let order = []; // keys as they stand on the wall
  let moved = -Infinity;

  ioc.attention = { known: () => mine() && answer !== null && performance.now() - answered < SILENT_MS, entries: () => (mine() && answer ? order.map((key) => found(key)).filter(Boolean) : []), sentence, blind, coming, where: (each) => (Object.keys(each.d).length ? ioc.group(settingsOf(each), { d: each.d }) : "") };

  // A page that shows another world from now on (its past, or what is now again) must not say what matters in the one before.
  function mine() {
    if (answer && root && answer.world.id !== root.dataset.attention) { answer = null; order = []; }
    return true;
  }

  // The incident that somebody pinned to this wall: it stands first, whatever else matters, and is ringed twice on the map.
  const pinned = () => { const id = new URLSearchParams(location.search).get("incident"); return id ? `incident:${id}` : ""; };

  // What this page has no definition of (it was published since) is shown after the next load.
  const found = (key) => answer.entries.find((entry) => entry.key === key && (entry.about || ioc.indicator(entry.i)));

  async function ask(mine) {
    if (mine !== round || !root || !root.isConnected) return;
    try {
      const address = `/api/v1/attention?world=${encodeURIComponent(root.dataset.attention)}`;
      const reply = await fetch(address, { credentials: "same-origin", signal: AbortSignal.timeout(ANSWER_MS) });
      if (mine !== round) return;
      if (!reply.ok) throw new Error(`attention ${reply.status}`);
      const said = await reply.json();
      if (said.answers && root && said.world.id === root.dataset.attention) { answer = said; answered = performance.now(); }
      settle();
      redraw(JSON.stringify(said.coming));
    } catch { /* the list says how old it is */ }
    if (mine !== round) return;
    draw();
    setTimeout(() => ask(mine), document.hidden ? 4 * EVERY_MS : EVERY_MS);
  }

  // The sentence says what comes: it is written anew when that is another.
  let foreseen = "";
  function redraw(now) {
    if (now === foreseen) return;
    foreseen = now;
    ioc.state.everything = true;
    ioc.schedule();
  }

  function settle() {
    if (!answer || performance.now() - moved < SETTLE_MS) return;
    const wanted = answer.entries.map((entry) => entry.key);
    if (wanted.join() === order.join()) return;
    order = wanted;
    moved = performance.now();
    ioc.state.everything = true;
    ioc.schedule();
  }

  // --- words -----------------------------------------------------------------------------------------------------------
  const settingsOf = (entry) => ioc.state.settings.find((each) => each.indicators[entry.i]);
  const about = (entry) => settingsOf(entry).indicators[entry.i];

  // The cell of the subject itself, where this page has it.
  const own = (entry) => ioc.cell(entry.i, entry.r, Object.entries(entry.d).map(([name, value]) => `${name}=${value}`).join(",")) || null;

  // Why nobody knows whether it still stands: its feed is late or lost, or there are no data any more; else "".
  function blind(entry) {
    if (entry.about) return "";
    const { is } = ioc.verdict(about(entry), own(entry) || ioc.districtCell(entry.i));
    return ["lost", "late", "none"].includes(is) ? is : "";
  }

  // What it is now, settled; what was when the level was reached, where this page does not have it. `over`: still.
  function value(entry) {
    const then = { x: entry.x, over: true };
    if (entry.limit === null || entry.c === "anomaly" || entry.z !== null) return then;
    const cell = own(entry);
    if (!cell) return then;
    const { settled, shown, standing } = ioc.judge(about(entry), cell);
    if (!settled || !shown || standing.x === null) return then;
    return { x: standing.x, over: entry.x >= entry.limit ? standing.x >= entry.limit : standing.x < entry.limit };
  }

  // "27 cm ≥ 橙 25": the value and the limit that it reached; of a distance from what is usual the distance; of an
  // anomaly the end of the band that it left, which is no limit of a level.
  function reached(entry) {
    if (entry.x === null) return "";
    const indicator = about(entry), { x, over } = value(entry);
    const said = ioc.valued(indicator, x);
    if (!over) return `${said} · ${ioc.word("clearing")}`;
    if (indicator.on === "z" && entry.z !== null) return `${said} · ${ioc.word("fromUsual", `${entry.z > 0 ? "+" : "−"}${Math.abs(entry.z).toFixed(1)}`)}`;
    if (entry.c === "anomaly") return `${said} · ${entry.limit === null ? ioc.word("unusual") : ioc.word(entry.x >= entry.limit ? "aboveUsual" : "belowUsual", ioc.limitSaid(indicator, entry.limit))}`;
    if (entry.limit === null) return said;
    return `${said} ${entry.x >= entry.limit ? "≥" : "<"} ${ioc.word(entry.lv)} ${ioc.limitSaid(indicator, entry.limit)}`;
  }

  // An incident by its class and place, a warning by what it warns of and its colour, an indicator by its name.
  function title(entry) {
    if (!entry.about) return ioc.name(about(entry));
    const { name, label } = entry.about;
    if (entry.kind === "warning") return ioc.word("warningName", label || ioc.name({ zh: name[0], en: name[1] }), ioc.word(entry.lv));
    return [label || ioc.name({ zh: name[0], en: name[1] }), region(ioc.state.settings[0], entry.r)].filter(Boolean).join(" · ");
  }

  function region(settings, code) {
    const found = settings.places[code.slice(0, 9)];
    return found && (ioc.english() ? found.en : found.zh.replace(/街道$/, ""));
  }

  // Why a record is here: what became of it so far, what it waits for, who says so.
  function course({ about: told, waits, r, kind }) {
    const stage = told.stage ? `${ioc.english() ? told.stage[1] : told.stage[0]} ${ioc.clock(told.stage[2])}` : "";
    return [waits ? ioc.word("waits") : "", stage, told.who, kind === "warning" ? region(ioc.state.settings[0], r) : ""];
  }

  function place(entry, { r, d }) {
    const settings = settingsOf(entry);
    return [region(settings, r), Object.keys(d).length ? ioc.group(settings, { d }) : ""].filter(Boolean).join(" ");
  }

  function places(entry, most = 3) {
    const all = entry.places.length + entry.more;
    const named = entry.places.slice(0, most).map((each) => place(entry, each)).join(ioc.english() ? ", " : "、");
    if (!all) return entry.parts ? ioc.word("wholeAndParts", entry.parts) : "";
    return all > Math.min(most, entry.places.length) ? ioc.word("placesAnd", named, all) : named;
  }

  function sentence(entry) {
    if (entry.about) return title(entry) + (entry.waits ? ioc.word("brackets", ioc.word("waits")) : "");
    const where = entry.places.length ? places(entry, 1) : "";
    return `${ioc.name(about(entry))}${entry.x === null ? "" : ` ${ioc.valued(about(entry), value(entry).x)}`}${where ? ioc.word("brackets", where) : ""}`;
  }

  // The world's clock; before the first heartbeat that of the answer.
  const worldNow = () => (ioc.state.world ? ioc.worldNow() : answer.world.now);

  // What forecasts reach that is worse than what stands, the soonest of each indicator, the worst of them first; of an
  // indicator whose feed is late or lost nobody knows where it stands, nor where it goes.
  function coming() {
    if (!ioc.attention.known()) return [];
    const now = worldNow(), first = new Map();
    for (const each of answer.coming || []) {
      const indicator = ioc.indicator(each.i);
      if (!indicator || each.at <= now || first.has(each.i)) continue;
      const { level, settled } = ioc.judge(indicator, ioc.districtCell(each.i));
      const parts = Object.keys(each.d).length ? answer.entries.filter((entry) => entry.i === each.i && !entry.about).map((entry) => entry.lv) : [];
      const stands = Math.max(...[level, ...parts].map((one) => ioc.LEVELS.indexOf(one))); // of a group: what stands anywhere
      if (settled && ioc.LEVELS.indexOf(each.lv) > stands) first.set(each.i, each);
    }
    return [...first.values()].sort((a, b) => ioc.LEVELS.indexOf(b.lv) - ioc.LEVELS.indexOf(a.lv) || a.at - b.at);
  }

  function when(entry) {
    const now = worldNow();
    if (entry.worse !== null && entry.worse !== entry.begun) return ioc.word("worseAgo", ioc.age(now - entry.worse));
    return ioc.word("since", now - entry.begun > 86400000 ? `${ioc.isoDate(entry.begun).slice(5)} ${ioc.clock(entry.begun)}` : ioc.clock(entry.begun));
  }

  // --- rows ------------------------------------------------------------------------------------------------------------
  function make(key) {
    const row = ioc.make("div", "matter");
    row.dataset.row = key;
    row.append(ioc.makeChip(), ioc.make("b", "matter-name"), ioc.make("span", "matter-age"), ioc.make("span", "matter-number"), ioc.make("span", "matter-why"));
    return row;
  }

  function draw() {
    mine();
    const list = root && root.querySelector("#attention");
    if (!list || !ioc.state.settings.length) return;
    const column = list.closest(".column");
    const pin = pinned();
    const all = ioc.attention.entries();
    const sure = all.filter((entry) => entry.key !== pin && !blind(entry)), unsure = all.filter((entry) => entry.key !== pin && blind(entry));
    const entries = [...all.filter((entry) => entry.key === pin), ...sure, ...unsure];
    ioc.flag(column, "busy", entries.length > FEW);
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const room = getComputedStyle(list).overflowY === "visible" ? 10 : Math.max(1, Math.floor((list.clientHeight + 1) / (ROW_REM * rem)));
    const shown = chosen(entries, entries.length > FEW ? room : FEW);
    const held = new Map([...list.children].map((row) => [row.dataset.row, row]));
    shown.forEach((entry, index) => {
      const row = held.get(entry.key) || make(entry.key);
      held.delete(entry.key);
      if (list.children[index] !== row) list.insertBefore(row, list.children[index] || null);
      fill(row, entry, index + 1);
      ioc.flag(row, "pinned", entry.key === pin);
    });
    held.forEach((row) => row.remove());
    called(shown, pin);
    said(entries, shown.length, pin && !all.some((entry) => entry.key === pin) ? ioc.word("pinnedGone", pin.slice("incident:".length, 80)) : "");
  }

  // The first rows, of which incidents and warnings have three: that many numbers stand above their limits that nobody
  // would see what happens.
  function chosen(entries, room) {
    const first = entries.slice(0, room), records = entries.filter((entry) => entry.about).slice(0, Math.min(RECORDS, room - 1));
    const lacking = records.filter((entry) => !first.includes(entry));
    for (let at = first.length - 1; at >= 0 && lacking.length; at -= 1) if (!first[at].about) { first.splice(at, 1); first.push(lacking.shift()); }
    return first.sort((a, b) => entries.indexOf(a) - entries.indexOf(b));
  }

  // The first records that have a place are ringed on the map, by the numbers of their rows.
  let rings = [];
  function called(shown, pin) {
    if (!ioc.layers || !ioc.layers.canvas || !ioc.layers.canvas()) return;
    const wanted = shown.map((entry, index) => [entry, index + 1]).filter(([entry]) => entry.about && entry.about.at).slice(0, CALLED);
    const now = wanted.map(([entry, number]) => `${number} ${entry.key} ${entry.key === pin}`);
    if (now.join() === rings.join()) return;
    for (let at = 0; at < CALLED; at += 1) {
      const [entry, number] = wanted[at] || [];
      ioc.layers.ring(`matter-${at}`, entry ? { x: ioc.worldX(entry.about.at[0]), y: ioc.worldY(entry.about.at[1]), label: `${number} ${title(entry)}`, pinned: entry.key === pin } : null);
    }
    rings = now;
  }

  function fill(row, entry, number) {
    const is = blind(entry); // it stood when its feed fell silent; nobody knows whether it still does
    ioc.flag(row, "lost", Boolean(is));
    ioc.level(row, is ? null : entry.lv);
    ioc.chip(row.querySelector(".chip"), entry.lv);
    ioc.text(row.querySelector(".matter-name"), (entry.key === pinned() ? ioc.word("pinnedMark") : "") + title(entry));
    ioc.text(row.querySelector(".matter-number"), String(number));
    const cell = { i: entry.about ? entry.key : entry.i, r: entry.r, we: entry.we, d: entry.d };
    const age = row.querySelector(".matter-age");
    ioc.text(age, ioc.age(worldNow() - entry.begun));
    const why = row.querySelector(".matter-why");
    fit(why, entry.about ? course(entry) : [is ? ioc.word(`${is}Tag`) : reached(entry), places(entry), when(entry)]);
    if (entry.about) ioc.put(why, "data-derived", "record");
    ioc.mark(why, cell, is || (entry.q === "complete" ? "complete" : "late"));
    ioc.mark(age, cell, is || "complete", "age");
    ioc.mark(row.querySelector(".matter-number"), cell, "complete", "count");
  }

  // As many of the reasons as the line has room for, the first ones first: half a word is no reason.
  function fit(line, parts) {
    const all = parts.filter(Boolean);
    const key = `${all.join("|")}@${line.clientWidth}`;
    if (line.dataset.key === key) return;
    line.dataset.key = key;
    for (let count = all.length; count > 0; count -= 1) {
      ioc.text(line, all.slice(0, count).join(" · "));
      if (line.scrollWidth <= line.clientWidth) return;
    }
  }

  function said(entries, shown, gone) {
    const old = answered === null ? performance.now() - asked : performance.now() - answered;
    const silent = old > SILENT_MS;
    const panel = root.querySelector(".attention");
    ioc.flag(panel, "silent", silent);
    const none = root.querySelector("#attention-none");
    ioc.text(none, entries.length ? (entries.length > shown ? ioc.word("more", entries.length - shown) : "") : answered === null ? ioc.word(silent ? "unknown" : "loading") : ioc.word("nothingNow"));
    const note = root.querySelector("#attention-note");
    const mark = { i: "attention", r: ioc.state.settings[0].district, we: answer ? answer.world.now : 0 };
    ioc.text(note, silent ? ioc.word("attentionOld", ioc.age(old)) : answer && gone ? gone : answer && entries.length ? ioc.word("attentionNote", entries.length) : "");
    [none, note].forEach((element) => ioc.mark(element, mark, silent ? "late" : "complete", "count"));
  }

  function tick() {
    if (!root || !root.isConnected) return;
    settle();
    draw();
  }

  new MutationObserver(() => {
    const now = document.querySelector("[data-attention]");
    if (now === root && (!root || root.isConnected)) return;
    root = now;
    round += 1;
    answer = null; answered = null; order = []; rings = []; moved = -Infinity; asked = performance.now();
    if (!root) return;
    ioc.language(root.lang === "en" ? "en" : "zh");
    ask(round);
  }).observe(document, { childList: true, subtree: true });
  setInterval(tick, 1000);
  addEventListener("resize", tick); // another size has room for other rows
})();
