// Units for an incident: the rows that the rules propose, ticked, each with its reason; a tick writes a name into the field of
// the form or takes it out, so that whoever is not listed is typed there.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const { desk } = ioc;
  const units = (desk.units = {});
  const MOST = 8; // that are listed beside those proposed
  const WORDS = {
    loading: ["正在推荐力量…", "Looking for units…"], title: ["推荐力量：{0}", "Proposed units: {0}"], none: ["没有可推荐的力量，请直接填写", "No unit to propose: name them"], away: ["推荐读取失败（{0}），请直接填写", "No proposal ({0}): name them"], minutes: ["{0} 分", "{0} min"],
    ready: ["空闲", "free"], busy: ["出勤中", "busy"], off: ["不当班", "off duty"], unfit: ["不符", "unfit"], unknown: ["位置不明", "nobody knows where"],
  };
  const word = (key, ...parts) => WORDS[key][ioc.english() ? 1 : 0].replace(/\{(\d)\}/g, (_, index) => parts[index]);
  units.names = (text) => text.trim().split(/[\s,，、;；]+/).filter(Boolean);
  units.key = () => [...crypto.getRandomValues(new Uint8Array(8))].map((each) => each.toString(16).padStart(2, "0")).join("");

  // The rows for a form, with its field; `form.proposed` becomes what was shown as proposed.
  units.rows = (id, form, field) => {
    const place = ioc.make("div", "units");
    place.append(ioc.make("p", "note", word("loading")));
    field.addEventListener("input", () => mark(place, field));
    fill(id, form, field, place);
    return place;
  };

  async function fill(id, form, field, place) {
    let found = null;
    try { found = await desk.ask(`/api/v1/incidents/${encodeURIComponent(id)}/units?limit=${MOST}`); } catch (problem) { place.replaceChildren(ioc.make("p", "note", word("away", desk.why(problem)))); return; }
    if (!place.isConnected) return;
    if (!found.units.length) { place.replaceChildren(ioc.make("p", "note", word("none"))); return; }
    form.proposed = found.units.filter((each) => each.chosen).map((each) => each.unit);
    if (!field.value.trim()) { field.value = form.proposed.join(" "); field.dispatchEvent(new Event("input", { bubbles: true })); }
    const list = ioc.make("ul");
    list.append(...found.units.map((each) => row(each, field)));
    place.replaceChildren(ioc.make("p", "note", word("title", [ioc.name(found.type), ...found.requires.map((each) => ioc.name(each))].join(ioc.word("semicolon")))), list);
    mark(place, field);
  }

  function row(each, field) {
    const line = ioc.make("li"), label = ioc.make("label");
    const tick = Object.assign(ioc.make("input"), { type: "checkbox", value: each.unit });
    tick.addEventListener("change", () => {
      const left = units.names(field.value).filter((name) => name !== each.unit);
      field.value = (tick.checked ? [...left, each.unit] : left).join(" ");
      field.dispatchEvent(new Event("input", { bubbles: true }));
    });
    label.append(tick, ioc.make("b", "", ioc.name(each.name)), ioc.make("strong", "", each.minutes === null ? "—" : word("minutes", Math.round(each.minutes))), ioc.make("small", "", `${word(each.state)} · ${ioc.name(each.why)}`));
    line.append(label);
    return line;
  }
  function mark(place, field) {
    const named = new Set(units.names(field.value));
    place.querySelectorAll("input[type=checkbox]").forEach((tick) => { tick.checked = named.has(tick.value); });
  }
})();
