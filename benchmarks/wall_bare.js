// The floor of the wall: the same frames, each parsed, each number written as text, each point copied onto a canvas.
window.bareWall = async (topics) => {
  const canvas = document.createElement("canvas");
  canvas.width = innerWidth; canvas.height = innerHeight;
  canvas.style.cssText = "position:fixed;inset:0";
  document.body.append(canvas);
  const g = canvas.getContext("2d"), dot = document.createElement("canvas");
  dot.width = dot.height = 24;
  dot.getContext("2d").fillRect(4, 4, 16, 16);
  const places = new Map(), points = new Map();
  let planned = false;
  const draw = () => {
    planned = false;
    g.clearRect(0, 0, canvas.width, canvas.height);
    for (const [x, y] of points.values()) g.drawImage(dot, x | 0, y | 0);
  };
  const write = (cell) => {
    let place = places.get(cell.s);
    if (!place) { place = document.createElement("span"); places.set(cell.s, place); document.body.append(place); }
    place.textContent = String(cell.x);
  };
  const pass = await (await fetch("/api/v1/ticket", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ topics }) })).json();
  const socket = new WebSocket(pass.gateway, ["ioc.live.v1", `ticket.${pass.ticket}`]);
  socket.onopen = () => socket.send(JSON.stringify({ v: 1, op: "subscribe", topics }));
  socket.onmessage = (event) => {
    const frame = JSON.parse(event.data);
    (frame.cells || []).forEach(write);
    const told = frame.points;
    if (told) told.id.forEach((id, at) => points.set(id, [((told.lon[at] - 114.08e6) / 0.12e6) * innerWidth, ((22.61e6 - told.lat[at]) / 0.07e6) * innerHeight]));
    if (told && !planned) { planned = true; requestAnimationFrame(draw); }
  };
  window.seen = places;
};
