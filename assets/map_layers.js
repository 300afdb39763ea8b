// Layers: which are shown, what came of each by its topic, what their indicators say; and the scene that the canvas draws.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const layers = (ioc.layers = {});
  const ringed = new Map();
  const all = new Map(); // id -> {spec, points, on, dim, marked, looks}
  let of = null; // the map's settings
  let canvas = null, leaflet = null;
  let areas = [], lines = [], marks = [], geometry = {};
  const outlines = new Map(); // region code -> rings
  let changed = true;
  let unknown = []; // subdistricts of which the map's indicator says nothing

  layers.enter = (settings) => {
    const stays = leaflet !== null && ioc.state.root.contains(leaflet.getContainer()); // the page shows another world
    of = settings;
    all.clear();
    areas = []; lines = []; marks = []; unknown = [];
    if (!stays) { geometry = {}; canvas = leaflet = null; }
    ringed.clear();
    for (const spec of of.layers || []) {
      const looks = () => {
        const found = entry.points.kinds.map((kind) => ioc.symbols.of(spec, kind));
        return found.length ? found.map((each) => ({ shape: each.shape, mark: ioc.symbols.mark(each) })) : [{ shape: "dot", mark: "" }];
      };
      const entry = { spec, points: new ioc.Points(), on: of.on.includes(spec.id), dim: false, state: "ok", looks, marked: spec.symbols.some((each) => each.mark || each.shape !== "dot") && spec.symbols.every((each) => each.shape !== "camera") };
      all.set(spec.id, entry);
    }
    if (stays) touch();
  };
  layers.leave = () => { of = null; all.clear(); canvas = leaflet = null; };
  layers.all = () => all;
  layers.canvas = () => canvas;

  // ---- topics ----

  const world = () => ioc.state.settings[0].world;
  const topicOf = (entry) => `${world()}/${entry.spec.scene}/${entry.spec.id}`;
  layers.topics = () => [...all.values()].filter((entry) => entry.on && entry.spec.source).map(topicOf);
  const named = (topic) => [...all.values()].find((entry) => topicOf(entry) === topic);

  layers.snapshot = (frame) => {
    const entry = named(frame.topic);
    if (!entry) return;
    entry.points.clear();
    entry.points.take(frame.points);
    entry.known = true;
    retell(entry);
    touch();
  };
  layers.delta = (frame) => {
    const entry = named(frame.topic);
    if (!entry) return;
    entry.points.leave(frame.left || []);
    entry.points.take(frame.points);
    touch();
  };

  function touch() { changed = true; if (canvas) { shape(); canvas.request(); } }

  layers.show = (id, on) => {
    const entry = all.get(id);
    if (!entry || entry.on === on) return;
    entry.on = on;
    if (entry.spec.source) {
      if (on) ioc.subscribe(topicOf(entry));
      else { ioc.unsubscribe(topicOf(entry)); entry.points.clear(); entry.known = false; }
    }
    touch();
  };

  // ---- what indicators say of single entities ----

  function tellOne(entry, cell) {
    const indicator = ioc.indicator(entry.spec.indicator);
    const id = cell.d && cell.d[entry.spec.dimension];
    if (!indicator || id === undefined) return false;
    const { level, standing, shown } = ioc.judge(indicator, cell);
    const text = shown && level && standing.x !== null ? `${ioc.shown(standing.x, indicator.decimals)} ${indicator.unit}`.trim() : "";
    return entry.points.tell(id, shown ? level : null, text, !shown && Boolean(cell.lv));
  }

  function retell(entry) {
    if (!entry.spec.dimension) return;
    for (const cell of ioc.state.cells.values()) if (cell.i === entry.spec.indicator) tellOne(entry, cell);
  }

  // Called with every drawing of the page: values came, or the path failed or came back.
  layers.draw = (dirty, everything) => {
    if (!of) return;
    let anew = false;
    for (const entry of all.values()) {
      const { spec } = entry;
      if (!entry.on) continue;
      if (spec.source) {
        const out = ioc.outage(), feed = ioc.feed(spec.source, world());
        const state = out ? "lost" : feed ? feed.state : "ok";
        const dim = state === "lost" || state === "late";
        if (dim !== entry.dim || state !== entry.state) { entry.dim = dim; entry.state = state; anew = true; }
      }
      if (!spec.dimension) continue;
      if (everything) { retell(entry); anew = true; continue; }
      for (const name of dirty) {
        if (!name.startsWith(`${spec.indicator}|`)) continue;
        const cell = ioc.state.cells.get(name);
        if (cell) anew = tellOne(entry, cell) || anew;
      }
    }
    if (anew) touch();
    if (changed || everything) { changed = false; if (ioc.mapPanel) ioc.mapPanel.draw(); }
  };

  // ---- areas: warnings on their polygons or regions; subdistricts of which nobody knows anything ----

  const ringOf = (corners) => Float64Array.from(corners.flatMap(([lon, lat]) => [ioc.worldX(lon), ioc.worldY(lat)]));
  const ringsOf = (shape) => (shape.type === "Polygon" ? shape.coordinates : shape.coordinates.flat()).map(ringOf);

  layers.region = (code, shape) => { outlines.set(code, ringsOf(shape)); };
  layers.outline = (shape) => { outlines.set("", ringsOf(shape)); };
  layers.fresh = () => { outlines.clear(); };
  const rings = (code) => outlines.get(code) || (code === ioc.state.settings[0].district ? outlines.get("") : undefined);

  layers.hatch = (codes) => {
    if (codes.join() === unknown.join()) return;
    unknown = codes;
    touch();
  };

  function shape() {
    areas = unknown.filter((code) => outlines.has(code)).map((code) => ({ rings: outlines.get(code), level: null }));
    lines = [];
    for (const entry of all.values()) {
      const { spec, points } = entry;
      if (!entry.on) continue;
      if (spec.geometry === "metro") lines.push(...metro());
      if (spec.kind !== "area" || !spec.source || entry.dim) continue;
      for (let at = 0; at < points.n; at += 1) {
        const level = ioc.LEVEL_NAMES[points.levelAt(at)], text = points.shapes.get(points.ids[at]);
        const found = text ? text.split(";").map((ring) => ringOf(ring.trim().split(/\s+/).map((pair) => pair.split(",").map(Number).reverse()))) : rings(points.regions[points.region[at]]);
        if (found && level) areas.push({ rings: found, level, id: points.ids[at] });
      }
    }
  }

  let drafted = null;
  function metro() {
    if (!drafted || drafted.from !== geometry) {
      const parts = (each) => (each.type === "LineString" ? [each.coordinates] : each.coordinates);
      drafted = { from: geometry, lines: ((geometry.metro || {}).features || []).map((each) => ({ id: each.properties.id, parts: parts(each.geometry).map(ringOf) })) };
    }
    return drafted.lines;
  }

  // ---- the scene that the canvas draws ----

  const scene = {
    get areas() { return areas; },
    get lines() { return lines; },
    get marks() { return marks; },
    layers: () => [...all.values()].filter((entry) => entry.on && entry.spec.kind === "point" && entry.points.n).sort((a, b) => a.spec.rank - b.spec.rank),
    names: () => (ioc.clustering === false || !ioc.map.names ? [] : ioc.map.names()),
    obstacles: () => (ioc.map.obstacles ? ioc.map.obstacles() : []),
  };

  layers.attach = (map) => {
    leaflet = map;
    const panel = map.getContainer().closest("[data-geometry]");
    geometry = panel ? JSON.parse(panel.dataset.geometry) : {};
    canvas = ioc.mapCanvas(scene);
    canvas.addTo(map);
    shape();
  };
  layers.map = () => leaflet;
  layers.request = () => canvas && canvas.request();

  // What is ringed: `key` names who asked (the selection, an address), null takes it away.
  layers.ring = (key, mark) => {
    if (mark) ringed.set(key, mark); else ringed.delete(key);
    marks = [...ringed.values()];
    layers.request();
  };
})();
