// Pictures of the deployment's own tile server below the vectors, moved to where they belong in WGS-84.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const tiles = (ioc.tiles = {});
  let of = null, layer = null, leaflet = null, arrived = false;

  tiles.shown = () => arrived;

  // Degrees by which the pictures lie off at a place: between those at the corners of the district.
  function shiftAt(lon, lat) {
    const [[south, west], [north, east]] = of.bounds;
    const u = Math.min(1, Math.max(0, (lon - west) / (east - west))), v = Math.min(1, Math.max(0, (lat - south) / (north - south)));
    const mix = (axis) => (1 - v) * ((1 - u) * of.shift[0][axis] + u * of.shift[1][axis]) + v * ((1 - u) * of.shift[2][axis] + u * of.shift[3][axis]);
    return [mix(0), mix(1)];
  }
  const drawn = (place) => { const [east, north] = shiftAt(place.lng, place.lat); return window.L.latLng(place.lat + north, place.lng + east); };

  tiles.attach = (map) => {
    leaflet = map;
    arrived = false;
    const panel = map.getContainer().closest("[data-tiles]");
    of = panel && panel.dataset.tiles ? JSON.parse(panel.dataset.tiles) : null;
    if (!of) return;
    const pane = map.getPane("pictures") || map.createPane("pictures");
    pane.style.zIndex = 150;
    pane.style.opacity = 0.7; // the vectors and symbols are what is read
    const Shifted = window.L.TileLayer.extend({
      _getTiledPixelBounds(centre) { return window.L.TileLayer.prototype._getTiledPixelBounds.call(this, drawn(centre)); },
    });
    layer = new Shifted(of.url, { pane: "pictures", maxNativeZoom: of.most, maxZoom: 20, keepBuffer: 1, updateWhenIdle: true, referrerPolicy: "no-referrer" });
    layer.on("tileload", () => { if (!arrived) { arrived = true; ioc.map.restyle(); } });
    map.on("move zoom moveend viewreset", move);
    layer.addTo(map);
    move();
  };

  function move() {
    const centre = leaflet.getCenter(), zoom = leaflet.getZoom();
    const off = leaflet.project(centre, zoom).subtract(leaflet.project(drawn(centre), zoom));
    leaflet.getPane("pictures").style.transform = `translate3d(${off.x}px,${off.y}px,0)`;
  }
})();
