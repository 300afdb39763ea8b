// Drill: the page of an indicator beside what is live: what it was then, which parts moved it, the span of its chart and
// how its values are spread. What is chosen stands in the address.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const drill = (ioc.drill = {});
  const EVERY_MS = 60000;
  const RETRY_MS = 5000;
  const ANSWER_MS = 20000;
  const BINS = 12;
  const FEWEST = 12; // windows of which a distribution says anything
  let root = null;
  let round = 0;

  const chosen = (name) => new URLSearchParams(location.search).get(name) || root.querySelector(`[data-choose="${name}"]`).dataset.standard;
  const region = (settings) => (settings.root && settings.district !== settings.root ? settings.district : "");
  const settings = () => ioc.state.settings[0];
  const indicator = () => settings().indicators[root.dataset.drill];

  async function ask(mine) {
    if (mine !== round || !root.isConnected) return;
    const of = indicator();
    const query = new URLSearchParams({ world: ioc.worldOf(of.id), against: chosen("against"), by: chosen("by") });
    if (region(settings())) query.set("region", region(settings()));
    let again = EVERY_MS;
    try {
      const reply = await fetch(`/api/v1/indicators/${encodeURIComponent(of.id)}/drill?${query}`, { credentials: "same-origin", signal: AbortSignal.timeout(ANSWER_MS) });
      if (mine !== round) return;
      if (!reply.ok) throw new Error(`drill ${reply.status}`);
      const told = await reply.json();
      if (mine !== round) return;
      then(of, told);
      parts(of, told);
      ioc.text(root.querySelector("#drill-out"), "");
    } catch {
      if (mine !== round) return;
      again = RETRY_MS;
      ioc.text(root.querySelector("#drill-out"), ioc.word("drillAway", ioc.age(again)));
    }
    root.querySelectorAll(".skeleton").forEach((each) => ioc.flag(each, "skeleton", false));
    setTimeout(() => ask(mine), document.hidden ? 2 * again : again);
  }

  const signed = (value, decimals) => (Number(value.toFixed(decimals)) > 0 ? "+" : "") + ioc.shown(value, decimals);
  const arrow = (of, value) => (Number(value.toFixed(of.decimals)) === 0 ? ioc.word("same") : `${value > 0 ? "▲" : "▼"} ${ioc.shown(Math.abs(value), of.decimals)}`);
  const moment = (text, day) => { const ms = Date.parse(text); return `${day && ioc.isoDate(ms) === ioc.isoDate(day) ? "" : `${ioc.isoDate(ms).slice(ms < ioc.worldNow() - 300 * 86400000 ? 0 : 5)} `}${ioc.clock(ms)}`; };
  const mark = (element, of, told, at) => { ioc.put(element, "data-derived", "drill"); ioc.mark(element, { i: of.id, r: told.region, we: Date.parse(at) }, "complete"); };

  // Target and attainment, then the same time yesterday, last week, last year.
  function then(of, told) {
    const list = root.querySelector("#drill-then");
    const cards = [card(ioc.word("thenTarget"), of.target === null ? ioc.word("noTarget") : ioc.valued(of, of.target), attained(of, told), of.target === null)];
    for (const each of told.then) {
      const none = each.value === null;
      const made = card(ioc.word(`then_${each.against}`), none ? ioc.word("thenNone") : ioc.valued(of, each.value), none ? "" : `${arrow(of, each.change)} · ${moment(each.at)}`, none);
      if (!none) mark(made, of, told, each.at);
      cards.push(made);
    }
    if (!told.then.length) ["1d", "7d", "1y"].forEach((each) => cards.push(card(ioc.word(`then_${each}`), ioc.word("thenNone"), "", true)));
    list.replaceChildren(...cards);
  }

  function attained(of, told) {
    if (of.target === null || told.value === null) return "";
    const met = of.direction === "down" ? told.value <= of.target : told.value >= of.target;
    const short = Math.abs(told.value - of.target);
    return met ? ioc.word("meets") : ioc.word("misses", of.unit === "%" ? ioc.word("points", ioc.shown(short, of.decimals)) : ioc.shown(short, of.decimals));
  }

  function card(name, value, note, none) {
    const made = ioc.make("div", `then-card${none ? " none" : ""}`);
    made.append(ioc.make("span", "then-name", name), ioc.make("b", "then-value", value), ioc.make("span", "then-note", note));
    return made;
  }

  // What moved it: a sentence, then a row for each part, those that moved it most first.
  function parts(of, told) {
    const said = root.querySelector("#drill-said");
    const list = root.querySelector("#drill-parts");
    const before = told.then.find((each) => each.against === told.against);
    const name = (part) => (told.by === "group" ? ioc.groupParts(settings(), { i: of.id, d: part.dims }).map((one) => one.text).join(" · ") : (ioc.english() ? part.en : part.zh.replace(/街道$/, "")) || part.code);
    const rows = told.parts.filter((part) => part.now !== null || part.then !== null).sort((a, b) => Math.abs(b.by ?? 0) - Math.abs(a.by ?? 0) || (b.now ?? 0) - (a.now ?? 0));
    const lines = [];
    if (told.change === null) lines.push(ioc.word("noThen"));
    else {
      lines.push(ioc.word("moved", ioc.word(`against_${told.against}`), moment(before.at), ioc.valued(of, before.value), ioc.valued(of, told.value), signed(told.change, of.decimals + 1)));
      const most = rows.filter((part) => part.by && Number(part.by.toFixed(of.decimals + 1)) !== 0).slice(0, 3).map((part) => `${name(part)} ${signed(part.by, of.decimals + 1)}`);
      if (told.method !== "none" && most.length) lines.push(ioc.word("movedMost", most.join(ioc.english() ? ", " : "、")));
      if (told.rest !== null && rows.length && Math.abs(told.rest) >= 0.5 * 10 ** -of.decimals) lines.push(ioc.word("movedRest", signed(told.rest, of.decimals + 1)));
      lines.push(ioc.word(`method_${told.method}`));
    }
    said.replaceChildren(...lines.map((line) => ioc.make("p", "", line)));
    const top = Math.max(...rows.map((part) => Math.abs(part.by ?? 0)), 1e-12);
    list.replaceChildren(...(rows.length ? rows.map((part) => row(of, told, part, name(part), top)) : [ioc.make("p", "note", ioc.word("noParts"))]));
    if (told.more) list.append(ioc.make("p", "note", ioc.word("partsMore", told.more)));
  }

  function row(of, told, part, name, top) {
    const made = ioc.make("div", "part-row");
    const place = ioc.make(told.by === "region" ? "a" : "span", "part-name", name);
    if (told.by === "region") place.href = there(part.code);
    const bar = ioc.make("span", "part-bar");
    const fill = ioc.make("i", part.by < 0 ? "less" : "more");
    fill.style.width = `${(50 * Math.abs(part.by ?? 0)) / top}%`;
    bar.append(fill);
    const now = ioc.make("span", "part-now", part.now === null ? ioc.word("noneTag") : ioc.value(of, part.now));
    const by = ioc.make("span", "part-by", part.by === null ? "—" : signed(part.by, of.decimals + 1));
    if (part.inside !== null) made.title = ioc.word("insideMix", signed(part.inside, of.decimals + 1), signed(part.mix, of.decimals + 1));
    const chip = ioc.makeChip();
    ioc.chip(chip, part.level);
    if (told.at) { [now, by].forEach((each) => mark(each, of, { region: part.code }, told.at)); }
    made.append(place, bar, chip, now, by);
    return made;
  }

  function there(code) {
    const query = new URLSearchParams(location.search);
    query.set("region", code);
    return `${location.pathname}?${query}`;
  }

  // How the values of the chosen span are spread, and where the present one lies among them; charts.js tells of them.
  drill.spread = (of, values, cell, behind) => {
    const place = root && root.querySelector("#drill-spread");
    if (!place || of.id !== root.dataset.drill) return;
    const said = root.querySelector("#drill-spread-said");
    if (values.length < FEWEST) { place.replaceChildren(); ioc.text(said, ioc.word("fewWindows")); return; }
    const sorted = [...values].sort((a, b) => a - b);
    const least = sorted[0]; const most = sorted[sorted.length - 1];
    const wide = (most - least) / BINS || 1;
    const bin = (value) => Math.min(BINS - 1, Math.max(0, Math.floor((value - least) / wide)));
    const counts = new Array(BINS).fill(0);
    values.forEach((value) => { counts[bin(value)] += 1; });
    const top = Math.max(...counts);
    const here = cell && cell.x !== null ? bin(cell.x) : -1;
    place.replaceChildren(...counts.map((count, at) => {
      const bar = ioc.make("i", at === here ? "here" : "");
      bar.style.height = `${Math.max(count ? 4 : 0, (100 * count) / top)}%`;
      return bar;
    }));
    const told = [ioc.word("spreadOf", ioc.spanWords(behind), values.length, ioc.valued(of, least), ioc.valued(of, sorted[Math.floor(sorted.length / 2)]), ioc.valued(of, most))];
    if (here >= 0) told.push(ioc.word("spreadNow", Math.round((100 * sorted.filter((value) => value < cell.x).length) / sorted.length)));
    ioc.text(said, told.join(ioc.word("semicolon")));
    if (cell) { ioc.put(said, "data-derived", "drill"); ioc.mark(said, cell, "complete"); }
  };

  // A choice: pressed, in the address, and asked for anew. The standard one is not written.
  function press(group, value) {
    const query = new URLSearchParams(location.search);
    if (value === group.dataset.standard) query.delete(group.dataset.choose); else query.set(group.dataset.choose, value);
    window.history.replaceState(window.history.state, "", `${location.pathname}${query.size ? `?${query}` : ""}`);
    show(group);
    if (group.dataset.choose === "span") return;
    round += 1;
    ask(round);
  }

  function show(group) {
    const value = chosen(group.dataset.choose);
    group.querySelectorAll("button").forEach((button) => ioc.put(button, "aria-pressed", String(button.dataset.choice === value)));
    if (group.dataset.choose === "span") ioc.charts.choose(root.dataset.drill, value);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-drill] [data-choose] button");
    if (button) press(button.closest("[data-choose]"), button.dataset.choice);
  });

  // The parts of the page are laid out by the server; live.js has read its settings by then.
  function look() {
    const found = document.querySelector("[data-drill]");
    if (found === root || (found && ioc.state.root === null)) return;
    root = found;
    round += 1;
    if (!root) return;
    root.querySelectorAll("[data-choose]").forEach(show);
    ask(round);
  }
  window.addEventListener("DOMContentLoaded", () => {
    look();
    new MutationObserver(() => setTimeout(look)).observe(document.body, { childList: true, subtree: true });
  });
})();
