// Spans: how much time a chart shows, by the step of its indicator, and which times stand below it.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const SECOND = 1000; const MINUTE = 60 * SECOND; const HOUR = 60 * MINUTE; const DAY = 24 * HOUR;
  const FEWEST = 3; // windows that a line needs: fewer are said in words
  const LEAST = 12; // steps: so much is shown however short the history is, so that its first minutes are no stroke at an edge
  const TICKS = [5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY, 61 * DAY];
  const MOST_TICKS = 6;
  // Up to this step: so much is behind now, so much ahead of it. Only a day has room for what the day before did next.
  const SPANS = [
    { step: MINUTE - 1, behind: 3.8 * HOUR, ahead: 0.2 * HOUR, yesterday: false }, // the gateway keeps four hours of seconds
    { step: 15 * MINUTE, behind: 21 * HOUR, ahead: 3 * HOUR, yesterday: true },
    { step: HOUR, behind: 68 * HOUR, ahead: 4 * HOUR, yesterday: false },
    { step: Infinity, behind: 58 * DAY, ahead: 2 * DAY, yesterday: false },
  ];
  const known = (step) => SPANS.find((span) => step <= span.step);

  // Whether the live path keeps less than the chart of such an indicator shows: the archive is asked for the rest.
  ioc.spanArchived = (step) => step > 15 * MINUTE;
  ioc.spanBehind = (step) => known(step).behind;

  // Spans that a reader chooses: how much is behind and ahead of now, and the slots of the archive that show it (the finest
  // that is no finer than the indicator's own step).
  const SLOTS = [["1m", MINUTE], ["15m", 15 * MINUTE], ["1h", HOUR], ["1d", DAY]];
  const CHOSEN = {
    "24h": { behind: DAY, ahead: 4 * HOUR, slot: 0 }, "7d": { behind: 7 * DAY, ahead: DAY, slot: 1 },
    "30d": { behind: 30 * DAY, ahead: 2 * DAY, slot: 2 }, "1y": { behind: 365 * DAY, ahead: 5 * DAY, slot: 3 },
  };
  ioc.spanChosen = (name, step) => {
    const found = CHOSEN[name];
    if (!found) return null;
    const own = SLOTS.filter(([, size]) => size <= step).length - 1;
    const [slot, size] = SLOTS[Math.max(found.slot, own, 0)];
    return { ...found, name, slot, size: Math.max(size, step), yesterday: name === "24h" && step <= 15 * MINUTE };
  };

  // How long points of such an indicator are kept: what its chart shows, and before it the day before.
  ioc.spanKept = (step) => Math.min(2 * DAY + HOUR, known(step).behind + (known(step).yesterday ? DAY + HOUR : 0.2 * HOUR));

  // What a chart shows: all of its span where there is history for half of it, else what there is.
  ioc.span = (step, oldest, now) => {
    const whole = known(step);
    const age = oldest === null ? 0 : now - oldest;
    if (age > whole.behind / 2) return whole;
    const behind = Math.min(whole.behind, Math.max(LEAST * step, 20 * MINUTE, age * 1.05));
    return { ...whole, behind, ahead: Math.min(whole.ahead, behind / 7) };
  };

  ioc.enough = (values) => values.filter((value) => value !== null).length >= FEWEST;

  // The times below a chart: clock times, or days where it shows several; none nearer to now than `clear` ms.
  ioc.spanTicks = (from, to, now, clear, most) => {
    const room = Math.max(2, Math.min(MOST_TICKS, most));
    const step = TICKS.find((tick) => (to - from) / tick <= room) || TICKS[TICKS.length - 1];
    const found = [];
    for (let at = Math.ceil((from + ioc.LOCAL) / step) * step; at <= to + ioc.LOCAL; at += step) {
      const instant = at - ioc.LOCAL;
      if (Math.abs(instant - now) < clear || instant - from < (to - from) / 24) continue;
      found.push({ at: instant, text: ioc.spanLabel(instant, to - from) });
    }
    return found;
  };

  // A clock time within a day; over several days the day at its midnight, in weeks the day alone.
  ioc.spanLabel = (instant, length) => {
    const day = ioc.isoDate(instant).slice(5);
    if (length > 7 * DAY) return day;
    return length > 30 * HOUR && (instant + ioc.LOCAL) % DAY === 0 ? day : ioc.clock(instant);
  };

  // How long it is, in words: hours up to two days, then days.
  ioc.spanWords = (length) => (length < HOUR ? ioc.word("minute", Math.round(length / MINUTE)) : length <= 2 * DAY ? ioc.word("hour", Math.round(length / HOUR)) : ioc.word("day", Math.round(length / DAY)));
})();
