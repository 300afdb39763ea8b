// The map's panel, legend and popup: switches with counts, what the symbols mean, and what is known of one entity.
//
// Everything that was received is written as text: nothing on the map is ever read as HTML.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const panel = (ioc.mapPanel = {});
  const REACH = 22; // pixels around a finger
  let box = null; // the element of the map's panel
  let popup = null;
  let asked = 0;

  const put = (name, value) => {
    const url = new URL(location.href);
    if (value) url.searchParams.set(name, value); else url.searchParams.delete(name);
    history.replaceState(history.state, "", url.toString().replace(/%2C/g, ","));
  };

  panel.put = put;

  panel.attach = (leaflet) => {
    box = leaflet.getContainer().closest(".map-panel");
    if (!box) return;
    const aside = document.getElementById("map-layers");
    if (aside && !aside.dataset.bound) {
      aside.dataset.bound = "1";
      aside.addEventListener("click", (event) => {
        const button = event.target.closest("[data-layer]");
        if (!button) return;
        const on = button.getAttribute("aria-checked") !== "true";
        button.setAttribute("aria-checked", String(on));
        ioc.layers.show(button.dataset.layer, on);
        put("layers", [...ioc.layers.all().values()].filter((each) => each.on).map((each) => each.spec.id).join(",") || "none");
        panel.draw();
      });
    }
    const by = document.getElementById("map-by");
    if (by && !by.dataset.bound) {
      by.dataset.bound = "1";
      by.value = ioc.mapSettings().areas;
      by.addEventListener("change", () => { ioc.mapSettings().areas = by.value; put("by", by.value); ioc.state.everything = true; ioc.schedule(); });
    }
    const container = leaflet.getContainer();
    leaflet.on("click", (event) => open(event.containerPoint.x, event.containerPoint.y));
    leaflet.on("movestart zoomstart", () => { if (popup && !popup.dataset.kept) panel.close(); });
    container.addEventListener("mousemove", (event) => {
      const canvas = ioc.layers.canvas();
      if (!canvas || event.buttons) return;
      const at = container.getBoundingClientRect();
      container.style.cursor = canvas.under(event.clientX - at.left, event.clientY - at.top, 6) ? "pointer" : "";
    });
    ioc.mapKeys.attach(container);
  };

  function open(x, y) {
    const canvas = ioc.layers.canvas(), leaflet = ioc.layers.map();
    const found = canvas && canvas.under(x, y, REACH);
    if (!found) { panel.close(); return; }
    panel.select(found, leaflet);
  }

  // Opens what is known of a symbol; a cluster comes nearer instead.
  panel.select = (found, leaflet) => {
    if (found.count) {
      if (ioc.mapSettings().open) ioc.map.hold();
      if (ioc.mapSettings().open) leaflet.setZoomAround(leaflet.containerPointToLatLng([found.x, found.y]), leaflet.getZoom() + 1.5);
      else say(`${ioc.name(found.layer.spec)} ${found.count}`);
      return;
    }
    const { points, spec } = found.layer;
    const id = points.ids[found.at];
    ioc.layers.ring("selected", { get x() { const at = points.index.get(id); return at === undefined ? NaN : points.x[at]; }, get y() { const at = points.index.get(id); return at === undefined ? NaN : points.y[at]; } });
    show(found, spec, id);
    if (spec.video) ioc.video.open(id);
  };

  function say(text) { const place = document.getElementById("map-said"); if (place) ioc.text(place, text); }
  panel.say = say;

  panel.close = () => {
    asked += 1;
    if (popup) { const had = popup.contains(document.activeElement); popup.remove(); popup = null; if (had) ioc.layers.map().getContainer().focus({ preventScroll: true }); }
    ioc.layers.ring("selected", null);
  };
  panel.opened = () => popup !== null;

  // ---- popup ----

  async function show(found, spec, id) {
    if (popup) popup.remove();
    const mine = (asked += 1);
    const { points } = found.layer, here = points.index.get(id);
    const symbol = ioc.symbols.of(spec, points.kinds[points.kind[here]]), level = ioc.LEVEL_NAMES[points.levelAt(here)];
    popup = ioc.make("div", "map-popup");
    popup.setAttribute("role", "dialog");
    popup.setAttribute("aria-label", `${ioc.name(symbol)} ${points.labels.get(id) || id}`);
    const head = ioc.make("div", "map-popup-head");
    const title = ioc.make("b", "", points.labels.get(id) || ioc.name(symbol));
    const close = ioc.make("button", "map-popup-close", "×");
    close.type = "button";
    close.setAttribute("aria-label", ioc.word("close"));
    close.addEventListener("click", panel.close);
    head.append(title);
    if (level) { const chip = ioc.make("span", `tag lv-${level} map-level`, ioc.word(level)); head.append(chip); }
    head.append(close);
    const kind = ioc.make("div", "note", [ioc.name(symbol), points.values.get(id), id].filter(Boolean).join(" · "));
    const rows = ioc.make("dl", "map-popup-rows");
    popup.append(head, kind, rows);
    box.append(popup);
    place(found);
    say(`${ioc.name(symbol)} ${points.labels.get(id) || id}${level ? ` ${ioc.word(level)}` : ""}`);
    popup.addEventListener("keydown", (event) => { if (event.key === "Escape") { event.stopPropagation(); panel.close(); } });
    try {
      const address = new URLSearchParams({ layer: spec.id, id, world: ioc.state.settings[0].world });
      const answer = await fetch(`/api/v1/layers/entity?${address}`, { credentials: "same-origin" });
      if (mine !== asked || !popup) return;
      if (!answer.ok) { rows.append(ioc.make("dt", "", ioc.word("none")), ioc.make("dd", "", "")); return; }
      const told = await answer.json();
      if (mine !== asked || !popup) return;
      for (const field of told.fields) rows.append(ioc.make("dt", "", ioc.name(field)), ioc.make("dd", "", written(field)));
      rows.append(ioc.make("dt", "", ioc.word("changedAt")), ioc.make("dd", "", `${ioc.isoDate(told.changed)} ${ioc.clock(told.changed)}`));
      const region = ioc.state.settings[0].places[told.region.slice(0, 9)];
      if (region) rows.append(ioc.make("dt", "", ioc.word("place")), ioc.make("dd", "", ioc.name(region)));
    } catch {
      if (mine === asked && popup) rows.append(ioc.make("dt", "", ioc.word("none")), ioc.make("dd", "", ""));
    }
    if (popup) place(found);
  }

  function written(field) {
    if (field.words) return field.words[ioc.english() ? 1 : 0];
    if (field.type === "time") return `${ioc.isoDate(field.value)} ${ioc.clock(field.value)}`;
    if (field.type === "bool") return ioc.word(field.value ? "yes" : "no");
    return `${field.value}${field.unit ? ` ${field.unit}` : ""}`;
  }

  // Beside the symbol, inside the panel.
  function place(found) {
    const room = box.getBoundingClientRect(), map = ioc.layers.map().getContainer().getBoundingClientRect();
    const wide = popup.offsetWidth, tall = popup.offsetHeight;
    const x = found.x + map.left - room.left, y = found.y + map.top - room.top;
    const left = x + 24 + wide < room.width ? x + 24 : Math.max(4, x - 24 - wide);
    popup.style.left = `${left}px`;
    popup.style.top = `${Math.max(4, Math.min(room.height - tall - 4, y - tall / 2))}px`;
  }

  // ---- switches and legend ----

  panel.draw = () => {
    if (!box) return;
    const legend = document.getElementById("map-legend");
    const rows = [];
    for (const entry of ioc.layers.all().values()) {
      const { spec } = entry, count = entry.on && spec.source ? entry.points.count() : null;
      const button = document.querySelector(`[data-layer="${spec.id}"]`);
      if (button) dress(button, entry, count);
      if (!entry.on) continue;
      const kinds = spec.kind === "point" ? [...new Set(entry.points.kinds)] : [];
      const symbols = kinds.length ? spec.symbols.filter((each) => each.value === "" || kinds.includes(each.value)) : [];
      rows.push({ entry, count, symbols });
    }
    if (!legend) return;
    const signature = rows.map(({ entry, symbols }) => `${entry.spec.id}:${entry.state}:${symbols.length}:${symbols.map((each) => each.value).join()}`).join("|") + (ioc.english() ? "en" : "");
    if (legend.dataset.signature !== signature) {
      legend.dataset.signature = signature;
      legend.textContent = "";
      for (const row of rows) legend.append(legendRow(row));
      if (rows.some(({ entry }) => entry.spec.kind === "point")) legend.append(levelsRow());
    }
    rows.forEach(({ entry, count }) => {
      const place = legend.querySelector(`[data-of="${entry.spec.id}"]`);
      if (place && count) ioc.text(place, entry.known && !(ioc.state.world && ioc.state.world.kind === "playback") ? said(count) : "");
    });
  };

  const said = (count) => [ioc.brief(count.all), ...[4, 3, 2, 1].filter((level) => count.levels[level]).map((level) => `${ioc.word(ioc.LEVEL_NAMES[level])} ${count.levels[level]}`), ...(count.late ? [ioc.word("lateMany", count.late)] : [])].join(" · ");

  function legendRow({ entry, symbols }) {
    const row = ioc.make("div", "map-key");
    const many = symbols.length > 1 && symbols.length <= 6 && entry.spec.rank >= 7;
    const head = ioc.make("div", "map-key-head");
    if (!many) head.append(paint(entry, symbols[0] || entry.spec.symbols[0])); // before anything has come, as it will look
    head.append(ioc.make("span", "", ioc.name(entry.spec)));
    if (entry.dim) head.append(ioc.make("span", "tag", ioc.word(`${entry.state}Tag`)));
    const number = ioc.make("b", "map-key-count", ""); // empty until it is known
    number.dataset.of = entry.spec.id;
    head.append(number);
    row.append(head);
    if (many) {
      const classes = ioc.make("div", "map-key-classes");
      for (const symbol of symbols) { const one = ioc.make("span", "map-key-class"); one.append(paint(entry, symbol), ioc.make("span", "", ioc.name(symbol))); classes.append(one); }
      row.append(classes);
    }
    return row;
  }

  // What colours with their characters mean, and what a ring with a number is.
  function levelsRow() {
    const row = ioc.make("div", "map-key-head map-key-levels");
    row.append(ioc.make("span", "", ioc.word("levelKey")));
    for (const level of [...ioc.LEVELS].reverse()) {
      const canvas = ioc.make("canvas", "map-symbol");
      requestAnimationFrame(() => ioc.symbols.paint(canvas, { shape: "circle", level }));
      row.append(canvas);
    }
    row.append(ioc.make("span", "map-disc", "n"), ioc.make("span", "", ioc.word("discKey")));
    return row;
  }

  function paint(entry, symbol) {
    const canvas = ioc.make("canvas", "map-symbol");
    requestAnimationFrame(() => ioc.symbols.paint(canvas, look(entry, symbol)));
    return canvas;
  }

  function look(entry, symbol) {
    if (!symbol) return { shape: entry.spec.kind === "line" ? "line" : entry.spec.kind === "area" ? "area" : "dot", mark: "" };
    return { shape: symbol.shape, mark: ioc.symbols.mark(symbol) || (symbol.shape === "dot" ? "" : " "), solid: entry.spec.hollow && symbol.mark !== "" };
  }

  function dress(button, entry, count) {
    ioc.put(button, "aria-checked", String(entry.on));
    const tag = button.querySelector(".map-layer-tag");
    ioc.hide(tag, !(entry.on && entry.dim));
    if (entry.on && entry.dim) ioc.text(tag, ioc.word(`${entry.state}Tag`));
    ioc.text(button.querySelector(".map-layer-count"), count && entry.known ? ioc.brief(count.all) : "");
    const symbol = button.querySelector("canvas");
    if (symbol && !symbol.dataset.drawn && symbol.clientWidth) { symbol.dataset.drawn = "1"; ioc.symbols.paint(symbol, look(entry, entry.spec.symbols[0])); }
  }
})();
