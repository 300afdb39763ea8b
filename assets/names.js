// Names: what a screen says for a group and for a number: the words of the pack, the names of a register, or that it is an id.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const SOON_MS = 200; // the values of one drawing are asked for together
  const AGAIN_MS = 60000; // who was unknown may have been registered since
  const MOST = 60; // values of one question
  const ANSWER_MS = 15000;
  const known = new Map(); // world|scene|dimension|value -> [zh, en]; false: asked for; null: the register lacks it
  let wanted = new Map(); // world|scene|dimension -> values
  let timer = 0;

  const own = (table, key) => (table && Object.hasOwn(table, key) ? table[key] : null);
  const said = (names) => (ioc.english() ? names[1] || names[0] : names[0]);

  // The parts of a group, one per dimension: {text, level, id}; `id`: it is no name, and says so.
  ioc.groupParts = (settings, cell) => Object.entries(cell.d || {}).map(([dimension, value]) => {
    const named = own(own(settings.names, dimension), value);
    if (named) return { text: said(named), level: named[2] || null, id: false };
    if (!value) return { text: ioc.word("unnamed"), level: null, id: false };
    if (!settings.registers.includes(dimension)) return { text: value, level: null, id: false };
    const found = known.get(`${settings.world}|${settings.scene}|${dimension}|${value}`);
    if (found === undefined) want(settings, dimension, value);
    if (found) return { text: said(found), level: null, id: false };
    return found === null ? { text: ioc.word("asId", value), level: null, id: true } : { text: value, level: null, id: false };
  });
  ioc.group = (settings, cell) => ioc.groupParts(settings, cell).map((part) => part.text).join(" · ");

  // A number, or what the pack says for it.
  ioc.says = (indicator, value) => (value === null ? null : own(indicator.says, String(Math.round(value))));
  ioc.value = (indicator, value) => { const words = ioc.says(indicator, value); return words ? said(words) : ioc.shown(value, indicator.decimals); };
  ioc.valued = (indicator, value) => ioc.value(indicator, value) + (indicator.unit && !ioc.says(indicator, value) ? `\u00a0${indicator.unit}` : "");
  ioc.limitSaid = (indicator, value) => { const words = Number.isInteger(value) ? ioc.says(indicator, value) : null; return words ? said(words) : ioc.plain(value); };

  function want(settings, dimension, value) {
    const key = `${settings.world}|${settings.scene}|${dimension}`;
    wanted.set(key, (wanted.get(key) || new Set()).add(value));
    if (!timer) timer = setTimeout(ask, SOON_MS);
  }

  async function ask() {
    const questions = [...wanted];
    wanted = new Map();
    timer = 0;
    for (const [key, values] of questions) {
      const [world, scene, dimension] = key.split("|");
      const all = [...values];
      all.forEach((value) => known.set(`${key}|${value}`, false));
      for (let at = 0; at < all.length; at += MOST) await few(world, scene, dimension, key, all.slice(at, at + MOST));
    }
    setTimeout(() => known.forEach((names, key) => { if (!names) known.delete(key); }), AGAIN_MS);
  }

  async function few(world, scene, dimension, key, values) {
    const query = new URLSearchParams({ world, scene, dimension });
    values.forEach((value) => query.append("value", value));
    try {
      const reply = await fetch(`/api/v1/names?${query}`, { credentials: "same-origin", signal: AbortSignal.timeout(ANSWER_MS) });
      if (!reply.ok) return;
      const { names } = await reply.json();
      for (const value of values) known.set(`${key}|${value}`, own(names, value));
      if (ioc.state && ioc.state.root) { ioc.state.everything = true; ioc.schedule(); }
    } catch { /* asked again later */ }
  }
})();
