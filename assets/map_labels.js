// Labels that never overlap: names are placed by priority where they hide neither a name nor a symbol; else left out.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});

  class Room {
    constructor(width, height) { this.width = width; this.height = height; this.boxes = []; }

    take(left, top, right, bottom) { this.boxes.push(left, top, right, bottom); }

    free(left, top, right, bottom) {
      if (left < 0 || top < 0 || right > this.width || bottom > this.height) return false;
      const boxes = this.boxes;
      for (let at = 0; at < boxes.length; at += 4)
        if (left < boxes[at + 2] && right > boxes[at] && top < boxes[at + 3] && bottom > boxes[at + 1]) return false;
      return true;
    }

    // Beside a symbol at x, y with this radius: right, left, below, above; the first place that is free, or null.
    beside(x, y, radius, width, height) {
      const gap = 0.3 * height;
      const places = [[x + radius + gap, y - height / 2], [x - radius - gap - width, y - height / 2], [x - width / 2, y + radius + gap / 2], [x - width / 2, y - radius - gap / 2 - height]];
      for (const [left, top] of places) {
        if (!this.free(left, top, left + width, top + height)) continue;
        this.take(left, top, left + width, top + height);
        return [left, top + height / 2];
      }
      return null;
    }
  }
  ioc.LabelRoom = Room;
})();
