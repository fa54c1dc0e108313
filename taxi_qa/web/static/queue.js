// Keys of the queue. None decides: they go to a case, or to the form whose button the person then presses.
"use strict";
const follow = (id) => {
  const link = document.getElementById(id);
  if (link) link.click();
};
const go = (id) => {
  const field = document.getElementById(id);
  if (!field) return;
  field.scrollIntoView({ block: "center" });
  field.focus();
};
const keys = {
  j: () => follow("queue-next"),
  k: () => follow("queue-previous"),
  o: () => follow("queue-open"),
  p: () => go("queue-hold"),
  d: () => go("queue-drop"),
  "?": () => {
    const help = document.getElementById("queue-help");
    help.open = !help.open;
    if (help.open) help.scrollIntoView({ block: "center" });
  },
};
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  // Letters typed into a field stay there.
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  const act = keys[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});
