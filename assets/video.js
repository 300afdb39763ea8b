// Video on the map: up to nine tiles docked beside it. Which are open stands in the address (`video=a,b`), so that a tablet
// can send them to a wall; the server is told each 5 s what is shown, and tells where it comes from and who watches.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const video = (ioc.video = {});
  const MOST = 9;
  const RENEW_MS = 5000;
  const ANSWER_MS = 4000;
  const TICK_MS = 500;
  const ID = /^[^\s,|=\u0000-\u001f\u007f]{1,64}$/;
  const word = (...parts) => ioc.videoWord(...parts);
  const page = [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

  const tiles = new Map(); // id -> tile, in the order in which they were opened
  let box = null; // the panel of the map
  let dock = null, grid = null, said = null, count = null;
  let timer = 0, asking = false, again = false;
  let told = ""; // the world that was asked for last

  video.may = () => Boolean(box && box.isConnected && "video" in box.dataset);
  video.tiles = () => tiles;
  video.page = page;

  // ---- the dock ----

  video.attach = (panel) => {
    if (box !== panel) { drop(); box = panel; }
    if (video.may()) video.follow();
  };

  function build() {
    dock = ioc.make("aside", "video-dock");
    dock.setAttribute("aria-label", word("dock"));
    const bar = ioc.make("div", "video-bar");
    const all = ioc.make("button", "video-act", word("closeAll"));
    all.type = "button";
    all.addEventListener("click", () => { [...tiles.keys()].forEach(shut); changed(""); focusMap(); });
    count = ioc.make("b");
    said = ioc.make("span", "video-note");
    said.setAttribute("role", "status");
    bar.append(count, said, ...("screens" in box.dataset ? ioc.videoSend() : []), all);
    grid = ioc.make("div", "video-grid");
    dock.append(bar, grid);
    box.append(dock);
    new ResizeObserver(fit).observe(box);
    dock.addEventListener("keydown", (event) => { if (event.key === "Escape") { event.stopPropagation(); focusMap(); } });
  }

  // As large as leaves the map in sight: one column, two or three, by how many there are and by the panel's own shape; below
  // the map's title where it would lie on it.
  function fit() {
    if (!dock || dock.hidden || !box.clientWidth) return;
    const unit = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const columns = tiles.size > 4 ? 3 : tiles.size > 1 ? 2 : 1, rows = Math.ceil(tiles.size / columns);
    const narrow = box.clientWidth < 80 * unit;
    const share = { 1: narrow ? 0.5 : 0.36, 2: narrow ? 0.72 : 0.56, 3: narrow ? 0.9 : 0.78 }[columns];
    const size = (top) => {
      const tall = box.clientHeight - top - 3.4 * unit - dock.firstChild.offsetHeight - rows * 6.4 * unit;
      const wide = Math.min((share * box.clientWidth) / columns, ((tall / rows) * 16) / 9);
      dock.style.top = `${top}px`;
      dock.style.setProperty("--columns", columns);
      dock.style.setProperty("--tile", `${Math.max(10 * unit, Math.floor(wide))}px`);
    };
    size(1.2 * unit);
    const title = box.querySelector(".map-title");
    if (title && over(title)) size(title.offsetTop + title.offsetHeight + 0.6 * unit);
    cover();
  }

  function over(element) {
    const a = dock.getBoundingClientRect(), b = element.getBoundingClientRect();
    return b.width > 0 && a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  }

  // A legend of which a part would stick out is not shown meanwhile.
  function cover() {
    const here = Boolean(dock) && !dock.hidden;
    for (const each of box.querySelectorAll(".map-legend, .legend")) ioc.flag(each, "under-video", here && over(each));
  }

  function drop() {
    clearTimeout(timer);
    for (const tile of tiles.values()) tile.halt();
    tiles.clear();
    if (dock) dock.remove();
    dock = null;
    if (box) cover();
  }

  // A tile and the place of its camera on the map have one number.
  function number() {
    [...tiles.values()].forEach((tile, place) => {
      const at = tile.at();
      tile.count(place + 1);
      ioc.layers.ring(`video ${tile.id}`, at ? { x: ioc.worldX(at[0]), y: ioc.worldY(at[1]), label: String(place + 1) } : null);
    });
  }

  function note(text) {
    if (said) ioc.text(said, text);
    if (ioc.mapPanel) ioc.mapPanel.say(text);
  }
  video.note = note;
  const focusMap = () => { const map = ioc.layers.map(); if (map) map.getContainer().focus({ preventScroll: true }); };

  // ---- opening and closing ----

  video.open = (id) => {
    if (!video.may() || !ID.test(id)) return;
    if (tiles.has(id)) { tiles.get(id).element.focus({ preventScroll: true }); return; }
    if (tiles.size >= MOST) { note(word("full", MOST)); return; }
    add(id);
    changed(word("opened", id));
  };

  video.close = (id) => {
    const tile = tiles.get(id);
    if (!tile) return;
    const next = tile.element.nextElementSibling || tile.element.previousElementSibling;
    const had = tile.element.contains(document.activeElement);
    shut(id);
    changed(word("closed", id));
    if (had) { if (next && next.isConnected) next.focus({ preventScroll: true }); else focusMap(); }
  };

  function add(id) {
    if (!dock) build();
    const tile = ioc.videoTile(id, video.close);
    tiles.set(id, tile);
    grid.append(tile.element);
  }

  function shut(id) {
    const tile = tiles.get(id);
    tile.halt();
    tile.element.remove();
    tiles.delete(id);
    ioc.layers.ring(`video ${id}`, null);
  }

  function changed(text) {
    if (ioc.mapPanel) ioc.mapPanel.put("video", [...tiles.keys()].join(","));
    settle(text);
  }

  function settle(text) {
    if (dock) { ioc.hide(dock, !tiles.size); ioc.text(count, word("title", tiles.size, MOST)); number(); fit(); cover(); }
    note(text);
    renew();
  }

  // What the address says: when the page comes, and when a screen is told to show others.
  video.follow = () => {
    const asked = (new URLSearchParams(location.search).get("video") || "").split(",").filter((id) => ID.test(id)).slice(0, MOST);
    if (!video.may() || asked.join() === [...tiles.keys()].join()) return;
    for (const id of [...tiles.keys()]) if (!asked.includes(id)) shut(id);
    for (const id of asked) if (!tiles.has(id)) add(id);
    settle("");
  };

  // ---- what the server is told, and tells ----

  const world = () => (ioc.state.settings.length ? ioc.state.settings[0].world : "");
  const body = (cameras) => JSON.stringify({ world: world(), page, cameras });

  function renew() {
    clearTimeout(timer);
    if (asking) { again = true; return; }
    ask();
  }

  async function ask() {
    asking = true;
    again = false;
    told = world();
    const shown = document.hidden ? [] : [...tiles.keys()];
    try {
      const reply = await fetch("/api/v1/video", {
        method: "POST", credentials: "same-origin", headers: { "Content-Type": "application/json" }, body: body(shown), signal: AbortSignal.timeout(ANSWER_MS),
      });
      if (reply.status === 401 || reply.status === 403) for (const tile of tiles.values()) tile.refuse(reply.status === 401 ? "ended" : "denied");
      else if (!reply.ok) throw new Error(`video ${reply.status}`);
      else take(await reply.json());
    } catch { for (const tile of tiles.values()) tile.watched([], false); }
    asking = false;
    if (again) ask();
    else if (tiles.size && !document.hidden) timer = setTimeout(ask, RENEW_MS);
  }

  function take(answer) {
    if (answer.v !== 1 || document.hidden) return;
    for (const camera of answer.cameras) {
      const tile = tiles.get(camera.id);
      if (!tile) continue;
      tile.take(camera);
      tile.watched(camera.watchers, true);
    }
    number();
  }

  // A page that nobody sees plays nothing, and watches nothing.
  document.addEventListener("visibilitychange", () => {
    if (!tiles.size) return;
    if (document.hidden) for (const tile of tiles.values()) tile.halt();
    renew();
  });
  window.addEventListener("pagehide", () => {
    if (tiles.size) navigator.sendBeacon("/api/v1/video", new Blob([body([])], { type: "application/json" }));
  });
  setInterval(() => {
    if (box && !box.isConnected) { drop(); box = null; }
    if (tiles.size && told !== world()) { for (const tile of tiles.values()) tile.halt(); renew(); } // no picture of now in a playback
    for (const tile of tiles.values()) tile.tick();
    if (tiles.size) cover();
  }, TICK_MS);
})();
