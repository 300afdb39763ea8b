// Response: the block of the response in force, which is the worst plan's; with since when it has this level.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const response = (ioc.response = {});
  const SHOWN_MS = 3000; // a new level is outlined for so long, once
  let outlined = { level: null, until: 0 };

  // Writes the block; the level in force (`red` is Ⅰ), or null.
  response.draw = (root, id) => {
    const block = root.querySelector("#response");
    const indicator = id && ioc.indicator(id);
    const found = indicator ? inForce(indicator) : null;
    ioc.hide(block, found === null);
    const known = !ioc.state.settings.some((each) => !ioc.come(each));
    if (!found) { outlined = { level: known ? 0 : outlined.level, until: 0 }; return null; }
    const level = ioc.LEVELS[found.x - 1];
    const order = ioc.command.order(found.plan, found.x);
    ioc.level(block, level);
    ioc.chip(block.querySelector(".chip"), level);
    ioc.text(block.querySelector("#response-level"), ioc.value(indicator, found.x));
    ioc.text(block.querySelector("#response-plan"), found.name);
    const since = order ? order.since : found.since;
    ioc.text(block.querySelector("#response-since"), since ? ioc.word("since", ioc.clock(since)) : "");
    ioc.text(block.querySelector("#response-by"), order ? ioc.word("orderedBy", order.by || ioc.word("dutyRoom")) : found.cell.o === "simulated" ? ioc.word("orderedByScript") : "");
    ioc.mark(block, found.cell, "complete");
    if (outlined.level !== null && outlined.level !== found.x) { outlined.until = performance.now() + SHOWN_MS; setTimeout(ioc.schedule, SHOWN_MS + 50); }
    outlined.level = found.x;
    ioc.flag(block, "changed", performance.now() < outlined.until);
    return level;
  };

  function inForce(indicator) {
    const settings = ioc.state.settings.find((each) => each.indicators[indicator.id]);
    let found = null;
    for (const cell of response.cells(indicator.id)) {
      const { settled } = ioc.judge(indicator, cell);
      const x = settled ? Math.min(4, Math.round(settled.x)) : 0;
      if (x > 0 && (!found || x > found.x)) found = { x, cell: settled, plan: cell.d.plan, name: ioc.group(settings, cell), series: cell.s };
    }
    if (found) found.since = since(found);
    return found;
  }

  // The level in force, 1 to 4; 0: none.
  response.stands = (indicator) => { const found = inForce(indicator); return found ? found.x : 0; };

  // The cells of single plans.
  response.cells = (id) => [...ioc.state.cells.values()].filter((cell) => cell.i === id && Object.keys(cell.d || {}).length);

  // Since when the level has been this, as far as the points go: the newest one at which it was not yet.
  function since({ series, x }) {
    const points = ioc.state.series.get(series) || [];
    let at = points.length - 1;
    while (at >= 0 && points[at][1] === x) at -= 1;
    return at >= 0 && at < points.length - 1 ? points[at][0] : null; // it may have begun before the first point
  }
})();
