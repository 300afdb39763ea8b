// A tile of video: the camera's name, its picture, what is wrong with it and since when, and who watches it.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const word = (...parts) => ioc.videoWord(...parts);

  // `close` is called when somebody closes it. Everything that was received is written as text.
  ioc.videoTile = (id, close) => {
    const element = ioc.make("section", "video-tile"), stage = ioc.make("div", "video-stage");
    const number = ioc.make("i", "video-number"), name = ioc.make("b", "video-name", id), origin = ioc.make("span", "tag dashed video-origin"), shut = ioc.make("button", "video-close", "×");
    const said = ioc.make("p", "video-said"), facts = ioc.make("span", "video-facts"), code = ioc.make("span", "video-id"), seenBy = ioc.make("button", "video-watchers"), who = ioc.make("ul", "video-who");
    const head = ioc.make("header", "video-head"), foot = ioc.make("footer", "video-foot");
    element.tabIndex = 0;
    element.dataset.camera = id;
    shut.type = seenBy.type = "button";
    origin.hidden = who.hidden = said.hidden = true;
    seenBy.setAttribute("aria-expanded", "false");
    head.append(number, name, origin, shut);
    foot.append(facts, code, seenBy);
    stage.append(said);
    element.append(head, stage, foot, who);

    let told = null, player = null, signature = "", reason = "", way = "";
    let facts_ = null; // what its player noticed

    shut.addEventListener("click", () => close(id));
    seenBy.addEventListener("click", () => { who.hidden = !who.hidden; seenBy.setAttribute("aria-expanded", String(!who.hidden)); });
    element.addEventListener("keydown", (event) => {
      if (!["Escape", "Delete", "Backspace"].includes(event.key) || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      event.stopPropagation();
      close(id);
    });

    function play() {
      way = ioc.videoPlayers.way(told);
      if (!way) { reason = "cannot"; return; }
      facts_ = { began: ioc.realNow(), seen: null, failed: false, every: way === "snapshots" ? told.every_s * 1000 : 0 };
      const mine = facts_;
      player = ioc.videoPlayers[way](stage, told, {
        seen: (ms) => { mine.seen = ms; mine.failed = false; tick(); },
        answered: () => { mine.failed = false; },
        failed: () => { mine.failed = true; tick(); },
      });
    }

    function halt() { if (player) player.stop(); player = null; facts_ = null; signature = ""; }

    // What the server says of the camera; the player goes on where nothing of it changed.
    function take(camera) {
      told = camera;
      const now = camera.state === "ok" ? `${camera.way} ${camera.url} ${camera.pictures} ${camera.every_s}` : camera.state;
      if (now !== signature) {
        halt();
        signature = now;
        reason = camera.state === "ok" ? "" : camera.state;
        if (!reason) play();
      }
      tick();
    }

    function refuse(why) { halt(); reason = why; tick(); }

    function tick() {
      const now = ioc.realNow();
      const verdict = reason ? { is: "off" } : facts_ ? ioc.videoVerdict(facts_, now) : { is: "connecting" };
      const title = told && (ioc.english() ? told.en : told.zh);
      ioc.put(element, "data-state", verdict.is);
      ioc.text(name, title || id);
      ioc.put(name, "title", title ? `${title} ${id}` : id);
      ioc.put(shut, "aria-label", word("close", title || id));
      const mark = told && told.origin !== "real" && told.state === "ok" ? word(told.origin) : "";
      ioc.hide(origin, !mark);
      ioc.text(origin, mark);
      const text = verdict.is === "off" ? word(reason) : verdict.is === "connecting" ? word("connecting") : verdict.is === "playing" ? "" : word(verdict.is === "lost" && facts_.seen === null ? "never" : verdict.is, ioc.clockSeconds(verdict.since));
      ioc.hide(said, !text);
      ioc.text(said, text);
      const shown = facts_ && facts_.seen !== null;
      const way_ = shown ? (facts_.every ? word("pictures", ioc.age(now - facts_.seen)) : word("stream", { hls: "HLS", webrtc: "WebRTC" }[way])) : "";
      ioc.text(facts, way_);
      ioc.text(code, title ? id : "");
      ioc.put(element, "aria-label", word("tile", title || id, text || way_));
    }

    function watched(list, known) {
      ioc.hide(seenBy, !told || told.state !== "ok");
      ioc.text(seenBy, !known ? word("unknownWatchers") : list.length > 1 ? word("watching", list.length) : word("watchingOne"));
      const lines = list.map((each) => word("since", `${each.title}${each.screen ? word("here") : ""}`, ioc.clockSeconds(each.since)));
      if (who.dataset.lines === lines.join("\n")) return;
      who.dataset.lines = lines.join("\n");
      who.replaceChildren(...lines.map((line) => ioc.make("li", "", line)));
    }

    tick();
    return { id, element, take, refuse, tick, watched, halt, at: () => told && told.at, count: (place) => ioc.text(number, String(place)) };
  };
})();
