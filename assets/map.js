// Map: styles of the vector layers, and their colours when values change. Functions are named in the layout as
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

  const rem = () => parseFloat(getComputedStyle(document.documentElement).fontSize);
  const SHADES = ["#14243A", "#1B2E43", "#24394F", "#2E455B", "#3A5268"]; // lightness only: a hue would read as a level
  const COLOURS = ["#2C4663", "#35536F", "#5F7F9F", "#FFE14D", "#FF9F1C", "#FF4D4F"]; // by state, 0 = no value
  const WEIGHTS = [0.12, 0.16, 0.22, 0.32, 0.45, 0.6];

  const waterStyle = () => ({ stroke: false, fillColor: "#0E3A4C", fillOpacity: 1 });
  const outlineStyle = () => ({ color: "#8FB0CC", weight: 0.16 * rem(), fill: false });
  const areaStyle = (shade) => ({ color: "#4A6A8A", weight: 0.09 * rem(), dashArray: `${0.4 * rem()} ${0.3 * rem()}`, fillColor: shade || "#14273D", fillOpacity: 1 });
  const roadStyle = (state) => ({ color: COLOURS[state], weight: WEIGHTS[state] * rem(), opacity: 1, lineCap: "round", lineJoin: "round" });

  window.dashExtensions = Object.assign({}, window.dashExtensions, {
    wall: {
      waterStyle: () => waterStyle(),
      outlineStyle: () => outlineStyle(),
      areasStyle: () => areaStyle(null),
      roadsStyle: () => roadStyle(0),
      labelsStyle: () => ({}),
      waterFeature: (feature, layer) => waters.push(layer),
      outlineFeature: (feature, layer) => outlines.push(layer),
      areasFeature: (feature, layer) => areas.set(feature.properties.code, layer),
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
    const box = leaflet.getContainer();
    const fit = () => {
      const panel = box.closest("[data-bounds]");
      if (!panel || !box.clientWidth) return;
      leaflet.invalidateSize({ animate: false });
      const unit = rem();
      leaflet.fitBounds(JSON.parse(panel.dataset.bounds), { paddingTopLeft: [2 * unit, 2 * unit], paddingBottomRight: [2 * unit, 2 * unit], animate: false });
      restyle();
    };
    new ResizeObserver(fit).observe(box);
    let planned = 0; // layers come one by one, after the map
    leaflet.on("layeradd", () => { clearTimeout(planned); planned = setTimeout(() => { fit(); ioc.state.everything = true; ioc.schedule(); }, 50); });
  }

  function restyle() {
    waters.forEach((layer) => layer.setStyle(waterStyle()));
    outlines.forEach((layer) => { layer.setStyle(outlineStyle()); layer.bringToFront(); });
    map.draw(new Set(), true);
  }

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
  }

  map.draw = (dirty, everything) => {
    const of = ioc.state.settings[0] && ioc.state.settings[0].map;
    if (!of || !shown || !shown.getContainer().isConnected) return;
    const state = ioc.indicator(of.roads);
    const names = [...dirty];
    if (everything || names.some((name) => name.startsWith(`${of.roads}|`))) {
      let drawn = 0;
      for (const [id, layers] of roads) {
        const { settled } = ioc.judge(state, ioc.districtCell(of.roads, `road=${id}`));
        const step = settled ? Math.min(5, Math.max(1, Math.round(settled.x))) : 0;
        if (step) drawn += 1;
        for (const layer of layers) {
          if (!everything && layer.step === step) continue;
          layer.step = step;
          layer.setStyle(roadStyle(step));
          if (step >= 3) layer.bringToFront();
        }
      }
      const known = [...ioc.state.cells.values()].filter((cell) => cell.i === of.roads && cell.d && cell.d.road);
      const apart = known.length > 0 && !known.some((cell) => roads.has(cell.d.road));
      ioc.hide(document.getElementById("no-geometry"), !apart);
      ioc.hide(shown.getContainer().parentElement.querySelector(".legend"), apart); // a key to colours that nothing wears
      const trouble = ioc.verdict(state, known[0]).is;
      const mark = document.getElementById("map-state");
      ioc.hide(mark, drawn > 0 || !["lost", "late"].includes(trouble));
      if (mark && !mark.hidden) ioc.text(mark, ioc.word(`${trouble}Tag`));
    }
    if (everything || names.some((name) => name.startsWith(`${of.areas}|`))) {
      const by = ioc.indicator(of.areas);
      const top = Math.max(...ioc.lines(by).map((limit) => limit.value), 1e-9);
      let wider = false;
      for (const [code, layer] of areas) {
        const { stands, standing: cell, shown: there, level } = ioc.judge(by, ioc.cell(of.areas, code));
        const shade = there ? SHADES[Math.min(4, Math.max(0, Math.floor((5 * cell.x) / top)))] : null;
        if (everything || layer.shade !== shade) { layer.shade = shade; layer.setStyle(areaStyle(shade)); }
        const number = labels.get(code) && labels.get(code).querySelector("b");
        if (!number) continue;
        ioc.mark(number, cell || { i: of.areas, r: code, we: "" }, stands.is);
        const text = there ? (level ? `${ioc.word(`short_${level}`)} ` : "") + ioc.shown(cell.x, by.decimals) : "";
        wider = wider || text.length !== number.textContent.length;
        ioc.text(number, text);
        ioc.level(number, level);
      }
      if (everything || wider) spread();
    }
  };

  if (window.L) window.L.Map.addInitHook(function () { attach(this); });
})();
