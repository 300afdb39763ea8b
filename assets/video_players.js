// Players: each shows one camera in a stage and reports what it noticed: a new picture (`seen`), or that its way failed.
//
// Streams are played by the browser itself (HLS in Chromium since 142 and in Safari, WebRTC everywhere); pictures are asked
// for one by one. All come from the deployment's media server, or, of simulated cameras, from this server.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const players = (ioc.videoPlayers = {});
  const LOOK_MS = 500;
  const AGAIN_MS = [3000, 15000]; // a stream that failed is asked for again: soon, then less often
  const ANSWER_MS = 8000;

  const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
  const native = () => document.createElement("video").canPlayType("application/vnd.apple.mpegurl") !== "";

  // The way in which this browser shows a camera: the deployment's, or pictures where it cannot or shall not move. "": none.
  players.way = (told) => {
    if (told.way === "snapshots" || (told.pictures && calm())) return "snapshots";
    const able = told.way === "hls" ? native() : typeof RTCPeerConnection === "function";
    return able ? told.way : told.pictures ? "snapshots" : "";
  };

  function video(stage) {
    const element = ioc.make("video", "video-media");
    Object.assign(element, { muted: true, autoplay: true, playsInline: true, disablePictureInPicture: true, tabIndex: -1 });
    stage.prepend(element);
    return element;
  }

  // The last picture stays while its stream is asked for again.
  function held(stage) {
    const canvas = ioc.make("canvas", "video-media video-held");
    return {
      keep(element) {
        if (!element.videoWidth || element.readyState < 2) return;
        canvas.width = element.videoWidth;
        canvas.height = element.videoHeight;
        canvas.getContext("2d").drawImage(element, 0, 0);
        if (!canvas.isConnected) stage.prepend(canvas);
      },
      drop() { canvas.remove(); },
    };
  }

  // Something that is begun, and begun anew whenever it fails or brings nothing.
  function enduring(element, still, { begin, end, moved, report }) {
    let over = false, waiting = 0, tries = 0, newest = performance.now(), last = -1;
    const start = () => { newest = performance.now(); last = -1; begin(fail); };
    function fail() {
      if (over || waiting) return;
      report.failed();
      still.keep(element);
      end();
      waiting = setTimeout(() => { waiting = 0; if (!over) start(); }, Math.min(AGAIN_MS[1], AGAIN_MS[0] * (1 + tries)) * (1 + Math.random() / 3));
      tries += 1;
    }
    const timer = setInterval(() => {
      if (waiting) return;
      const at = moved();
      if (at > 0 && at !== last) { if (last >= 0) { tries = 0; still.drop(); report.seen(ioc.realNow()); } last = at; newest = performance.now(); }
      else if (performance.now() - newest > ANSWER_MS) fail();
    }, LOOK_MS);
    start();
    return { stop() { over = true; clearInterval(timer); clearTimeout(waiting); end(); element.remove(); still.drop(); } };
  }

  players.hls = (stage, told, report) => {
    const element = video(stage);
    let fail = () => {};
    element.addEventListener("error", () => { if (element.getAttribute("src")) fail(); });
    element.addEventListener("ended", () => fail());
    return enduring(element, held(stage), {
      begin(failed) { fail = failed; element.src = told.url; element.play().catch(() => {}); },
      end() { element.removeAttribute("src"); element.load(); },
      moved: () => element.currentTime,
      report,
    });
  };

  players.webrtc = (stage, told, report) => {
    const element = video(stage);
    let session = null, frames = 0;
    const count = () => { frames += 1; element.requestVideoFrameCallback(count); };
    if (element.requestVideoFrameCallback) element.requestVideoFrameCallback(count);
    return enduring(element, held(stage), {
      begin(failed) {
        session = ioc.whep(told.url, { onstream: (stream) => { element.srcObject = stream; element.play().catch(() => {}); }, onfail: failed });
      },
      end() { if (session) session.stop(); session = null; element.srcObject = null; },
      moved: () => (element.requestVideoFrameCallback ? frames : element.currentTime),
      report,
    });
  };

  // Pictures, each asked for when the one before it is there. A picture that is the same to the last byte is no new one.
  players.snapshots = (stage, told, report) => {
    const image = ioc.make("img", "video-media");
    image.alt = "";
    stage.prepend(image);
    let over = false, timer = 0, before = null, address = "";
    const every = told.every_s * 1000;

    async function ask() {
      const asked = performance.now();
      try {
        const reply = await fetch(told.pictures, { cache: "no-store", credentials: "same-origin", signal: AbortSignal.timeout(Math.max(ANSWER_MS, every)) });
        if (!reply.ok || !(reply.headers.get("Content-Type") || "").startsWith("image/")) throw new Error(`picture ${reply.status}`);
        const bytes = new Uint8Array(await reply.arrayBuffer());
        if (over) return;
        report.answered();
        if (!before || before.length !== bytes.length || !bytes.every((byte, at) => byte === before[at])) {
          const fresh = URL.createObjectURL(new Blob([bytes], { type: reply.headers.get("Content-Type") }));
          image.src = fresh;
          await image.decode();
          if (address) URL.revokeObjectURL(address);
          address = fresh;
          before = bytes;
          const said = Date.parse(reply.headers.get("Last-Modified") || ""), now = ioc.realNow();
          if (!over) report.seen(said <= now ? said : now);
        }
      } catch { if (!over) report.failed(); }
      if (!over) timer = setTimeout(ask, Math.max(250, every - (performance.now() - asked)));
    }
    ask();
    return { stop() { over = true; clearTimeout(timer); image.remove(); if (address) URL.revokeObjectURL(address); } };
  };
})();
