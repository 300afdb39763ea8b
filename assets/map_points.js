// Points of one layer: everything that stands on it, in arrays that one frame can walk through.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const LEVELS = [null, "blue", "yellow", "orange", "red"];
  const RANK = { blue: 1, yellow: 2, orange: 3, red: 4 };

  // World coordinates: 0..1 across the whole map of the projection, as Leaflet's own at zoom 0 divided by 256.
  ioc.worldX = (lon) => (lon + 180) / 360;
  ioc.worldY = (lat) => 0.5 - Math.log(Math.tan(Math.PI / 4 + (lat * Math.PI) / 360)) / (2 * Math.PI);

  class Points {
    constructor(room = 256) {
      this.n = 0;
      this.index = new Map(); // id -> place
      this.ids = [];
      this.labels = new Map(); // id -> text
      this.shapes = new Map(); // id -> text of a polygon
      this.values = new Map(); // id -> what the indicator says of it, as text
      this.late = new Set(); // ids that had a level when the feed of their indicator fell silent
      this.kinds = [];
      this.regions = [];
      this.grow(room);
    }

    grow(room) {
      const wider = (old, Type) => { const made = new Type(room); if (old) made.set(old); return made; };
      this.x = wider(this.x, Float64Array);
      this.y = wider(this.y, Float64Array);
      this.kind = wider(this.kind, Uint16Array);
      this.region = wider(this.region, Uint16Array);
      this.own = wider(this.own, Uint8Array); // the level that the record says
      this.told = wider(this.told, Uint8Array); // the level that an indicator says
      this.hollow = wider(this.hollow, Uint8Array);
    }

    clear() { this.n = 0; this.index.clear(); this.ids = []; this.labels.clear(); this.shapes.clear(); this.values.clear(); this.late.clear(); }

    // Rows as a frame says them. Levels that an indicator told stay: it tells them by another topic.
    take(rows) {
      const kinds = rows.kinds.map((word) => place(this.kinds, word));
      const regions = rows.regions.map((word) => place(this.regions, word));
      for (let at = 0; at < rows.id.length; at += 1) {
        const id = rows.id[at];
        let here = this.index.get(id);
        if (here === undefined) {
          if (this.n === this.x.length) this.grow(2 * this.n);
          here = this.n;
          this.n += 1;
          this.index.set(id, here);
          this.ids[here] = id;
          this.told[here] = 0;
        }
        const known = rows.lon[at] !== null;
        this.x[here] = known ? ioc.worldX(rows.lon[at] / 1e6) : NaN;
        this.y[here] = known ? ioc.worldY(rows.lat[at] / 1e6) : NaN;
        this.kind[here] = kinds[rows.kind[at]];
        this.region[here] = regions[rows.region[at]];
        this.own[here] = RANK[rows.level[at]] || 0;
        this.hollow[here] = rows.hollow[at];
        if (rows.label && id in rows.label) this.labels.set(id, rows.label[id]); else this.labels.delete(id);
        if (rows.shape && id in rows.shape) this.shapes.set(id, rows.shape[id]); else this.shapes.delete(id);
      }
    }

    leave(ids) {
      for (const id of ids) {
        const here = this.index.get(id);
        if (here === undefined) continue;
        this.n -= 1;
        const last = this.n;
        if (here !== last) {
          for (const name of ["x", "y", "kind", "region", "own", "told", "hollow"]) this[name][here] = this[name][last];
          this.ids[here] = this.ids[last];
          this.index.set(this.ids[here], here);
        }
        this.ids.length = last;
        this.index.delete(id);
        for (const kept of [this.labels, this.shapes, this.values, this.late]) kept.delete(id);
      }
    }

    tell(id, level, text, late = false) {
      const here = this.index.get(id);
      if (here === undefined) return false;
      const rank = RANK[level] || 0;
      const same = this.told[here] === rank && this.values.get(id) === text && this.late.has(id) === late;
      this.told[here] = rank;
      if (late) this.late.add(id); else this.late.delete(id);
      if (text) this.values.set(id, text); else this.values.delete(id);
      return !same;
    }

    levelAt(here) { return Math.max(this.own[here], this.told[here]); }

    // How many there are, and of each level.
    count() {
      const levels = [0, 0, 0, 0, 0];
      for (let at = 0; at < this.n; at += 1) levels[this.levelAt(at)] += 1;
      return { all: this.n, levels, late: this.late.size };
    }
  }

  function place(words, word) {
    const found = words.indexOf(word);
    if (found >= 0) return found;
    words.push(word);
    return words.length - 1;
  }

  ioc.Points = Points;
  ioc.LEVEL_NAMES = LEVELS;
})();
