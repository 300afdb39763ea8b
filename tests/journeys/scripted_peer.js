// A media server's end of WHEP, played by a page: it answers offers with a moving picture, and hangs up when told.
window.scriptedPeer = (() => {
  const open = [];
  async function answer(offer) {
    const peer = new RTCPeerConnection(), canvas = Object.assign(document.createElement("canvas"), { width: 160, height: 90 });
    const pen = canvas.getContext("2d");
    let at = 0;
    setInterval(() => { at = (at + 4) % 160; pen.fillStyle = "#14273D"; pen.fillRect(0, 0, 160, 90); pen.fillStyle = "#E8F1FA"; pen.fillRect(at, 40, 10, 10); }, 100);
    const stream = canvas.captureStream(10);
    stream.getTracks().forEach((track) => peer.addTrack(track, stream));
    await peer.setRemoteDescription({ type: "offer", sdp: offer });
    await peer.setLocalDescription(await peer.createAnswer());
    await new Promise((done) => {
      if (peer.iceGatheringState === "complete") { done(); return; }
      peer.onicegatheringstatechange = () => { if (peer.iceGatheringState === "complete") done(); };
      setTimeout(done, 2000);
    });
    open.push(peer);
    return peer.localDescription.sdp;
  }
  return { answer, hangUp: () => open.splice(0).forEach((peer) => peer.close()) };
})();
