// One canvas for everything that stands on the map: points by level of detail, clusters and labels, above areas and lines.
//
// A frame walks through arrays and copies symbols that were drawn once: 20,000 points cost what a bare loop costs.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const CLUSTER_FROM = 1500; // plain points of a layer in view: above it they are counted, not shown one by one
  const SYMBOLS_MOST = 60; // plain symbols of a layer in view that keep their character; more become dots
  const LABELS_MOST = 40;
  const SIZES = [1, 1.5, 1.7, 1.9, 2.2]; // radius in tenths of... rem/2 by level: none, blue .. red
  const LEVELS = ioc.LEVEL_NAMES || [null, "blue", "yellow", "orange", "red"];

  function make() {
    const Canvas = window.L.Layer.extend({
      initialize(scene) { this.scene = scene; this.frame = new ioc.MapFrame(); this.discs = new ioc.Discs(); this.drawn = { frames: 0, ms: 0 }; },

      onAdd(map) {
        const pane = map.getPane("points") || map.createPane("points");
        pane.style.zIndex = 650; // above the names of subdistricts: what has a level is never hidden
        this.canvas = document.createElement("canvas");
        this.canvas.className = "map-canvas leaflet-zoom-hide";
        pane.append(this.canvas);
        this.g = this.canvas.getContext("2d");
        map.on("move zoom viewreset resize", this.now, this);
        this.request();
      },

      onRemove(map) {
        map.off("move zoom viewreset resize", this.now, this);
        cancelAnimationFrame(this.planned);
        this.planned = 0;
        this.canvas.remove();
      },

      request() { if (!this.planned) this.planned = requestAnimationFrame(() => { this.planned = 0; this.now(); }); },

      // Device pixels of a place in world coordinates.
      view() {
        const map = this._map, zoom = map.getZoom(), scale = 256 * 2 ** zoom, ratio = this.ratio;
        const origin = map.getPixelOrigin(), pane = map._getMapPanePos();
        return { zoom, k: scale * ratio, ox: (pane.x - origin.x) * ratio, oy: (pane.y - origin.y) * ratio };
      },

      now() {
        const map = this._map;
        if (!map || !map._loaded) return;
        const began = performance.now();
        const size = map.getSize();
        this.ratio = Math.min(2, window.devicePixelRatio || 1);
        const width = Math.round(size.x * this.ratio), height = Math.round(size.y * this.ratio);
        if (this.canvas.width !== width || this.canvas.height !== height) {
          this.canvas.width = width; this.canvas.height = height;
          this.canvas.style.width = `${size.x}px`; this.canvas.style.height = `${size.y}px`;
        }
        const pane = map._getMapPanePos();
        window.L.DomUtil.setPosition(this.canvas, window.L.point(-pane.x, -pane.y));
        this.g.clearRect(0, 0, width, height);
        this.unit = parseFloat(getComputedStyle(document.documentElement).fontSize) * this.ratio;
        this.paint(width, height);
        this.drawn.frames += 1;
        this.drawn.ms += performance.now() - began;
      },

      paint(width, height) {
        const view = this.view(), scene = this.scene;
        this.frame.begin();
        const { ratio } = this;
        const room = 0.7 * this.unit;
        this.names = scene.names().map(([left, top, right, bottom]) => [left * ratio - room, top * ratio - room, right * ratio + room, bottom * ratio + room]);
        this.width = width; this.height = height;
        for (const area of scene.areas) ioc.mapShapes.area(this, area, view);
        for (const line of scene.lines) ioc.mapShapes.line(this, line, view);
        const shown = scene.layers();
        const later = [];
        this.discs.begin(view, this.unit, ratio);
        for (const layer of shown) this.plain(layer, view, later);
        later.sort((a, b) => a.level - b.level || a.rank - b.rank); // what is worst lies above all else
        for (const each of later) each.radius = this.radius(each);
        const discs = this.discs.placed(this, view, later);
        this.discs.draw(this, discs);
        for (const each of later) this.symbol(each);
        this.labels([...discs, ...later], later);
        for (const mark of scene.marks) ioc.mapShapes.mark(this, mark, view);
      },

      // ---- points ----

      // What has a level, or a symbol of its own, is put off (`later`) and lies above all plain dots.
      plain(layer, view, later) {
        const { points, spec } = layer;
        const { x, y, n } = { x: points.x, y: points.y, n: points.n };
        const { k, ox, oy } = view;
        const margin = 3 * this.unit, right = this.width + margin, bottom = this.height + margin;
        const seen = this.seen && this.seen.length >= n ? this.seen : (this.seen = new Int32Array(Math.max(4096, 2 * n)));
        let count = 0;
        for (let at = 0; at < n; at += 1) {
          const px = x[at] * k + ox, py = y[at] * k + oy;
          if (!(px > -margin && px < right && py > -margin && py < bottom)) continue; // also what is nowhere (NaN)
          const level = points.own[at] > points.told[at] ? points.own[at] : points.told[at];
          const late = !level && points.late.size > 0 && points.late.has(points.ids[at]);
          if ((level || late) && !layer.dim) later.push({ layer, at, x: px, y: py, level, rank: spec.rank, late });
          else { seen[count] = at; count += 1; }
        }
        const solid = (at) => spec.hollow && !points.hollow[at] && layer.marked;
        let solids = 0;
        for (let one = 0; one < count; one += 1) if (solid(seen[one])) solids += 1;
        const small = solids > SYMBOLS_MOST; // white dots: characters that cover one another are read by nobody
        if (ioc.clustering !== false && count > CLUSTER_FROM) {
          const number = this.discs.number(layer);
          for (let one = 0; one < count; one += 1) {
            const at = seen[one];
            if (solid(at)) later.push({ layer, at, x: x[at] * k + ox, y: y[at] * k + oy, level: 0, rank: spec.rank, small });
            else this.discs.add(number, x[at], y[at], at);
          }
          return;
        }
        const whole = layer.marked && count <= SYMBOLS_MOST;
        const radius = (layer.plainRadius || 0.3) * this.unit;
        const looks = layer.looks();
        const sprites = looks.map((look) => [ioc.symbols.sprite({ ...look, mark: "", shape: look.mark ? "dot" : look.shape }, radius * (look.shape === "dot" || look.mark ? 1 : 1.5)), ioc.symbols.sprite({ ...look, mark: "", hollow: true, shape: look.mark ? "dot" : look.shape }, radius * (look.shape === "dot" || look.mark ? 1 : 1.5))]);
        const g = this.g, frame = this.frame;
        if (layer.dim) g.globalAlpha = 0.4;
        for (let one = 0; one < count; one += 1) {
          const at = seen[one], px = x[at] * k + ox, py = y[at] * k + oy;
          const name = this.names.length ? this.named(px, py) : null;
          if (name) { this.discs.cover(this.discs.number(layer), name, px, py, at); continue; } // it gives way to the name
          if (whole || solid(at)) { later.push({ layer, at, x: px, y: py, level: 0, rank: spec.rank, small }); continue; }
          const sprite = sprites[points.kind[at]][layer.marked ? 0 : points.hollow[at] && spec.hollow ? 1 : 0];
          g.drawImage(sprite.image, (px - sprite.half + 0.5) | 0, (py - sprite.half + 0.5) | 0);
          frame.add(px, py, radius, layer, at);
        }
        g.globalAlpha = 1;
      },

      // The name of a subdistrict at this place, or null.
      named(x, y) {
        for (const box of this.names) if (x > box[0] && x < box[2] && y > box[1] && y < box[3]) return box;
        return null;
      },

      radius({ layer, level, small, late }) { return (level || late ? 0.5 * SIZES[level || 1] * 1.6 * (layer.spec.rank >= 7 ? 1.15 : 0.85) : small ? 0.45 : 0.95) * this.unit; },

      symbol(each) {
        const { layer, at } = each, { points, spec } = layer;
        const symbol = ioc.symbols.of(spec, points.kinds[points.kind[at]]);
        const level = LEVELS[each.level];
        const look = { shape: symbol.shape === "dot" && (level || each.late) ? "circle" : symbol.shape, level, mark: each.late ? "?" : each.small ? "" : ioc.symbols.mark(symbol), hollow: level ? false : Boolean(points.hollow[at]), solid: !level && spec.hollow && !points.hollow[at] };
        const sprite = ioc.symbols.sprite(look, each.radius);
        this.g.globalAlpha = layer.dim ? 0.4 : 1;
        this.g.drawImage(sprite.image, Math.round(each.x - sprite.half), Math.round(each.y - sprite.half));
        this.g.globalAlpha = 1;
        this.frame.add(each.x, each.y, each.radius, layer, at);
      },

      // Names of symbols (`later`), off everything that `stands` ({x, y, radius}).
      labels(stands, later) {
        const g = this.g, unit = this.unit, ratio = this.ratio;
        const room = new ioc.LabelRoom(this.width, this.height);
        for (const [left, top, right, bottom] of this.scene.obstacles()) room.take(left * ratio, top * ratio, right * ratio, bottom * ratio);
        for (const each of stands) room.take(each.x - each.radius, each.y - each.radius, each.x + each.radius, each.y + each.radius);
        // plain dots and drops stay without a name: it is a tap away
        const named = ({ layer, at }) => layer.points.labels.has(layer.points.ids[at]) && !["dot", "drop"].includes(ioc.symbols.of(layer.spec, layer.points.kinds[layer.points.kind[at]]).shape);
        const wanted = later.filter((each) => each.level || named(each));
        wanted.sort((a, b) => b.level - a.level || b.rank - a.rank || (a.layer.points.ids[a.at] < b.layer.points.ids[b.at] ? -1 : 1));
        let said = 0;
        const size = 1.3 * unit;
        g.textAlign = "left"; g.textBaseline = "middle"; g.lineJoin = "round";
        for (const each of wanted) {
          if (said === LABELS_MOST) break;
          const { points } = each.layer, id = points.ids[each.at];
          const text = [points.labels.get(id), points.values.get(id)].filter(Boolean).join(" ");
          if (!text) continue;
          g.font = `${each.level ? 600 : 400} ${size}px ${ioc.symbols.FONT}`;
          const wide = g.measureText(text).width;
          const place = room.beside(each.x, each.y, each.radius, wide, 1.2 * size);
          if (!place) continue;
          g.strokeStyle = "#0B1728E0"; g.lineWidth = 0.3 * unit;
          g.strokeText(text, place[0], place[1]);
          g.fillStyle = each.level ? "#E8F1FA" : "#B9CBDC";
          g.fillText(text, place[0], place[1]);
          said += 1;
        }
        this.said = said;
      },

      // What is under a place of the container (CSS pixels): {layer, at} or {layer, count, x, y} of a cluster; else null.
      under(x, y, reach) {
        const at = this.frame.hit(x * this.ratio, y * this.ratio, reach * this.ratio);
        return at < 0 ? null : this.thing(at);
      },

      thing(at) {
        const { frame, ratio } = this;
        const found = { layer: frame.of[at], x: frame.x[at] / ratio, y: frame.y[at] / ratio, place: at };
        return frame.at[at] < -1 ? { ...found, count: -2 - frame.at[at] } : { ...found, at: frame.at[at] };
      },
    });
    return Canvas;
  }

  ioc.brief = (count) => (count < 10000 ? String(count) : ioc.english() ? `${(count / 1000).toFixed(0)}k` : `${(count / 10000).toFixed(1)}万`);
  let made = null;
  ioc.mapCanvas = (scene) => { made = made || make(); return new made(scene); };
})();
