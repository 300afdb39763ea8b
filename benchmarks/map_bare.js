// The floor of the map: the same symbols copied onto a canvas by a bare loop over arrays, nothing else.
window.bareMap = (points, moves, frames) => {
  const canvas = document.createElement("canvas");
  canvas.width = innerWidth; canvas.height = innerHeight;
  canvas.style.cssText = "position:fixed;inset:0;z-index:99999";
  document.body.append(canvas);
  const g = canvas.getContext("2d");
  const radius = 0.3 * parseFloat(getComputedStyle(document.documentElement).fontSize);
  const sprite = ioc.symbols.sprite({ shape: "dot", mark: "" }, radius);
  const x = Float64Array.from({ length: points }, (_, at) => (at * 7919) % innerWidth), y = Float64Array.from({ length: points }, (_, at) => (at * 104729) % innerHeight);
  const times = [];
  let next = 0;
  return new Promise((done) => {
    const frame = () => {
      const began = performance.now();
      for (let move = 0; move < moves; move += 1) { const at = next % points; next += 17; x[at] = (x[at] + 3) % innerWidth; }
      g.clearRect(0, 0, canvas.width, canvas.height);
      for (let at = 0; at < points; at += 1) g.drawImage(sprite.image, (x[at] - sprite.half) | 0, (y[at] - sprite.half) | 0);
      times.push(performance.now() - began);
      if (times.length < frames) requestAnimationFrame(frame); else { canvas.remove(); done(times); }
    };
    requestAnimationFrame(frame);
  });
};

// The map itself: the same points as a layer, the same moves as the frames of the gateway say them, drawn each time.
window.wholeMap = (points, moves, frames) => {
  const entry = ioc.layers.all().get("devices"), canvas = ioc.layers.canvas(), map = ioc.layers.map();
  ioc.clustering = false; // every point is drawn: clusters would be less work
  for (const each of ioc.layers.all().values()) each.on = each === entry;
  const box = map.getBounds(), west = box.getWest(), south = box.getSouth(), wide = box.getEast() - west, tall = box.getNorth() - south;
  const lon = (at) => Math.round(1e6 * (west + wide * (((at * 7919) % 10007) / 10007))), lat = (at) => Math.round(1e6 * (south + tall * (((at * 104729) % 10009) / 10009)));
  const rows = (list, shift) => ({ id: list.map((at) => `D${at}`), lon: list.map((at) => lon(at) + shift), lat: list.map(lat), kind: list.map(() => 0), kinds: ["smoke"], region: list.map(() => 0), regions: [""], level: list.map(() => null), hollow: list.map(() => 0) });
  entry.points.clear();
  entry.points.take(rows(Array.from({ length: points }, (_, at) => at), 0));
  const topic = `${ioc.state.settings[0].world}/${entry.spec.scene}/${entry.spec.id}`;
  const times = [];
  let next = 0;
  return new Promise((done) => {
    const frame = () => {
      const list = Array.from({ length: moves }, () => { next += 17; return next % points; });
      const told = { topic, points: rows(list, 50 * times.length) }; // made by the gateway, not here
      const began = performance.now();
      ioc.layers.delta(told);
      cancelAnimationFrame(canvas.planned); canvas.planned = 0;
      canvas.now();
      times.push(performance.now() - began);
      if (times.length < frames) requestAnimationFrame(frame); else { ioc.clustering = undefined; done({ times, drawn: canvas.frame.n }); }
    };
    requestAnimationFrame(frame);
  });
};
