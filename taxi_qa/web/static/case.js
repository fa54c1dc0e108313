// The track of a case: reads it, draws map and curves, links their cursors, and plays it.
//
//   <div data-case-track="URL" data-lang="zh" [data-tiles="URL" data-tiles-attribution="…"]></div>
//
// What it shows at a moment stands in its data-second (seconds since the begin of what is shown); its
// data-state is reading, ready, playing, missing or failed.
"use strict";
(function () {
  const { made, words } = taxiQaCase;
  const SPEEDS = [1, 5, 10, 30, 60];
  const MOST_ROWS = 400;

  for (const box of document.querySelectorAll("[data-case-track]")) begin(box);

  async function begin(box) {
    const language = (box.dataset.lang || document.documentElement.lang || "zh").startsWith("en") ? "en" : "zh";
    box.dataset.state = "reading";
    try {
      const answer = await fetch(box.dataset.caseTrack, { credentials: "same-origin", headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      show(box, taxiQaCase.read(await answer.json(), language));
    } catch (error) {
      box.dataset.state = "failed";
      box.replaceChildren(made("p", "case-note", `${words[language].failed} (${error.message})`, { role: "alert" }));
    }
  }

  function show(box, read) {
    const w = read.words;
    box.replaceChildren();
    const said = [...read.track.missing, ...read.track.notes].map(read.said);
    if (read.usable.length && !read.track.spans.some((span) => span.by_track)) said.push(w.allNot);
    if (read.track.meter.length) said.push(w.meterEnds);
    if (!read.usable.length) {
      box.append(notes(read.track.missing.map(read.said), w.missing));
      box.dataset.state = "missing";
      return;
    }
    const mapBox = made("div", "case-map", undefined, { role: "region", "aria-label": w.map, tabindex: "0" });
    const player = made("div", "case-player", undefined, { role: "group", "aria-label": w.card });
    const curvesBox = made("div", "case-curves");
    const seen = made("div", "case-seen"), moved = made("div", "case-moved"), both = made("div", "case-track");
    seen.append(mapBox, legend(read));
    moved.append(player, curvesBox);
    both.append(seen, moved);
    box.append(both);
    if (said.length) box.append(notes(said));
    box.append(table(read));

    let second = Math.max(0, read.seconds(read.track.start_ms)), playing = 0, times = 10;
    const map = taxiQaCase.drawMap(mapBox, read, { tiles: box.dataset.tiles, attribution: box.dataset.tilesAttribution }, choose);
    const curves = taxiQaCase.drawCurves(curvesBox, read, choose);

    const play = made("button", "case-play", w.play, { type: "button" });
    const toAct = button("|◀", w.toAct, () => { stop(); map.showAct(); move(read.seconds(read.track.start_ms)); });
    const back = button("◀", w.back, () => { stop(); step(-1); });
    const forth = button("▶", w.forth, () => { stop(); step(1); });
    const whole = made("button", "", w.whole, { type: "button" });
    const speed = made("select", "", undefined, { "aria-label": w.every });
    SPEEDS.forEach((one) => speed.append(made("option", "", `${one}×`, { value: String(one) })));
    speed.value = String(times);
    const slider = made("input", "case-slider", undefined, {
      type: "range", min: "0", max: String(Math.ceil(read.last)), step: "1", "aria-label": w.slider,
    });
    const told = made("output", "case-told", undefined, { "aria-live": "off" });
    const row = made("div", "case-buttons");
    row.append(toAct, back, play, forth, speed, whole);
    player.append(told, slider, row, made("p", "case-keys", w.keys));

    play.addEventListener("click", () => (playing ? stop() : start()));
    whole.addEventListener("click", () => map.showAll());
    speed.addEventListener("change", () => { times = Number(speed.value); });
    slider.addEventListener("input", () => { stop(); move(Number(slider.value)); });
    player.addEventListener("keydown", keyed);
    curvesBox.tabIndex = 0;
    curvesBox.setAttribute("role", "group");
    curvesBox.setAttribute("aria-label", `${w.chartSpeed} ${w.chartDistance}`);
    curvesBox.addEventListener("keydown", keyed);
    new ResizeObserver(() => { map.resized(); curves.resized(); curves.moveTo(second); }).observe(box);
    map.showAct();
    move(second);
    box.dataset.state = "ready";

    function button(sign, title, act) {
      const one = made("button", "case-sign", sign, { type: "button", "aria-label": title, title });
      one.addEventListener("click", act);
      return one;
    }

    // Chosen on the map or in a curve; merely passing over it does not disturb what is playing.
    function choose(s, passing) {
      if (passing && playing) return;
      stop();
      move(s);
    }

    function move(s) {
      second = Math.max(0, Math.min(read.last, s));
      const place = taxiQaCase.placeAt(read, second);
      map.moveTo(place, Boolean(playing));
      curves.moveTo(second);
      slider.value = String(Math.round(second));
      const text = sentence(read, second, place);
      told.textContent = text;
      slider.setAttribute("aria-valuetext", text);
      box.dataset.second = second.toFixed(1);
      box.dataset.place = place ? `${place.lat.toFixed(6)} ${place.lon.toFixed(6)}` : "";
    }

    function step(way) {
      const next = way > 0 ? read.usable.find((fix) => fix.t > second + 0.05)
        : [...read.usable].reverse().find((fix) => fix.t < second - 0.05);
      if (next) move(next.t);
    }

    function start() {
      if (second >= read.last - 0.5) move(0);
      let before = performance.now();
      play.textContent = w.pause;
      play.setAttribute("aria-pressed", "true");
      box.dataset.state = "playing";
      const tick = (now) => {
        // A page that slept goes on where it was, it does not leap.
        move(second + (Math.min(now - before, 250) / 1000) * times);
        before = now;
        if (second >= read.last) stop();
        else if (playing) playing = requestAnimationFrame(tick);
      };
      playing = requestAnimationFrame(tick);
    }

    function stop() {
      if (playing) cancelAnimationFrame(playing);
      playing = 0;
      play.textContent = w.play;
      play.setAttribute("aria-pressed", "false");
      box.dataset.state = "ready";
    }

    function keyed(event) {
      const onSlider = event.target === slider, onChoice = event.target === speed;
      const does = {
        " ": () => (playing ? stop() : start()),
        ArrowLeft: () => { stop(); step(-1); },
        ArrowRight: () => { stop(); step(1); },
        Home: () => { stop(); move(0); },
        End: () => { stop(); move(read.last); },
        "+": () => faster(1),
        "=": () => faster(1),
        "-": () => faster(-1),
      }[event.key];
      // A button is pressed by its own space; a choice has arrows of its own.
      if (!does || onChoice || (event.key === " " && event.target.tagName === "BUTTON")) return;
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      if (onSlider && event.key !== " " && !event.key.startsWith("Arrow")) return;
      event.preventDefault();
      does();
    }

    function faster(way) {
      const at = Math.max(0, Math.min(SPEEDS.length - 1, SPEEDS.indexOf(times) + way));
      times = SPEEDS[at];
      speed.value = String(times);
    }
  }

  function sentence(read, s, place) {
    const w = read.words, parts = [read.clock(s)];
    if (!place) return `${parts[0]} · ${w.gap}`;
    const limit = taxiQaCase.limitAt(read, s);
    if (place.fix.kmh !== null) parts.push(`${w.speed} ${place.fix.kmh.toFixed(1)} km/h`);
    if (limit) parts.push(limitSaid(read, limit));
    if (place.fix.loaded !== null) parts.push(place.fix.loaded ? w.loaded : w.empty);
    if (place.fix.label) parts.push(read.labelled(place.fix.label));
    return parts.join(" · ");
  }

  function limitSaid(read, limit) {
    if (limit.kmh === null) return read.words.limitUnknown;
    const about = [read.said(limit.source), limit.name, limit.road].filter(Boolean).join(" ");
    return `${read.words.limit} ${limit.kmh} km/h${about ? ` (${about})` : ""}`;
  }

  function notes(texts, heading) {
    const part = made("div", "case-note");
    if (heading) part.append(made("strong", "", heading));
    const list = made("ul", "");
    texts.forEach((text) => list.append(made("li", "", text)));
    part.append(list);
    return part;
  }

  // Each look as a piece of line of its own pattern and width, not by colour alone.
  function legend(read) {
    const w = read.words, { LOOKS } = taxiQaCase;
    const list = made("ul", "case-legend");
    const entries = [];
    if (read.usable.some((fix) => fix.judged)) entries.push([LOOKS.judged, w.judged]);
    if (read.others.some((fix) => fix.judged)) entries.push([LOOKS.second, w.second]);
    const from = read.seconds(read.track.start_ms), to = read.seconds(read.track.end_ms);
    if (read.usable.some((fix) => !fix.judged && fix.t >= from && fix.t <= to)) entries.push([LOOKS.act, w.actLine]);
    entries.push([LOOKS.context, w.notJudged]);
    if (read.track.route.length) entries.push([LOOKS.route, w.route]);
    if (read.gaps.length) entries.push([LOOKS.gap, w.gapLine]);
    for (const [look, text] of entries) {
      const item = made("li", "");
      const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      const line = document.createElementNS("http://www.w3.org/2000/svg", "line");
      const said = { x1: 1, y1: 6, x2: 35, y2: 6, stroke: look.color, "stroke-width": look.weight, "stroke-dasharray": look.dashArray || "none" };
      Object.entries({ width: 36, height: 12, "aria-hidden": "true" }).forEach(([key, value]) => svg.setAttribute(key, value));
      Object.entries(said).forEach(([key, value]) => line.setAttribute(key, value));
      svg.append(line);
      item.append(svg, made("span", "", text));
      list.append(item);
    }
    if (read.fixes.some((fix) => !fix.usable)) {
      const item = made("li", "");
      item.append(made("span", "case-cross", "×", { "aria-hidden": "true" }), made("span", "", w.stray));
      list.append(item);
    }
    return list;
  }

  // The same in text: a row a position of the act.
  function table(read) {
    const w = read.words, { start_ms, end_ms, limits } = read.track;
    const inside = read.fixes.filter((fix) => fix.t >= read.seconds(start_ms) && fix.t <= read.seconds(end_ms));
    const part = made("details", "case-table");
    part.append(made("summary", "", `${w.judgedTable}（${inside.length}）`));
    const holder = made("div", "case-scroll", undefined, { tabindex: "0", role: "region", "aria-label": w.judgedTable });
    const grid = made("table", "");
    const heads = [w.at, w.speed, ...(limits.length ? [w.limit] : []), w.status, w.judged, w.label];
    const line = (cells, tag) => {
      const row = made("tr", "");
      cells.forEach((cell) => row.append(made(tag, "", cell, tag === "th" ? { scope: "col" } : {})));
      return row;
    };
    const head = made("thead", ""), body = made("tbody", "");
    head.append(line(heads, "th"));
    for (const fix of inside.slice(0, MOST_ROWS)) {
      const limit = taxiQaCase.limitAt(read, fix.t);
      body.append(line([
        read.clock(fix.t), fix.kmh === null ? w.unknown : `${fix.kmh.toFixed(1)} km/h`,
        ...(limits.length ? [limit ? limitSaid(read, limit) : "—"] : []),
        fix.loaded === null ? w.unknown : fix.loaded ? w.loaded : w.empty, fix.judged ? w.yes : w.no, read.labelled(fix.label),
      ], "td"));
    }
    grid.append(head, body);
    holder.append(grid);
    part.append(holder);
    if (inside.length > MOST_ROWS) part.append(made("p", "", w.rest.replace("{n}", String(inside.length - MOST_ROWS))));
    return part;
  }
})();
