
"use strict";
const AT_ONCE = 500; // A browser lays out ten thousand rows in seconds, and five hundred at once.
const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
const folded = (text) => text.normalize("NFC").toLowerCase();
const counted = (number) => number.toLocaleString("en");

// What a cell sorts by: dates as text of the form 2026-12-24 12:00; unknown ones come last, the newest first.
const keys = {
  number: (cell) => Number(cell.dataset.value),
  date: (cell) => (/^\d/.test(cell.textContent) ? cell.textContent : ""),
  order: (_cell, place) => place,
};
const compared = (one, other) => (typeof one === "string" ? collator.compare(one, other) : one - other);

for (const table of document.querySelectorAll("table[data-searchable]")) {
  const id = table.dataset.searchable;
  const [field, count, nothing, all] = ["search", "count", "nothing", "all"].map((part) =>
    document.getElementById(`${id}-${part}`),
  );
  const entries = Array.from(table.tBodies[0].rows, (row, place) => ({ row, place }));
  const headings = Array.from(table.tHead.rows[0].cells);
  let most = AT_ONCE;

  const show = () => {
    let found = 0;
    for (const entry of entries) {
      if (entry.matches) found += 1;
      const hidden = !entry.matches || found > most;
      if (entry.row.hidden !== hidden) entry.row.hidden = hidden;
    }
    const of = found < entries.length ? `${counted(found)} of ` : "";
    const noun = count.dataset.noun + (entries.length === 1 ? "" : "s");
    const part = found > most ? `, the first ${counted(most)} shown` : "";
    count.textContent = `${of}${counted(entries.length)} ${noun}${part}`;
    nothing.hidden = found > 0;
    all.hidden = found <= most;
    all.textContent = `Show all ${counted(found)}`;
  };

  const sort = (heading, column) => {
    const key = keys[heading.dataset.kind] ?? ((cell) => cell.textContent);
    const directions = ["ascending", "descending"];
    if (["number", "date"].includes(heading.dataset.kind)) directions.reverse();
    const direction = directions[heading.getAttribute("aria-sort") === directions[0] ? 1 : 0];
    const sign = direction === "ascending" ? 1 : -1;
    for (const entry of entries) entry.key = key(entry.row.cells[column], entry.place);
    entries.sort((one, other) => sign * compared(one.key, other.key) || one.place - other.place);
    show();
    const sorted = document.createDocumentFragment();
    for (const entry of entries) sorted.append(entry.row);
    table.tBodies[0].append(sorted);
    for (const each of headings) each.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", direction);
  };

  const textOf = (entry) => (entry.text ??= folded(Array.from(entry.row.cells, (cell) => cell.textContent).join(" ")));
  const search = () => {
    const words = folded(field.value).split(/\s+/).filter(Boolean);
    for (const entry of entries) entry.matches = words.every((word) => textOf(entry).includes(word));
    show();
  };

  headings.forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    button.addEventListener("click", () => sort(heading, column));
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
  search();
  table.dataset.ready = "";
}
