
(() => {
  "use strict";
  const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
  const folded = (text) => text.normalize("NFC").toLowerCase();

  // What a cell sorts by: dates as text of the form 2026-12-24 12:00; unknown ones come last, the newest first.
  const keys = {
    text: (cell) => cell.textContent,
    number: (cell) => Number(cell.dataset.value),
    date: (cell) => (/^\d/.test(cell.textContent) ? cell.textContent : ""),
    order: (_cell, place) => place,
  };
  const compare = {
    text: collator.compare,
    number: (one, other) => one - other,
    date: (one, other) => (one < other ? -1 : one > other ? 1 : 0),
    order: (one, other) => one - other,
  };

  // A browser lays out ten thousand rows in seconds, and five hundred at once.
  const AT_ONCE = 500;
  const counted = (number) => number.toLocaleString("en");

  const enhance = (table) => {
    const id = table.dataset.searchable;
    const [field, count, nothing, all] = ["search", "count", "nothing", "all"].map((part) =>
      document.getElementById(`${id}-${part}`),
    );
    const body = table.tBodies[0];
    const rows = Array.from(body.rows, (row, place) => ({ row, place, sorted: [], matches: true }));
    const headings = Array.from(table.tHead.rows[0].cells);
    let most = AT_ONCE;

    const show = () => {
      let found = 0;
      for (const one of rows) {
        if (one.matches) found += 1;
        const hidden = !one.matches || found > most;
        if (one.row.hidden !== hidden) one.row.hidden = hidden;
      }
      const of = found < rows.length ? `${counted(found)} of ` : "";
      const part = found > most ? `, the first ${counted(most)} shown` : "";
      count.textContent = `${of}${counted(rows.length)} ${rows.length === 1 ? count.dataset.one : count.dataset.many}${part}`;
      nothing.hidden = found > 0;
      all.hidden = found <= most;
      all.textContent = `Show all ${counted(found)}`;
    };

    const sort = (column) => {
      const heading = headings[column];
      const kind = heading.dataset.kind in keys ? heading.dataset.kind : "text"; // names and IDs
      const first = kind === "number" || kind === "date" ? "descending" : "ascending";
      const other = first === "ascending" ? "descending" : "ascending";
      const direction = heading.getAttribute("aria-sort") === first ? other : first;
      const sign = direction === "ascending" ? 1 : -1;
      for (const one of rows) one.sorted[column] ??= keys[kind](one.row.cells[column], one.place);
      rows.sort((one, two) => sign * compare[kind](one.sorted[column], two.sorted[column]) || one.place - two.place);
      const sorted = document.createDocumentFragment();
      for (const one of rows) sorted.append(one.row);
      show();
      body.append(sorted);
      for (const one of headings) one.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", direction);
    };

    const search = () => {
      const words = folded(field.value).split(/\s+/).filter(Boolean);
      for (const one of rows) {
        one.text ??= folded(Array.from(one.row.cells, (cell) => cell.textContent).join(" "));
        one.matches = words.every((word) => one.text.includes(word));
      }
      show();
    };

    headings.forEach((heading, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...heading.childNodes);
      button.addEventListener("click", () => sort(column));
      heading.append(button);
    });
    let waiting;
    field.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(search, 100);
    });
    all.addEventListener("click", () => {
      most = Infinity;
      show();
      table.closest(".scroll").focus({ preventScroll: true });
    });
    field.closest(".tools").hidden = false;
    if (field.value) search();
    else show();
    table.dataset.ready = "";
  };

  for (const table of document.querySelectorAll("table[data-searchable]")) enhance(table);
})();
