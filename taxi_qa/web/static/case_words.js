// Words of the case page's map and curves, in both languages; everything else comes with the data.
"use strict";
window.taxiQaCase = {
  words: {
    zh: {
      act: "本案时段", actLine: "本案时段，不作判定依据", allNot: "本案不依据定位判定，轨迹仅供参照", at: "时间", back: "上一个定位点", card: "轨迹与曲线",
      chartDistance: "里程（公里）", chartSpeed: "速度（公里/小时）", cursor: "当前位置", driven: "定位里程",
      empty: "空车", end: "止", every: "倍速", failed: "轨迹读取失败", fix: "定位点", forth: "下一个定位点",
      gap: "无定位", gapLine: "无定位，路线不明", judged: "判定依据", judgedTable: "逐点列表（文字）",
      label: "说明", limit: "限速", limitUnknown: "限速不明", loaded: "重车", map: "地图：轨迹与道路",
      meter: "计价器", meterEnds: "计价器只记录起止读数，两点之间的虚线不是记录", missing: "缺少的内容",
      no: "否", notJudged: "前后时段，未判定", play: "播放", pause: "暂停", rest: "另有 {n} 行未列出",
      route: "合理路线", second: "同一车牌的另一辆车", slider: "时间滑块", speed: "速度", strip: "底部粗线为重车，细线为空车", start: "起", status: "载客状态", stray: "剔除的定位点",
      unknown: "不明", whole: "显示全程", yes: "是", toAct: "回到本案起点",
      keys: "键盘：空格 播放/暂停，← → 逐点，Home/End 起止，+ − 倍速",
    },
    en: {
      act: "the act", actLine: "the act: not what was judged", allNot: "not judged by positions: the track is shown for orientation", at: "time",
      back: "position before", card: "track and curves", chartDistance: "distance (km)",
      chartSpeed: "speed (km/h)", cursor: "where it is now", driven: "driven by positions", empty: "empty",
      end: "B", every: "speed", failed: "the track could not be read", fix: "positions", forth: "next position",
      gap: "no position", gapLine: "no position: way unknown", judged: "what was judged",
      judgedTable: "position by position (text)", label: "note", limit: "limit",
      limitUnknown: "limit unknown", loaded: "loaded", map: "map: track and roads", meter: "meter",
      meterEnds: "a meter records both ends only: the dashes between are no record", missing: "what is missing",
      no: "no", notJudged: "before and after: not judged", play: "Play", pause: "Pause",
      rest: "{n} more rows are not listed", route: "reasonable route", second: "the other car under the same plate", slider: "time slider", speed: "speed", strip: "at the foot: thick while loaded, thin while empty",
      start: "A", status: "hired", stray: "positions set aside", unknown: "unknown", whole: "whole track",
      yes: "yes", toAct: "to the begin of the act",
      keys: "Keys: space plays, ← → position by position, Home/End, + − speed",
    },
  },

  // The instants, places and speeds of a track, its said texts in one language.
  read(track, language) {
    const words = taxiQaCase.words[language];
    const said = (one) => (language === "en" && one.en) || one.zh;
    const LEAP = 16;
    const p = track.points;
    const fixes = p.t_ms.map((t, i) => ({
      t: t / 1000, lat: p.lat_e6[i] / 1e6, lon: p.lon_e6[i] / 1e6, kmh: p.kmh[i], label: p.label[i],
      judged: p.judged[i] === 1, loaded: p.loaded[i], usable: (p.label[i] & ~LEAP) === 0,
      leap: (p.label[i] & LEAP) !== 0, car: p.car[i],
    }));
    const seconds = (ms) => (ms - track.from_ms) / 1000;
    const clock = (s) => new Date(track.from_ms + s * 1000 + track.utc_offset_ms).toISOString().slice(11, 19);
    const labelled = (bits) =>
      Object.keys(track.labels).filter((bit) => bits & Number(bit)).map((bit) => said(track.labels[bit])).join("；");
    // Of two cars under one plate the one with more positions is followed, the other only drawn.
    const usable = fixes.filter((fix) => fix.usable && fix.car === 0);
    const others = fixes.filter((fix) => fix.usable && fix.car !== 0);
    const longestStep = 90;
    const gaps = track.gaps.map(([from, to]) => [seconds(from), seconds(to)]);
    return { track, words, said, fixes, usable, others, longestStep, seconds, clock, labelled, gaps, last: seconds(track.to_ms) };
  },

  // A line of first place and steps, in 1e-5 degree, as [lat, lon] pairs.
  places(steps) {
    const found = [];
    let lat = 0, lon = 0;
    for (let i = 0; i + 1 < steps.length; i += 2) {
      lat += steps[i];
      lon += steps[i + 1];
      found.push([lat / 1e5, lon / 1e5]);
    }
    return found;
  },

  // Where the car was at a second, between its positions before and after; null inside a gap or a leap.
  placeAt(read, s) {
    const fixes = read.usable;
    let low = 0, high = fixes.length - 1;
    if (high < 0 || s < fixes[0].t || s > fixes[high].t) return null;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (fixes[middle].t <= s) low = middle; else high = middle;
    }
    const before = fixes[low], after = fixes[high];
    const share = after.t > before.t ? Math.min(1, (s - before.t) / (after.t - before.t)) : 0;
    const nearest = share < 0.5 ? before : after;
    if (share === 0) return { lat: before.lat, lon: before.lon, fix: before };
    if (share === 1) return { lat: after.lat, lon: after.lon, fix: after };
    if (after.leap || read.gaps.some(([from, to]) => from < s && s < to)) return null;
    return {
      lat: before.lat + share * (after.lat - before.lat), lon: before.lon + share * (after.lon - before.lon),
      fix: nearest,
    };
  },

  // The step of limits that holds at a second, or undefined.
  limitAt(read, s) {
    const at = read.track.from_ms + s * 1000;
    return read.track.limits.find((one) => one.from_ms <= at && at < one.to_ms);
  },

  // An element with a class, text and attributes; styles only ever through its properties.
  made(tag, name, text, attributes) {
    const element = document.createElement(tag);
    if (name) element.className = name;
    if (text !== undefined) element.textContent = text;
    for (const [key, value] of Object.entries(attributes || {})) element.setAttribute(key, value);
    return element;
  },
};
