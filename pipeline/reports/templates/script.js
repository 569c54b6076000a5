// Makes tables sortable, filterable and comparable. Without script the page reads the same.
"use strict";
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const keyOf = (row, index) => {
    const cell = row.cells[index];
    if (!cell) return "";
    const text = "v" in cell.dataset ? cell.dataset.v : cell.textContent.trim();
    return text;
  };
  heads.forEach((head, index) => {
    if (head.classList.contains("fixed")) return;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent.trim();
    head.textContent = "";
    head.append(button);
    button.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") === "descending"
        || (!head.hasAttribute("aria-sort") && !head.classList.contains("n"));
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const numeric = head.classList.contains("n");
      const rows = [...body.rows].filter((row) => !row.classList.contains("all"));
      const ordered = rows.map((row) => {
        const text = keyOf(row, index);
        return { row, key: numeric ? (text === "" ? NaN : Number(text)) : text };
      });
      ordered.sort((a, b) => {
        if (numeric) {
          const none = Number.isNaN(a.key) - Number.isNaN(b.key); // no value: always last
          if (none || Number.isNaN(a.key)) return none;
          return up ? a.key - b.key : b.key - a.key;
        }
        const order = a.key.localeCompare(b.key, undefined, { numeric: true });
        return up ? order : -order;
      });
      body.append(...ordered.map((item) => item.row));
    });
  });
}
for (const input of document.querySelectorAll("input[data-filters]")) {
  const rows = () => document.getElementById(input.dataset.filters).tBodies[0].rows;
  input.addEventListener("input", () => {
    const wanted = input.value.trim().toLowerCase();
    for (const row of rows()) {
      const name = row.querySelector("th").textContent.toLowerCase();
      row.hidden = !row.classList.contains("all") && !name.includes(wanted);
    }
  });
}
for (const select of document.querySelectorAll("select[data-shows]")) {
  // One cell holds several readings of its value: which of them is shown, and sorted by.
  const table = document.getElementById(select.dataset.shows);
  select.addEventListener("change", () => {
    for (const cell of table.querySelectorAll("td[data-value]")) {
      const value = cell.dataset[select.value];
      cell.dataset.v = value ?? "";
      cell.querySelector("span").textContent = cell.dataset[select.value + "Text"] ?? "–";
      const interval = cell.querySelector("small"); // of the value, not of a difference
      if (interval) interval.hidden = select.value !== "value";
    }
    for (const head of table.tHead.rows[0].cells) head.removeAttribute("aria-sort");
  });
}
for (const button of document.querySelectorAll("button[data-compares]")) {
  const table = document.getElementById(button.dataset.compares);
  const rest = button.textContent;
  button.addEventListener("click", () => {
    const on = button.getAttribute("aria-pressed") !== "true";
    const chosen = table.querySelectorAll("input:checked").length;
    if (on && !chosen) return;
    button.setAttribute("aria-pressed", String(on));
    button.textContent = on ? "Show all slices" : rest;
    for (const row of table.tBodies[0].rows) {
      const box = row.querySelector("input");
      row.hidden = on && box && !box.checked;
    }
  });
}
