// Splits: an indicator counted by a dimension, a row for each group, as many as the panel has room for.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const splits = (ioc.splits = {});
  const FLOW = 12; // rows on a page that flows
  const all = (root) => (root ? [...root.querySelectorAll("[data-split]")] : []);

  // As many rows as there is room for: anew whenever that changes.
  let watched = null;
  splits.enter = (root) => {
    if (watched) watched.disconnect();
    watched = new ResizeObserver(() => all(root).forEach((each) => draw(each)));
    all(root).forEach((rows) => watched.observe(rows.parentElement));
  };

  splits.draw = (root) => all(root).forEach((each) => draw(each));

  // How many rows a panel has room for below its head; where not all of them fit, above the line that counts the rest.
  function fitting(element, count) {
    const flows = matchMedia("(max-width:1500px)").matches || element.closest(".reading"); // it would take any number
    if (flows) return Math.min(count, FLOW);
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const panel = element.parentElement;
    const row = element.firstElementChild;
    const style = row && getComputedStyle(row);
    const plain = style ? parseFloat(style.fontSize) * 1.45 + 2 * parseFloat(style.paddingTop) : 3.5 * rem;
    const tall = element.closest(".crowded,.gauge") ? Math.max(plain, ...[...element.children].map((each) => each.offsetHeight)) : plain; // names take two lines there
    const room = panel.clientHeight - panel.firstElementChild.offsetHeight - 0.4 * rem;
    return room >= count * tall ? count : Math.floor((room - 3.2 * rem) / tall);
  }

  function draw(element, again) {
    const indicator = ioc.indicator(element.dataset.split);
    const cells = [...ioc.state.cells.values()].filter((cell) => cell.i === indicator.id && Object.keys(cell.d || {}).length);
    const room = Math.max(1, fitting(element, cells.length));
    const rank = (cell) => [ioc.LEVELS.indexOf(cell.lv), indicator.direction === "up" ? -(cell.x ?? Infinity) : cell.x ?? -Infinity];
    const rest = cells.length - room;
    if (rest > 0 || element.dataset.gauge !== undefined) { // what is worst; then, as ever, each in its place
      cells.sort((a, b) => { const [la, xa] = rank(a); const [lb, xb] = rank(b); return lb - la || xb - xa || (a.s < b.s ? -1 : 1); });
      cells.length = Math.min(cells.length, room);
    }
    const more = element.parentElement.querySelector(".more");
    ioc.hide(more, rest <= 0);
    ioc.text(more, rest > 0 ? ioc.word("more", rest) : "");
    const gauge = element.dataset.gauge !== undefined; // these stand the worst first, others each in its place
    if (!gauge) cells.sort((a, b) => (a.s < b.s ? -1 : 1));
    const settings = ioc.state.settings.find((each) => each.indicators[indicator.id]);
    const top = Math.max(...cells.map((cell) => cell.x || 0), indicator.unit === "%" ? 100 : 1e-9); // a share is of the whole
    const group = (cell) => Object.values(cell.d).join(" ");
    const held = new Set(cells.map(group));
    [...element.children].filter((row) => !held.has(row.dataset.row)).forEach((row) => row.remove()); // given up
    const limits = gauge ? ioc.lines(indicator) : [];
    const low = gauge ? Math.min(0, ...cells.map((cell) => cell.x ?? 0)) : 0;
    const end = gauge && indicator.unit !== "%" ? 1.08 * Math.max(top, ...limits.map((limit) => limit.value)) : top;
    const share = (x) => Math.max(0, Math.min(100, (100 * (x - low)) / (end - low)));
    for (const [order, cell] of cells.entries()) {
      const name = group(cell);
      let row = [...element.children].find((each) => each.dataset.row === name);
      if (!row) {
        row = ioc.make("div", "row");
        row.dataset.row = name;
        const bar = ioc.make("span", "rank-bar");
        bar.append(ioc.make("i"), ...limits.map((limit) => ioc.make("u", `lv-${limit.level}`)));
        row.append(ioc.make("span", "row-name"), bar, ioc.make("span", "row-level"), ioc.make("span", "number"));
        element.append(row);
      }
      label(row.querySelector(".row-name"), ioc.groupParts(settings, cell));
      ioc.panels.short(row.querySelector(".number"), indicator, cell, row.querySelector(".row-level"));
      row.querySelector("i").style.width = `${ioc.judge(indicator, cell).shown ? share(cell.x ?? low) : 0}%`;
      if (gauge) { row.style.order = String(order); row.querySelectorAll("u").forEach((mark, at) => { mark.style.left = `${share(limits[at].value)}%`; }); }
    }
    const panel = element.parentElement; // a name that has come may take a second line
    if (!again && panel.closest(".crowded,.gauge") && panel.scrollHeight > panel.clientHeight + 1) draw(element, true);
  }

  // The names of a group: what is a level of urgency has its colour, what is only an id is told as one.
  function label(element, parts) {
    const key = parts.map((part) => `${part.level}|${part.id}|${part.text}`).join();
    if (element.dataset.key === key) return;
    element.dataset.key = key;
    element.title = parts.map((part) => part.text).join(" · ");
    element.replaceChildren(...parts.flatMap((part, index) => [...(index ? [" · "] : []), ioc.make("span", `${part.level ? `urgency lv-${part.level}` : ""}${part.id ? "id" : ""}`, part.text)]));
  }
})();
