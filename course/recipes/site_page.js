// Pictures, drawn when they come into view, and the search. Nothing is asked for but files of this site.
const config = { displaylogo: false, showSendToCloud: false, scrollZoom: false, responsive: true,
  modeBarButtonsToRemove: ["lasso2d", "select2d", "autoScale2d", "toggleSpikelines"] };

async function draw(place) {
  const { data, layout } = JSON.parse(place.querySelector("script").textContent);
  await Plotly.newPlot(place, data, { ...layout, autosize: true }, config);
  place.querySelectorAll(".main-svg").forEach((part) => part.setAttribute("aria-hidden", "true")); // its label says it
  place.dataset.drawn = "1";
}
const look = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    look.unobserve(target);
    draw(target);
  }
}, { rootMargin: "300px" });
document.querySelectorAll(".picture").forEach((place) => look.observe(place));

// What scrolls sideways can be reached by keyboard, and nothing else gets a tab stop.
const wide = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const scrolls = target.scrollWidth > target.clientWidth + 1;
    for (const [name, value] of [["tabindex", "0"], ["role", "region"], ["aria-label", "Wide part, scrolls sideways"]]) {
      if (scrolls) target.setAttribute(name, value); else target.removeAttribute(name);
    }
  }
});
document.querySelectorAll("main pre, .scrolls").forEach((part) => wide.observe(part));

// --- the search: the index is a script, so that it can be read from the disk too
const field = document.getElementById("search"), found = document.getElementById("found");
const bare = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
let index;
function load() {
  return (index ??= new Promise((done) => {
    const script = document.createElement("script");
    script.src = `${document.body.dataset.root}/search.js`;
    script.onload = () => done(globalThis.courseIndex.map((row) => [...row, bare(row[2]), bare(row[3])]));
    document.head.append(script);
  }));
}

function snippet(text, words) {
  const at = Math.max(0, Math.min(...words.map((word) => bare(text).indexOf(word)).filter((k) => k >= 0), text.length) - 60);
  const piece = document.createElement("span");
  const pattern = new RegExp(`(${words.map((word) => word.replace(/[^\p{L}\p{N}]/gu, "\\$&")).join("|")})`, "giu");
  (at ? "… " : "").concat(text.slice(at, at + 180), " …").split(pattern).forEach((part, k) => {
    if (k % 2 === 0) return piece.append(part);
    piece.append(Object.assign(document.createElement("mark"), { textContent: part }));
  });
  return piece;
}

async function search() {
  const words = bare(field.value).split(/\s+/).filter(Boolean);
  if (!words.length) return found.replaceChildren();
  const rows = await load(), scored = [];
  for (const row of rows) {
    const [address, title, , , heading, text] = row;
    if (!words.every((word) => heading.includes(word) || text.includes(word))) continue;
    const points = words.reduce((sum, word) => sum + 20 * heading.includes(word) + 5 * bare(title).includes(word)
      + Math.min(5, text.split(word).length - 1), 0) + 10 * address.startsWith("glossary");
    scored.push([points, row]);
  }
  scored.sort((a, b) => b[0] - a[0]);
  const list = document.createElement("ol"), says = document.createElement("p");
  says.textContent = `${scored.length || "No"} ${scored.length === 1 ? "place" : "places"}`
    + (scored.length > 20 ? "; the first 20:" : "");
  for (const [, [address, title, heading, text]] of scored.slice(0, 20)) {
    const item = document.createElement("li"), link = document.createElement("a");
    link.href = `${document.body.dataset.root}/${address}`;
    link.textContent = heading && heading !== title ? `${title}: ${heading}` : title;
    item.append(link, snippet(text, words));
    list.append(item);
  }
  found.replaceChildren(says, ...(scored.length ? [list] : []));
}
field.addEventListener("focus", load, { once: true });
field.addEventListener("input", search);
field.form.addEventListener("submit", (event) => { event.preventDefault(); search(); });
