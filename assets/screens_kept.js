// What is kept of screens: the devices on walls that were let in, and what each screen is. For who may manage them.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const SETTINGS = ["zh", "en", "width_mm", "distance_mm", "rotation", "pinned", "reload_at"];
  const WORDS = {
    far: ["{1} 米过远：字已放到最大，最远 {0} 米可读（逐路、逐街道的场景 {2} 米）", "{1} m is too far: letters are as large as the layout holds, read from {0} m at most (scenes with a row each road or subdistrict: {2} m)"],
    farther: ["字已放大到 {1} 米可读；逐路、逐街道的场景无处放大，最远 {2} 米", "letters are enlarged to be read from {1} m; scenes with a row each road or subdistrict have no room and are read from {2} m at most"], revoke: ["吊销", "Revoke"], refuse: ["拒绝", "Refuse"],
    sure: ["再按一次确认", "press again to confirm"],
  };
  const word = (key, ...parts) => WORDS[key][ioc.english() ? 1 : 0].replace(/\{(\d)\}/g, (_, index) => parts[index]);
  const at = (id) => document.getElementById(id);
  const rows = (...all) => ioc.screens.rows(...all);
  const send = (...all) => ioc.screens.send(...all);

  function devices(state) {
    const box = at("devices-list");
    if (!box || !state.devices) return;
    rows(box, state.devices, (one) => one.id, (one) => {
      const line = ioc.make("div", "device");
      const text = ioc.make("span");
      text.append(ioc.make("b"), ioc.make("div"));
      const button = ioc.make("button", "choice", word(one.state === "waiting" ? "refuse" : "revoke"));
      button.type = "button";
      button.dataset.revoke = one.id;
      line.append(text, button);
      return line;
    }, (line, one) => {
      const [title, about] = line.firstChild.children;
      ioc.text(title, one.state === "waiting" ? `${one.code.slice(0, 4)}-${one.code.slice(4)}` : one.screen);
      ioc.text(about, [one.address, one.state === "waiting" ? ioc.screens.until(one.code_until_ms) : `${ioc.isoDate(one.approved_ms)} ${one.approved_by}`].join(" · "));
      line.dataset.code = one.code;
    });
    const select = at("device-screen");
    rows(select, state.screens, (one) => one.name, (one) => { const option = ioc.make("option"); option.value = one.name; return option; }, (option, one) => ioc.text(option, `${ioc.name(one)} ${one.name}`));
  }

  let filled = "";
  function settings(each) {
    if (!at("screen-settings") || !each) return;
    const metres = (mm) => (Math.floor(mm / 100) / 10).toFixed(1);
    const said = [metres(each.farthest_mm), metres(each.distance_mm), metres(each.planned_mm)];
    const beyond = each.distance_mm > each.farthest_mm ? "far" : each.distance_mm > each.planned_mm ? "farther" : null;
    ioc.text(at("settings-note"), beyond ? word(beyond, ...said) : each.name);
    ioc.flag(at("settings-note"), "far", beyond === "far");
    const now = JSON.stringify([each.name, ...SETTINGS.map((name) => each[name])]);
    if (now === filled) return;
    filled = now;
    for (const name of SETTINGS) at(`set-${name}`).value = setting(each, name);
  }

  function setting(each, name) {
    if (name === "rotation") return each.rotation.map(([id, seconds]) => `${id || "overview"}:${seconds}`).join(", ");
    if (name === "pinned") return each.pinned === null ? "" : each.pinned || "overview";
    return String(each[name]);
  }

  ioc.screensKept = { draw: (state, screen) => { devices(state); settings(screen); }, forget: () => { filled = ""; } };

  // What cannot be undone is pressed twice.
  function sure(button, act) {
    if (button.dataset.sure) { ioc.text(button, button.dataset.sure); delete button.dataset.sure; act(); return; }
    button.dataset.sure = button.textContent;
    button.textContent = word("sure");
    setTimeout(() => { if (button.dataset.sure) { button.textContent = button.dataset.sure; delete button.dataset.sure; } }, 4000);
  }

  document.addEventListener("click", (event) => {
    const button = ioc.screens.ready() && event.target.closest("button");
    if (!button) return;
    if (button.dataset.revoke) sure(button, () => send("/screens/devices/revoke", { id: button.dataset.revoke }));
    else if (button.id === "screen-remove") sure(button, () => send(`/screens/${ioc.screens.chosen()}/remove`, {}).then((done) => { if (done) ioc.screens.choose(""); }));
  });

  document.addEventListener("submit", (event) => {
    if (!ioc.screens.ready()) return;
    event.preventDefault();
    if (event.target.id === "device-approve") send("/screens/devices/approve", { code: at("device-code").value, screen: at("device-screen").value }).then((done) => { if (done) at("device-code").value = ""; });
    if (event.target.id === "screen-settings") send(`/screens/${ioc.screens.chosen()}/change`, Object.fromEntries(SETTINGS.map((name) => [name, at(`set-${name}`).value])));
    if (event.target.id === "screen-add") { const name = at("add-name").value.trim(); send("/screens/add", { name }).then((done) => { if (done) { at("add-name").value = ""; ioc.screens.choose(name); } }); }
  });

  // A code that waits is put into the field by a tap on it.
  document.addEventListener("click", (event) => {
    const line = ioc.screens.ready() && event.target.closest(".device");
    if (line && line.dataset.code && !event.target.closest("button")) at("device-code").value = `${line.dataset.code.slice(0, 4)}-${line.dataset.code.slice(4)}`;
  });
})();
