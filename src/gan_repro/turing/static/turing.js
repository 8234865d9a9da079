"use strict";
// Keys and taps for a form that works without them.
const form = document.querySelector("form");
const said = form.querySelector("output");
const places = [...form.querySelectorAll("fieldset")];

const chosen = (place) => place.querySelector("input:checked");
const call = (place, answer) => {
  place.querySelector(`input[value=${answer}]`).checked = true;
  count();
};
const turn = (place) => call(place, chosen(place)?.value === "generated" ? "real" : "generated");
const rest = (answer) => places.filter((place) => !chosen(place)).forEach((place) => call(place, answer));

function count() {
  const judged = places.filter(chosen).length;
  said.textContent = judged < places.length ? `${judged} of ${places.length} judged` : "All judged: send them.";
}

function failed() {
  said.textContent = "An image did not arrive. Reload the page.";
}

for (const place of places) {
  const image = place.querySelector("img");
  image.addEventListener("click", () => turn(place));
  image.addEventListener("error", failed);
  if (image.complete && !image.naturalWidth) failed();
}
for (const button of form.querySelectorAll("[data-rest]")) {
  button.hidden = false;
  button.addEventListener("click", () => rest(button.dataset.rest));
}
document.querySelector(".keys").hidden = false;
form.addEventListener("change", count);
addEventListener("pageshow", (event) => event.persisted && location.reload());
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const place = places[Number(event.key) - 1];
  if (place) turn(place);
  else if (event.key.toLowerCase() === "r") rest("real");
  else if (event.key.toLowerCase() === "g") rest("generated");
  else if (event.key === "Enter" && event.target === document.body) form.requestSubmit();
});
