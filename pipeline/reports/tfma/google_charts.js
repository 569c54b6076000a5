// The few calls of Google Charts that TFMA's own view makes, answered by Chart.js, without a network.
//
// TFMA ships its view as web components that leave tables and charts to Google Charts, which has to
// be fetched from Google. This is a stand-in for what those components use of it: DataTable,
// DataView, events, ChartWrapper, and the charts of type table, line, column, combo, scatter and
// bubble. The form of the answers follows Google's reference documentation; looks do not.
"use strict";
(() => {
  // ---- data -----------------------------------------------------------------------------------

  const isCell = (cell) => cell !== null && typeof cell === "object" && !(cell instanceof Date) && ("v" in cell || "f" in cell);
  const toCell = (cell) => (isCell(cell) ? { v: cell.v ?? null, f: cell.f } : { v: cell ?? null });
  const toColumn = (column) =>
    typeof column === "object" && column !== null
      ? { label: column.label ?? "", type: column.type, role: column.role }
      : { label: String(column ?? "") };

  class DataTable {
    constructor(data) {
      this.columns = (data?.cols ?? []).map(toColumn);
      this.rows = (data?.rows ?? []).map((row) => (row.c ?? row).map(toCell));
    }
    addColumn(type, label) {
      this.columns.push(typeof type === "object" ? toColumn(type) : { type, label: label ?? "" });
    }
    addRows(rows) {
      for (const row of rows) this.rows.push(row.map(toCell));
    }
    getNumberOfRows() { return this.rows.length; }
    getNumberOfColumns() { return this.columns.length; }
    getColumnLabel(index) { return this.columns[index].label; }
    getColumnRole(index) { return this.columns[index].role; }
    getColumnType(index) {
      const stated = this.columns[index].type;
      if (stated) return stated;
      const first = this.rows.find((row) => row[index] && row[index].v !== null);
      return first ? typeof first[index].v : "number";
    }
    cell(row, column) { return this.rows[row][column] ?? { v: null }; }
    getValue(row, column) { return this.cell(row, column).v; }
    getFormattedValue(row, column) {
      const { v, f } = this.cell(row, column);
      return f ?? (v === null ? "" : String(v));
    }
    getTableRowIndex(row) { return row; }
    sort(by) {
      const keys = (Array.isArray(by) ? by : [by]).map((key) => (typeof key === "number" ? { column: key } : key));
      this.rows.sort((a, b) => {
        for (const { column, desc } of keys) {
          const order = compare(a[column]?.v ?? null, b[column]?.v ?? null);
          if (order) return desc ? -order : order;
        }
        return 0;
      });
    }
  }

  class DataView extends DataTable {
    constructor(table) {
      super();
      this.table = table;
      this.setColumns(table.columns.map((_, index) => index));
    }
    setColumns(wanted) {
      const source = this.table;
      this.columns = wanted.map((one) =>
        typeof one === "number" ? source.columns[one] : { label: one.label ?? "", type: one.type, role: one.role });
      this.rows = source.rows.map((row) =>
        wanted.map((one) => {
          if (typeof one === "number") return row[one] ?? { v: null };
          const from = row[one.sourceColumn];
          if (typeof one.calc === "function") return toCell(one.calc(source, source.rows.indexOf(row)));
          return { v: one.calc === "stringify" ? String(from.f ?? from.v) : from.v };
        }));
    }
  }

  function arrayToDataTable(rows) {
    const table = new DataTable();
    table.columns = (rows[0] ?? []).map(toColumn);
    table.addRows(rows.slice(1));
    return table;
  }

  function compare(a, b) {
    if (a === null || b === null) return (a === null) - (b === null);
    return typeof a === "number" && typeof b === "number"
      ? a - b
      : String(a).localeCompare(String(b), undefined, { numeric: true });
  }

  // ---- events ---------------------------------------------------------------------------------

  const listeners = new WeakMap();
  const events = {
    addListener(source, name, call) {
      if (!source) return null;
      const own = listeners.get(source) ?? [];
      own.push({ name, call });
      listeners.set(source, own);
      return { source, call };
    },
    addOneTimeListener(source, name, call) {
      const handle = events.addListener(source, name, (detail) => {
        events.removeListener(handle);
        call(detail);
      });
      return handle;
    },
    removeListener(handle) {
      const own = listeners.get(handle?.source) ?? [];
      listeners.set(handle?.source ?? {}, own.filter((one) => one.call !== handle.call));
    },
    trigger(source, name, detail) {
      for (const one of [...(listeners.get(source) ?? [])]) if (one.name === name) one.call(detail);
    },
  };

  // ---- table ----------------------------------------------------------------------------------

  // Cells may hold TFMA's own elements as HTML, and names that come from the data: only those
  // elements and a few plain ones become elements, everything else stays the text it is.
  const PLAIN = new Set(["DIV", "SPAN", "BR", "B", "I", "METRIC-DIFF"]);
  function cleaned(html) {
    const kept = (node) => {
      if (node.nodeType === Node.TEXT_NODE) return document.createTextNode(node.data);
      if (node.nodeType !== Node.ELEMENT_NODE) return document.createTextNode("");
      if (!PLAIN.has(node.tagName) && !/^(TFMA|FAIRNESS)-/.test(node.tagName)) {
        return document.createTextNode(node.outerHTML);
      }
      const made = document.createElement(node.tagName);
      for (const { name, value } of node.attributes) {
        if (!/^(on|style$|src|href|srcdoc)/i.test(name)) made.setAttribute(name, value);
      }
      made.append(...[...node.childNodes].map(kept));
      return made;
    };
    const parsed = new DOMParser().parseFromString(html, "text/html");
    return [...parsed.body.childNodes].map(kept);
  }

  class Table {
    constructor(container) {
      this.container = container;
      this.selection = [];
    }
    getSelection() { return this.selection; }
    setSelection(selection) {
      this.selection = selection ?? [];
      this.mark();
    }
    draw(data, options = {}) {
      this.data = data;
      this.options = options;
      this.order = data.rows.map((_, index) => index);
      this.page = 0;
      this.sorted = null;
      this.render();
      events.trigger(this, "ready", {});
    }
    sortBy(column) {
      const ascending = !(this.sorted?.column === column && this.sorted.ascending);
      this.sorted = { column, ascending };
      this.order.sort((a, b) => {
        const order = compare(this.data.getValue(a, column), this.data.getValue(b, column));
        return ascending ? order : -order;
      });
      this.page = 0;
      this.render();
      events.trigger(this, "sort", { column, ascending, sortedIndexes: [...this.order] });
      events.trigger(this, "page", { page: 0 });
    }
    turn(page) {
      this.page = page;
      this.render();
      events.trigger(this, "page", { page });
    }
    render() {
      const { data, options } = this;
      const css = "google-visualization-table";
      const table = element("table", `${css}-table`);
      const head = element("tr", `${css}-tr-head`);
      for (let column = 0; column < data.getNumberOfColumns(); column += 1) {
        const here = this.sorted?.column === column;
        const cell = element("th", `${css}-th gradient unsorted`, data.getColumnLabel(column));
        if (here) cell.className = `${css}-th ${this.sorted.ascending ? "sort-ascending" : "sort-descending"}`;
        cell.append(element("span", `${css}-sortind`));
        cell.tabIndex = 0;
        cell.setAttribute("role", "button");
        cell.setAttribute("aria-sort", here ? (this.sorted.ascending ? "ascending" : "descending") : "none");
        cell.addEventListener("click", () => this.sortBy(column));
        cell.addEventListener("keydown", (event) => {
          if (event.key === "Enter" || event.key === " ") { event.preventDefault(); this.sortBy(column); }
        });
        head.append(cell);
      }
      const top = element("thead");
      top.append(head);
      const body = element("tbody");
      const size = options.page === "enable" ? options.pageSize ?? 10 : Infinity;
      const shown = size === Infinity ? this.order : this.order.slice(this.page * size, (this.page + 1) * size);
      shown.forEach((index, place) => {
        const row = element("tr", `${css}-tr-${place % 2 ? "odd" : "even"}`);
        row.dataset.row = index;
        for (let column = 0; column < data.getNumberOfColumns(); column += 1) {
          const cell = element("td", `${css}-td`);
          const { v, f } = data.cell(index, column);
          if (options.allowHtml && f !== undefined && f !== String(v)) cell.append(...cleaned(String(f)));
          else cell.textContent = data.getFormattedValue(index, column);
          row.append(cell);
        }
        row.addEventListener("click", () => {
          const again = this.selection.some((one) => one.row === index);
          this.setSelection(again ? [] : [{ row: index }]);
          events.trigger(this, "select", {});
        });
        row.addEventListener("mouseover", () => row.classList.add(`${css}-tr-over`));
        row.addEventListener("mouseout", () => row.classList.remove(`${css}-tr-over`));
        body.append(row);
      });
      table.append(top, body);
      const whole = element("div", css);
      whole.style.overflowX = "auto";
      whole.append(table);
      const pages = Math.ceil(this.order.length / size);
      if (size !== Infinity && pages > 1) whole.append(this.pager(pages, css));
      this.container.replaceChildren(whole);
      this.mark();
    }
    pager(pages, css) {
      const bar = element("div", `${css}-div-page`);
      const button = (words, page, usable) => {
        const made = element("button", "", words);
        made.type = "button";
        made.disabled = !usable;
        made.addEventListener("click", () => this.turn(page));
        return made;
      };
      bar.append(
        button("‹ previous", this.page - 1, this.page > 0),
        element("span", "", ` page ${this.page + 1} of ${pages} `),
        button("next ›", this.page + 1, this.page < pages - 1),
      );
      return bar;
    }
    mark() {
      const chosen = new Set(this.selection.map((one) => String(one.row)));
      for (const row of this.container.querySelectorAll("tr[data-row]")) {
        row.classList.toggle("google-visualization-table-tr-sel", chosen.has(row.dataset.row));
      }
    }
  }

  function element(tag, className = "", words = "") {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (words) made.textContent = words;
    return made;
  }

  // ---- charts ---------------------------------------------------------------------------------

  const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#b3568a", "#6a51a3", "#8c6d00"];

  // Columns by their meaning: the domain, then each series with the columns that belong to it.
  function seriesOf(data) {
    const found = [];
    for (let column = 1; column < data.getNumberOfColumns(); column += 1) {
      const role = data.getColumnRole(column);
      if (role === undefined || role === "data") found.push({ column, label: data.getColumnLabel(column) });
      else if (found.length) found[found.length - 1][role] = column;
    }
    return found;
  }

  function axis(options = {}, position = undefined) {
    const view = options.viewWindow ?? {};
    const ticks = Array.isArray(options.ticks) ? options.ticks : null;
    return {
      type: options.logScale || options.scaleType === "log" ? "logarithmic" : "linear",
      position,
      title: { display: Boolean(options.title), text: options.title },
      min: view.min ?? options.minValue,
      max: view.max ?? options.maxValue,
      ticks: ticks && ticks.length === 0 ? { display: false } : { maxRotation: 45 },
    };
  }

  class Chart_ {
    constructor(container) {
      this.container = container;
      this.selection = [];
    }
    getSelection() { return this.selection; }
    setSelection(selection) {
      this.selection = selection ?? [];
      if (!this.chart) return;
      const active = this.selection
        .filter((one) => one.row !== undefined && one.row !== null)
        .map((one) => ({ datasetIndex: Math.max((one.column ?? 1) - 1, 0), index: one.row }))
        .filter((one) => this.chart.data.datasets[one.datasetIndex]?.data[one.index] !== undefined);
      this.chart.setActiveElements(active);
      this.chart.update("none");
    }
    clearChart() { this.chart?.destroy(); }
    draw(data, options = {}) {
      this.clearChart();
      const frame = element("div");
      const height = options.height ?? (this.container.clientHeight > 60 ? this.container.clientHeight : 300);
      frame.style.cssText = `position:relative;height:${height}px;${options.width ? `width:${options.width}px` : "width:100%;min-width:240px"}`;
      const canvas = element("canvas");
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", options.title ?? data.columns.map((one) => one.label).filter(Boolean).join(", "));
      frame.append(canvas);
      this.container.replaceChildren(frame);
      this.data = data;
      this.chart = new Chart(canvas, this.configuration(data, options));
      events.trigger(this, "ready", {});
    }
    configuration(data, options) {
      const texts = data.getNumberOfRows() > 0 && data.getColumnType(0) === "string";
      const bars = this.kind === "bar";
      const asLabels = texts || bars; // bars stand side by side, whatever the distance of their values
      const count = data.getNumberOfRows();
      const label = (row) => (texts ? data.getFormattedValue(row, 0) : number(data.getValue(row, 0)));
      const datasets = seriesOf(data).map((series, index) => {
        const own = options.series?.[index] ?? {};
        const type = { bars: "bar", scatter: "scatter", line: "line" }[own.type] ?? this.kind;
        const colour = own.color ?? options.colors?.[index] ?? COLOURS[index % COLOURS.length];
        return {
          type,
          label: series.label,
          yAxisID: own.targetAxisIndex && options.vAxes ? `y${own.targetAxisIndex}` : "y",
          data: Array.from({ length: count }, (_, row) => {
            const y = data.getValue(row, series.column);
            return asLabels ? y : { x: data.getValue(row, 0), y };
          }),
          borderColor: colour,
          backgroundColor: type === "bar" ? `${colour}cc` : colour,
          borderDash: own.lineDashStyle,
          borderWidth: type === "bar" ? 0 : 2,
          pointRadius: type === "scatter" ? 4 : count > 60 ? 0 : 2,
          pointHoverRadius: 6,
          pointStyle: own.pointShape === "diamond" ? "rectRot" : "circle",
          showLine: type === "line",
          categoryPercentage: 1,
          barPercentage: (parseFloat(options.bar?.groupWidth) || 90) / 100,
          shown: own.visibleInLegend !== false && Boolean(series.label),
          tips: series.tooltip, notes: series.annotation,
        };
      });
      const scales = { x: { ...axis(options.hAxis), ...(asLabels ? { type: "category" } : {}) }, y: axis(options.vAxes?.[0] ?? options.vAxis, "left") };
      if (options.vAxes?.[1]) scales.y1 = { ...axis(options.vAxes[1], "right"), grid: { drawOnChartArea: false } };
      const place = options.legend?.position ?? "right";
      return {
        type: this.kind,
        data: { labels: asLabels ? Array.from({ length: count }, (_, row) => label(row)) : undefined, datasets },
        options: {
          animation: false,
          maintainAspectRatio: false,
          responsive: true,
          scales,
          interaction: { mode: "nearest", intersect: this.kind === "bar" },
          onClick: (_, active) => this.choose(active),
          onHover: (_, active) => this.hover(active),
          plugins: {
            title: { display: Boolean(options.title), text: options.title },
            legend: {
              display: place !== "none" && datasets.some((one) => one.shown),
              position: place === "right" ? "top" : place,
              onClick: () => {},
              labels: { filter: (item, all) => all.datasets[item.datasetIndex].shown, usePointStyle: true },
            },
            tooltip: {
              enabled: options.enableInteractivity !== false && options.tooltip?.trigger !== "none",
              callbacks: {
                label: (item) => {
                  const column = item.dataset.tips;
                  return column === undefined
                    ? `${item.dataset.label}: ${item.formattedValue}`
                    : String(data.getValue(item.dataIndex, column) ?? "").split("\n");
                },
              },
            },
          },
        },
        plugins: [{ id: "notes", afterDatasetsDraw: (chart) => annotate(chart, data) }],
      };
    }
    choose(active) {
      const [first] = active;
      this.selection = first ? [{ row: first.index, column: seriesOf(this.data)[first.datasetIndex]?.column }] : [];
      events.trigger(this, "select", {});
    }
    hover(active) {
      const [first] = active;
      const now = first ? `${first.datasetIndex} ${first.index}` : "";
      if (now === this.hovered) return;
      this.hovered = now;
      const detail = first ? { row: first.index, column: first.datasetIndex + 1 } : {};
      events.trigger(this, first ? "onmouseover" : "onmouseout", detail);
    }
  }

  // The figures that a column of role "annotation" writes above its bars.
  function annotate(chart, data) {
    chart.data.datasets.forEach((set, index) => {
      if (set.notes === undefined) return;
      const { ctx } = chart;
      ctx.save();
      ctx.font = "11px sans-serif";
      ctx.fillStyle = "#59636e";
      ctx.textAlign = "center";
      chart.getDatasetMeta(index).data.forEach((bar, row) => {
        const words = data.getValue(row, set.notes);
        if (words && words !== "0") ctx.fillText(words, bar.x, Math.max(bar.y - 4, 12));
      });
      ctx.restore();
    });
  }

  const number = (value) => (typeof value === "number" ? String(Number(value.toPrecision(5))) : String(value ?? ""));

  class LineChart extends Chart_ { kind = "line"; }
  class ScatterChart extends Chart_ { kind = "scatter"; }
  class ColumnChart extends Chart_ { kind = "bar"; }
  class ComboChart extends Chart_ {
    kind = "line";
    configuration(data, options) {
      const made = super.configuration(data, options);
      for (const set of made.data.datasets) {
        if (set.type !== "bar") continue;
        set.barThickness = "flex"; // bars on an axis of numbers
        set.order = 1;
      }
      return made;
    }
  }

  // id, x, y, and optionally a value for the colour and one for the size.
  class BubbleChart extends Chart_ {
    kind = "bubble";
    configuration(data, options) {
      const { colors = ["#9ecae1", "#084594"], minValue = 0, maxValue = 1 } = options.colorAxis ?? {};
      const size = { minValue: 0, maxValue: 1, minSize: 4, maxSize: 20, ...options.sizeAxis };
      const share = (value, low, high) => Math.min(Math.max((value - low) / (high - low || 1), 0), 1);
      const rows = Array.from({ length: data.getNumberOfRows() }, (_, row) => row);
      const colour = (row) => mix(colors, share(data.getValue(row, 3) ?? 0, minValue, maxValue));
      const points = rows.map((row) => ({
        x: data.getValue(row, 1),
        y: data.getValue(row, 2),
        r: size.minSize + (size.maxSize - size.minSize) * share(data.getValue(row, 4) ?? 0, size.minValue, size.maxValue),
      }));
      return {
        type: "bubble",
        data: { datasets: [{ label: "", data: points, backgroundColor: rows.map(colour), borderColor: "#59636e", borderWidth: 1 }] },
        options: {
          animation: false,
          maintainAspectRatio: false,
          scales: { x: axis(options.hAxis), y: axis(options.vAxis, "left") },
          onClick: (_, active) => this.choose(active),
          plugins: {
            title: { display: Boolean(options.title), text: options.title },
            legend: { display: false },
            tooltip: {
              callbacks: {
                label: (item) => data.columns.map((one, column) => `${one.label}: ${data.getFormattedValue(item.dataIndex, column)}`),
              },
            },
          },
        },
      };
    }
  }

  function mix([low, high], share) {
    const parts = [1, 3, 5].map((at) => {
      const [a, b] = [low, high].map((text) => parseInt(text.slice(at, at + 2), 16));
      return Math.round(a + (b - a) * share);
    });
    return `rgb(${parts.join(",")})`;
  }

  class Missing {
    constructor(container, type) { Object.assign(this, { container, type }); }
    draw() {
      this.container.textContent = `This page has no chart of type ${this.type}; report.html shows its figures.`;
      events.trigger(this, "ready", {});
    }
    getSelection() { return []; }
    setSelection() {}
  }

  const charts = { Table, LineChart, ScatterChart, ColumnChart, ComboChart, BubbleChart };

  class ChartWrapper {
    constructor({ container }) {
      this.container = container;
      this.chart = null;
    }
    setChartType(type) { this.type = type; }
    setDataTable(data) { this.data = data; }
    setOptions(options) { this.options = options; }
    getChart() { return this.chart; }
    draw() {
      // TFMA draws a table without columns first, and waits for it to be ready.
      if (!this.data || (this.type !== "Table" && !this.data.getNumberOfColumns())) return;
      if (this.drawn !== this.type) {
        const Kind = charts[this.type];
        this.chart = Kind ? new Kind(this.container) : new Missing(this.container, this.type);
        this.drawn = this.type;
        events.addListener(this.chart, "select", (detail) => events.trigger(this, "select", detail));
      }
      this.chart.draw(this.data, this.options ?? {});
      events.trigger(this, "ready", {});
    }
  }

  window.google = {
    charts: { load: () => Promise.resolve(), setOnLoadCallback: (call) => Promise.resolve().then(call) },
    visualization: { DataTable, DataView, arrayToDataTable, events, ChartWrapper, ...charts },
  };

  // TFMA marks bars of its histogram by reaching into the SVG that Google draws; here they are asked
  // for by number.
  customElements.whenDefined("tfma-metrics-histogram").then((Histogram) => {
    Histogram.prototype.highlightHistogramBuckets_ = function highlight(indices) {
      const chart = this.chart_?.chart;
      if (!chart) return;
      const chosen = new Set(indices);
      const [first] = chart.data.datasets;
      chart.data.datasets.forEach((set, series) => {
        const colour = COLOURS[series];
        set.backgroundColor = set.data.map((_, row) =>
          chosen.has(row + series * first.data.length) ? "#8c2d04" : `${colour}cc`);
      });
      chart.update("none");
    };
  });
})();
