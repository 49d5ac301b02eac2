// Draws one plotly figure. Plotly itself comes from a widget which a kernel creates once; a page
// that shows several notebooks compiles it once for all of them.
const loaded = (globalThis.__coursePlotly ??= new Map());

const other = (model, name) => model.widget_manager.get_model(model.get(name).replace("IPY_MODEL_", ""));

async function plotly(model) {
  const library = await other(model, "library");
  const version = library.get("description");
  if (!loaded.has(version)) {
    // A module of its own: no global name, and nothing evaluated from a string.
    const head = "const module = {exports: {}}, exports = module.exports, define = undefined;\n";
    const code = head + library.get("value") + "\n;export default module.exports;";
    const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
    loaded.set(version, import(url).then((m) => m.default).finally(() => URL.revokeObjectURL(url)));
  }
  return loaded.get(version);
}

const config = {
  displaylogo: false,
  showSendToCloud: false,
  scrollZoom: false,
  modeBarButtonsToRemove: ["lasso2d", "select2d", "autoScale2d", "toggleSpikelines"],
};

// A page has about 16 WebGL contexts for its 3-D pictures, and one that is not given back stays taken.
function clear(Plotly, box) {
  const canvases = [...box.querySelectorAll("canvas")];
  Plotly.purge(box);
  for (const canvas of canvases) canvas.getContext("webgl")?.getExtension("WEBGL_lose_context")?.loseContext();
}

// Draws where nobody looks; a style, and no script, then changes what course.environment.check() shows.
async function prove(model) {
  const [Plotly, content] = await Promise.all([plotly(model), other(model, "content")]);
  const box = document.createElement("div");
  await Plotly.newPlot(box, { ...JSON.parse(content.get("value")), config });
  Plotly.purge(box);
  const style = document.createElement("style");
  style.textContent = ".course-drawing > * { display: none } "
    + `.course-drawing::after { content: ${JSON.stringify(model.get("proof"))} }`;
  document.head.append(style);
}

function initialize({ model }) {
  if (model.get("proof")) prove(model);
}

async function render({ model, el }) {
  const box = document.createElement("div");
  box.className = "course-picture";
  box.setAttribute("role", "figure"); // not "img": that may not hold the buttons that zoom
  box.style.width = "100%";
  el.append(box);
  const patience = "Waiting for the picture. If it does not come, run this cell again.";
  const wait = setTimeout(() => (box.textContent = patience), 3000);
  let Plotly, content;
  try {
    content = await other(model, "content");
    box.style.height = `${JSON.parse(content.get("value")).layout?.height ?? 450}px`; // so that the page does not jump
    Plotly = await plotly(model);
  } catch (error) {
    box.textContent = "This picture did not arrive. Choose Kernel > Restart Kernel and Run All Cells.";
    throw error;
  } finally {
    clearTimeout(wait);
  }
  box.textContent = "";
  const describe = () => box.setAttribute("aria-label", content.get("description"));
  describe();

  let busy = false, again = false, gone = false, lost = false, seen = false;
  async function draw() {
    if (gone) return;
    if (busy) { again = true; return; } // the last figure wins; those in between are not drawn
    busy = true;
    const { data, layout } = JSON.parse(content.get("value"));
    box.style.height = `${layout.height ?? 450}px`;
    try {
      if (lost) clear(Plotly, box);
      lost = false;
      await Plotly.react(box, data, { ...layout, autosize: true }, config);
      for (const { _scene } of Object.values(box._fullLayout).filter((part) => part?._scene)) {
        _scene.recoverContext = () => {}; // plotly would ask for the lost one in every frame, for ever
      }
    } finally { busy = false; }
    box.querySelectorAll(".main-svg").forEach((part) => part.setAttribute("aria-hidden", "true")); // its label says it
    box.dataset.drawn = Number(box.dataset.drawn ?? 0) + 1;
    if (again) { again = false; await draw(); }
  }
  // Another picture took the context: draw again, in a new one, as soon as somebody looks.
  box.addEventListener("webglcontextlost", () => { lost = true; if (seen) draw(); }, true);
  const look = new IntersectionObserver((entries) => {
    seen = entries.at(-1).isIntersecting;
    if (seen && lost) draw();
  });
  content.on("change:value", draw);
  content.on("change:description", describe);
  const watch = new ResizeObserver(() => { if (box.offsetWidth && box.dataset.drawn) Plotly.Plots.resize(box); });
  await draw();
  watch.observe(box);
  look.observe(box);
  return () => {
    gone = true;
    watch.disconnect();
    look.disconnect();
    content.off("change:value", draw);
    content.off("change:description", describe);
    clear(Plotly, box);
  };
}

export default { initialize, render };
