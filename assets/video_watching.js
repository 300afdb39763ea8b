// Who watches which camera, on the page of the screens: asked for each 5 s while somebody looks.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const EVERY_MS = 5000;
  const ANSWER_MS = 4000;
  const place = () => document.getElementById("video-watching");

  function line(camera, watcher, now) {
    const row = ioc.make("div", "video-row");
    const many = `${watcher.title}${watcher.screen ? ` ${watcher.screen}` : ""}`;
    const since = ioc.videoWord("since", ioc.age(now - watcher.since), ioc.clockSeconds(watcher.since));
    row.append(ioc.make("b", "", camera.id), ioc.make("span", "", camera.world === "live" ? "" : camera.world), ioc.make("span", "", many), ioc.make("span", "number", since));
    return row;
  }

  async function look() {
    const rows = place();
    if (rows && !document.hidden) {
      try {
        const reply = await fetch("/api/v1/video", { credentials: "same-origin", signal: AbortSignal.timeout(ANSWER_MS) });
        if (!reply.ok) throw new Error(`video ${reply.status}`);
        const { at, cameras } = await reply.json();
        rows.replaceChildren(...cameras.flatMap((camera) => camera.watchers.map((watcher) => line(camera, watcher, at))));
        ioc.text(document.getElementById("video-note"), cameras.length ? "" : ioc.videoWord("nobody"));
      } catch { ioc.text(document.getElementById("video-note"), ioc.videoWord("away")); }
    }
    setTimeout(look, EVERY_MS);
  }
  window.addEventListener("DOMContentLoaded", () => setTimeout(look, 500));
})();
