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

async function render({ model, el }) {
  const box = document.createElement("div");
  box.className = "course-picture";
  box.setAttribute("role", "img");
  el.append(box);
  const content = await other(model, "content");
  const height = () => JSON.parse(content.get("value")).layout?.height ?? 450;
  box.style.width = "100%";
  box.style.height = `${height()}px`; // the page does not jump when plotly arrives
  const describe = () => box.setAttribute("aria-label", content.get("description"));
  describe();
  let Plotly;
  try {
    Plotly = await plotly(model);
  } catch (error) {
    box.textContent = "The drawing library did not load. Restart the kernel and run the notebook again.";
    throw error;
  }

  let busy = false, again = false, gone = false;
  async function draw() {
    if (gone) return;
    if (busy) { again = true; return; } // the last figure wins; those in between are not drawn
    busy = true;
    const { data, layout } = JSON.parse(content.get("value"));
    box.style.height = `${layout.height ?? 450}px`;
    try { await Plotly.react(box, data, { ...layout, autosize: true }, config); }
    finally { busy = false; }
    box.dataset.drawn = Number(box.dataset.drawn ?? 0) + 1;
    if (again) { again = false; await draw(); }
  }
  content.on("change:value", draw);
  content.on("change:description", describe);
  const watch = new ResizeObserver(() => { if (box.offsetWidth && box.dataset.drawn) Plotly.Plots.resize(box); });
  await draw();
  watch.observe(box);
  return () => {
    gone = true;
    watch.disconnect();
    content.off("change:value", draw);
    content.off("change:description", describe);
    Plotly.purge(box);
  };
}

export default { render };
