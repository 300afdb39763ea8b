// Discs: what has no room as single points is counted, all layers together, in discs that keep off names, symbols and one
// another. A disc that finds no place joins its neighbour: whatever is not shown is in somebody's count.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const CELL = 5.6; // rem: the side of a cell that is one disc
  const GAP = 0.7; // rem between two discs: each has room for a digit more when others join it
  const JOINS = 1.5; // cells to a neighbour that it would rather join than lie on a symbol
  const MOST_AWAY = 0.7; // cells that a disc may be moved; further on its place would be wrong
  const FAR_AWAY = 1.4; // but rather so far than on a name, or half under a symbol

  const LETTERS = 1.15; // rem: 23 px on a 4K wall; the disc is as wide as its digits need
  const radiusOf = (count) => (count === 1 ? 0.3 : 0.6 + 0.33 * ioc.brief(count).length);

  class Discs {
    constructor() { this.clusters = new ioc.Clusters(); this.under = new Map(); this.layers = []; this.parts = []; }

    begin(view, unit, ratio) {
      this.clusters.begin(ioc.clusterSize(view.zoom, (CELL * unit) / ratio));
      this.under.clear();
      this.layers.length = 0;
      this.parts.length = 0;
    }

    number(layer) {
      const at = this.layers.indexOf(layer);
      return at >= 0 ? at : this.layers.push(layer) - 1;
    }

    // One point of a layer ({number}), in world coordinates.
    add(number, x, y, which) {
      const at = this.clusters.add(x, y, which);
      const mine = this.parts[at] || (this.parts[at] = []);
      mine[number] = (mine[number] || 0) + 1;
    }

    // One point that would lie under a name (`box`, device pixels); those of one name are one disc beside it.
    cover(number, box, x, y, which) {
      let disc = this.under.get(box);
      if (!disc) this.under.set(box, (disc = { x: 0, y: 0, count: 0, one: which, parts: [] }));
      disc.x += x; disc.y += y; disc.count += 1;
      disc.parts[number] = (disc.parts[number] || 0) + 1;
    }

    // Where each disc stands: [{x, y, radius, count, one, parts}], device pixels; `symbols` ([{x, y, radius, level}]) are
    // kept off unless there is no neighbour to join, names and what has a level always.
    placed(sheet, view, symbols) {
      const { unit } = sheet, wanted = [];
      const { clusters } = this;
      for (let at = 0; at < clusters.n; at += 1) {
        const count = clusters.count[at];
        wanted.push({ x: (clusters.x[at] / count) * view.k + view.ox, y: (clusters.y[at] / count) * view.k + view.oy, count, one: clusters.one[at], parts: this.parts[at] });
      }
      for (const disc of this.under.values()) wanted.push({ ...disc, x: disc.x / disc.count, y: disc.y / disc.count });
      wanted.sort((a, b) => b.count - a.count);
      const done = [], levels = symbols.filter((one) => one.level);
      for (const disc of wanted) {
        disc.radius = radiusOf(disc.count) * unit;
        const near = nearest(done, disc), beside = near && near.away <= JOINS * CELL * unit;
        const spot = this.spot(sheet, disc, done, symbols, MOST_AWAY)
          || (beside ? null : this.spot(sheet, disc, done, symbols, FAR_AWAY) || this.spot(sheet, disc, done, levels, FAR_AWAY));
        if (spot) { [disc.x, disc.y] = spot; done.push(disc); continue; }
        if (!near) { done.push(disc); continue; }
        near.disc.count += disc.count;
        disc.parts.forEach((count, number) => { near.disc.parts[number] = (near.disc.parts[number] || 0) + count; });
        near.disc.radius = radiusOf(near.disc.count) * unit;
      }
      return done;
    }

    // The free place nearest to where a disc belongs, at most so many cells `away`: there, beside what is in its way, or null.
    spot(sheet, { x, y, radius }, done, symbols, away) {
      const { unit } = sheet;
      let best = null, least = away * CELL * unit;
      const tried = [[x, y]];
      for (const [left, top, right, bottom] of sheet.names) {
        if (x < left - radius || x > right + radius || y < top - radius || y > bottom + radius) continue;
        tried.push([x, bottom + radius], [x, top - radius], [left - radius, y], [right + radius, y]);
      }
      for (const one of [...done, ...symbols]) {
        const apart = Math.hypot(one.x - x, one.y - y), room = one.radius + radius + GAP * unit;
        if (apart >= room || apart < 0.01) continue;
        const share = (room + 0.5) / apart;
        tried.push([one.x + (x - one.x) * share, one.y + (y - one.y) * share]);
      }
      for (const [px, py] of tried) {
        const moved = Math.hypot(px - x, py - y);
        if (moved <= least && (best === null || moved < least) && free(sheet, px, py, radius, done, symbols)) { best = [px, py]; least = moved; }
      }
      return best;
    }

    draw(sheet, placed) {
      const { g, unit } = sheet;
      g.textAlign = "center"; g.textBaseline = "middle";
      for (const disc of placed) {
        const { x, y, radius, count } = disc;
        g.beginPath(); g.arc(x, y, radius, 0, 7);
        g.fillStyle = count === 1 ? "#7FA6C48C" : "#14273DE6"; g.fill();
        if (count > 1) {
          g.lineWidth = 0.1 * unit; g.strokeStyle = "#7FA6C48C"; g.stroke();
          g.font = `${LETTERS * unit}px ${ioc.symbols.FONT}`;
          g.fillStyle = "#B9CBDC"; g.fillText(ioc.brief(count), x, y + 0.04 * unit);
        }
        const of = disc.parts.map((many, number) => [this.layers[number], many]).filter(Boolean);
        if (count === 1) sheet.frame.add(x, y, radius, of[0][0], disc.one);
        else sheet.frame.add(x, y, radius, { spec: { id: "", ...said(of) }, parts: of }, -2 - count);
      }
    }
  }

  // What a disc holds, in both languages: layers with their counts where there are several.
  function said(of) {
    if (of.length === 1) return { zh: of[0][0].spec.zh, en: of[0][0].spec.en };
    return { zh: of.map(([layer, many]) => `${layer.spec.zh} ${many}`).join("、") + "，共", en: `${of.map(([layer, many]) => `${layer.spec.en} ${many}`).join(", ")}, in all` };
  }

  function free(sheet, x, y, radius, done, symbols) {
    if (x < 0 || y < 0 || x > sheet.width || y > sheet.height) return true; // nobody sees it
    const gap = GAP * sheet.unit;
    for (const [left, top, right, bottom] of sheet.names) if (x > left - radius + 0.5 && x < right + radius - 0.5 && y > top - radius + 0.5 && y < bottom + radius - 0.5) return false;
    for (const one of done) if (Math.hypot(one.x - x, one.y - y) < one.radius + radius + gap) return false;
    for (const one of symbols) if (Math.hypot(one.x - x, one.y - y) < one.radius + radius) return false;
    return true;
  }

  function nearest(done, disc) {
    let found = null;
    for (const one of done) {
      const away = Math.hypot(one.x - disc.x, one.y - disc.y);
      if (!found || away < found.away) found = { disc: one, away };
    }
    return found;
  }

  ioc.Discs = Discs;
})();
