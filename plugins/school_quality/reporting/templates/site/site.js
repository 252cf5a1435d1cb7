// Sorting and searching of the tables of the site. Without this file the tables are complete and in their first order.
// No modules, no requests: it also runs in pages that are opened as files.
(function () {
  "use strict";

  var compareTexts = new Intl.Collator("ru", { numeric: true }).compare;

  function fold(text) {
    return text.toLowerCase().replace(/ё/g, "е").replace(/\s+/g, " ").trim();
  }

  // Rows without a value stand last, whichever the direction; equal ones keep their first order.
  function sort(table, column, kind, direction) {
    var body = table.tBodies[0];
    var rows = Array.from(body.rows).map(function (row) {
      var order = row.cells[column].getAttribute("data-order");
      return { row: row, place: Number(row.dataset.place), order: kind === "number" && order !== null ? Number(order) : order };
    });
    rows.sort(function (a, b) {
      if (a.order === null || b.order === null) {
        return (a.order === null) - (b.order === null) || a.place - b.place;
      }
      var difference = kind === "number" ? a.order - b.order : compareTexts(a.order, b.order);
      return direction * difference || a.place - b.place;
    });
    rows.forEach(function (item) { body.appendChild(item.row); });
  }

  function makeSortable(table) {
    var heads = Array.from(table.tHead.rows[0].cells);
    Array.from(table.tBodies[0].rows).forEach(function (row, place) { row.dataset.place = place; });
    heads.forEach(function (head, column) {
      var kind = head.getAttribute("data-sort");
      if (!kind) { return; }
      var button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      while (head.firstChild) { button.appendChild(head.firstChild); }
      head.appendChild(button);
      button.addEventListener("click", function () {
        var descending = head.getAttribute("aria-sort") === "ascending";
        heads.forEach(function (other) { other.removeAttribute("aria-sort"); });
        head.setAttribute("aria-sort", descending ? "descending" : "ascending");
        sort(table, column, kind, descending ? -1 : 1);
      });
    });
  }

  function makeSearchable(tools) {
    var table = document.getElementById(tools.getAttribute("data-tools"));
    var rows = Array.from(table.tBodies[0].rows);
    var texts = rows.map(function (row) { return fold(row.textContent); });
    var search = tools.querySelector("[data-search]");
    var choices = Array.from(tools.querySelectorAll("[data-choice]"));
    var count = tools.querySelector("[data-count]");

    function show() {
      var wanted = fold(search.value);
      var shown = 0;
      rows.forEach(function (row, index) {
        var fits = texts[index].indexOf(wanted) >= 0 && choices.every(function (choice) {
          var values = (row.getAttribute("data-" + choice.getAttribute("data-choice")) || "").split("|");
          return choice.value === "" || values.indexOf(choice.value) >= 0;
        });
        row.hidden = !fits;
        shown += fits;
      });
      count.textContent = shown === rows.length ? "Показаны все: " + rows.length : "Показано: " + shown + " из " + rows.length;
    }

    search.addEventListener("input", show);
    choices.forEach(function (choice) { choice.addEventListener("change", show); });
    tools.hidden = false;
    show();
  }

  Array.from(document.querySelectorAll("table[data-sortable]")).forEach(makeSortable);
  Array.from(document.querySelectorAll("[data-tools]")).forEach(makeSearchable);
})();
