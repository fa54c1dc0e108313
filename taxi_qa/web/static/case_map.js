// The map of a case: roads as lines of the home's own, the track by what was judged, and a cursor.
"use strict";
taxiQaCase.LOOKS = {
  judged: { color: "#b3400b", weight: 6, opacity: 1, lineCap: "round" },
  act: { color: "#12355b", weight: 4, opacity: 1, dashArray: "10 6" },
  context: { color: "#44546a", weight: 3, opacity: 1, dashArray: "2 6" },
  second: { color: "#6a1b9a", weight: 5, opacity: 1, dashArray: "14 7" },
  gap: { color: "#44546a", weight: 2, opacity: 0.9, dashArray: "1 9" },
  route: { color: "#00694a", weight: 4, opacity: 0.95, dashArray: "12 8" },
};
taxiQaCase.ROADS = {
  motorway: [7, "#e8c98a"], trunk: [6, "#e8d3a2"], primary: [5, "#e9dcbb"], secondary: [4, "#dfe3ea"],
  tertiary: [3.2, "#dfe3ea"], unclassified: [2.2, "#e4e8ee"], residential: [1.8, "#e4e8ee"],
  living_street: [1.4, "#e9ecf1"], service: [1.2, "#e9ecf1"],
};

taxiQaCase.drawMap = function (element, read, settings, chosen) {
  const { made, places, LOOKS, ROADS } = taxiQaCase;
  const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  const map = L.map(element, {
    zoomAnimation: !still, fadeAnimation: !still, markerZoomAnimation: !still, inertia: !still,
    preferCanvas: true, renderer: L.canvas({ padding: 0.5, tolerance: 8 }), zoomSnap: 0.25, zoomDelta: 0.5,
    attributionControl: Boolean(settings.tiles), keyboard: true, maxZoom: 19, minZoom: 8,
  });
  map.createPane("names").style.zIndex = "450";
  map.createPane("cursor").style.zIndex = "660";
  L.control.scale({ imperial: false }).addTo(map);
  if (settings.tiles) {
    map.attributionControl.setPrefix(false);
    L.tileLayer(settings.tiles, { maxZoom: 19, attribution: settings.attribution || "" }).addTo(map);
  } else {
    roads();
  }
  const extent = L.latLngBounds([]);
  lines();
  marks();
  const cursor = L.marker([0, 0], {
    icon: L.divIcon({ className: "case-cursor", iconSize: [22, 22] }), interactive: false, keyboard: false, pane: "cursor",
  });
  showAct();
  map.on("click", (event) => {
    const fix = nearest(event.latlng);
    if (fix) chosen(fix.t);
  });

  function roads() {
    const classes = new Map();
    for (const road of read.track.roads) {
      const name = road.road_class.replace("_link", "");
      if (!classes.has(name)) classes.set(name, []);
      for (const piece of road.pieces) classes.get(name).push(places(piece));
    }
    // The smaller first, so that a street lies under the road it meets; each with an edge of its own.
    const drawn = [];
    for (const name of Object.keys(ROADS).reverse()) {
      if (!classes.has(name)) continue;
      const [weight, color] = ROADS[name];
      const plain = { interactive: false, smoothFactor: 1 };
      drawn.push([L.polyline(classes.get(name), { ...plain, color: "#b4bdca" }).addTo(map), weight, 1.6]);
      drawn.push([L.polyline(classes.get(name), { ...plain, color }).addTo(map), weight, 0]);
    }
    // From afar thinner, and the smallest not at all: else they would cover what they are to explain.
    const scaled = () => {
      const zoom = map.getZoom(), share = zoom >= 15.5 ? 1 : zoom >= 14 ? 0.7 : 0.45;
      for (const [line, weight, edge] of drawn) {
        line.setStyle({ weight: weight * share + edge * share, opacity: zoom < 13.5 && weight < 3 ? 0 : 1 });
      }
    };
    map.on("zoomend", scaled);
    const named = L.layerGroup([], { pane: "names" }).addTo(map);
    map.on("zoomend moveend", () => nameRoads(named));
  }

  function nameRoads(group) {
    group.clearLayers();
    const taken = [], told = new Set();
    const box = map.getBounds(), size = map.getSize();
    for (const road of read.track.roads) {
      if (!road.name || told.has(road.name) || taken.length >= 12) continue;
      const spots = road.pieces.flatMap((piece) => middles(places(piece))).filter((spot) => box.contains(spot));
      const spot = spots.find((one) => {
        const at = map.latLngToContainerPoint(one), beside = 8 + road.name.length * 6.5;
        // Whole, and clear of the buttons at the top and the scale at the foot.
        if (at.x < beside || at.x > size.x - beside || at.y < 10 || at.y > size.y - 10) return false;
        if (at.x < beside + 50 && at.y < 90 || at.x < beside + 100 && at.y > size.y - 40) return false;
        return taken.every((other) => Math.abs(at.x - other.x) > 90 || Math.abs(at.y - other.y) > 22);
      });
      if (!spot) continue;
      taken.push(map.latLngToContainerPoint(spot));
      told.add(road.name);
      const icon = L.divIcon({ className: "case-road-name", html: made("span", "", road.name), iconSize: [0, 0] });
      L.marker(spot, { icon, interactive: false, keyboard: false, pane: "names" }).addTo(group);
    }
  }

  function middles(line) {
    return line.slice(1).map((to, i) => [(to[0] + line[i][0]) / 2, (to[1] + line[i][1]) / 2]);
  }

  // The line of one car in pieces of one look: broken where nobody knows the way.
  function broken(fixes, pieces, judged) {
    let look = "", piece = [];
    const done = () => { if (piece.length > 1) pieces[look].push(piece); };
    fixes.forEach((fix, i) => {
      const place = [fix.lat, fix.lon], before = fixes[i - 1];
      extent.extend(place);
      if (!before) return;
      const isGap = fix.leap || fix.t - before.t > read.longestStep;
      const kind = isGap ? "gap" : fix.judged && before.judged ? judged : inAct(before) && inAct(fix) ? "act" : "context";
      if (kind !== look || isGap) {
        done();
        look = kind;
        piece = [[before.lat, before.lon]];
      }
      // Across a leap nothing is drawn at all: no car drove there.
      if (fix.leap) piece = [];
      piece.push(place);
    });
    done();
  }

  function inAct(fix) {
    return fix.t >= read.seconds(read.track.start_ms) && fix.t <= read.seconds(read.track.end_ms);
  }

  function lines() {
    const pieces = { judged: [], second: [], act: [], context: [], gap: [] };
    broken(read.usable, pieces, "judged");
    broken(read.others, pieces, "second");
    if (read.track.route.length) {
      const route = places(read.track.route);
      route.forEach((place) => extent.extend(place));
      L.polyline(route, { ...LOOKS.route, interactive: false }).addTo(map);
    }
    // A white edge keeps the line apart from the roads under it.
    L.polyline([...pieces.context, ...pieces.act, ...pieces.judged, ...pieces.second], { color: "#ffffff", weight: 9, opacity: 0.9, interactive: false })
      .addTo(map);
    for (const kind of ["gap", "context", "act", "second", "judged"]) {
      const line = L.polyline(pieces[kind], { ...LOOKS[kind], bubblingMouseEvents: true }).addTo(map);
      if (kind !== "gap") line.on("mousemove", (event) => { const fix = nearest(event.latlng); if (fix) chosen(fix.t, true); });
    }
    const dots = read.usable.filter((one) => one.judged);
    // So many that they would touch say nothing the line does not.
    for (const fix of dots.length > 150 ? [] : dots) {
      L.circleMarker([fix.lat, fix.lon], {
        radius: 3, color: "#ffffff", weight: 1, fillColor: LOOKS.judged.color, fillOpacity: 1, interactive: false,
      }).addTo(map);
    }
  }

  function marks() {
    const strays = read.fixes.filter((one) => !one.usable && (one.lat || one.lon));
    for (const fix of strays.slice(0, 200)) {
      if (!extent.isValid() || !extent.pad(2).contains([fix.lat, fix.lon])) continue;
      flag(fix, "×", "case-stray", read.labelled(fix.label));
    }
    const { start_ms, end_ms, moments } = read.track;
    for (const [ms, said] of moments) {
      const place = taxiQaCase.placeAt(read, read.seconds(ms));
      if (place) flag(place, "◆", "case-moment", `${read.clock(read.seconds(ms))} ${read.said(said)}`);
    }
    for (const [lat, lon, said] of read.track.places) {
      flag({ lat: lat / 1e6, lon: lon / 1e6 }, "◇", "case-moment", read.said(said));
    }
    for (const [ms, text] of [[start_ms, read.words.start], [end_ms, read.words.end]]) {
      const place = near(read.seconds(ms));
      if (place) flag(place, text, "case-end", `${read.words.act}：${read.clock(read.seconds(ms))}`);
    }
  }

  function near(s) {
    const at = taxiQaCase.placeAt(read, s);
    if (at) return at;
    const [fix] = [...read.usable].sort((a, b) => Math.abs(a.t - s) - Math.abs(b.t - s));
    return fix;
  }

  function flag(place, text, name, title) {
    const icon = L.divIcon({ className: `case-flag ${name}`, html: made("span", "", text), iconSize: [22, 22] });
    const marker = L.marker([place.lat, place.lon], { icon, keyboard: false, alt: title, title }).addTo(map);
    marker.on("click", (event) => { const fix = nearest(event.latlng); if (fix) chosen(fix.t); });
  }

  function nearest(place) {
    const at = map.latLngToLayerPoint(place);
    let best = null, least = 60;
    for (const fix of read.usable) {
      const away = map.latLngToLayerPoint([fix.lat, fix.lon]).distanceTo(at);
      if (away < least) [best, least] = [fix, away];
    }
    return best;
  }

  function showAct() {
    const { start_ms, end_ms } = read.track;
    const inside = read.usable.concat(read.others).filter((fix) => fix.t >= read.seconds(start_ms) - 20 && fix.t <= read.seconds(end_ms) + 20);
    const box = L.latLngBounds(inside.map((fix) => [fix.lat, fix.lon]));
    if (read.track.route.length) places(read.track.route).forEach((place) => box.extend(place));
    map.fitBounds(box.isValid() ? box : extent, { padding: [36, 36], maxZoom: 17 });
  }

  return {
    showAct,
    showAll: () => map.fitBounds(extent, { padding: [24, 24], maxZoom: 17 }),
    resized: () => map.invalidateSize({ pan: false }),
    // Null where nobody knows where the car was: then no cursor stands anywhere.
    moveTo(place, follow) {
      if (!place) return void cursor.remove();
      cursor.setLatLng([place.lat, place.lon]).addTo(map);
      if (follow && !map.getBounds().pad(-0.1).contains(cursor.getLatLng())) map.panTo(cursor.getLatLng());
    },
  };
};
