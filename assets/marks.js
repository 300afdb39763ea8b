// Marks: how a time, an age, a number, a level and a quality are written. Nothing here reads HTML: text only.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const HOUR = 3600000;
  const LOCAL = 8 * HOUR; // Asia/Shanghai, no daylight saving
  const two = (number) => String(number).padStart(2, "0");
  const local = (ms) => new Date(ms + LOCAL);

  ioc.LOCAL = LOCAL;
  ioc.HOUR = HOUR;
  ioc.LEVELS = ["blue", "yellow", "orange", "red"]; // best to worst
  ioc.clock = (ms) => { const at = local(ms); return `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}`; };
  ioc.clockSeconds = (ms) => `${ioc.clock(ms)}:${two(local(ms).getUTCSeconds())}`;
  ioc.isoDate = (ms) => local(ms).toISOString().slice(0, 10);
  ioc.longDate = (ms) => {
    const at = local(ms);
    if (ioc.english()) return `${ioc.isoDate(ms)} ${ioc.word("weekdays").split(" ")[at.getUTCDay()]}`;
    return `${at.getUTCFullYear()}年${at.getUTCMonth() + 1}月${at.getUTCDate()}日 星期${ioc.word("weekdays")[at.getUTCDay()]}`;
  };
  ioc.age = (ms) => {
    const seconds = Math.max(0, Math.round(ms / 1000));
    if (seconds < 60) return ioc.word("second", seconds);
    if (seconds < 3600) return ioc.word("minute", Math.floor(seconds / 60));
    if (seconds < 48 * 3600) return ioc.word("hour", Math.floor(seconds / 3600));
    return ioc.word("day", Math.floor(seconds / 86400));
  };
  // What a head says while the engine is not up to date with a world: up to when its data are there. "" otherwise.
  ioc.lagging = (progress, now) => {
    if (!progress) return "";
    const { position } = progress;
    const day = position && ioc.isoDate(position) !== ioc.isoDate(now) ? `${ioc.isoDate(position).slice(5)} ` : "";
    const upto = position ? ` · ${ioc.word("dataUpTo", day + ioc.clock(position))}` : "";
    return ioc.word(progress.state === "restoring" ? "restoring" : "catchingUp") + upto;
  };
  ioc.shown = (value, decimals) => {
    const text = Math.abs(value).toFixed(decimals);
    const [whole, part] = text.split(".");
    const sign = value < 0 && Number(text) !== 0 ? "−" : "";
    return sign + whole.replace(/\B(?=(\d{3})+$)/g, ",") + (part ? `.${part}` : "");
  };
  // A count in four characters or so: in full below ten thousand.
  ioc.compact = (count) => {
    if (count < 10000) return ioc.shown(count, 0);
    const [size, unit] = ioc.english() ? (count < 1e6 ? [1e3, "k"] : [1e6, "M"]) : count < 1e8 ? [1e4, "万"] : [1e8, "亿"];
    const amount = count / size;
    return `${amount.toFixed(amount < 10 ? 1 : 0)}${unit}`;
  };
  ioc.name = (of) => (ioc.english() ? of.en : of.zh) || of.zh;
  ioc.lines = (indicator) => (indicator.on === "z" ? [] : indicator.limits); // limits on z are no values of it
  ioc.plain = (value) => String(Number(value.toFixed(2)));

  // Writing: only what changed touches the DOM.
  ioc.text = (element, text) => { if (element && element.textContent !== text) element.textContent = text; };
  ioc.flag = (element, name, on) => { if (element.classList.contains(name) !== on) element.classList.toggle(name, on); };
  ioc.put = (element, name, value) => { if (element.getAttribute(name) !== value) element.setAttribute(name, value); };
  ioc.hide = (element, hidden) => { if (element && element.hidden !== hidden) element.hidden = hidden; };
  ioc.level = (element, level) => ioc.LEVELS.forEach((name) => ioc.flag(element, `lv-${name}`, name === level));
  ioc.chip = (element, level) => {
    if (!element) return;
    ioc.hide(element, !level);
    ioc.level(element, level);
    if (level) ioc.text(element.querySelector("b"), ioc.word(level));
  };
  ioc.quality = (verdict) => ({ lost: "stale", late: "stale", none: "no_data" })[verdict] || verdict;
  // A chip as the server lays it out (components/marks.py), for rows that the browser makes: four steps and the word.
  ioc.makeChip = () => {
    const chip = ioc.make("span", "chip");
    const meter = ioc.make("span", "meter");
    meter.append(...Array.from({ length: 4 }, () => ioc.make("i")));
    chip.append(meter, ioc.make("b"));
    return chip;
  };
  // `derived`: the screen made the number itself (`count`, `verdict`, `age`, `clock`) or took it from the heartbeat
  // (`path`); what carries no data-derived was published and can be vouched for.
  ioc.mark = (element, cell, verdict, derived) => {
    if (derived) ioc.put(element, "data-derived", derived);
    ioc.put(element, "data-quality", ioc.quality(verdict));
    ioc.put(element, "data-state", verdict);
    if (!cell) return;
    ioc.put(element, "data-indicator", cell.i);
    ioc.put(element, "data-region", cell.r);
    ioc.put(element, "data-window-end", String(cell.we));
    const dims = Object.entries(cell.d || {}).map(([name, value]) => `${name}=${value}`).join(",");
    if (dims) ioc.put(element, "data-dims", dims);
  };
  ioc.make = (tag, className, text) => {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  };
})();
