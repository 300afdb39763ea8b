// Overview: the verdict of the district, the state of every scene, the facts and lists; all from the cells of the scenes.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const overview = (ioc.overview = {});
  const NAMED = 2; // entries that the sentence names
  const UNJUDGED = ["countOpen", "countFew", "countLost", "countLate", "countNone"];

  overview.draw = (root) => {
    if (!root.classList.contains("overview")) return;
    const told = ioc.state.settings[0].overview;
    const scenes = ioc.state.settings.map((each) => scene(root, each, told));
    root.querySelectorAll("[data-fact],[data-told]").forEach((place) => write(place, ioc.indicator(place.dataset.fact || place.dataset.told)));
    const level = ioc.response.draw(root, told.response);
    ioc.flag(root, "responding", level !== null);
    ioc.hide(root.querySelector(".verdict-word"), level !== null);
    verdict(root, scenes.flat(), level);
  };

  // The ages of what is late or lost.
  overview.tick = (root) => {
    if (root.classList.contains("overview")) root.querySelectorAll(".placed.late,.placed.lost,.slot.late,.slot.lost,.told.late,.told.lost").forEach((place) => {
      const id = place.dataset.fact || place.dataset.told || place.querySelector(".number").dataset.indicator;
      if (ioc.indicator(id)) write(place, ioc.indicator(id));
    });
  };

  overview.write = write;

  // --- one number in a place: value, unit, level, change against yesterday, target -----------------------------------
  function write(place, indicator) {
    const { verdict, cell, level, shown } = ioc.panels.brief(place, indicator);
    const change = place.querySelector(".compare");
    const target = place.querySelector(".target");
    const aim = target && shown && !level && indicator.target !== null ? ioc.word("targetAt", ioc.plain(indicator.target)) : "";
    const changed = shown ? against(cell, indicator) : before(cell, verdict);
    ioc.text(change, aim && changed === ioc.word("same") ? "" : changed); // there is room for one of them, and one says more
    ioc.text(target, aim);
    return level;
  }

  function against(cell, indicator) {
    if (cell.y === null || cell.y === undefined) return "";
    const change = ioc.shown(Math.abs(cell.x - cell.y), indicator.decimals);
    return Number(change.replace(/,/g, "")) === 0 ? ioc.word("same") : `${cell.x > cell.y ? "▲" : "▼"} ${change}`;
  }

  const before = (cell, verdict) => (["late", "lost"].includes(verdict.is) && cell && (cell.last || cell.x !== null) ? ioc.word("last", ioc.clock(cell.last ? cell.last[1] : Math.min(cell.we, cell.seen || cell.we))) : "");

  // --- scenes --------------------------------------------------------------------------------------------------------
  // The rows of a scene, as its own wall judges it.
  function scene(root, each, told) {
    const place = root.querySelector(`.scene[data-scene="${each.scene}"]`);
    if (!place) return []; // it stands beside the overview and is none of its scenes
    const rows = ioc.sceneRows(each);
    const { judged, over, level, blind, end } = ioc.sceneState(rows);
    const slots = [...place.querySelectorAll(".slot")];
    const chosen = [...new Set([...over.map((row) => row.id).filter((id) => id !== told.response), ...told.numbers[each.scene]])].slice(0, slots.length);
    slots.forEach((slot, at) => {
      const indicator = ioc.indicator(chosen[at]);
      ioc.text(slot.querySelector("h4"), ioc.name(indicator));
      ioc.text(slot.querySelector(".unit"), indicator.unit);
      write(slot, indicator);
    });
    ioc.level(place, level);
    ioc.chip(place.querySelector(".scene-head .chip"), level);
    ioc.flag(place, "lost", blind && rows.some((row) => row.is === "lost"));
    const count = place.querySelector(".scene-count");
    ioc.text(count, tally(rows, judged.length, over.length, blind));
    ioc.mark(count, { i: `scene.${each.scene}`, r: each.district, we: end }, blind ? "none" : "complete", "count");
    return rows;
  }

  function tally(rows, judged, over, blind) {
    const missing = rows.filter((row) => ["lost", "late"].includes(row.is)).length;
    if (blind) return judged ? ioc.word("sceneFew", judged, rows.length) : ioc.word(missing ? "sceneLost" : "sceneBlind");
    const parts = over ? [ioc.word("sceneOver", over)] : [];
    if (missing) parts.push(ioc.word("sceneMissing", missing));
    return parts.length ? `${parts.join(ioc.word("comma"))} / ${rows.length}` : ioc.word("sceneFine", judged === rows.length ? judged : `${judged} / ${rows.length}`);
  }

  // --- the verdict ---------------------------------------------------------------------------------------------------
  // One word: calm while nothing is orange and no more than a few are yellow; a single red indicator of a hundred is an
  // alert, no emergency: that is what several of them are, or a response.
  function word(count) {
    if (count.red >= 3) return ["red", "red"];
    if (count.red || count.orange >= 3) return ["orange", count.red ? "red" : "orange"];
    if (count.orange || count.yellow > 5) return ["yellow", count.orange ? "orange" : "yellow"];
    return ["calm", null];
  }

  function verdict(root, rows, responding) {
    const section = root.querySelector("#district");
    const settings = ioc.state.settings;
    const line = root.querySelector("#district-line");
    const watch = root.querySelector("#district-watch");
    const name = root.querySelector("#district-word");
    const at = root.querySelector("#district-at");
    if (settings.some((each) => !ioc.come(each)) && !ioc.outage()) {
      ioc.text(name, ioc.word("word_loading"));
      ioc.panels.tally(line, [], 0, "none");
      one(watch, ioc.word("loading"), 0, "none");
      ioc.mark(section, { i: "verdict", r: settings[0].district, we: 0 }, "none", "verdict");
      return;
    }
    const judged = rows.filter((row) => row.judged);
    const count = Object.fromEntries(ioc.LEVELS.map((level) => [level, judged.filter((row) => row.level === level).length]));
    const [said, level] = word(count);
    const blind = !level && judged.length * 2 < rows.length; // who sees less than half of it cannot say that it is calm
    ioc.text(name, ioc.word(blind ? "word_blind" : `word_${said}`));
    ioc.level(section, responding ? null : level);
    ioc.flag(section, "lost", blind);
    const end = judged.reduce((most, row) => Math.max(most, row.cell.we), 0);
    ioc.text(at, end ? ioc.word("wholeAt", ioc.clock(end)) : "");
    const quality = judged.length === rows.length ? "complete" : judged.length ? "provisional" : "lost";
    ioc.mark(section, { i: "verdict", r: settings[0].district, we: end }, quality, "verdict");
    ioc.mark(at, { i: "verdict", r: settings[0].district, we: end }, quality, "verdict");
    const counts = ioc.panels.counts(rows, rows.length);
    const state = quiet();
    const entries = ioc.attention.entries();
    const known = entries.filter((entry) => !ioc.attention.blind(entry));
    const sceneOf = (id) => settings.find((each) => each.judged.includes(id));
    const ofResponse = (entry) => responding && !entry.about && sceneOf(entry.i) === sceneOf(settings[0].overview.response);
    const told = [...known.filter(ofResponse), ...known.filter((entry) => !ofResponse(entry))].slice(0, NAMED).map((entry) => ioc.attention.sentence(entry));
    const ahead = ioc.attention.coming().slice(0, NAMED).map(expected);
    const tally = (place, ways) => fitted(place, ways.map(([each, more]) => [`${each.map((one) => one[1])} ${more}`, () => ioc.panels.tally(place, each, end, quality, more)]));
    const say = (place, ways) => fitted(place, ways.map((text) => [text, () => one(place, text, end, quality)]));
    if (responding && told.length) {
      say(line, shorter(told));
      tally(watch, [[counts, ""], [briefly(counts), ""]]);
      return;
    }
    const local = entries.filter((entry) => entry.places.length).length;
    const more = [local ? ioc.word("localOver", local) : "", state].filter(Boolean).join(ioc.word("semicolon"));
    tally(line, blind ? [[counts, ""], [briefly(counts), ""]] : [[counts, more], [briefly(counts), more], [briefly(counts), state]]);
    const watched = [...told, ...ahead];
    say(watch, watched.length ? shorter(watched).map((text) => ioc.word("watch", text)) : [ioc.word(blind ? "noJudgement" : "noneOver")]);
  }

  // What is expected and when: a forecast that reaches a limit.
  function expected(each) {
    const { i, at, lv, limit } = each;
    const indicator = ioc.indicator(i), where = ioc.attention.where(each);
    return ioc.word("comes", ioc.name(indicator) + (where ? ioc.word("brackets", where) : ""), ioc.clock(at), ioc.word(lv), ioc.limitSaid(indicator, limit));
  }

  const shorter = (sentences) => sentences.map((_, at) => sentences.slice(0, sentences.length - at).join(ioc.word("semicolon")));

  // The counts with all that is not judged, whatever the reason, as one.
  function briefly(counts) {
    const rest = counts.filter(([name]) => UNJUDGED.includes(name));
    const sum = rest.reduce((all, each) => all + each[2], 0);
    return rest.length < 2 ? counts : [...counts.filter((each) => !rest.includes(each)), ["countRest", ioc.word("countRest", sum), sum]];
  }

  // The first of several ways to say it ([text, write]) that takes no more lines than the place has (`--lines`): nothing
  // is cut. The place is measured when a text or the window is another: measuring lays the page out.
  let resized = 0;
  addEventListener("resize", () => { resized += 1; });
  function fitted(place, ways) {
    const key = `${ways.map(([text]) => text).join("|")}@${resized}`;
    if (place.dataset.fit === key) { ways[Number(place.dataset.way)][1](); return; }
    place.dataset.fit = key;
    const style = getComputedStyle(place), most = (Number(style.getPropertyValue("--lines")) || 1) + 0.5;
    for (const [at, [, write]] of ways.entries()) {
      write();
      place.dataset.way = String(at);
      if (place.scrollHeight <= most * parseFloat(style.lineHeight)) return;
    }
  }

  function one(line, text, end, quality) {
    delete line.dataset.key;
    ioc.text(line, text);
    ioc.mark(line, { i: "verdict", r: ioc.state.settings[0].district, we: end }, quality, "verdict");
  }

  // What is written out when it is not there: no warning, no response.
  function quiet() {
    const { response } = ioc.state.settings[0].overview;
    if (!response || ioc.state.settings.some((each) => each.indicators[response] && !ioc.come(each))) return "";
    return ["lost", "late"].includes(ioc.verdict(ioc.indicator(response), ioc.districtCell(response)).is) ? "" : warned() + ioc.word("noResponse");
  }

  const past = () => Boolean(ioc.state.world && ioc.state.world.kind === "playback"); // of records only their numbers are told again
  const warned = () => (!past() && ioc.attention.known() && !ioc.attention.entries().some((entry) => entry.kind === "warning") ? ioc.word("noWarning") + ioc.word("comma") : "");
})();
