// Intake by hand: a dialog that Tab goes through; the place by an address or by a click on the map, the region from it.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const { desk } = ioc;
  const intake = (desk.intake = {});
  const TYPED_MS = 250;
  const WORDS = {
    title: ["新事件", "A new incident"], what: ["发生了什么", "What happened"], where: ["地点", "Where"], find: ["地址；或在地图上点选", "an address, or a click on the map"], make: ["建立并接手", "Make and take it"], cancel: ["取消", "Cancel"],
    pick: ["地图点选", "Click on the map"], picking: ["在地图上点一下；Esc 返回", "Click on the map; Escape comes back"], text: ["描述", "Text"], phone: ["报告人电话", "Caller's telephone"], caller: ["报告人", "Caller"], kind: ["类别", "Kind"], class: ["事件类别", "Class"], level: ["级别", "Level"], ungraded: ["未定级", "not graded"],
    unknown: ["辖区内没有这样的地址", "There is no such address"], outside: ["此点不在辖区", "The point lies outside of the district"], many: ["可能是：", "It may be: "], whole: ["未定位：按全区受理", "no place: of the whole district"], missing: ["须写明发生了什么", "Say what happened"], proposed: ["未选时按规则：{0}（{1}）", "by the rules, where nothing is chosen: {0} ({1})"],
  };
  const word = (key) => WORDS[key][ioc.english() ? 1 : 0];
  let said = null; // what is typed so far
  let typing = 0, asked = 0, picking = false;
  const box = () => desk.at("desk-new");

  intake.open = () => {
    if (!box()) return;
    if (!said) said = { kind: "incident", title: "", class: "", level: "0", region: "", lon: null, lat: null, ref: [...crypto.getRandomValues(new Uint8Array(8))].map((each) => each.toString(16)).join(""), address: "", caller: "", phone: "", text: "" };
    draw();
    desk.dialog(box());
  };

  function input(name, more) {
    const label = ioc.make("label", "desk-field");
    const field = Object.assign(ioc.make(more && more.rows ? "textarea" : "input", "typed"), { autocomplete: "off", ...more });
    label.append(ioc.make("span", "", word(name === "title" ? "what" : name === "address" ? "where" : name)), field);
    field.dataset.intake = name;
    field.value = said[name];
    return label;
  }
  function select(name, options) {
    const label = ioc.make("label", "desk-field");
    const field = ioc.make("select", "desk-select");
    field.append(...options.map(([value, text]) => Object.assign(ioc.make("option", "", text), { value })));
    field.dataset.intake = name;
    field.value = said[name];
    label.append(ioc.make("span", "", word(name)), field);
    return label;
  }

  function draw() {
    const form = ioc.make("form", "intake-form");
    const classes = desk.names().classes.filter((each) => each.id).map((each) => [each.id, ioc.name(each)]);
    const place = ioc.make("div", "intake-place");
    const pick = Object.assign(ioc.make("button", "choice", word("pick")), { type: "button", id: "intake-pick" });
    const found = Object.assign(ioc.make("div", "intake-found"), { id: "intake-found" });
    found.setAttribute("role", "status");
    place.append(input("address", { placeholder: word("find"), maxLength: 200 }), pick, found);
    const bar = ioc.make("div", "choices");
    const submit = Object.assign(ioc.make("button", "choice first"), { type: "submit" });
    submit.append(ioc.make("span", "", word("make")), ioc.make("kbd", "", "Enter"));
    const cancel = Object.assign(ioc.make("button", "choice"), { type: "button", id: "intake-cancel" });
    cancel.append(ioc.make("span", "", word("cancel")), ioc.make("kbd", "", "Esc"));
    bar.append(submit, cancel);
    const fault = ioc.make("p", "form-fault");
    fault.setAttribute("role", "alert");
    form.append(
      input("title", { maxLength: 200, required: true }), place,
      select("class", [["", "—"], ...classes]),
      select("level", [["0", word("ungraded")], ...[1, 2, 3, 4].map((level) => [String(level), desk.levelText(level)])]),
      Object.assign(ioc.make("p", "intake-found"), { id: "intake-grade" }),
      select("kind", Object.entries(desk.names().cycles).map(([kind, of]) => [kind, ioc.name(of)])),
      input("caller", { maxLength: 60 }), input("phone", { maxLength: 30, inputMode: "tel" }), input("text", { rows: 2, maxLength: 2000 }),
      fault, bar,
    );
    box().replaceChildren(ioc.make("h2", "", word("title")), form);
    tell();
  }

  // Where it is, as far as that is known.
  function tell(text, candidates) {
    const place = desk.at("intake-found");
    if (!place) return;
    place.replaceChildren(text || (said.region ? `${desk.region(said.region)}${said.lon === null ? "" : ` ${said.lon.toFixed(5)}, ${said.lat.toFixed(5)}`}` : word("whole")));
    for (const each of candidates || []) {
      const button = Object.assign(ioc.make("button", "choice", each.regions.map((one) => ioc.name(one)).slice(0, 3).join(" · ")), { type: "button" });
      button.dataset.region = code(each.regions);
      place.append(button);
    }
  }
  // The smallest region of a chain that incidents are told by.
  const code = (regions) => (regions.find((each) => ["committee", "subdistrict", "district"].includes(each.level)) || { code: "" }).code;

  async function resolve(search, at) {
    const mine = (asked += 1);
    try {
      const answer = await desk.ask(`/api/v1/regions/resolve?${new URLSearchParams(search)}`);
      if (mine !== asked || !said) return;
      Object.assign(said, at, { region: code(answer.regions) });
      if (answer.near && at.lon !== null && !said.address) { said.address = answer.near.regions.slice(0, 1).map((one) => ioc.name(one)).join(""); const field = box().querySelector("[data-intake=address]"); if (field) field.value = said.address; }
      tell(answer.regions.length ? "" : word("many"), answer.regions.length ? [] : answer.candidates.slice(0, 4));
    } catch (problem) {
      if (mine !== asked || !said) return;
      Object.assign(said, { region: "", lon: null, lat: null });
      tell(problem.status === 404 ? word(at.lon === null ? "unknown" : "outside") : desk.why(problem));
    }
  }

  // The dialog gives way while a point is chosen; it comes back with it.
  function pickPoint() {
    const leaflet = ioc.layers.map();
    if (!leaflet) return;
    picking = true;
    ioc.hide(box(), true);
    desk.say(word("picking"));
    leaflet.getContainer().classList.add("picking");
    leaflet.once("click", (event) => {
      if (!picking) return;
      pickEnd();
      resolve({ lon: event.latlng.lng.toFixed(6), lat: event.latlng.lat.toFixed(6) }, { lon: event.latlng.lng, lat: event.latlng.lat });
      const field = box().querySelector("[data-intake=class]");
      if (field) field.focus();
    });
  }
  function pickEnd() {
    picking = false;
    ioc.layers.map().getContainer().classList.remove("picking");
    desk.say("");
    ioc.hide(box(), false);
  }

  // Class and level by the rules, with what spoke for them; what somebody has chosen stays.
  let grading = 0;
  function propose() {
    clearTimeout(grading);
    grading = setTimeout(async () => {
      if (!said || !said.title.trim()) return;
      try {
        const found = await desk.ask(`/api/v1/incidents/grade?${new URLSearchParams({ title: said.title, text: said.text, class: said.class })}`);
        const why = found.grounds.map((each) => (ioc.english() ? each.en : each.zh)).join(ioc.word("semicolon"));
        ioc.text(desk.at("intake-grade"), said && word("proposed").replace("{0}", [found.class && desk.class(found.class), desk.levelText(found.level)].filter(Boolean).join(" ")).replace("{1}", why));
      } catch { /* the form goes without */ }
    }, TYPED_MS);
  }

  async function make() {
    const fault = box().querySelector(".form-fault");
    if (!said.title.trim()) { ioc.text(fault, word("missing")); box().querySelector("[data-intake=title]").focus(); return; }
    const facts = Object.fromEntries(["address", "caller", "phone", "text"].filter((name) => said[name].trim()).map((name) => [name, said[name].trim()]));
    try {
      const made = await desk.ask("/api/v1/incidents/by-hand", {
        ref: said.ref, world: desk.world(), kind: said.kind, title: said.title.trim(), class: said.class, level: Number(said.level), region: said.region, lon: said.lon, lat: said.lat, facts,
      });
      said = null;
      desk.dialog(null);
      desk.choose(made.row.id);
    } catch (problem) { ioc.text(fault, desk.why(problem)); }
  }

  document.addEventListener("input", (event) => {
    const name = event.target.dataset && event.target.dataset.intake;
    if (!name || !said) return;
    said[name] = event.target.value;
    if (["title", "text", "class"].includes(name)) propose();
    if (name !== "address") return;
    clearTimeout(typing);
    asked += 1;
    Object.assign(said, { region: "", lon: null, lat: null });
    const text = said.address.trim();
    if (text.length < 2) { tell(); return; }
    typing = setTimeout(() => resolve({ address: text }, { lon: null, lat: null }), TYPED_MS);
  });
  document.addEventListener("click", (event) => {
    if (!said || !box()) return;
    if (event.target.closest("#intake-pick")) pickPoint();
    if (event.target.closest("#intake-cancel")) { said = null; desk.dialog(null); }
    const candidate = event.target.closest("#intake-found [data-region]");
    if (candidate) { said.region = candidate.dataset.region; tell(); }
  });
  document.addEventListener("submit", (event) => { if (event.target.classList.contains("intake-form")) { event.preventDefault(); make(); } });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && picking) { event.preventDefault(); event.stopImmediatePropagation(); pickEnd(); }
    if (event.key === "Enter" && event.target.matches && event.target.matches(".intake-form select")) { event.preventDefault(); make(); }
  }, true);
})();
