"use strict";
// What has changed is rendered by the server; here it only takes its place. Whoever is in it stays where they are.
const stream = new EventSource("stream" + location.search);
const at = document.getElementById("at");
const link = document.getElementById("link");

function place(region, html) {
  const opened = [...region.querySelectorAll("details[open]")].map((each) => each.id);
  const within = region.contains(document.activeElement) ? document.activeElement.id : "";
  region.innerHTML = html;
  for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
  if (within) document.getElementById(within)?.focus();
}

stream.onmessage = (event) => {
  const said = JSON.parse(event.data);
  for (const [name, html] of Object.entries(said.regions)) place(document.getElementById(name), html);
  at.textContent = said.at;
  link.textContent = "live";
};
stream.onerror = () => {
  link.textContent = "not connected: it is tried again";
};
