// Keys of the map: Tab reaches it, arrows go from symbol to symbol (levels first), Enter opens, Escape closes, + and - zoom.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const keys = (ioc.mapKeys = {});
  const WAYS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
  let here = null; // {layer, id} that arrows go from

  keys.attach = (container) => {
    here = null;
    container.tabIndex = 0;
    container.setAttribute("role", "application");
    container.setAttribute("aria-label", ioc.word("mapKeys"));
    container.addEventListener("keydown", (event) => {
      if (event.target !== container || event.altKey || event.ctrlKey || event.metaKey) return;
      if (event.key in WAYS) go(...WAYS[event.key]);
      else if (event.key === "Enter" || event.key === " ") enter();
      else if (event.key === "Escape") ioc.mapPanel.close();
      else if (["+", "="].includes(event.key) && ioc.mapSettings().open) { ioc.map.hold(); ioc.layers.map().zoomIn(0.75); }
      else if (["-", "_"].includes(event.key) && ioc.mapSettings().open) { ioc.map.hold(); ioc.layers.map().zoomOut(0.75); }
      else return;
      event.preventDefault();
    });
  };

  function standing(canvas) {
    if (!here) return null;
    for (let at = 0; at < canvas.frame.n; at += 1) {
      const thing = canvas.thing(at);
      if (thing.layer === here.layer && !thing.count && thing.layer.points.ids[thing.at] === here.id) return thing;
    }
    return null;
  }

  // The nearest symbol that lies rather in this direction; what has a level is nearer than it looks.
  function go(east, south) {
    const canvas = ioc.layers.canvas();
    if (!canvas || !canvas.frame.n) return;
    const size = ioc.layers.map().getSize(), from = standing(canvas) || { x: size.x / 2, y: size.y / 2 };
    let best = null, least = Infinity;
    for (let at = 0; at < canvas.frame.n; at += 1) {
      const thing = canvas.thing(at), dx = thing.x - from.x, dy = thing.y - from.y;
      const along = dx * east + dy * south, aside = Math.abs(dx * south) + Math.abs(dy * east);
      if (along <= 1 || aside > 2 * along) continue;
      const level = thing.count ? 0 : thing.layer.points.levelAt(thing.at);
      const cost = (along + 2 * aside) / (1 + 0.6 * level);
      if (cost < least) { least = cost; best = thing; }
    }
    if (!best) return;
    if (best.count) { ioc.mapPanel.say(`${ioc.name(best.layer.spec)} ${best.count}`); here = null; return; }
    const { points, spec } = best.layer, id = points.ids[best.at];
    here = { layer: best.layer, id };
    ioc.layers.ring("selected", { x: points.x[best.at], y: points.y[best.at] });
    const level = ioc.LEVEL_NAMES[points.levelAt(best.at)];
    const symbol = ioc.symbols.of(spec, points.kinds[points.kind[best.at]]);
    ioc.mapPanel.say(`${ioc.name(symbol)} ${points.labels.get(id) || id}${level ? ` ${ioc.word(level)}` : ""}`);
  }

  function enter() {
    const canvas = ioc.layers.canvas(), thing = canvas && standing(canvas);
    if (!thing) return;
    ioc.mapPanel.select(thing, ioc.layers.map());
    const close = document.querySelector(".map-popup-close");
    if (close) close.focus();
  }
})();
