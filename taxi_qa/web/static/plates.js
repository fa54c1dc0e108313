// Plates to choose from while one is typed; without this script the field is typed in full.
"use strict";
for (const field of document.querySelectorAll("input[data-plates]")) {
  const list = document.getElementById(field.getAttribute("list"));
  let asked = "";
  let timer = 0;
  const suggest = async () => {
    const part = field.value.trim();
    if (part.length < 2 || part === asked) return;
    asked = part;
    const answer = await fetch(`${field.dataset.plates}?q=${encodeURIComponent(part)}`, { headers: { Accept: "application/json" } });
    if (!answer.ok || part !== asked) return;
    const plates = await answer.json();
    list.replaceChildren(...plates.map((plate) => {
      const option = document.createElement("option");
      option.value = plate;
      return option;
    }));
  };
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => { suggest().catch(() => {}); }, 200);
  });
}
