for (const table of document.querySelectorAll("table")) {
  const body = table.tBodies[0];
  const value = (row, i) => {
    const cell = row.cells[i];
    return "sort" in cell.dataset ? Number(cell.dataset.sort) : cell.textContent;
  };
  // Numbers before text, so that cells without a number come last.
  const compare = (a, b) =>
    typeof a !== typeof b ? (typeof a === "number" ? -1 : 1)
      : typeof a === "number" ? a - b : a.localeCompare(b);
  [...table.tHead.rows[0].cells].forEach((head, i) => head.addEventListener("click", () => {
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const rows = [...body.rows].sort((a, b) => compare(value(a, i), value(b, i)));
    body.append(...(down ? rows.reverse() : rows));
  }));
}
