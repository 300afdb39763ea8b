// Shapes of the map: areas, lines and rings of attention, drawn on a sheet ({g, unit, width, height}: a canvas and its rem).
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const shapes = (ioc.mapShapes = {});
  const HATCH = "#35506F";

  function ring(g, corners, view) {
    for (let at = 0; at < corners.length; at += 2) {
      const x = corners[at] * view.k + view.ox, y = corners[at + 1] * view.k + view.oy;
      if (at) g.lineTo(x, y); else g.moveTo(x, y);
    }
    g.closePath();
  }

  // `area`: {rings, level or null (nobody knows: hatched)}
  shapes.area = (sheet, area, view) => {
    const { g, unit } = sheet;
    g.save();
    g.beginPath();
    area.rings.forEach((each) => ring(g, each, view));
    if (area.level) {
      g.setLineDash([0.8 * unit, 0.5 * unit]);
      g.lineWidth = 0.28 * unit;
      g.strokeStyle = ioc.symbols.LEVEL[area.level];
      g.stroke();
      g.restore();
      return; // stripes mean that nothing is known
    }
    g.clip();
    g.strokeStyle = HATCH;
    g.lineWidth = 0.1 * unit;
    const box = area.rings.reduce((found, each) => {
      for (let at = 0; at < each.length; at += 2) {
        const x = each[at] * view.k + view.ox, y = each[at + 1] * view.k + view.oy;
        found = [Math.min(found[0], x), Math.min(found[1], y), Math.max(found[2], x), Math.max(found[3], y)];
      }
      return found;
    }, [Infinity, Infinity, -Infinity, -Infinity]);
    const left = Math.max(0, box[0]), top = Math.max(0, box[1]), right = Math.min(sheet.width, box[2]), bottom = Math.min(sheet.height, box[3]);
    const step = 1.1 * unit, tall = bottom - top;
    if (right > left && tall > 0) {
      g.beginPath();
      for (let x = Math.floor((left - tall) / step) * step; x < right; x += step) { g.moveTo(x, bottom); g.lineTo(x + tall, top); }
      g.stroke();
    }
    g.restore();
  };

  shapes.line = (sheet, line, view) => {
    const { g, unit } = sheet;
    g.save();
    g.lineJoin = "round"; g.lineCap = "round";
    for (const [colour, weight] of [["#08111D", 0.5], ["#8FA9C2", 0.26]]) {
      g.beginPath();
      for (const part of line.parts) for (let at = 0; at < part.length; at += 2) {
        const x = part[at] * view.k + view.ox, y = part[at + 1] * view.k + view.oy;
        if (at) g.lineTo(x, y); else g.moveTo(x, y);
      }
      g.strokeStyle = colour; g.lineWidth = weight * unit;
      g.stroke();
    }
    g.restore();
  };

  // The middle of a label of a ring: above it, below, right or left of it, where it hides no name of a subdistrict.
  function beside(sheet, px, py, away, wide) {
    const half = wide / 2, tall = 0.9 * sheet.unit;
    const spots = [[px, py - away], [px, py + away], [px + away + half, py], [px - away - half, py]];
    const free = ([x, y]) => x - half > 0 && x + half < sheet.width && y - tall > 0 && y + tall < sheet.height
      && !sheet.names.some(([left, top, right, bottom]) => x + half > left && x - half < right && y + tall > top && y - tall < bottom);
    return spots.find(free) || spots[0];
  }

  // A ring in the colour of attention: what is selected, highlighted from afar or pinned.
  shapes.mark = (sheet, mark, view) => {
    const { g, unit } = sheet;
    const px = mark.x * view.k + view.ox, py = mark.y * view.k + view.oy;
    if (!(px > 0 && px < sheet.width && py > 0 && py < sheet.height)) return;
    g.strokeStyle = "#08111D"; g.lineWidth = 0.5 * unit;
    g.beginPath(); g.arc(px, py, 2.1 * unit, 0, 7);
    if (mark.pinned) { g.moveTo(px + 3 * unit, py); g.arc(px, py, 3 * unit, 0, 7); } // a second ring: somebody wants it to be seen
    g.stroke();
    g.strokeStyle = "#5FD0C5"; g.lineWidth = 0.24 * unit;
    g.stroke();
    if (!mark.label) return;
    g.font = `600 ${1.5 * unit}px ${ioc.symbols.FONT}`;
    g.textAlign = "center"; g.textBaseline = "middle"; g.lineJoin = "round";
    g.strokeStyle = "#0B1728"; g.lineWidth = 0.4 * unit;
    const [x, y] = beside(sheet, px, py, (mark.pinned ? 4 : 3.1) * unit, g.measureText(mark.label).width);
    g.strokeText(mark.label, x, y);
    g.fillStyle = "#E8F1FA";
    g.fillText(mark.label, x, y);
  };
})();
