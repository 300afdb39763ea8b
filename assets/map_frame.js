// Frame: what a picture of the map shows where, for whoever points at it.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const CELL = 64; // pixels of the grid that a hit test looks into

  class Frame {
    constructor() { this.n = 0; this.x = new Float32Array(4096); this.y = new Float32Array(4096); this.r = new Float32Array(4096); this.of = []; this.at = new Int32Array(4096); this.cells = new Map(); }

    begin() { this.n = 0; this.of.length = 0; this.gridded = false; }

    add(x, y, r, of, at) {
      if (this.n === this.x.length) for (const name of ["x", "y", "r", "at"]) { const wider = new this[name].constructor(2 * this.n); wider.set(this[name]); this[name] = wider; }
      this.x[this.n] = x; this.y[this.n] = y; this.r[this.n] = r; this.at[this.n] = at;
      this.of[this.n] = of;
      this.n += 1;
    }

    // The topmost thing within reach of a point; the grid is made when somebody first points at this frame.
    hit(x, y, reach) {
      if (!this.gridded) {
        this.cells.clear();
        for (let at = 0; at < this.n; at += 1) {
          const key = Math.floor(this.x[at] / CELL) * 4096 + Math.floor(this.y[at] / CELL);
          const cell = this.cells.get(key);
          if (cell) cell.push(at); else this.cells.set(key, [at]);
        }
        this.gridded = true;
      }
      const cx = Math.floor(x / CELL), cy = Math.floor(y / CELL);
      let best = -1, nearest = Infinity;
      for (let column = cx - 1; column <= cx + 1; column += 1) for (let row = cy - 1; row <= cy + 1; row += 1)
        for (const at of this.cells.get(column * 4096 + row) || []) {
          const away = Math.max(0, Math.hypot(this.x[at] - x, this.y[at] - y) - this.r[at]);
          if (away > reach || away > nearest || (away === nearest && at < best)) continue;
          nearest = away;
          best = at;
        }
      return best;
    }
  }
  ioc.MapFrame = Frame;
})();
