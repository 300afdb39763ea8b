// Home: the worst level of each scene, and everything of this world that is over its limit, worst first.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const home = (ioc.home = {});
  const FLOW = 8; // rows where the page flows; else as many as there is room for

  home.draw = (root) => {
    const list = document.getElementById("over");
    if (!list || !root.contains(list)) return;
    refit(list, root);
    for (const each of ioc.state.settings) {
      const place = root.querySelector(`[data-scene="${each.scene}"]`);
      ioc.chip(place && place.querySelector(".chip"), ioc.sceneState(ioc.sceneRows(each)).level);
    }
    rows(list, over());
  };

  // The panels below take room when they have more to say: the list is drawn anew for the room that is left.
  let watched = null;
  function refit(list, root) {
    if (watched === list) return;
    watched = list;
    new ResizeObserver(() => root.contains(list) && rows(list, over())).observe(list);
  }

  // Where an indicator is over: its region, and the group it is split by.
  function where(settings, cell) {
    const place = settings.places[cell.r];
    const group = ioc.group(settings, cell);
    return [place ? ioc.name(place) : cell.r ? ioc.word("district") : "", group].filter(Boolean).join(" ");
  }

  // Since when a series is over a limit without a break, as far as its points go; null where none are kept.
  function since(indicator, cell) {
    const points = ioc.state.series.get(cell.s) || [];
    const limits = ioc.lines(indicator).map((limit) => limit.value);
    if (!limits.length) return null;
    const high = limits.length > 1 ? limits[0] < limits[limits.length - 1] : indicator.direction !== "up";
    let found = null;
    for (let at = points.length - 1; at >= 0; at -= 1) {
      const [end, value] = points[at];
      if (end > cell.we) continue;
      if (value === null || (high ? value < limits[0] : value > limits[0])) break;
      found = end;
    }
    return found;
  }

  function over() {
    const found = [];
    for (const cell of ioc.state.cells.values()) {
      const settings = ioc.state.settings.find((each) => each.indicators[cell.i]);
      const indicator = settings && settings.indicators[cell.i];
      if (!indicator || !indicator.limits.length) continue;
      const road = settings.strip && cell.i === settings.strip.state;
      if (road && !(cell.d && cell.d.road)) continue; // the worst of all roads is one of them
      const { level, settled } = ioc.judge(indicator, cell);
      if (!level) continue;
      const wide = (cell.r === settings.district || !cell.r) && !Object.keys(cell.d || {}).length;
      found.push({ settings, indicator, cell: settled, level, road, name: cell.s, part: road ? 2 : wide ? 0 : 1 });
    }
    const rank = (row) => (row.part === 2 ? 0 : 10) + 2 * ioc.LEVELS.indexOf(row.level) - (row.part === 1 ? 1 : 0); // roads last
    return together(found.sort((a, b) => rank(b) - rank(a) || (a.name < b.name ? -1 : 1)));
  }

  // One row for each indicator: the worst place it is over in, and how many more there are.
  function together(found) {
    const rows = new Map();
    for (const each of found) {
      const first = rows.get(each.indicator.id);
      if (first) first.more += 1; else rows.set(each.indicator.id, { ...each, more: 0 });
    }
    return [...rows.values()];
  }

  function make(name) {
    const row = ioc.make("a", "over-row");
    row.dataset.row = name;
    row.append(ioc.makeChip(), ioc.make("b", "over-name"), ioc.make("span", "number"), ioc.make("span", "over-where"), ioc.make("span", "over-since"));
    return row;
  }

  function plain({ settings, indicator, cell, level }) {
    const limit = indicator.limits.find((one) => one.level === level);
    return { indicator, cell, name: ioc.name(indicator), place: [where(settings, cell), limit && !ioc.says(indicator, cell.x) ? ioc.word(indicator.on === "z" ? "lineZ" : "line", ioc.word(level), ioc.plain(limit.value)) : ""] };
  }

  // A road's state is said by its speed.
  function road({ settings, indicator, cell }) {
    const id = cell.d.road;
    const speed = ioc.indicator(settings.strip.speed);
    const settled = ioc.judge(speed, ioc.districtCell(speed.id, `road=${id}`)).settled;
    return { indicator: settled ? speed : indicator, cell: settled || cell, name: settings.strip.names[id] || settings.strip.awaited[id] || id, place: [ioc.name(indicator)] };
  }

  function rows(list, found) {
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const room = getComputedStyle(list).flexGrow === "0" ? FLOW : Math.max(1, Math.floor(list.clientHeight / (5.4 * rem)));
    const shown = found.slice(0, room);
    const held = new Map([...list.children].map((row) => [row.dataset.row, row]));
    shown.forEach((each, index) => {
      const row = held.get(each.indicator.id) || make(each.indicator.id);
      held.delete(each.indicator.id);
      ioc.put(row, "href", `/indicator/${each.indicator.id}?world=${each.settings.world}${ioc.english() ? "&lang=en" : ""}`);
      if (list.children[index] !== row) list.insertBefore(row, list.children[index] || null);
      const { level } = each;
      const { indicator, cell, name, place } = each.road ? road(each) : plain(each);
      const begun = since(each.indicator, each.cell);
      ioc.chip(row.querySelector(".chip"), level);
      ioc.text(row.querySelector(".over-name"), name);
      const number = row.querySelector(".number");
      ioc.text(number, ioc.valued(indicator, cell.x));
      ioc.mark(number, cell, "complete");
      ioc.text(row.querySelector(".over-where"), [ioc.name(each.settings), ...place, each.more ? ioc.word("placesMore", each.more) : ""].filter(Boolean).join(" · "));
      const last = row.querySelector(".over-since");
      ioc.text(last, begun === null || begun === cell.we ? ioc.word("valueAt", ioc.clock(cell.we)) : ioc.word("since", ioc.clock(begun)));
      [row.querySelector(".over-where"), last].forEach((element) => ioc.mark(element, cell, "complete"));
    });
    held.forEach((row) => row.remove());
    const none = document.getElementById("over-none");
    const rest = found.length - shown.length;
    const silent = !ioc.state.settings.some((each) => each.tiles.some((id) => ioc.judge(ioc.indicator(id), ioc.districtCell(id)).settled));
    ioc.text(none, rest ? ioc.word("more", rest) : found.length ? "" : ioc.word(silent ? "noJudgement" : "noneOver"));
    ioc.mark(none, { i: "over", r: "", we: ioc.state.beatServer }, "complete", "count");
  }
})();
