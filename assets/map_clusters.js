// Clusters: where there is no room for single points, how many stand in each cell of a grid that does not move with the view.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});

  class Clusters {
    constructor() { this.cells = new Map(); this.n = 0; this.x = new Float64Array(1024); this.y = new Float64Array(1024); this.count = new Int32Array(1024); this.one = new Int32Array(1024); }

    // `size`: the side of a cell in world coordinates.
    begin(size) { this.cells.clear(); this.n = 0; this.size = size; }

    add(x, y, which) {
      const key = Math.floor(x / this.size) * 67108864 + Math.floor(y / this.size);
      let at = this.cells.get(key);
      if (at === undefined) {
        at = this.n;
        this.n += 1;
        if (at === this.x.length) for (const name of ["x", "y", "count", "one"]) { const wider = new this[name].constructor(2 * at); wider.set(this[name]); this[name] = wider; }
        this.cells.set(key, at);
        this.x[at] = 0; this.y[at] = 0; this.count[at] = 0;
        this.one[at] = which;
      }
      this.x[at] += x;
      this.y[at] += y;
      this.count[at] += 1;
      return at;
    }
  }

  // A side of at least `pixels` at this zoom that stays the same over half a step of zoom: cells do not crawl.
  ioc.clusterSize = (zoom, pixels) => pixels / (256 * 2 ** (Math.floor(zoom * 2) / 2));
  ioc.Clusters = Clusters;
})();
