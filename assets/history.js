// History: what the archive has of an indicator before what the live path keeps, asked for once and then every few hours.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const history = (ioc.history = {});
  const HOUR = 3600000;
  const AGAIN_MS = 6 * HOUR;
  const RETRY_MS = 60000;
  const ANSWER_MS = 20000;
  const held = new Map(); // world|indicator|region|chosen span -> {points, next (own clock)}

  // [[window end, value], ...] of an indicator, ascending: nothing until the answer is there; `came` is called then.
  // Of a region below the root the live path keeps no points at all: they are asked for again and again.
  // `chosen`: the span that a reader chose (ioc.spanChosen), of which the archive tells all.
  history.points = (indicator, cell, world, now, came, chosen) => {
    const { root } = ioc.state.settings[0];
    const alone = Boolean(chosen || (cell && cell.r && root && cell.r !== root));
    if (!cell || (!alone && !ioc.spanArchived(indicator.step_ms))) return [];
    const key = `${world}|${indicator.id}|${cell.r}|${chosen ? chosen.name : ""}`;
    const known = held.get(key) || { points: [], next: 0 };
    if (Date.now() >= known.next) {
      known.next = Date.now() + (alone ? RETRY_MS : AGAIN_MS);
      held.set(key, known);
      ask(indicator, cell, world, now, chosen).then((points) => { known.points = points; came(); }, () => { known.next = Date.now() + RETRY_MS; });
    }
    return known.points;
  };

  async function ask(indicator, cell, world, now, chosen) {
    const step = chosen ? chosen.slot : indicator.step_ms > HOUR ? "1d" : indicator.step_ms > HOUR / 4 ? "1h" : indicator.step_ms === HOUR / 4 ? "15m" : "1m";
    const query = new URLSearchParams({ indicator: indicator.id, world, step, limit: "5000" });
    const behind = chosen ? chosen.behind + (chosen.yesterday ? 24 * HOUR : 0) : null;
    query.set("from", new Date(now - (behind ?? ioc.spanBehind(indicator.step_ms) - (ioc.spanArchived(indicator.step_ms) ? 0 : 24 * HOUR))).toISOString());
    query.set("to", new Date(now).toISOString());
    if (cell.r) query.set("region", cell.r);
    const reply = await fetch(`/api/v1/values?${query}`, { credentials: "same-origin", signal: AbortSignal.timeout(ANSWER_MS) });
    if (!reply.ok) throw new Error(`values ${reply.status}`);
    const { rows } = await reply.json();
    return rows.filter((row) => row.region === cell.r && row.window_end).map((row) => [Date.parse(row.window_end), row.value]).sort((a, b) => a[0] - b[0]);
  }
})();
