// Supplies and shelters: what there is, what is issued and returned, who is taken in; low stock is said in words.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const { desk } = ioc;
  const { roster } = desk;
  const COLUMNS = "kind,zh,en,sort,unit,region,place,lon,lat,planned,least,amount";
  const MOVES = { supply: ["issue", "return", "receive", "correct"], shelter: ["admit", "leave", "correct"] };
  const TEXTS = ["zh", "en", "sort", "unit", "region", "place"];
  const WORDS = {
    supply: ["应急物资", "Supplies"], shelter: ["避难场所", "Shelters"], issue: ["领用", "Issue"], return: ["归还", "Return"], receive: ["入库", "Receive"], admit: ["安置", "Take in"], leave: ["离开", "Leave"], correct: ["盘点", "Count"], movement: ["变动", "Move"], amount: ["数量", "Amount"], note: ["备注", "Note"], save: ["保存", "Save"],
    add: ["新增", "Add"], edit: ["更改", "Edit"], remove: ["撤下", "Take off the list"], done: ["现有 {0}", "{0} are there now"], saved: ["已保存", "Saved"], name: ["名称", "Name"], where: ["地点", "Where"], there: ["现有", "There"], planned: ["计划", "Planned"], room: ["容量", "Room"], least: ["最低", "Least"], left: ["余量", "Left"], low: ["低于最低库存", "low"], full: ["已满", "full"],
    zh: ["名称", "Name (zh)"], en: ["英文名称", "Name (en)"], sort: ["类别", "Sort"], unit: ["单位", "Unit"], region: ["区域代码", "Region code"], place: ["地点", "Place"], lon: ["经度", "Longitude"], lat: ["纬度", "Latitude"],
    empty: ["还没有登记。按“新增”，或导入 CSV。", "Nothing is listed yet: add one, or import a CSV."], choose: ["选一项看变动记录", "Choose one to see what came and went"], second_none: ["变动记录", "What came and went"], second: ["变动记录：{0}", "What came and went: {0}"], none: ["无", "None"], few: ["{0} 项低于最低库存", "{0} below what must be there"], fine: ["库存充足", "Nothing is low"], places: ["可再安置 {0} 人", "room for {0} more"],
  };
  const word = (key, ...parts) => WORDS[key][ioc.english() ? 1 : 0].replace(/\{(\d)\}/g, (_, index) => parts[index]);
  const make = (...all) => ioc.make(...all), text = (...all) => ioc.text(...all);
  let chosen = "", page = null, kind = "supply";
  const named = (item) => (ioc.english() && item.en) || item.zh;
  const figure = (number) => number.toLocaleString("en-US");

  function move(item) {
    const what = desk.select(MOVES[item.kind].map((each) => [each, word(each)]), MOVES[item.kind][0]), amount = desk.input({ type: "number", min: 0, step: 1, required: true }), note = desk.input({ maxLength: 200 });
    const key = `m-${crypto.randomUUID()}`; // of this form: sent twice it moves once
    desk.box({ title: named(item), submit: word("save"), parts: [desk.labelled(word("movement"), what), desk.labelled(word("amount"), amount), desk.labelled(word("note"), note)],
      send: () => { chosen = item.id; return roster.send(`/api/v1/means/items/${item.id}/move`, { movement: what.value, amount: Math.trunc(Number(amount.value)), note: note.value, key }, (answer) => word("done", figure(answer.amount))); } });
  }

  function edit(item) {
    const fields = Object.fromEntries(TEXTS.filter((name) => kind === "supply" || name !== "sort").map((name) => [name, desk.input({ value: item ? item[name] : "", maxLength: 64 })]));
    const numbers = { planned: desk.input({ type: "number", min: 0, value: item ? item.planned : "" }), ...(kind === "supply" ? { least: desk.input({ type: "number", min: 0, value: item ? item.least : 0 }) } : { lon: desk.input({ value: item && item.lon !== null ? item.lon : "" }), lat: desk.input({ value: item && item.lat !== null ? item.lat : "" }) }) };
    const parts = Object.entries({ ...fields, ...numbers }).map(([name, made]) => desk.labelled(word(kind === "shelter" && name === "planned" ? "room" : name), made));
    if (item) {
      const gone = desk.button(word("remove"));
      gone.addEventListener("click", () => form.attempt(() => roster.send(`/api/v1/means/items/${item.id}/remove`, {}, () => word("saved"))));
      parts.push(gone);
    }
    const number = (made) => (made.value.trim() === "" ? null : Number(made.value));
    const form = desk.box({ title: word(item ? "edit" : "add"), submit: word("save"), parts,
      send: () => {
        const body = { ...(item ? { id: item.id, sort: item.sort } : {}), kind, ...Object.fromEntries(Object.entries(fields).map(([name, made]) => [name, made.value])), ...Object.fromEntries(Object.entries(numbers).map(([name, made]) => [name, number(made)])) };
        ["planned", "least"].forEach((name) => { if (name in body) body[name] = Math.trunc(body[name] || 0); });
        return roster.send("/api/v1/means/items", body, () => word("saved"));
      } });
  }

  function row(item) {
    const line = make("div", `means-row${item.id === chosen ? " is-chosen" : ""}`), name = make("button", "means-name");
    name.type = "button";
    name.append(make("b", "", named(item)), make("small", "", [item.sort !== item.zh && item.sort, item.region && desk.region(item.region), item.place].filter(Boolean).join(" · ")));
    name.addEventListener("click", () => { chosen = item.id; draw(); history_(item); });
    const state = item.low ? word("low") : item.kind === "shelter" && item.left <= 0 ? word("full") : "";
    line.append(name, make("span", "means-number", `${figure(item.amount)}${item.unit && ` ${item.unit}`}`), make("span", "means-number", figure(item.planned)), make("span", "means-number", figure(item.kind === "shelter" ? item.left : item.least)), state ? make("b", "tag means-low", state) : make("span"));
    const acts = make("div", "choices");
    if (page.may_edit) [[word("movement"), move], [word("edit"), edit]].forEach(([title, act]) => { const button = desk.button(title); button.setAttribute("aria-label", `${title} ${named(item)}`); button.addEventListener("click", () => act(item)); acts.append(button); });
    line.append(acts);
    return line;
  }

  async function history_(item) {
    text(desk.at("roster-second"), word("second", named(item)));
    const answer = await desk.ask(`/api/v1/means/items/${item.id}/movements`).catch((problem) => { desk.say(desk.why(problem)); return null; });
    if (!answer || chosen !== item.id || !roster.open(kind)) return;
    const lines = answer.movements.map((each) => {
      const line = make("li");
      line.append(make("b", "means-delta", `${each.delta > 0 ? "+" : each.delta < 0 ? "−" : ""}${figure(Math.abs(each.delta))}`), make("span", "", [word(each.movement), each.note].filter(Boolean).join("：")), make("span", "who", `${each.by} ${desk.moment(each.at)}`));
      return line;
    });
    desk.at("roster-side").replaceChildren(...(lines.length ? lines : [make("li", "note", word("none"))]));
  }

  function draw() {
    const items = page.items.filter((each) => each.kind === kind), low = items.filter((each) => each.low).length;
    text(desk.at("roster-title"), word(kind));
    text(desk.at("roster-note"), "");
    const left = items.reduce((sum, each) => sum + (each.left || 0), 0);
    text(desk.at("roster-now"), !items.length ? "" : kind === "shelter" ? word("places", figure(left)) : low ? word("few", low) : word("fine"));
    const titles = make("div", "means-row titles");
    titles.append(...[word("name"), word("there"), word(kind === "shelter" ? "room" : "planned"), word(kind === "shelter" ? "left" : "least"), "", ""].map((each) => make("span", "", each)));
    desk.at("roster-main").replaceChildren(...(items.length ? [titles, ...items.map(row)] : [make("p", "empty", word("empty"))]));
    if (!items.some((each) => each.id === chosen)) { text(desk.at("roster-second"), word("second_none")); desk.at("roster-side").replaceChildren(make("li", "note", word("choose"))); }
    roster.edits(page.edits);
    roster.acts(!page.may_edit ? [] : [
      [word("add"), () => edit(null), true], [roster.word("import"), () => roster.import("/api/v1/means/import", COLUMNS, (answer) => answer.items)],
      page.edits.length && [roster.word("undo"), () => roster.undo("/api/v1/means/undo")],
    ]);
  }
  const read = (name) => async () => {
    page = await desk.ask("/api/v1/means");
    if (!roster.open(name)) return;
    kind = name;
    draw();
    const item = page.items.find((each) => each.id === chosen && each.kind === kind);
    if (item) await history_(item);
  };
  ["supply", "shelter"].forEach((name) => { roster.tabs[name] = read(name); });
})();
