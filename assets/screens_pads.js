// The pads of the screens' page: the wall as a rectangle with the finger as its pen, and the map on which a place is tapped.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const STROKE_MS = 60; // 16 messages a second at most
  const at = (id) => document.getElementById(id);
  const of = () => ioc.screens; // the page: what is chosen, and how it is changed
  const pads = (ioc.screenPads = {});

  // --- the pad of the pointer: the wall as a rectangle, the finger as the pen ------------------------------------------
  let stroke = null;
  let points = [];
  let sending = 0;

  function spot(event) {
    const box = at("pointer-pad").getBoundingClientRect();
    const part = (value, start, size) => Math.min(1, Math.max(0, (value - start) / size));
    const inX = 0.03 * box.width, inY = 0.06 * box.height; // the dashed frame is the wall
    return [part(event.clientX, box.left + inX, box.width - 2 * inX), part(event.clientY, box.top + inY, box.height - 2 * inY)];
  }

  function flush(end) {
    sending = 0;
    if (!stroke || !points.length) return;
    const body = { stroke, points: points.slice(-64), end };
    points = [];
    fetch(`/screens/${of().chosen()}/pointer`, { method: "POST", credentials: "same-origin", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), signal: AbortSignal.timeout(2000) }).catch(() => {});
  }

  document.addEventListener("pointerdown", (event) => {
    const pad = event.target.closest("#pointer-pad");
    if (pad && of().ready() && !pad.classList.contains("idle")) {
      pad.setPointerCapture(event.pointerId);
      stroke = Math.random().toString(36).slice(2, 12);
      trail = [];
      draft(event);
      return;
    }
    const map = event.target.closest("#place-pad");
    if (map && of().ready()) tap(event, map);
  });
  document.addEventListener("pointermove", (event) => { if (stroke && event.target.id === "pointer-pad") draft(event); });
  ["pointerup", "pointercancel"].forEach((name) => document.addEventListener(name, () => { if (stroke) { clearTimeout(sending); flush(true); stroke = null; } }));

  let trail = [];
  function draft(event) {
    points.push(spot(event));
    trail.push([event.offsetX, event.offsetY]);
    ink();
    if (!sending) sending = setTimeout(() => flush(false), STROKE_MS);
  }

  function ink() {
    const pad = at("pointer-pad");
    let canvas = pad.querySelector("canvas");
    if (!canvas) { canvas = ioc.make("canvas"); canvas.style.pointerEvents = "none"; pad.append(canvas); }
    if (canvas.width !== pad.clientWidth) canvas.width = pad.clientWidth;
    if (canvas.height !== pad.clientHeight) canvas.height = pad.clientHeight;
    const pen = canvas.getContext("2d");
    pen.clearRect(0, 0, canvas.width, canvas.height);
    pen.strokeStyle = "#E8F1FA";
    pen.lineWidth = 3;
    pen.beginPath();
    trail.forEach(([x, y], index) => (index ? pen.lineTo(x, y) : pen.moveTo(x, y)));
    pen.stroke();
    clearTimeout(canvas.wipe);
    canvas.wipe = setTimeout(() => pen.clearRect(0, 0, canvas.width, canvas.height), 5000);
  }

  // --- the map of the places --------------------------------------------------------------------------------------------
  const SVG = "http://www.w3.org/2000/svg";
  const drawn = (tag, attributes) => { const element = document.createElementNS(SVG, tag); for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value); return element; };

  pads.sketch = () => {
    const pad = at("place-pad");
    if (!pad || pad.querySelector("svg")) return;
    const height = Number(pad.dataset.height);
    const svg = drawn("svg", { viewBox: `-20 -20 1040 ${height + 40}`, preserveAspectRatio: "xMidYMid meet" });
    for (const [code, name, path] of JSON.parse(pad.dataset.outlines)) {
      const shape = drawn("path", { d: path, "data-code": code });
      const title = drawn("title", {});
      title.textContent = name;
      shape.append(title);
      svg.append(shape);
    }
    svg.append(drawn("circle", { r: 22, cx: -100, cy: -100 }));
    pad.append(svg);
  };

  pads.place = ({ place: to, region }) => {
    const svg = at("place-pad") && at("place-pad").querySelector("svg");
    if (!svg) return;
    const [west, south, east, north] = of().box();
    const height = Number(at("place-pad").dataset.height);
    const ring = svg.querySelector("circle");
    ioc.put(ring, "cx", String(to ? ((to.lon - west) / (east - west)) * 1000 : -100));
    ioc.put(ring, "cy", String(to ? ((north - to.lat) / (north - south)) * height : -100));
    svg.querySelectorAll("path").forEach((shape) => ioc.flag(shape, "chosen", shape.dataset.code === region));
    at("no-place").disabled = !to;
  };

  function tap(event, pad) {
    const svg = pad.querySelector("svg");
    const spot_ = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    const [west, south, east, north] = of().box();
    const height = Number(pad.dataset.height);
    const round_ = (value) => Math.round(value * 1e6) / 1e6;
    const lon = round_(west + (spot_.x / 1000) * (east - west)), lat = round_(north - (spot_.y / height) * (north - south));
    of().change({ place: { lon, lat, label: at("choose-label").value.trim() } });
  }
})();
