// Outlook: what is normal of an indicator and what comes, asked for by its chart, and how that is drawn: a grey band of what
// is usual at these times, the forecast dashed with its interval, a ring where it first reaches a level.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const outlook = (ioc.outlook = {});
  const MINUTE = 60000;
  const AGAIN_MS = 60000; // it is renewed each quarter of an hour ...
  const PAST_MS = 5000; // ... of the world's time, which a playback runs through faster
  const LEARNING_MS = 1500;
  const ANSWER_MS = 20000;
  const FRESH_MS = 90 * MINUTE; // as ioc.queries.outlooks: what was foreseen long ago is not told
  const COLOURS = { band: "rgba(127,155,182,.20)", young: "rgba(127,155,182,.09)", fan: "rgba(225,236,247,.13)", line: "#E1ECF7" };
  const held = new Map(); // world|indicator|region -> {said, next (own clock)}

  // What is known of an indicator now, or null; `came` is called when there is something else to draw. What was said of a
  // later moment than is shown (a playback was moved back meanwhile) is not known yet.
  outlook.known = (indicator, cell, now, came) => {
    if (!indicator.outlook || !cell) return null;
    const world = ioc.worldOf(indicator.id);
    const key = `${world}|${indicator.id}|${cell.r}`;
    const found = held.get(key) || { said: null, next: 0 };
    const past = Boolean(ioc.state.world && ioc.state.world.kind === "playback");
    const fits = found.said && found.said.at <= now && now - found.said.at < FRESH_MS + indicator.step_ms;
    if (Date.now() >= found.next) {
      held.set(key, found);
      found.next = Date.now() + ANSWER_MS;
      ask(indicator.id, world, cell.r).then(
        (said) => {
          found.said = said.state === "here" ? said : null;
          found.lacks = said.state === "learning" || !said.forecast.length;
          found.next = Date.now() + (said.state === "learning" || (past && !(found.said && found.said.at <= ioc.worldNow(world))) ? LEARNING_MS : past ? PAST_MS : AGAIN_MS);
          came();
        },
        () => { found.next = Date.now() + AGAIN_MS; },
      );
    }
    return fits ? found.said : null;
  };

  async function ask(indicator, world, region) {
    const query = new URLSearchParams({ indicator, world, ...(region ? { region } : {}) });
    const reply = await fetch(`/api/v1/outlook?${query}`, { credentials: "same-origin", signal: AbortSignal.timeout(ANSWER_MS) });
    if (!reply.ok) throw new Error(`outlook ${reply.status}`);
    const said = await reply.json();
    const ends = (rows) => rows.map((row) => ({ ...row, end: Date.parse(row.end) }));
    return { ...said, at: said.at ? Date.parse(said.at) : 0, forecast_at: said.forecast_at ? Date.parse(said.forecast_at) : null, band: ends(said.band), forecast: ends(said.forecast) };
  }

  // Whether a chart must look again though nothing has come: the outlook of its moment is still being learnt, or due.
  outlook.due = (indicator, cell) => {
    if (!indicator.outlook || !cell) return false;
    const found = held.get(`${ioc.worldOf(indicator.id)}|${indicator.id}|${cell.r}`);
    return !found || Date.now() >= found.next;
  };

  // Whether there is no forecast of what has one: too young, or still being learnt. False while nobody knows.
  outlook.lacks = (indicator, cell) => {
    const found = indicator.outlook && cell && held.get(`${ioc.worldOf(indicator.id)}|${indicator.id}|${cell.r}`);
    return Boolean(found && found.lacks);
  };

  // The numbers of the forecast that a scale must have room for.
  outlook.heights = (said, from, to) => (said ? said.forecast.filter((row) => row.end > from && row.end <= to).map((row) => row.value) : []);

  // What lies behind the lines: the band, apart where it is young, and the interval of the forecast from `last` ([end, value]).
  outlook.areas = (said, from, to, last, now) => {
    if (!said) return [];
    const ahead = coming(said, to, now);
    const once = (row) => row.cold && row.end > now && ahead.length; // as wide as the interval that lies over it
    const areas = runs(said.band.filter((row) => row.end >= from && row.end <= to && !once(row))).map((run) => area(run, run[0].cold ? COLOURS.young : COLOURS.band));
    if (last && ahead.length) areas.push(area([{ end: last[0], low: last[1], high: last[1] }, ...ahead], COLOURS.fan));
    return areas;
  };

  // The outlook as far as it is of what a chart shows: the forecast of a group is no part of it, unless that leads the whole.
  outlook.of = (said) => (said && said.member && !said.leads ? { ...said, forecast: [] } : said);

  outlook.line = (said, to, last, now, width) => {
    const ahead = coming(said, to, now);
    if (!last || !ahead.length) return [];
    return [{
      x: [last[0], ...ahead.map((row) => row.end)].map((end) => end + ioc.LOCAL), y: [last[1], ...ahead.map((row) => row.value)],
      type: "scatter", mode: "lines", name: "forecast", line: { color: COLOURS.line, width, dash: `${3 * width}px,${2 * width}px` },
    }];
  };

  // Where the forecast first reaches a level that is worse than what stands: {at, value, level}, or null.
  outlook.reaches = (said, to, indicator, value, now) => {
    if (!said || indicator.on !== "value") return null;
    const level = (x) => indicator.limits.reduce((worst, limit) => ((indicator.direction === "up" ? x < limit.value : indicator.direction === "down" && x >= limit.value) ? Math.max(worst, ioc.LEVELS.indexOf(limit.level)) : worst), -1);
    const stands = level(value);
    const found = coming(said, to, now).find((row) => level(row.value) > stands);
    return found ? { at: found.end, value: found.value, level: ioc.LEVELS[level(found.value)] } : null;
  };

  const coming = (said, to, now) => (said && said.forecast_at !== null && now - said.forecast_at <= FRESH_MS ? said.forecast.filter((row) => row.end > now && row.end <= to) : []);

  // Neighbours of one kind; each run begins where the one before it ended.
  function runs(rows) {
    const found = [];
    for (const row of rows) {
      const run = found[found.length - 1];
      if (run && run[0].cold === row.cold) run.push(row);
      else { if (run) run.push({ ...row, cold: run[0].cold }); found.push([row]); }
    }
    return found.filter((run) => run.length > 1);
  }

  function area(rows, fillcolor) {
    const there = rows.map((row) => row.end + ioc.LOCAL);
    return {
      x: [...there, ...[...there].reverse()], y: [...rows.map((row) => row.high), ...rows.map((row) => row.low).reverse()],
      type: "scatter", mode: "lines", fill: "toself", fillcolor, line: { width: 0 }, hoverinfo: "skip",
    };
  }
})();
