// Strip: every road with its state over the last hours, its level and its speed; one small canvas a road.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const strip = (ioc.strip = {});
  const SPAN = 4 * 3600000;
  const COLOURS = ["", "#3E5A78", "#5F7F9F", "#FFE14D", "#FF9F1C", "#FF4D4F"];
  const HEIGHTS = [0, 0.22, 0.38, 0.6, 0.8, 1];

  function rows(roads) {
    const count = roads.children.length;
    roads.style.setProperty("--rows", String(Math.max(10, Math.ceil(count / 2))));
  }

  const settings = () => ioc.state.settings.find((each) => each.strip);

  function road(id) {
    let row = document.getElementById(`road-${id}`);
    const roads = document.getElementById("roads");
    if (row || !roads) return row;
    row = ioc.make("div", "road"); // a road the server could not lay out: its world came after the page
    row.id = `road-${id}`;
    row.dataset.road = id;
    row.append(ioc.make("span", "road-class"), ioc.make("span", "road-name", settings().strip.awaited[id]), ioc.make("canvas", "road-history"), ioc.make("span", "road-level"), ioc.make("span", "number"));
    roads.append(row);
    rows(roads);
    return row;
  }

  strip.draw = (root, dirty, everything) => {
    const of = settings() && settings().strip;
    const table = document.getElementById("roads");
    if (!of || !table) return;
    rows(table);
    const speed = ioc.indicator(of.speed);
    const state = ioc.indicator(of.state);
    const counts = [0, 0, 0, 0, 0, 0];
    let end = 0;
    let window = 0;
    // Only the registry's roads are roads here; what else sends readings is counted with its feed as unregistered.
    const ids = new Set([...root.querySelectorAll("[data-road]")].map((row) => row.dataset.road));
    const known = (id) => ids.has(id) || Object.hasOwn(of.awaited, id);
    const seen = [...ioc.state.cells.values()].filter((cell) => (cell.i === of.speed || cell.i === of.state) && cell.d && known(cell.d.road));
    const whole = seen.map(ioc.settled).filter(Boolean);
    for (const cell of whole.length ? whole : seen) { if (cell.we > end) end = cell.we; window = Math.max(window, cell.we - cell.ws); }
    for (const cell of seen) ids.add(cell.d.road);
    const moved = end !== strip.end;
    strip.end = end;
    let judgedEnd = 0;
    for (const id of ids) {
      const dims = `road=${id}`;
      const { settled, standing: now, stands } = ioc.judge(state, ioc.districtCell(of.state, dims));
      const judged = settled !== null;
      if (judged) { counts[Math.min(5, Math.max(1, Math.round(now.x)))] += 1; judgedEnd = Math.max(judgedEnd, now.we); }
      const names = [of.speed, of.state].flatMap((name) => [`${name}|${ioc.state.settings[0].district}|${dims}`, `${name}||${dims}`]);
      if (!everything && !moved && !names.some((name) => dirty.has(name))) continue;
      const row = road(id);
      ioc.panels.short(row.querySelector(".number"), speed, ioc.districtCell(of.speed, dims), row.querySelector(".road-level"), judged ? now.lv : null);
      const canvas = row.querySelector("canvas");
      ioc.mark(canvas, now, stands.is);
      history(canvas, now, end, window, judged);
    }
    const span = document.getElementById("strip-span");
    if (span) ioc.text(span, end ? `${ioc.clock(end - SPAN)}–${ioc.clock(end)}` : "");
    const total = document.getElementById("road-count");
    ioc.text(total, String(ids.size));
    ioc.mark(total, { i: "road-count", r: ioc.state.settings[0].district, we: end }, end ? "complete" : "none", "count");
    root.querySelectorAll("[data-count]").forEach((number) => {
      const count = counts[Number(number.dataset.count)];
      ioc.text(number, judgedEnd ? String(count) : "—");
      ioc.flag(number.closest(".fact"), "some", count > 0);
      // Counted here, from the roads' states: no value of the engine says it, so it names no group of one.
      ioc.mark(number, { i: of.state, r: ioc.state.settings[0].district, we: judgedEnd }, judgedEnd ? "complete" : "none", "count");
    });
  };

  function history(canvas, cell, end, window, judged) {
    const ratio = devicePixelRatio || 1;
    const width = Math.round(canvas.clientWidth * ratio);
    const height = Math.round(canvas.clientHeight * ratio);
    if (!width || !height || !end) return;
    if (canvas.width !== width || canvas.height !== height) { canvas.width = width; canvas.height = height; }
    const pen = canvas.getContext("2d");
    pen.clearRect(0, 0, width, height);
    const points = cell ? [...(ioc.state.series.get(cell.s) || [])].filter((point) => point[0] < cell.we) : [];
    if (cell) points.push([cell.we, cell.x]);
    const slot = (width * window) / SPAN;
    for (const [at, value] of points) {
      if (at <= end - SPAN || value === null) continue;
      const step = Math.min(5, Math.max(1, Math.round(value)));
      const tall = Math.max(2, Math.round(height * HEIGHTS[step]));
      const right = Math.round(width * (1 - (end - at) / SPAN));
      pen.fillStyle = judged ? COLOURS[step] : "#35506F";
      pen.fillRect(Math.round(right - slot), height - tall, Math.max(1, Math.round(slot) - (slot > 3 ? 1 : 0)), tall);
    }
  }
})();
