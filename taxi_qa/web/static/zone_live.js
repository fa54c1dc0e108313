// Loads the page anew when the hub was worked out again: the server tells by server-sent events.
"use strict";

(() => {
  const place = document.querySelector("[data-live]");
  if (!place || !window.EventSource) return;
  const source = new EventSource(place.dataset.live);
  source.addEventListener("worked-out", async (told) => {
    if (told.data === place.dataset.made || told.data === "none") return;
    const answer = await fetch(location.href, { credentials: "same-origin" });
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("main");
    const live = fresh && fresh.querySelector("[data-live]");
    if (!live) return;
    // The scripts of the page run on: only what stands in it is put in place of the old.
    document.getElementById("main").replaceChildren(...fresh.childNodes);
    place.dataset.made = live.dataset.made;
  });
})();
