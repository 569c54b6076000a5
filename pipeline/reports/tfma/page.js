// Hands the chosen slices, plot and model to TFMA's own elements.
"use strict";
(() => {
  const told = JSON.parse(document.getElementById("told").textContent);
  const find = (id) => document.getElementById(id);
  const fill = (select, names) => {
    select.replaceChildren(...names.map((name, index) => {
      const option = document.createElement("option");
      option.value = index;
      option.textContent = name;
      return option;
    }));
    select.closest("label").hidden = names.length < 2;
  };
  let model = told.models[0];
  const show = (id, data, config) => {
    // A new element for new data: TFMA's own keep the columns of what they showed before.
    const old = find(id);
    const made = document.createElement(old.localName);
    made.id = id;
    old.replaceWith(made);
    made.config = config;
    made.data = data;
  };
  const slicing = () => {
    const { data } = model.slicings[find("slicing").value];
    show("metrics", structuredClone(data), { weightedExamplesColumn: told.rows });
  };
  const plot = () => {
    const chosen = model.plots[find("plot-choice").value];
    if (chosen) show("plot", structuredClone(chosen.data), structuredClone(chosen.config));
  };
  const choose = () => {
    model = told.models[find("model").value];
    fill(find("slicing"), model.slicings.map((one) => one.name));
    find("slicing").value = Math.min(1, model.slicings.length - 1); // all rows come first: one bar
    fill(find("plot-choice"), model.plots.map((one) => one.name));
    find("plots").hidden = !model.plots.length;
    find("no-plots").hidden = Boolean(model.plots.length);
    slicing();
    plot();
  };
  fill(find("model"), told.models.map((one) => one.name));
  find("model").addEventListener("change", choose);
  find("slicing").addEventListener("change", slicing);
  find("plot-choice").addEventListener("change", plot);
  choose();
})();
