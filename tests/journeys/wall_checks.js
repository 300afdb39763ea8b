// What the layout tests look for in a page; each returns a list of findings, empty when all is well.
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => {
  window.violations.push(`${event.violatedDirective} ${event.blockedURI}`);
});
window.checks = {
  // Text that is clipped: an element hides what overflows and has more than it shows. Leaflet's canvas is larger than its
  // box on purpose.
  clipped: () => [...document.querySelectorAll("[data-settings], [data-settings] *")].filter((element) => {
    if (element.closest(".leaflet-pane, svg") || element.classList.contains("leaflet-container")) return false;
    if (!element.textContent.trim() || !element.getClientRects().length) return false;
    const style = getComputedStyle(element);
    const wide = style.overflowX !== "visible" && element.scrollWidth > element.clientWidth + 1;
    const tall = style.overflowY !== "visible" && element.scrollHeight > element.clientHeight + 1;
    return wide || tall;
  }).map((element) => `${element.tagName}.${element.className}#${element.id}: ${element.textContent.slice(0, 40)}`),

  // Names in the head of a tile or chart that take more than two lines, or whose longest word is wider than its place.
  heads: () => [...document.querySelectorAll(".tile-head h3, .trend-head h3")].filter((name) => {
    const line = parseFloat(getComputedStyle(name).lineHeight);
    return name.scrollWidth > name.clientWidth + 1 || name.clientHeight > 2 * line + 1;
  }).map((name) => `head ${name.textContent}`),

  // Chips narrower than what they say (it is centred: what is too wide leaves on both sides).
  chips: () => [...document.querySelectorAll(".chip, .tag")].filter((chip) => {
    const box = chip.getBoundingClientRect();
    return box.width && [...chip.children].some((part) => {
      const own = part.getBoundingClientRect();
      return own.width && (own.left < box.left - 1 || own.right > box.right + 1);
    });
  }).map((chip) => `chip ${chip.textContent}`),

  // Text outside its panel, and panels that lie on each other.
  outside: () => {
    const out = [];
    const panels = [...document.querySelectorAll("[data-settings] .panel:not(.panel .panel)")].map((panel) => [panel, panel.getBoundingClientRect()]);
    for (const [panel, box] of panels) {
      for (const element of panel.querySelectorAll("*")) {
        if (element.children.length || !element.textContent.trim() || element.closest(".leaflet-pane")) continue;
        const own = element.getBoundingClientRect();
        const beyond = own.left < box.left - 1 || own.right > box.right + 1 || own.top < box.top - 1 || own.bottom > box.bottom + 1;
        if (own.width && beyond) out.push(`${panel.id || panel.className}: ${element.textContent.slice(0, 40)}`);
      }
    }
    return out.concat(window.checks.overlapping(panels.map(([panel, box]) => [panel.id || panel.className, box])));
  },

  overlapping: (boxes) => boxes.flatMap(([one, a], index) => boxes.slice(index + 1).filter(([, b]) =>
    !(a.right <= b.left + 1 || b.right <= a.left + 1 || a.bottom <= b.top + 1 || b.bottom <= a.top + 1),
  ).map(([other]) => `${one} lies on ${other}`)),

  labels: () => window.checks.overlapping(
    [...document.querySelectorAll(".area-label, .legend, .map-title")].map((label) => [label.textContent, label.getBoundingClientRect()]),
  ),

  // Anything wider than the window; ids that are used more than once.
  wide: () => (document.documentElement.scrollWidth > innerWidth + 1 ? [`the page is ${document.documentElement.scrollWidth} wide`] : []),
  twice: () => {
    const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
    return [...new Set(ids.filter((id, at) => ids.indexOf(id) !== at))];
  },

  // Everything that a layout must hold, in one question.
  layout: () => ["clipped", "heads", "chips", "outside", "labels", "wide", "twice", "beyond", "covered"].flatMap((name) => window.checks[name]()),

  // Text that lies on other text, outside of the map and of charts.
  covered: () => {
    const walker = document.createTreeWalker(document.querySelector("[data-settings]"), NodeFilter.SHOW_TEXT);
    const out = [], found = [];
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      if (!node.textContent.trim() || node.parentElement.closest(".leaflet-pane, svg, .time-bar, .wall-ways, [hidden], .overlay")) continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      for (const { left, right, top, height } of range.getClientRects()) { // a line is higher than its letters
        if (right > left && height) found.push([node, { left, right, top: top + 0.2 * height, bottom: top + 0.8 * height, height }]);
      }
    }
    found.sort(([, a], [, b]) => a.top - b.top);
    found.forEach(([one, a], at) => {
      for (let next = at + 1; next < found.length && found[next][1].top < a.bottom; next += 1) {
        const [other, b] = found[next];
        if (one === other) continue;
        const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left), tall = Math.min(a.bottom, b.bottom) - b.top;
        if (wide > 2 && tall > 0.1 * Math.min(a.height, b.height)) out.push(`${one.textContent.slice(0, 24)} lies on ${other.textContent.slice(0, 24)} (${one.parentElement.className}, ${other.parentElement.className})`);
      }
    });
    return out;
  },

  // On a wall that does not scroll: text below its foot or beside it.
  beyond: () => {
    const wall = document.querySelector(".wall");
    if (!wall || getComputedStyle(wall).overflowY !== "hidden") return [];
    return [...wall.querySelectorAll(".panel *")].filter((element) => !element.children.length && element.textContent.trim() && element.getClientRects().length && !element.closest(".leaflet-pane"))
      .filter((element) => { const box = element.getBoundingClientRect(); return box.bottom > innerHeight + 1 || box.right > innerWidth + 1; })
      .map((element) => `beyond the window ${element.className}: ${element.textContent.slice(0, 40)}`);
  },

  // Pages that are read and may scroll: text that is hidden, text beyond the window's edge, and siblings on each other.
  reading: () => {
    const out = [];
    const seen = [...document.querySelectorAll("[data-standing], [data-standing] *")].filter((element) => element.textContent.trim() && element.getClientRects().length && !element.closest("svg"));
    for (const element of seen) {
      const style = getComputedStyle(element);
      const hides = (overflow) => overflow === "hidden" || overflow === "clip";
      const wide = hides(style.overflowX) && element.scrollWidth > element.clientWidth + 1;
      const tall = hides(style.overflowY) && element.scrollHeight > element.clientHeight + 1;
      if (wide || tall) out.push(`hidden ${element.tagName}.${element.className}: ${element.textContent.slice(0, 40)}`);
      if (!element.children.length && element.getBoundingClientRect().right > innerWidth + 1) out.push(`beyond ${element.className}: ${element.textContent.slice(0, 40)}`);
    }
    const panels = [...document.querySelectorAll("[data-standing] .panel:not(.panel .panel)")].map((panel) => [panel.id || panel.className, panel.getBoundingClientRect()]);
    return out.concat(window.checks.overlapping(panels));
  },

  // The same after every value was changed in the same way and drawn: states that a test cannot wait for.
  dressed: (change) => {
    const feeds = ioc.state.feeds;
    const held = [...ioc.state.cells].map(([name, cell]) => [name, { ...cell }]);
    for (const cell of ioc.state.cells.values()) {
      Object.assign(cell, change.cell || {});
      cell.done = cell.q === "provisional" ? [cell.x, cell.ws, cell.lv] : null; // an open window is judged by the one before it
    }
    if (change.roads !== undefined) { // only so many roads have reported
      const { speed } = ioc.state.settings.find((each) => each.strip).strip;
      [...ioc.state.cells.values()].filter((cell) => cell.i === speed).slice(change.roads).forEach((cell) => { cell.x = null; cell.done = null; });
    }
    if (change.feed) ioc.state.feeds = feeds.map((feed) => ({ ...feed, ...change.feed }));
    const draw = () => { ioc.panels.draw(new Set(), true); ioc.path.draw(); ioc.map.draw(new Set(), true); ioc.home.draw(document.body); };
    draw(); // the home list once more at the end, as its observer does before anything is painted
    const found = [...window.checks.clipped(), ...window.checks.heads(), ...window.checks.outside(), ...window.checks.labels()];
    const said = document.querySelector("[data-settings]").textContent;
    ioc.state.feeds = feeds;
    held.forEach(([name, cell]) => ioc.state.cells.set(name, cell));
    draw();
    return { found, said };
  },

  // Digits that belong to no element with the four marks. Names, limits, clock, dates and heads of panels are no values.
  untraced: () => {
    const marks = ["data-indicator", "data-region", "data-window-end", "data-quality"];
    const fixed = "h1, h3, kbd, button, .map-key, .note, .limits, .header-right, .mode-note, .road-name, .row-name, .titles, .legend, .over-name";
    const walker = document.createTreeWalker(document.querySelector("[data-settings]"), NodeFilter.SHOW_TEXT);
    const out = [];
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const element = node.parentElement;
      if (!/[0-9]/.test(node.textContent) || element.closest(fixed)) continue;
      const owner = element.closest("[data-indicator]");
      if (!owner || !marks.every((mark) => owner.hasAttribute(mark))) out.push(node.textContent);
      else if (owner.dataset.quality !== "no_data" && !/^[0-9]+$/.test(owner.dataset.windowEnd)) out.push(`${node.textContent}: no window`);
    }
    return out;
  },

  // Numbers that pass for published ones and are of no value that came: what the screen makes itself says so.
  unpublished: () => {
    const dims = (cell) => Object.entries(cell.d || {}).map(([name, value]) => `${name}=${value}`).join(",");
    const came = new Set([...ioc.state.cells.values()].map((cell) => `${cell.i}|${cell.r}|${dims(cell)}`));
    return [...document.querySelectorAll("[data-settings] [data-indicator]:not([data-derived])")]
      .filter((element) => ["complete", "provisional"].includes(element.dataset.quality))
      .map((element) => `${element.dataset.indicator}|${element.dataset.region}|${element.dataset.dims || ""}`)
      .filter((name) => !came.has(name));
  },

  // Visible text below a size in px, charts included.
  small: (least) => {
    const walker = document.createTreeWalker(document.querySelector("[data-settings]"), NodeFilter.SHOW_TEXT);
    const out = [];
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const element = node.parentElement;
      if (!node.textContent.trim() || !element.getClientRects().length) continue;
      const size = parseFloat(getComputedStyle(element).fontSize);
      if (size > 0 && size < least) out.push(`${size}px ${element.className.baseVal ?? element.className}: ${node.textContent.slice(0, 30)}`);
    }
    return out;
  },

  shares: () => Object.fromEntries([...document.querySelectorAll("[data-settings] .panel")].map((panel) => {
    const box = panel.getBoundingClientRect();
    const parts = [box.left / innerWidth, box.top / innerHeight, box.width / innerWidth];
    return [panel.id || panel.className, parts.map((part) => Math.round(100 * part))];
  })),
};
