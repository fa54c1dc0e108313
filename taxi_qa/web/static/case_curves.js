// The curves of a case on one axis of time: speed with the steps of the limit, and the meter beside the way.
"use strict";
taxiQaCase.drawCurves = function (element, read, chosen) {
  const { made } = taxiQaCase;
  const FONT = '12px system-ui, "Noto Sans SC", "PingFang SC", "Microsoft YaHei", sans-serif';
  const INK = "#27313f", GRID = "#dde2e9", SPEED = "#0b57a4", LIMIT = "#8c1d18", DRIVEN = "#0b57a4", METER = "#00694a";
  const charts = [];
  const shades = [...acts(), ...read.gaps.map((gap) => ({ span: gap, kind: "gap" }))];
  if (read.usable.some((fix) => fix.kmh !== null)) speed();
  if (read.track.meter.some((trip) => trip.driven_m.length)) distance();

  function acts() {
    const spans = read.track.spans.filter((one) => one.by_track);
    const shown = spans.length ? spans : [{ from_ms: read.track.start_ms, to_ms: read.track.end_ms }];
    return shown.map((one) => ({
      span: [read.seconds(one.from_ms), read.seconds(one.to_ms)], kind: spans.length ? "judged" : "act",
    }));
  }

  function speed() {
    const x = [], kmh = [];
    read.usable.forEach((fix, i) => {
      const before = read.usable[i - 1];
      // A missing value breaks the line where positions are missing.
      if (before && (fix.leap || read.gaps.some(([from, to]) => from <= before.t && fix.t <= to))) {
        x.push((before.t + fix.t) / 2);
        kmh.push(null);
      }
      if (x.length && fix.t <= x[x.length - 1]) return;
      x.push(fix.t);
      kmh.push(fix.kmh);
    });
    const steps = read.track.limits;
    const tables = [[x, kmh]];
    const series = [{ label: read.words.speed, stroke: SPEED, width: 2, points: { show: x.length < 120, size: 5 } }];
    if (steps.length) {
      const at = [], limit = [];
      for (const step of steps) {
        at.push(read.seconds(step.from_ms));
        limit.push(step.kmh);
      }
      at.push(read.seconds(steps[steps.length - 1].to_ms));
      limit.push(steps[steps.length - 1].kmh);
      tables.push([at, limit]);
      series.push({
        label: read.words.limit, stroke: LIMIT, width: 2, dash: [8, 4], paths: uPlot.paths.stepped({ align: 1 }),
        points: { show: false },
      });
    }
    const joined = uPlot.join(tables, tables.map((table) => table.slice(1).map(() => 2)));
    // A limit holds until the next one: so the cursor finds it at every position.
    if (joined[2]) joined[2].forEach((kmh, i, all) => { if (kmh === undefined && i) all[i] = all[i - 1]; });
    chart(read.words.chartSpeed, joined, series, loadedStrip);
  }

  function distance() {
    const tables = [], series = [];
    for (const trip of read.track.meter) {
      if (trip.driven_m.length) {
        tables.push([trip.driven_t_ms.map((ms) => ms / 1000), trip.driven_m.map((m) => m / 1000)].map(once(trip)));
        series.push({ label: read.words.driven, stroke: DRIVEN, width: 2, points: { show: false } });
      }
      if (trip.metered_m !== null) {
        tables.push([[trip.boarded_ms, trip.alighted_ms].map(read.seconds), [0, trip.metered_m / 1000]]);
        series.push({
          label: read.words.meter, stroke: METER, width: 1.5, dash: [3, 5], points: { show: true, size: 9, fill: METER },
        });
      }
    }
    chart(read.words.chartDistance, uPlot.join(tables), series, readings);
  }

  // Of positions of one second only the first: an axis has no two values at one place.
  function once(trip) {
    const kept = trip.driven_t_ms.map((ms, i) => i === 0 || ms > trip.driven_t_ms[i - 1]);
    return (column) => column.filter((_, i) => kept[i]);
  }

  function chart(title, data, series, more) {
    const figure = made("figure", "case-chart");
    figure.append(made("figcaption", "", more === loadedStrip && read.usable.some((fix) => fix.loaded !== null)
      ? `${title} · ${read.words.strip}` : title));
    const holder = made("div", "case-plot", undefined, { "data-chart": title });
    figure.append(holder);
    element.append(figure);
    const axis = { stroke: INK, font: FONT, grid: { stroke: GRID, width: 1 }, ticks: { stroke: GRID, width: 1 } };
    const plot = new uPlot({
      width: holder.clientWidth || 320, height: 190, legend: { show: false }, padding: [20, 10, 0, 0],
      scales: { x: { time: false, range: () => [0, read.last] }, y: { range: (u, low, high) => [0, Math.max(1, high * 1.12)] } },
      axes: [
        { ...axis, space: 76, size: 30, splits: round, incrs: [5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200],
          values: (u, splits) => splits.map((s) => read.clock(s).slice(0, splits[1] - splits[0] < 60 ? 8 : 5)) },
        { ...axis, size: 46, space: 34 },
      ],
      series: [{}, ...series],
      cursor: { drag: { x: false, y: false }, points: { size: 9 }, x: true, y: false },
      hooks: {
        drawClear: [(u) => shade(u)],
        draw: [(u) => { moments(u); more(u); }],
      },
    }, data, holder);
    // By pointer and not by the chart's own cursor, which is moved from outside, too.
    const at = (event) => {
      const left = event.clientX - plot.over.getBoundingClientRect().left;
      return Math.max(0, Math.min(read.last, plot.posToVal(left, "x")));
    };
    plot.over.addEventListener("pointermove", (event) => chosen(at(event), true));
    plot.over.addEventListener("click", (event) => chosen(at(event)));
    charts.push({ plot, holder });
  }

  // Round times of the city's clock, wherever what is shown begins.
  function round(u, axis, low, high, every) {
    const base = (read.track.from_ms + read.track.utc_offset_ms) / 1000, found = [];
    for (let at = Math.ceil((base + low) / every) * every - base; at <= high; at += every) found.push(at);
    return found;
  }

  // Pale with a solid edge: what was judged; hatched: no position. The words stand in them, colour is not all.
  function shade(u) {
    const { ctx, bbox } = u;
    const px = window.devicePixelRatio || 1;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    for (const { span: [from, to], kind } of shades) {
      const left = u.valToPos(Math.max(0, from), "x", true), right = u.valToPos(Math.min(read.last, to), "x", true);
      const wide = Math.max(right - left, 2 * px);
      ctx.fillStyle = kind === "judged" ? "#fbe7dc" : "#eef2f8";
      if (kind !== "gap") ctx.fillRect(left, bbox.top, wide, bbox.height);
      ctx.strokeStyle = kind === "gap" ? "#9aa5b4" : "#b3400b";
      ctx.lineWidth = px;
      if (kind === "gap") hatch(ctx, left, bbox.top, wide, bbox.height, 9 * px);
      else [left, left + wide].forEach((at) => stroke(ctx, at, bbox.top, at, bbox.top + bbox.height));
    }
    ctx.restore();
    named(u, px);
  }

  // The words stand above the curves, where nothing runs through them; one that has no room is left out.
  function named(u, px) {
    const { ctx, bbox } = u;
    ctx.save();
    ctx.font = FONT.replace("12px", `${11 * px}px`);
    ctx.fillStyle = "#3c2a20";
    let free = bbox.left;
    for (const { span: [from], kind } of [...shades].sort((a, b) => a.span[0] - b.span[0])) {
      const word = kind === "gap" ? read.words.gap : kind === "judged" ? read.words.judged : read.words.act;
      const wide = ctx.measureText(word).width;
      const left = Math.min(Math.max(u.valToPos(Math.max(0, from), "x", true), bbox.left), bbox.left + bbox.width - wide);
      if (left < free) continue;
      ctx.fillText(word, left, bbox.top - 4 * px);
      free = left + wide + 8 * px;
    }
    ctx.restore();
  }

  function hatch(ctx, left, top, wide, high, apart) {
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, top, wide, high);
    ctx.clip();
    for (let at = left - high; at < left + wide; at += apart) stroke(ctx, at, top + high, at + high, top);
    ctx.restore();
  }

  function stroke(ctx, x1, y1, x2, y2) {
    ctx.beginPath();
    ctx.moveTo(x1, y1);
    ctx.lineTo(x2, y2);
    ctx.stroke();
  }

  function moments(u) {
    const { ctx, bbox } = u;
    ctx.save();
    ctx.setLineDash([4, 4]);
    ctx.strokeStyle = "#5b3a86";
    for (const [ms] of read.track.moments) {
      const at = u.valToPos(read.seconds(ms), "x", true);
      stroke(ctx, at, bbox.top, at, bbox.top + bbox.height);
    }
    ctx.restore();
  }

  // Along the foot: filled while the meter's flag says loaded, an outline while it says empty.
  function loadedStrip(u) {
    const { ctx, bbox } = u;
    const px = window.devicePixelRatio || 1, high = 5 * px, top = bbox.top + bbox.height - high;
    ctx.save();
    ctx.fillStyle = "#12355b";
    ctx.strokeStyle = "#12355b";
    ctx.lineWidth = px / 2;
    read.usable.forEach((fix, i) => {
      const next = read.usable[i + 1];
      if (!next || fix.loaded === null || next.leap) return;
      if (read.gaps.some(([from, to]) => from <= fix.t && next.t <= to)) return;
      const left = u.valToPos(fix.t, "x", true), right = u.valToPos(next.t, "x", true);
      if (fix.loaded) ctx.fillRect(left, top, right - left + 1, high);
      else stroke(ctx, left, top + high / 2, right, top + high / 2);
    });
    ctx.restore();
  }

  // What the meter read at the end, beside its mark.
  function readings(u) {
    const { ctx, bbox } = u;
    const px = window.devicePixelRatio || 1;
    ctx.save();
    ctx.font = FONT.replace("12px", `${12 * px}px`);
    ctx.fillStyle = METER;
    ctx.textAlign = "right";
    for (const trip of read.track.meter) {
      if (trip.metered_m === null) continue;
      const x = u.valToPos(read.seconds(trip.alighted_ms), "x", true), y = u.valToPos(trip.metered_m / 1000, "y", true);
      const text = `${read.words.meter} ${(trip.metered_m / 1000).toFixed(2)} km · ${read.said(trip.fare)}`;
      ctx.fillText(text, Math.max(x - 8 * px, bbox.left + ctx.measureText(text).width), Math.max(y - 6 * px, bbox.top + 12 * px));
    }
    ctx.restore();
  }

  return {
    count: charts.length,
    resized() {
      for (const { plot, holder } of charts) {
        if (holder.clientWidth && holder.clientWidth !== plot.width) plot.setSize({ width: holder.clientWidth, height: plot.height });
      }
    },
    moveTo(s) {
      for (const { plot } of charts) plot.setCursor({ left: plot.valToPos(s, "x"), top: plot.over.clientHeight / 2 }, false);
    },
  };
};
