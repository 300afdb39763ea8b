// Command: the steps of plans that go on, and the course of the last hours: levels of the response, rain and moments on one
// axis. Steps and moments are asked for every few seconds; levels and rain are those of the live frames.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const command = (ioc.command = {});
  const EVERY_MS = 3000, ANSWER_MS = 2800, SILENT_MS = 10000;
  const BACK_MS = 6 * 3600000, AHEAD_MS = 3600000, BARS = 72;
  const LANES = 2;
  const MARKS = { done: "✓", replaced: "✓", skipped: "–", failed: "✕", cancelled: "✕", open: "▶", waiting: "○" };
  let root = null, round = 0, answer = null, answered = null, asked = 0;

  // The order by which a plan has this level: {since, by}; null where it came by records alone.
  command.order = (plan, level) => (answer && root && answer.world === world() && answer.orders.find((each) => each.plan === plan && each.level === level)) || null;

  command.known = () => past() || answer !== null; // of the past there is nothing to ask
  const settings = () => ioc.state.settings.find((each) => each.command);
  const world = () => (ioc.state.world ? ioc.state.world.id : settings() && settings().world);
  const past = () => Boolean(ioc.state.world && ioc.state.world.kind === "playback"); // of records only their numbers are told again

  command.draw = (wall) => {
    const of = wall && settings();
    if (!of || !wall.querySelector("#course")) return;
    if (!wall.classList.contains("overview")) {
      wall.querySelectorAll("[data-told]").forEach((place) => ioc.overview.write(place, ioc.indicator(place.dataset.told)));
      const level = ioc.response.draw(wall, of.command.response);
      ioc.flag(wall, "responding", level !== null);
      ioc.hide(wall.querySelector(".verdict-word"), level !== null);
    }
    steps();
    course(of);
  };

  async function ask(mine) {
    if (mine !== round || !root || !root.isConnected) return;
    const of = world();
    if (of && !past()) {
      try {
        const reply = await fetch(`/api/v1/command?world=${encodeURIComponent(of)}`, { credentials: "same-origin", signal: AbortSignal.timeout(ANSWER_MS) });
        if (mine !== round) return;
        if (!reply.ok) throw new Error(`command ${reply.status}`);
        answer = await reply.json();
        answered = performance.now();
        ioc.state.everything = true;
        ioc.schedule();
      } catch { /* the panel says how old it is */ }
    }
    setTimeout(() => ask(mine), document.hidden ? 4 * EVERY_MS : EVERY_MS);
  }

  // --- steps: late ones first, then those under way, what comes next, and what was done last ---------------------------
  const now = () => (ioc.state.world ? ioc.worldNow() : answer ? answer.at : ioc.realNow());
  const said = (of) => (ioc.english() ? of.en : of.zh);
  const ended = (step) => !["open", "waiting"].includes(step.phase);
  const late = (step) => step.phase === "open" && step.due !== null && step.due <= now();

  function ranked(run) {
    const done = run.steps.filter(ended).sort((a, b) => (b.ended || 0) - (a.ended || 0));
    const open = run.steps.filter((step) => step.phase === "open").sort((a, b) => (a.due ?? Infinity) - (b.due ?? Infinity));
    const waiting = run.steps.filter((step) => step.phase === "waiting" && !step.for); // one in reserve may never come
    return [...open, ...waiting.slice(0, 2), ...done, ...waiting.slice(2)];
  }

  function clock(step) {
    if (step.phase === "waiting") return ioc.word("stepWaiting");
    if (step.phase !== "open") return step.ended === null ? "" : ioc.clock(step.ended);
    if (step.due === null) return ioc.word("stepNoClock");
    return ioc.word(late(step) ? "stepOver" : "stepLeft", ioc.age(Math.abs(step.due - now())));
  }

  function note(step) {
    const parts = [said(step.owner)];
    if (step.receipts) parts.push(ioc.word("stepReceipts", step.receipts.answered, step.receipts.asked));
    if (step.phase === "open" && step.due !== null) parts.push(ioc.word("stepDue", ioc.clock(step.due)));
    else if (ended(step) && step.phase !== "done") parts.push(ioc.word(`step_${step.phase}`));
    else if (step.phase === "done" && step.opened !== null && step.ended !== null) parts.push(ioc.word("stepTook", ioc.age(Math.max(0, step.ended - step.opened))));
    return parts.join(" · ");
  }

  function steps() {
    const list = root && root.querySelector("#plan-runs");
    if (!list) return;
    const mine = answer && answer.world === world() && !past();
    const runs = mine ? answer.runs : [];
    const silent = !past() && performance.now() - (answered === null ? asked : answered) > SILENT_MS;
    const none = root.querySelector("#plan-none"), head = root.querySelector("#plan-note");
    ioc.flag(list.parentElement, "silent", silent);
    ioc.text(head, silent ? ioc.word("attentionOld", ioc.age(performance.now() - (answered === null ? asked : answered))) : "");
    ioc.text(none, runs.length ? "" : ioc.word(past() ? "planPast" : mine ? "planNone" : silent ? "unknown" : "loading"));
    ioc.hide(none, runs.length > 0);
    ioc.flag(list, "bare", !runs.length); // it keeps its room, by which rows are counted
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const flows = matchMedia("(max-width:1500px)").matches;
    const room = flows ? 12 : Math.max(1, Math.floor((list.clientHeight - 3.4 * rem * runs.length) / (4.6 * rem)));
    const share = Math.max(1, Math.floor(room / Math.max(1, runs.length)));
    const rows = runs.flatMap((run) => [[`run ${run.id}`, null, run], ...ranked(run).slice(0, share).map((step) => [`${run.id}:${step.id}`, step, run])]);
    const held = new Map([...list.children].map((row) => [row.dataset.row, row]));
    rows.forEach(([key, step, run], at) => {
      const row = held.get(key) || make(key, step);
      held.delete(key);
      if (list.children[at] !== row) list.insertBefore(row, list.children[at] || null);
      if (step) fill(row, step); else title(row, run);
    });
    held.forEach((row) => row.remove());
  }

  function make(key, step) {
    const row = ioc.make("div", step ? "step" : "plan-run");
    row.dataset.row = key;
    row.append(...(step ? [ioc.make("span", "step-mark"), ioc.make("b", "step-name"), ioc.make("span", "step-clock"), ioc.make("span", "step-note")] : [ioc.make("b"), ioc.make("span", "note")]));
    return row;
  }

  function title(row, run) {
    const missed = run.steps.filter(late).length;
    ioc.text(row.firstElementChild, said(run));
    ioc.text(row.lastElementChild, [ioc.word("since", ioc.clock(run.started)), ioc.word("stepsDone", run.done, run.owed), missed ? ioc.word("stepsLate", missed) : ""].filter(Boolean).join(ioc.word("comma")));
    ioc.mark(row.lastElementChild, { i: `plan:${run.plan}`, r: "", we: answer.at }, "complete", "record");
  }

  function fill(row, step) {
    const missed = late(step);
    ["done", "open", "waiting", "over"].forEach((name) => ioc.flag(row, `is-${name}`, name === (missed ? "over" : ended(step) ? "done" : step.phase)));
    ioc.text(row.children[0], missed ? "!" : MARKS[step.phase] || "");
    ioc.text(row.children[1], said(step));
    ioc.text(row.children[2], clock(step));
    ioc.text(row.children[3], note(step));
    [row.children[2], row.children[3]].forEach((place) => ioc.mark(place, { i: `step:${step.id}`, r: "", we: answer.at }, "complete", "record"));
  }

  // --- the course ------------------------------------------------------------------------------------------------------
  function course(of) {
    const place = root && root.querySelector("#course");
    if (!place || !ioc.state.world) return;
    const at = now(), from = at - BACK_MS, to = at + AHEAD_MS;
    const share = (ms) => (100 * (ms - from)) / (to - from);
    hours(place, from, to, share);
    bands(place.querySelector("#course-bands"), of.command.response, from, at, to, share);
    bars(place.querySelector("#course-bars"), ioc.indicator(of.command.rain), from, at, share);
    const line = place.querySelector("#course-now");
    ioc.hide(line, false);
    line.style.left = `calc(var(--lane) + (100% - var(--lane) - 1.4rem) * ${share(at) / 100})`;
    ioc.text(line.firstElementChild, ioc.clock(at));
    ioc.mark(line.firstElementChild, { i: "world-clock", r: "", we: at }, "complete", "clock");
    moments(place, of, from, at, share);
    ioc.text(root.querySelector("#course-note"), ioc.word("courseNote", ioc.age(BACK_MS)));
  }

  function kept(place, wanted, tag = "span") {
    while (place.children.length > wanted.length) place.lastElementChild.remove();
    while (place.children.length < wanted.length) place.append(ioc.make(tag));
    return [...place.children];
  }

  function hours(place, from, to, share) {
    const first = Math.ceil(from / 3600000) * 3600000, all = [];
    for (let ms = first; ms < to; ms += 3600000) all.push(ms);
    const near = (ms) => Math.abs(share(ms) - share(now())) < 3;
    kept(place.querySelector("#course-hours"), all).forEach((each, index) => {
      each.style.left = `${share(all[index])}%`;
      ioc.text(each, near(all[index]) || share(all[index]) < 1.5 || share(all[index]) > 98 ? "" : ioc.clock(all[index]));
    });
  }

  // Of each moment the level of the worst plan: what was is dim, what is stands filled, and it is open how long it lasts.
  function spans(id, from, at) {
    const changes = new Map();
    for (const cell of ioc.response.cells(id)) {
      for (const [ms, x] of ioc.state.series.get(cell.s) || []) if (ms >= from && ms <= at && x !== null) changes.set(ms, Math.max(changes.get(ms) || 0, Math.round(x)));
    }
    const found = [];
    for (const [ms, x] of [...changes].sort((a, b) => a[0] - b[0])) {
      const last = found[found.length - 1];
      if (last && last.x === x) last.to = ms; else { if (last) last.to = ms; found.push({ x, from: ms, to: ms }); }
    }
    return found;
  }

  // From when on levels are known: before it no record says that there was none. Null: there are no records at all.
  function knownSince(id, at) {
    const cells = ioc.response.cells(id);
    const firsts = cells.map((cell) => (ioc.state.series.get(cell.s) || [])[0]).filter(Boolean).map(([ms]) => ms);
    return cells.length ? Math.min(at, ...firsts) : null;
  }

  let levels = [];
  function bands(place, id, from, at, to, share) {
    const indicator = ioc.indicator(id);
    levels = spans(id, from, at);
    const stands = levels.length ? 0 : ioc.response.stands(indicator); // without a course: what is in force all the same
    if (stands) levels.push({ x: stands, from: at, to: at });
    const shown = levels.filter((each) => each.x > 0);
    const last = levels[levels.length - 1];
    if (last && last.x > 0) { last.to = at; shown.push({ x: last.x, from: at, to, ahead: true }); }
    const since = knownSince(id, at), missing = since !== null && since - from > 60000;
    if (missing) {
      if (!shown.length) shown.push({ x: 0, from: since, to: at, says: ioc.word("noResponse") });
      shown.unshift({ x: null, from, to: since, says: ioc.word("levelsBefore") });
    }
    kept(place, shown).forEach((each, index) => {
      const { x, from: begun, to: over, ahead, says } = shown[index];
      const wide = share(over) - share(begun);
      each.className = says ? `band bare${x === null ? " unknown" : ""}` : `band lv-${ioc.LEVELS[Math.min(4, x) - 1]}${ahead ? " ahead" : over === at ? " here" : ""}`;
      each.style.left = `${share(begun)}%`;
      each.style.width = `${wide}%`;
      ioc.text(each, says ? (wide > 9 ? says : "") : wide > 5 && !ahead ? ioc.value(indicator, x) : ahead ? ioc.word("goesOn") : "");
    });
    ioc.flag(place, "none", !shown.length);
    place.dataset.none = shown.length ? "" : ioc.word("noResponse");
    const cell = ioc.response.cells(id)[0];
    ioc.mark(place, cell ? { ...cell, we: at } : null, cell ? "complete" : "none");
  }

  // Amounts are neutral lightness; the worst of each bar's time.
  function bars(place, indicator, from, at, share) {
    const cell = ioc.districtCell(indicator.id);
    const step = (BACK_MS / BARS), heights = new Array(BARS).fill(null);
    for (const [ms, x] of (cell && ioc.state.series.get(cell.s)) || []) {
      const slot = Math.floor((ms - from) / step);
      if (x !== null && slot >= 0 && slot < BARS) heights[slot] = Math.max(heights[slot] ?? 0, x);
    }
    const top = Math.max(...heights.map((x) => x || 0), 1e-9);
    kept(place, heights, "i").forEach((each, index) => {
      const x = heights[index];
      each.style.left = `${share(from + index * step)}%`;
      each.style.width = `${(0.8 * (share(at) - share(from))) / BARS}%`;
      each.style.height = x === null ? "0" : `${(100 * x) / top}%`;
    });
    ioc.mark(place, cell, cell ? ioc.judge(indicator, cell).stands.is : "none");
    ioc.text(place.parentElement.querySelector("small"), heights.some((x) => x) ? ioc.word("barsTop", ioc.valued(indicator, top)) : indicator.unit);
  }

  // Moments in the order of their weight, as many as stand beside each other in the lanes; none lies on another.
  function moments(place, of, from, at, share) {
    const box = place.querySelector("#course-moments");
    const indicator = ioc.indicator(of.command.response);
    const changes = levels.filter((each, index) => index && each.from - from > 60000).map((each, index) => {
      const before = levels[index].x;
      const ordered = ioc.response.cells(indicator.id)[0] && command.order("flood", each.x);
      return { at: ordered ? ordered.since : each.from, text: each.x === 0 ? ioc.word("responseEnds") : ioc.word(each.x > before ? (before ? "responseRaised" : "responseBegins") : "responseLowered", ioc.value(indicator, each.x)), rank: 9 };
    });
    const told = answer && answer.world === world() && !past() ? answer : { moments: [], runs: [] };
    const found = [
      ...changes,
      ...told.moments.filter((each) => each.kind !== "response").map((each) => ({ at: each.at, text: momentText(each), rank: ioc.LEVELS.indexOf(each.lv) + (each.kind === "warning" ? 4 : 0) })),
      ...told.runs.map((run) => ({ at: run.started, text: ioc.word("planBegins", said(run)), rank: 6 })),
    ].filter((each) => each.at > from && each.at <= at).sort((a, b) => b.rank - a.rank || b.at - a.at);
    const key = JSON.stringify([found.map((each) => [each.at, each.text]), Math.round(at / 60000), box.clientWidth]);
    if (box.dataset.key === key) return;
    box.dataset.key = key;
    box.replaceChildren();
    const lanes = Array.from({ length: LANES }, () => []);
    const wide = box.clientWidth, rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    for (const each of found) {
      const label = ioc.make("span", "moment", `${ioc.clock(each.at)} ${each.text}`);
      box.append(label);
      const x = (share(each.at) / 100) * wide, own = label.offsetWidth;
      const tries = [[x, x + own], [x - own, x]].filter(([left, right]) => left >= 0 && right <= wide);
      const lane = lanes.findIndex((taken) => tries.some(([left, right]) => free(taken, left, right, rem)));
      if (lane < 0) { label.remove(); continue; }
      const [left, right] = tries.find(([one, two]) => free(lanes[lane], one, two, rem));
      lanes[lane].push([left, right]);
      label.style.left = `${left}px`;
      label.style.top = `${lane * 2.2}rem`;
      ioc.flag(label, "ends", left < x - 1);
      ioc.mark(label, { i: "moment", r: "", we: each.at }, "complete", "record");
    }
  }
  const free = (taken, left, right, gap) => taken.every(([one, two]) => right + gap < one || left > two + gap);

  function momentText(each) {
    if (each.kind === "warning") return ioc.word("warningName", said(each), ioc.word(each.lv));
    const settingsHere = ioc.state.settings[0], place = settingsHere.places[each.r.slice(0, 9)];
    return [said(each), place && (ioc.english() ? place.en : place.zh.replace(/街道$/, ""))].filter(Boolean).join(" · ");
  }

  new MutationObserver(() => {
    const found = document.querySelector(".wall:has(#course)");
    if (found === root && (!root || root.isConnected)) return;
    root = found;
    round += 1;
    answer = null; answered = null; levels = []; asked = performance.now();
    if (root) ask(round);
  }).observe(document, { childList: true, subtree: true });
  setInterval(() => { if (root && root.isConnected && ioc.state.settings.length && ioc.state.world) { steps(); const of = settings(); if (of) course(of); } }, 1000);
})();
