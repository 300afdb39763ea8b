// Panels: tiles, verdict, header, subdistricts. Each draws from ioc.state into places that the server laid out.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const panels = (ioc.panels = {});
  let root = null;
  const MOST = 4; // indicators over a limit that the verdict names; the list of what is over has all of them
  const all = (selector) => (root ? [...root.querySelectorAll(selector)] : []);
  const one = (selector) => (root ? root.querySelector(selector) : null);

  panels.enter = (element) => {
    root = element;
    ioc.splits.enter(element);
  };

  panels.draw = (dirty, everything) => {
    if (everything || dirty.size) { all("[data-tile]").forEach(tile); all("[data-trend]").forEach(trendHead); verdict(); ranking(); ioc.splits.draw(root); }
    if (everything || dirty.size) { ioc.strip.draw(root, dirty, everything); ioc.home.draw(root); ioc.overview.draw(root); ioc.command.draw(root); }
    panels.tick();
  };

  // What moves without a frame: clocks and ages.
  panels.tick = () => {
    header();
    all("[data-tile].late,[data-tile].lost").forEach(tile);
    all("[data-trend].late,[data-trend].lost").forEach(trendHead);
    ioc.overview.tick(root);
    overlay();
  };

  const STATES = ["lost", "late", "none", "provisional", "complete"];
  function dress(element, verdict, level) {
    STATES.forEach((name) => ioc.flag(element, name, name === verdict.is));
    ioc.level(element, ["provisional", "complete"].includes(verdict.is) ? level : null);
  }

  function headline(verdict, cell, indicator) {
    if (verdict.is === "lost") return ioc.word("lost", ioc.age(ioc.realNow() - verdict.since));
    if (verdict.is === "late") return ioc.word("late", ioc.age(ioc.worldNow(verdict.world) - verdict.newest));
    if (verdict.is === "none") return "—";
    return ioc.value(indicator, cell.x);
  }

  const stamp = (ms, cell) => (cell.we !== cell.ws && cell.we - cell.ws < 60000 ? ioc.clockSeconds(ms) : ioc.clock(ms));
  const span = (cell) => (cell.we === cell.ws ? ioc.clock(cell.we) : `${stamp(cell.ws, cell)}–${stamp(cell.we, cell)}`); // a moment or a window

  // The newest number there was: [value, window end] or null.
  const before = (cell) => (!cell ? null : cell.x !== null ? [cell.x, cell.q === "complete" ? cell.we : Math.min(cell.we, cell.seen)] : cell.last);

  function compare(element, verdict, cell, indicator) {
    const parts = [];
    if (["lost", "late", "none"].includes(verdict.is)) {
      const last = before(cell);
      if (last) {
        parts.push(ioc.word("last", ioc.clock(last[1])) + " ");
        parts.push(ioc.make("s", "", ioc.valued(indicator, last[0])));
      } else parts.push(verdict.is === "none" ? ioc.word("none") : ioc.word("noJudgement"));
    } else if (cell.y === null || cell.y === undefined) parts.push(ioc.word("noYesterday"));
    else {
      const change = ioc.shown(Math.abs(cell.x - cell.y), indicator.decimals);
      parts.push(Number(change.replace(/,/g, "")) === 0 ? ioc.word("same") : `${cell.x > cell.y ? "▲" : "▼"} ${change}`);
    }
    const text = parts.map((part) => part.textContent ?? part).join("");
    if (element.textContent !== text || Boolean(element.querySelector("s")) !== parts.some((part) => part.textContent)) element.replaceChildren(...parts);
  }

  function tags(element, verdict, cell) {
    const wanted = [];
    if (verdict.is === "provisional") wanted.push(["provisional", ""]);
    if (verdict.is === "late") wanted.push(["lateTag", ""]);
    if (verdict.is === "none") wanted.push(["none", ""]);
    if (verdict.is === "lost") wanted.push(["lostTag", ""]);
    if (cell && cell.o === "simulated") wanted.push(["simulatedMark", "dashed"]);
    if (ioc.state.world && ioc.state.world.kind === "playback") wanted.push(["recordedMark", "dashed"]);
    else if (cell && cell.o === "recorded") wanted.push(["recordedMark", "dashed"]);
    const key = wanted.map((each) => each[0]).join();
    if (element.dataset.key === key) return;
    element.dataset.key = key;
    element.replaceChildren(...wanted.map(([word, extra]) => ioc.make("span", `tag ${extra}`, ioc.word(word))));
  }

  function tile(element) {
    const indicator = ioc.indicator(element.dataset.tile);
    const newest = ioc.districtCell(indicator.id);
    const found = ioc.judge(indicator, newest);
    const { coverage, few, settled, thin, level } = found;
    const brief = element.closest(".many") !== null && settled; // a short tile has one number: the one that its level is of
    const cell = brief ? settled : newest;
    const verdict = brief ? found.stands : found.verdict;
    const shown = found.shown;
    const number = element.querySelector(".number");
    dress(element, verdict, level);
    ioc.flag(element, "few", few);
    ioc.mark(element, cell, verdict.is);
    ioc.mark(number, cell, verdict.is);
    ioc.text(number, headline(verdict, cell, indicator));
    ioc.hide(element.querySelector(".unit"), !shown || ioc.says(indicator, cell.x) !== null);
    ioc.chip(element.querySelector(".chip"), level);
    judged(element.querySelector(".judged"), indicator, cell, verdict, settled, thin);
    tags(element.querySelector(".tags"), verdict, cell);
    compare(element.querySelector(".compare"), verdict, cell, indicator);
    const time = element.querySelector(".time");
    if (verdict.is === "complete") ioc.text(time, ioc.word("valueAt", stamp(cell.we, cell)) + (cell.rev ? ` · ${ioc.word("corrected", cell.rev)}` : ""));
    else if (verdict.is === "provisional") ioc.text(time, ioc.word("willChange", span(cell)));
    else ioc.text(time, ioc.word("noJudgement"));
    ioc.text(element.querySelector(".samples"), shown ? ioc.word(cell.n === 1 ? "sample" : "samples", ioc.shown(cell.n, 0)) : "");
    ioc.text(element.querySelector(".coverage"), coverage ? ioc.word(few ? "few" : "coverage", coverage.reported, coverage.roads) : "");
    const scale = element.querySelector(".scale");
    if (scale) {
      const here = scale.querySelector(".here");
      ioc.hide(here, !shown);
      ioc.flag(here, "open", verdict.is === "provisional");
      if (shown) here.style.left = `clamp(.8rem, ${(100 * cell.x) / Number(scale.dataset.top)}%, 100% - .8rem)`;
    }
  }

  // While a window is open its number stands without a level: which complete one the level beside it is of.
  function judged(element, indicator, cell, verdict, settled, thin) {
    const open = verdict.is === "provisional";
    ioc.hide(element, !open);
    if (!open) return;
    const said = settled ? ioc.word(thin ? "thinAt" : "judgedAt", stamp(settled.we, cell), ioc.value(indicator, settled.x)) : ioc.word("notSettled");
    ioc.text(element, said);
    ioc.mark(element, settled || cell, settled ? "complete" : verdict.is);
  }

  // The one number that a place has room for, with its level.
  panels.brief = (element, indicator) => {
    const { shown, level, standing: cell, stands: verdict } = ioc.judge(indicator, ioc.districtCell(indicator.id));
    const number = element.querySelector(".number");
    dress(element, verdict, level);
    ioc.mark(number, cell || { i: indicator.id, r: ioc.state.settings[0].district, we: "" }, verdict.is);
    ioc.text(number, headline(verdict, cell, indicator));
    ioc.hide(element.querySelector(".unit"), !shown || ioc.says(indicator, cell.x) !== null);
    ioc.chip(element.querySelector(".chip"), level);
    return { shown, level, cell, verdict };
  };

  function trendHead(element) {
    const { cell, verdict } = panels.brief(element, ioc.indicator(element.dataset.trend));
    ioc.mark(element.querySelector(".plot"), cell, verdict.is);
  }

  // One word, one count, then what is over its limit, worst first: by complete windows, as sceneRows has it.
  function verdict() {
    const section = one("#verdict");
    if (!section) return;
    // The platform's own health is not the district's; where nothing else is shown it is judged.
    const own = ioc.state.settings.filter((each) => !each.platform);
    const settings = own.length ? own : ioc.state.settings;
    if (settings.some((each) => !ioc.come(each)) && !ioc.outage()) { loading(section); return; }
    const rows = settings.flatMap(ioc.sceneRows);
    const { judged, over, level, blind } = ioc.sceneState(rows);
    ioc.level(section, level);
    ioc.flag(section, "lost", blind);
    ioc.text(one("#verdict-word"), ioc.word(blind ? "word_blind" : `word_${level || "calm"}`));
    ioc.chip(section.querySelector(".verdict-word .chip"), level);
    const newest = judged.reduce((found, row) => (found && found.we >= row.cell.we ? found : row.cell), null);
    const end = newest ? newest.we : 0;
    const quality = judged.length === rows.length ? "complete" : judged.length ? "provisional" : "lost";
    const counts = panels.counts(rows, rows.length);
    panels.tally(one("#verdict-line"), counts, end, quality);
    const said = over.slice(0, MOST).map((row) => panels.over(row.indicator, row.cell, row.level));
    if (over.length > MOST) said.push(ioc.word("more", over.length - MOST));
    const local = inParts(new Set(rows.map((row) => row.id)), new Set(over.map((row) => row.id)));
    if (local.length) said.push(locally(local));
    worst(section, settings, over);
    const what = said.length ? said.join(ioc.word("semicolon")) : ioc.word("noneOver");
    const several = judged.some((row) => row.cell.we !== newest.we || row.cell.ws !== newest.ws);
    ioc.text(one("#verdict-detail"), !newest ? ioc.word("noJudgement") : several ? ioc.word("byWindows", stamp(newest.we, newest), what) : ioc.word("byWindow", span(newest), what));
    ioc.mark(section, { i: "verdict", r: settings[0].district, we: end }, quality, "verdict");
  }

  // The worst of what is over its limit and has no tile of its own, each with its number.
  function worst(section, settings, over) {
    const tiled = new Set(settings.flatMap((each) => (each.command ? [each.command.response] : each.tiles))); // the block says the response
    const chosen = over.map((row) => row.id).filter((id) => !tiled.has(id));
    section.querySelectorAll("[data-worst]").forEach((place, at) => {
      const indicator = chosen[at] && ioc.indicator(chosen[at]);
      ioc.hide(place, !indicator);
      if (!indicator) return;
      ioc.text(place.querySelector(".fact-name"), ioc.name(indicator));
      ioc.text(place.querySelector(".unit"), indicator.unit);
      place.querySelector(".number").dataset.indicator = indicator.id;
      ioc.overview.write(place, indicator);
    });
  }

  // How many of the rows are at which level, fine, or not to be judged and why: [[name, text, number], ...].
  panels.counts = (rows, all) => {
    const judged = rows.filter((row) => row.judged);
    const counts = [["countAll", ioc.word("countAll", all), all]];
    [...ioc.LEVELS].reverse().forEach((name) => {
      const count = judged.filter((row) => row.level === name).length;
      if (count) counts.push([name, ioc.word("countLevel", count, ioc.word(name) + (ioc.english() ? "" : "色")), count]);
    });
    const rest = { countFine: judged.filter((row) => !row.level).length };
    rest.countOpen = rows.filter((row) => row.pending).length;
    rest.countFew = rows.filter((row) => row.thin).length;
    rest.countLost = rows.filter((row) => row.is === "lost").length;
    rest.countLate = rows.filter((row) => row.is === "late").length;
    rest.countNone = rows.filter((row) => row.is === "none").length;
    for (const [word, count] of Object.entries(rest)) if (count) counts.push([word, ioc.word(word, count), count]);
    return counts;
  };

  // Before every topic has come nothing is judged: half of the numbers are no verdict.
  function loading(section) {
    ioc.level(section, null);
    ioc.flag(section, "lost", false);
    ioc.text(one("#verdict-word"), ioc.word("word_loading"));
    ioc.chip(section.querySelector(".verdict-word .chip"), null);
    one("#verdict-line").replaceChildren();
    delete one("#verdict-line").dataset.key;
    ioc.text(one("#verdict-detail"), ioc.word("loading"));
    ioc.mark(section, { i: "verdict", r: ioc.state.settings[0].district, we: 0 }, "none", "verdict");
  }

  // The indicators that are over a limit in parts of the district alone, in a group or a subdistrict: the worst cell of each.
  function inParts(judged, over) {
    const found = new Map();
    for (const cell of ioc.state.cells.values()) {
      if (!judged.has(cell.i) || over.has(cell.i) || !(cell.lv || (cell.done && cell.done[2]))) continue;
      const { level } = ioc.judge(ioc.indicator(cell.i), cell);
      const held = found.get(cell.i);
      if (level && (!held || ioc.LEVELS.indexOf(level) > ioc.LEVELS.indexOf(held.level))) found.set(cell.i, { cell, level });
    }
    return [...found.values()].sort((a, b) => ioc.LEVELS.indexOf(b.level) - ioc.LEVELS.indexOf(a.level));
  }

  // "局部 2 项越线：出警到场时间 东湖（黄）、…": the first of them by name and place, the others by their number.
  function locally(found) {
    const named = found.slice(0, 2).map(({ cell, level }) => {
      const settings = ioc.state.settings.find((each) => each.indicators[cell.i]);
      const place = settings.places[cell.r];
      const where = [place && (ioc.english() ? place.en : place.zh.replace(/街道$/, "")), Object.keys(cell.d || {}).length ? ioc.group(settings, cell) : ""].filter(Boolean).join(" ");
      return `${ioc.name(ioc.indicator(cell.i))} ${where}${ioc.word("brackets", ioc.word(level))}`;
    });
    return ioc.word("localNamed", found.length, named.join(ioc.english() ? ", " : "、"));
  }

  // An indicator over its limit, in words: name, group, value and the limit that is reached.
  panels.over = (indicator, cell, reached) => {
    const limit = indicator.limits.find((each) => each.level === reached);
    const value = ioc.valued(indicator, cell.x); // one word: no line ends in it
    const line = limit && !ioc.says(indicator, cell.x) ? ioc.word(indicator.on === "z" ? "lineZ" : "line", ioc.word(reached), ioc.plain(limit.value)) : "";
    const group = ioc.group(ioc.state.settings.find((each) => each.indicators[indicator.id]), cell);
    return `${ioc.name(indicator)}${group ? ` ${group}` : ""} ${value}` + (line ? ioc.word("brackets", line) : "");
  };

  // Each count is a number of its own, so that it can be traced like any other; `more` is said after them.
  panels.tally = (line, counts, end, quality, more = "") => {
    const key = [...counts.map(([name, text]) => `${name} ${text}`), more].join();
    if (line.dataset.key !== key) {
      line.dataset.key = key;
      line.replaceChildren(...counts.flatMap(([, text], index) => [...(index ? [ioc.word("comma")] : []), ioc.make("span", "", text)]), ...(more ? [ioc.word("semicolon") + more] : []));
    }
    [...line.children].forEach((span, index) => ioc.mark(span, { i: `verdict.${counts[index][0]}`, r: ioc.state.settings[0].district, we: end }, quality, "count"));
  };

  // Names as far as a head has room for them; who wants all of them finds each marked among the feeds.
  function some(names) {
    const said = names.length > 3 ? names.slice(0, 2) : names;
    const text = said.join(ioc.english() ? ", " : "、");
    return said.length < names.length ? ioc.word("andMore", text, names.length, names.length - said.length) : text;
  }

  function header() {
    const { world, settings, cells, feeds } = ioc.state;
    if (!one("#mode") || !settings.length) return;
    const out = ioc.outage();
    const kind = world ? world.kind : "live";
    const shown = settings.flatMap((each) => [...each.tiles, ...each.trends, ...each.judged]).concat(settings[0].strip ? [settings[0].strip.speed] : []);
    const origins = new Set([...cells.values()].filter((cell) => shown.includes(cell.i)).map((cell) => cell.o));
    let mode = kind;
    if (kind === "live") mode = origins.has("simulated") || (!shown.length && feeds.some((feed) => feed.world === settings[0].world && feed.origin === "simulated")) ? "exercise" : origins.has("recorded") ? "replay" : "live";
    const badge = one("#mode");
    ioc.flag(badge, "live", mode === "live" && !out && ioc.state.beat !== null && Boolean(world));
    if (kind === "playback") mode = "replay";
    ["live", "replay", "exercise", "whatif"].forEach((name) => ioc.flag(root, `mode-${name}`, name === mode));
    ioc.flag(root, "mode-playback", kind === "playback");
    const pace = world ? world.clock.speed : 1;
    const speed = pace === 1 && kind !== "playback" ? "" : ` ${pace ? ioc.word("atSpeed", ioc.plain(pace)) : ioc.word(kind === "playback" ? "paused" : "standing")}`;
    ioc.text(badge, ioc.state.beat === null || !world ? ioc.word("connecting") : ioc.word(mode) + speed);
    ioc.mark(badge, { i: "world-clock", r: settings[0].district, we: ioc.state.beatServer }, out ? "lost" : "complete", "clock");
    ioc.hide(one("#reconnecting"), ioc.state.beat === null || !out || out.who !== "gateway"); // the world stays what it is
    const now = ioc.worldNow();
    const notes = [];
    let label = "";
    if (world && kind !== "live") {
      label = world.label && (ioc.english() ? world.label.en : world.label.zh);
      if (kind === "replay") notes.push(ioc.word("recordedDay", ioc.isoDate(now)));
    }
    if (kind === "playback") notes.push(ioc.word(world.label.known === "now" ? "knownNow" : "knownThen"));
    if ((kind === "live" || kind === "playback") && world) {
      const mine = new Set(settings.flatMap((each) => Object.keys(each.sources)));
      const names = feeds.filter((feed) => feed.origin === "simulated" && mine.has(feed.source)).map((feed) => (ioc.english() ? feed.en : feed.zh));
      if (names.length) notes.push(ioc.word("simulatedFeeds", some(names)));
    }
    ioc.text(one("#mode-note"), notes.join(ioc.word("semicolon")));
    ioc.text(one("#world-note"), label || "");
    ioc.text(one("#wall-date"), world ? ioc.longDate(now) : "");
    ioc.text(one("#wall-clock"), world ? ioc.clockSeconds(now) : "");
    const mine = feeds.filter((feed) => settings.some((each) => each.world === feed.world && each.sources[feed.source]));
    const heard = mine.filter((feed) => feed.newest !== null && feed.newest !== undefined);
    // The youngest reading says that the path lives; a feed that is not fine says how far it is behind.
    const behind = (feed) => (kind === "playback" ? feed.age : Math.max(0, ioc.worldNow(feed.world) - feed.newest));
    const youngest = heard.length ? Math.max(...heard.map((feed) => feed.newest)) : null;
    const oldest = Math.max(0, ...heard.filter((feed) => feed.state !== "ok").map(behind));
    const far = ioc.lagging(world && world.progress, now);
    const said = far ? far : youngest === null ? ioc.word("noDataYet") : ioc.word("dataAge", ioc.age(Math.min(...heard.map(behind))));
    const age = one("#data-age");
    ioc.flag(age, "lagging", Boolean(far));
    ioc.text(age, !far && oldest && heard.length > 1 ? `${said}${ioc.word("comma")}${ioc.word("oldest", ioc.age(oldest))}` : said);
    ioc.mark(age, { i: "data-age", r: settings[0].district, we: youngest || 0 }, out ? "lost" : youngest === null ? "none" : "complete", "age");
    const here = feeds.filter((feed) => feed.state !== "none" && settings.some((each) => each.world === feed.world));
    const count = one("#feed-count");
    ioc.text(count, ioc.word("feeds", out ? 0 : here.filter((feed) => feed.state === "ok").length, here.length));
    ioc.mark(count, { i: "feed-count", r: settings[0].district, we: ioc.state.beatServer }, out ? "lost" : "complete", "count");
  }

  function overlay() {
    const bar = one("#overlay");
    if (!bar) return;
    const out = ioc.outage();
    const { refused } = ioc.state;
    ioc.hide(bar, !out && !refused);
    if (!out && !refused) return;
    const text = refused ? ioc.word(refused) : ioc.word(`out_${out.who}`, ioc.age(ioc.realNow() - out.since));
    const replayed = ioc.state.world && ioc.state.world.kind !== "live"; // its own clock is in the header
    const since = out ? ioc.clockSeconds(out.since) : "";
    const note = out && ioc.state.beat !== null ? ioc.word("frozen", replayed ? ioc.word("beijing", since) : since) : "";
    if (bar.dataset.text === text + note) return;
    bar.dataset.text = text + note;
    bar.replaceChildren(text, ...(note ? [ioc.make("small", "", note)] : []));
    ioc.mark(bar, { i: "outage", r: "", we: ioc.state.beatServer }, "lost", "path");
  }

  function ranking() {
    const settings = ioc.state.settings.find((each) => each.ranking);
    if (!settings || !one("#ranking")) return;
    const by = ioc.indicator(settings.ranking.by);
    const worstIsHigh = by.direction !== "up";
    const places = all("[data-place]").map((row) => {
      const { shown, standing } = ioc.judge(by, ioc.cell(by.id, row.dataset.place));
      return { row, value: shown ? standing.x : null };
    });
    ioc.hide(one("#ranking-empty"), places.some(({ row }) => before(ioc.cell(by.id, row.dataset.place))) || !ioc.districtCell(by.id));
    const top = Math.max(...ioc.lines(by).map((limit) => limit.value), ...places.map((place) => place.value || 0), 1e-9) * 1.05;
    const order = [...places].sort((a, b) =>
      a.value === null ? (b.value === null ? 0 : 1) : b.value === null ? -1 : worstIsHigh ? b.value - a.value : a.value - b.value);
    const judged = order.some((place) => place.value !== null); // else every row keeps its place, and nothing is said of an order
    ioc.hide(one("#ranking-note"), !judged);
    order.forEach(({ row, value }, index) => {
      if (judged) row.style.order = String(index);
      row.querySelector(".rank-bar i").style.width = value === null ? "0" : `${(100 * value) / top}%`;
      row.querySelectorAll(".number").forEach((number) => short(number, ioc.indicator(number.dataset.indicator), ioc.cell(number.dataset.indicator, row.dataset.place), number.previousElementSibling));
    });
  }

  // A number in a row: the settled value, or a dash, a struck value when its feed is late or lost; its level before it.
  function short(number, indicator, newest, mark, level) {
    const { shown, few, thin, settled, level: own, standing: cell, stands } = ioc.judge(indicator, newest);
    const last = before(cell);
    ioc.mark(number, cell, stands.is);
    ioc.flag(number, "none", !shown);
    ioc.flag(number, "few", settled ? thin : few);
    ioc.flag(number, "open", shown && !settled);
    if (!shown && last) {
      const text = ioc.value(indicator, last[0]);
      if (!number.querySelector("s") || number.textContent !== text) number.replaceChildren(ioc.make("s", "", text));
    } else {
      const struck = number.querySelector("s");
      if (struck) struck.remove();
      ioc.text(number, shown ? ioc.value(indicator, cell.x) : number.dataset.reason || "—");
    }
    if (mark) {
      const reached = level === undefined ? own : settled ? level : null;
      ioc.text(mark, reached ? ioc.word(`short_${reached}`) : "");
      ioc.level(mark, reached);
    }
  }

  panels.short = short;

  addEventListener("resize", () => { if (root && root.isConnected) { ioc.state.everything = true; ioc.schedule(); } });
})();
