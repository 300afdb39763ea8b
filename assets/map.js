// Map: the vector base, its colours when values change, and where the map looks. Functions are named in the layout as
// {"variable": "dashExtensions.wall.NAME"}: nothing is evaluated.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const map = (ioc.map = {});
  const roads = new Map(); // id -> [layer]
  const areas = new Map(); // code -> layer
  const labels = new Map(); // code -> element
  let outlines = [];
  let waters = [];
  let shown = null;
  let moved = false; // somebody moved the map: it is not put back

  const rem = () => parseFloat(getComputedStyle(document.documentElement).fontSize);
  const SHADES = ["#14243A", "#1B2E43", "#24394F", "#2E455B", "#3A5268"]; // lightness only: a hue is a level
  const LEVELS = { blue: "#4D9BFF", yellow: "#FFE14D", orange: "#FF9F1C", red: "#FF4D4F" };
  const COLOURS = ["#2C4663", "#35536F", "#5F7F9F", "#FFE14D", "#FF9F1C", "#FF4D4F"]; // by state, 0 = no value
  const WEIGHTS = [0.12, 0.16, 0.22, 0.32, 0.45, 0.6];
  const LAND = "#14273D";

  ioc.mapSettings = () => { const found = ioc.state.settings.find((each) => each.map); return found && found.map; };

  const waterStyle = () => ({ stroke: false, fillColor: "#0E3A4C", fillOpacity: 1 });
  const outlineStyle = () => ({ color: "#8FB0CC", weight: 0.16 * rem(), fill: false });
  // A level is a hue thin enough for symbols to stand out from; an amount without one is lightness; unknown is hatched.
  const areaStyle = (shade) => ({ color: "#4A6A8A", weight: 0.09 * rem(), dashArray: `${0.4 * rem()} ${0.3 * rem()}`, fillColor: LEVELS[shade] ? mixed(LEVELS[shade]) : shade || LAND, fillOpacity: tiled() ? 0.45 : 1 });
  const roadStyle = (state) => ({ color: COLOURS[state], weight: WEIGHTS[state] * rem(), opacity: 1, lineCap: "round", lineJoin: "round" });
  const tiled = () => Boolean(ioc.tiles && ioc.tiles.shown());

  function mixed(colour) {
    const part = (text, at) => parseInt(text.slice(1 + 2 * at, 3 + 2 * at), 16);
    return `#${[0, 1, 2].map((at) => Math.round(0.3 * part(colour, at) + 0.7 * part(LAND, at)).toString(16).padStart(2, "0")).join("")}`;
  }

  window.dashExtensions = Object.assign({}, window.dashExtensions, {
    wall: {
      waterStyle: () => waterStyle(),
      outlineStyle: () => outlineStyle(),
      areasStyle: () => areaStyle(null),
      roadsStyle: () => roadStyle(0),
      labelsStyle: () => ({}),
      waterFeature: (feature, layer) => waters.push(layer),
      outlineFeature: (feature, layer) => { outlines.push(layer); ioc.layers.outline(feature.geometry); },
      areasFeature: (feature, layer) => { areas.set(feature.properties.code, layer); ioc.layers.region(feature.properties.code, feature.geometry); },
      roadsFeature: (feature, layer) => {
        const { id } = feature.properties;
        roads.set(id, [...(roads.get(id) || []), layer]);
      },
      labelsFeature: () => {},
      labelPoint: (feature, at) => {
        const { code, kind } = feature.properties;
        const names = (ioc.state.settings[0] && ioc.state.settings[0].places[code]) || feature.properties;
        const element = ioc.make("div", `area-label ${kind === "area" ? "area" : "water"}`);
        element.append(ioc.make("span", "", ioc.english() ? names.en || names.zh : names.zh.replace(/街道$/, "")));
        if (kind === "area") {
          element.append(ioc.make("b", "number", ""));
          labels.set(code, element);
        }
        return window.L.marker(at, { icon: window.L.divIcon({ html: element, className: "", iconSize: [0, 0] }), interactive: false, keyboard: false });
      },
    },
  });

  function attach(leaflet) {
    shown = leaflet;
    roads.clear(); areas.clear(); labels.clear();
    outlines = []; waters = [];
    moved = false;
    const box = leaflet.getContainer();
    let size = "";
    const fit = (force) => {
      const panel = box.closest("[data-bounds]");
      if (!panel || !box.clientWidth) return;
      const now = `${box.clientWidth}x${box.clientHeight}@${rem()}`;
      leaflet.invalidateSize({ animate: false });
      if ((!moved && (force || size !== now)) || !size) look(leaflet, panel);
      size = now;
      ioc.symbols.clear();
      restyle();
    };
    new ResizeObserver(() => fit(false)).observe(box);
    for (const name of ["wheel", "dblclick", "touchmove"]) box.addEventListener(name, map.hold, { passive: true });
    leaflet.on("dragstart", map.hold);
    leaflet.on("move zoom moveend", () => { boxes = names = null; });
    if (matchMedia("(prefers-reduced-motion:reduce)").matches) leaflet.options.inertia = false; // where it is let go it stays
    let planned = 0; // layers come one by one, after the map
    leaflet.on("layeradd", () => { clearTimeout(planned); planned = setTimeout(() => { fit(!moved); ioc.state.everything = true; ioc.schedule(); }, 50); });
    begun = false;
    ioc.layers.fresh();
    leaflet.whenReady(map.begin);
  }

  // When both are there: the map, and the page's settings. Either may come first.
  let begun = false;
  map.begin = () => {
    const { root } = ioc.state;
    if (begun || !shown || !root || !root.contains(shown.getContainer()) || !ioc.mapSettings()) return;
    begun = true;
    ioc.layers.attach(shown);
    ioc.mapPanel.attach(shown);
    if (ioc.tiles) ioc.tiles.attach(shown);
    ioc.video.attach(shown.getContainer().closest(".map-panel"));
    highlight();
  };

  map.hold = () => { const of = ioc.mapSettings(); if (of && of.open) moved = true; };

  // At the region that the address names, else at the whole district.
  function look(leaflet, panel) {
    const unit = rem(), of = ioc.mapSettings(), area = of && of.region && areas.get(of.region);
    leaflet.fitBounds(area ? area.getBounds() : JSON.parse(panel.dataset.bounds), { paddingTopLeft: [2 * unit, 2 * unit], paddingBottomRight: [2 * unit, 2 * unit], animate: false });
  }

  // What an address highlights: `place=LON,LAT,LABEL`.
  function highlight() {
    const said = new URLSearchParams(location.search).get("place");
    const [lon, lat, ...label] = (said || "").split(",");
    const known = said && Number.isFinite(Number(lon)) && Number.isFinite(Number(lat));
    ioc.layers.ring("place", known ? { x: ioc.worldX(Number(lon)), y: ioc.worldY(Number(lat)), label: label.join(",").slice(0, 40) } : null);
  }

  map.highlight = highlight;

  function restyle() {
    waters.forEach((layer) => layer.setStyle(waterStyle()));
    outlines.forEach((layer) => { layer.setStyle(outlineStyle()); layer.bringToFront(); });
    map.draw(new Set(), true);
  }
  map.restyle = restyle;

  // Where names of subdistricts stand (pixels of the map), and what else labels of the canvas keep off.
  let boxes = null, names = null;
  function found(selector) {
    const panel = shown.getContainer().parentElement;
    if (!panel) return [];
    const origin = shown.getContainer().getBoundingClientRect();
    const said = [...panel.querySelectorAll(selector)].map((each) => each.getBoundingClientRect()).filter((each) => each.width);
    return said.map((each) => [each.left - origin.left, each.top - origin.top, each.right - origin.left, each.bottom - origin.top]);
  }
  map.names = () => (names = names || found(".area-label"));
  map.obstacles = () => (boxes = boxes || found(".area-label,.map-title,.legend,.map-legend"));

  // Names of small neighbours may touch: the northern one goes up, the southern one down, by what they share.
  function spread() {
    const rows = [...labels.values()].map((element) => ({ element, up: 0 }));
    rows.forEach(({ element }) => { element.style.translate = ""; });
    rows.forEach((row) => { row.box = row.element.getBoundingClientRect(); });
    for (let round = 0; round < 12; round += 1) { // three in a row take more than one push each
      for (const a of rows) for (const b of rows) {
        if (a === b || a.box.top + a.up > b.box.top + b.up) continue;
        const beside = a.box.right <= b.box.left || b.box.right <= a.box.left;
        const shared = a.box.bottom + a.up - (b.box.top + b.up);
        if (beside || shared <= 0) continue;
        a.up -= shared / 2 + 1;
        b.up += shared / 2 + 1;
      }
    }
    rows.forEach(({ element, up }) => { if (up) element.style.translate = `0 ${up}px`; });
    boxes = names = null;
    ioc.layers.request();
  }

  map.draw = (dirty, everything) => {
    const of = ioc.mapSettings();
    if (!of || !shown || !shown.getContainer().isConnected) return;
    if (of.roads) drawRoads(of, dirty, everything);
    drawAreas(of, dirty, everything);
    ioc.layers.draw(dirty, everything);
  };

  function drawRoads(of, dirty, everything) {
    const state = ioc.indicator(of.roads);
    if (!state || !(everything || [...dirty].some((name) => name.startsWith(`${of.roads}|`)))) return;
    const layer = [...ioc.layers.all().values()].find((each) => each.spec.geometry === "roads");
    const on = !of.open || (layer && layer.on);
    let drawn = 0;
    for (const [id, layers] of roads) {
      const { settled } = ioc.judge(state, ioc.districtCell(of.roads, `road=${id}`));
      const step = settled && on ? Math.min(5, Math.max(1, Math.round(settled.x))) : 0;
      if (step) drawn += 1;
      for (const each of layers) {
        if (!everything && each.step === step) continue;
        each.step = step;
        each.setStyle(roadStyle(step));
        if (step >= 3) each.bringToFront();
      }
    }
    const known = [...ioc.state.cells.values()].filter((cell) => cell.i === of.roads && cell.d && cell.d.road);
    const apart = known.length > 0 && !known.some((cell) => roads.has(cell.d.road));
    ioc.hide(document.getElementById("no-geometry"), !apart);
    ioc.hide(shown.getContainer().parentElement.querySelector(".legend"), apart || !on); // a key to colours that nothing wears
    const trouble = ioc.verdict(state, known[0]).is;
    const mark = document.getElementById("map-state");
    ioc.hide(mark, drawn > 0 || !on || !["lost", "late"].includes(trouble));
    if (mark && !mark.hidden) ioc.text(mark, ioc.word(`${trouble}Tag`));
  }

  function drawAreas(of, dirty, everything) {
    if (!(everything || [...dirty].some((name) => name.startsWith(`${of.areas}|`)))) return;
    const by = ioc.indicator(of.areas);
    if (!by) return;
    const cells = new Map([...areas.keys()].map((code) => [code, ioc.judge(by, ioc.cell(of.areas, code))]));
    const known = [...cells.values()].filter(({ shown: there }) => there).map(({ standing }) => Math.abs(standing.x));
    const top = Math.max(...ioc.lines(by).map((limit) => limit.value), ioc.lines(by).length ? 1e-9 : Math.max(...known, 1e-9));
    let wider = false;
    const hatched = [];
    for (const [code, layer] of areas) {
      const { stands, standing: cell, shown: there, level } = cells.get(code);
      const shade = there ? level || SHADES[Math.min(4, Math.max(0, Math.floor((5 * cell.x) / top)))] : null;
      if (!there) hatched.push(code);
      if (everything || layer.shade !== shade) { layer.shade = shade; layer.setStyle(areaStyle(shade)); }
      const number = labels.get(code) && labels.get(code).querySelector("b");
      if (!number) continue;
      ioc.mark(number, cell || { i: of.areas, r: code, we: "" }, stands.is);
      const text = there ? (level ? `${ioc.word(`short_${level}`)} ` : "") + ioc.shown(cell.x, by.decimals) : "";
      wider = wider || text.length !== number.textContent.length;
      ioc.text(number, text);
      ioc.level(number, level);
    }
    ioc.layers.hatch(hatched);
    const note = document.getElementById("map-shade");
    if (note) ioc.text(note, `${ioc.word("shade", ioc.name(by))}${by.unit ? ` ${by.unit}` : ""}${hatched.length ? ` · ${ioc.word("hatched")}` : ""}`);
    if (everything || wider) spread();
  }

  if (window.L) window.L.Map.addInitHook(function () { attach(this); });
})();
