// WHEP: a stream of WebRTC from a media server. An offer is posted, the answer taken, and the session deleted at its end.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const GATHER_MS = 2000; // addresses of our own that are not known by then are left out
  const ANSWER_MS = 8000;
  const BREAK_MS = 4000; // a connection that is interrupted for so long has failed

  // `onstream` gets the stream; `onfail` is called once, when it cannot be had or has ended. `stop` ends it silently.
  ioc.whep = (url, { onstream, onfail }) => {
    let over = false, resource = "", broken = 0;
    const peer = new RTCPeerConnection();
    function fail() { if (!over) { close(); onfail(); } }
    function close() {
      over = true;
      clearTimeout(broken);
      peer.close();
      if (resource) fetch(resource, { method: "DELETE", credentials: "omit", keepalive: true }).catch(() => {});
    }
    peer.addTransceiver("video", { direction: "recvonly" });
    peer.ontrack = ({ streams, track }) => { if (!over) onstream(streams[0] || new MediaStream([track])); };
    peer.onconnectionstatechange = () => {
      clearTimeout(broken);
      if (["failed", "closed"].includes(peer.connectionState)) fail();
      if (peer.connectionState === "disconnected") broken = setTimeout(fail, BREAK_MS);
    };
    const gathered = () => new Promise((done) => {
      if (peer.iceGatheringState === "complete") { done(); return; }
      peer.addEventListener("icegatheringstatechange", () => { if (peer.iceGatheringState === "complete") done(); });
      setTimeout(done, GATHER_MS);
    });
    (async () => {
      try {
        await peer.setLocalDescription(await peer.createOffer());
        await gathered();
        if (over) return;
        const reply = await fetch(url, {
          method: "POST", credentials: "omit", headers: { "Content-Type": "application/sdp" }, body: peer.localDescription.sdp, signal: AbortSignal.timeout(ANSWER_MS),
        });
        const answer = await reply.text();
        const place = reply.headers.get("Location");
        if (place) resource = new URL(place, new URL(url, location.href)).href;
        if (over) { if (resource) fetch(resource, { method: "DELETE", credentials: "omit" }).catch(() => {}); return; }
        if (![200, 201].includes(reply.status)) { fail(); return; }
        await peer.setRemoteDescription({ type: "answer", sdp: answer });
      } catch { fail(); }
    })();
    return { stop() { if (!over) close(); } };
  };
})();
