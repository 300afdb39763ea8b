// What the journeys ask of the map; put into the page by the test, never served.
window.mapChecks = (() => {
  const things = () => {
    const canvas = window.ioc && ioc.layers && ioc.layers.canvas();
    return canvas ? Array.from({ length: canvas.frame.n }, (_, at) => canvas.thing(at)) : [];
  };
  const partOf = (thing, layer) => (thing.count ? thing.layer.parts.filter(([one]) => one.spec.id === layer).reduce((sum, [, many]) => sum + many, 0) : Number(thing.layer.spec.id === layer));
  const empty = (kind) => ({ id: [], lon: [], lat: [], kind: [], kinds: [kind], region: [], regions: [""], level: [], hollow: [], label: {} });
  const add = (rows, id, lon, lat, level, label) => {
    rows.id.push(id); rows.lon.push(lon); rows.lat.push(lat);
    rows.kind.push(0); rows.region.push(0); rows.level.push(level); rows.hollow.push(0);
    if (label) rows.label[id] = label;
  };
  const put = (layer, rows) => {
    const entry = ioc.layers.all().get(layer);
    entry.on = true;
    entry.dim = false; // nobody feeds it here
    entry.points.clear();
    entry.points.take(rows);
    return entry;
  };
  return {
    ready: () => Boolean(window.ioc && ioc.layers && ioc.layers.canvas()),
    drawn: (layer) => things().reduce((sum, each) => sum + partOf(each, layer), 0),
    place: (id) => {
      const found = things().find((each) => !each.count && each.layer.points.ids[each.at] === id);
      const at = ioc.layers.map().getContainer().getBoundingClientRect();
      return found ? [found.x + at.left, found.y + at.top] : null;
    },
    areas: (level) => ioc.layers.canvas().scene.areas.filter((area) => area.level === level).length,
    // The boxes of all names that are written when many stand close to each other.
    names: () => {
      const rows = empty("");
      for (let at = 0; at < 55; at += 1) add(rows, `L${at}`, 114110000 + (at % 8) * 3000, 22550000 + Math.floor(at / 8) * 1500, at % 9 ? null : "red", `名称很长的医院${at}`);
      put("hospitals", rows);
      const found = [], proto = ioc.LabelRoom.prototype, plain = proto.beside;
      proto.beside = function (x, y, radius, width, height) {
        const at = plain.call(this, x, y, radius, width, height);
        if (at) found.push([at[0], at[1] - height / 2, at[0] + width, at[1] + height / 2]);
        return at;
      };
      ioc.layers.canvas().now();
      proto.beside = plain;
      return found;
    },
    clusters: () => {
      const rows = empty("smoke");
      for (let at = 0; at < 5000; at += 1) add(rows, `D${at}`, 114100000 + ((at * 7919) % 60000), 22545000 + ((at * 104729) % 30000), at < 3 ? "orange" : null);
      const entry = put("devices", rows);
      ioc.layers.canvas().now();
      const single = things().filter((each) => each.layer === entry && !each.count);
      return { counted: things().filter((each) => each.count).reduce((sum, each) => sum + partOf(each, "devices"), 0), single: single.length, levels: single.filter((each) => entry.points.levelAt(each.at)).length };
    },
    // Thousands of two layers round the names of subdistricts: all discs, the symbols and the names they keep off.
    crowded: () => {
      const devices = empty("smoke"), cameras = empty("");
      for (let at = 0; at < 4000; at += 1) add(devices, `D${at}`, 114090000 + ((at * 7919) % 110000), 22540000 + ((at * 104729) % 60000), at % 400 ? null : "orange");
      for (let at = 0; at < 2000; at += 1) add(cameras, `C${at}`, 114090000 + ((at * 7919 + 400) % 110000), 22540000 + ((at * 104729 + 300) % 60000), null);
      put("devices", devices);
      put("cameras", cameras);
      ioc.layers.canvas().now();
      const canvas = ioc.layers.canvas(), { frame, ratio } = canvas, discs = [];
      for (let at = 0; at < frame.n; at += 1) if (frame.at[at] < -1) discs.push([frame.x[at] / ratio, frame.y[at] / ratio, frame.r[at] / ratio]);
      const all = (layer) => things().reduce((sum, each) => sum + partOf(each, layer), 0);
      const levels = things().filter((each) => !each.count && each.layer.spec.id === "devices" && each.layer.points.levelAt(each.at)).length;
      return { devices: all("devices"), cameras: all("cameras"), levels, discs, names: ioc.map.names(), mixed: things().some((each) => each.count && each.layer.parts.length > 1) };
    },
  };
})();
