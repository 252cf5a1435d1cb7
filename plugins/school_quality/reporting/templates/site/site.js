// Sorting and searching of the tables of the site. Without this file the tables are complete and in their first order.
// No modules, no requests: it also runs in pages that are opened as files.
(function () {
  "use strict";

  // A table longer than this shows its first rows and a button for the rest: a browser lays out ten thousand rows
  // for seconds. The same number stands in site.css.
  var LIMIT = 300;

  var compareTexts = new Intl.Collator("ru", { numeric: true }).compare;

  function fold(text) {
    return text.toLowerCase().replace(/ё/g, "е").replace(/\s+/g, " ").trim();
  }

  // Rows without a value stand last, whichever the direction; equal ones keep their first order.
  function sort(items, column, kind, direction) {
    items.forEach(function (item) {
      var order = item.row.cells[column].getAttribute("data-order");
      item.order = kind === "number" && order !== null ? Number(order) : order;
    });
    items.sort(function (a, b) {
      if (a.order === null || b.order === null) {
        return (a.order === null) - (b.order === null) || a.place - b.place;
      }
      var difference = kind === "number" ? a.order - b.order : compareTexts(a.order, b.order);
      return direction * difference || a.place - b.place;
    });
  }

  function makeSortable(table, items, arranged) {
    var heads = Array.from(table.tHead.rows[0].cells);
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
        sort(items, column, kind, descending ? -1 : 1);
        var body = table.tBodies[0];
        body.remove();
        items.forEach(function (item) { body.appendChild(item.row); });
        table.appendChild(body);
        arranged("По столбцу «" + button.textContent.trim() + "» " + (descending ? "по убыванию" : "по возрастанию") + ". ");
      });
    });
  }

  function makeSearchable(tools) {
    var table = document.getElementById(tools.getAttribute("data-tools"));
    var items = Array.from(table.tBodies[0].rows).map(function (row, place) {
      var text = fold(row.getAttribute("data-search") || row.querySelector("th").textContent);
      var code = row.getAttribute("data-code");
      return { row: row, place: place, text: text, numbers: text.match(/\d+/g) || [], code: code, order: null };
    });
    var search = tools.querySelector("[data-search]");
    var choices = Array.from(tools.querySelectorAll("[data-choice]"));
    var count = tools.querySelector("[data-count]");
    var more = tools.querySelector("[data-more]");
    var whole = false;

    // A number is that of a school or its code, never one of its values; where no school has it, its beginning.
    function fitting(wanted) {
      function contains(item) { return item.text.indexOf(wanted) >= 0; }
      function has(item) { return item.numbers.indexOf(wanted) >= 0 || item.code === wanted; }
      function begins(item) {
        return item.numbers.some(function (number) { return number.indexOf(wanted) === 0; });
      }
      return !/^\d+$/.test(wanted) ? contains : items.some(has) ? has : begins;
    }

    function show(said) {
      var fitsSearch = fitting(fold(search.value).replace(/^№ ?/, ""));
      var found = 0;
      items.forEach(function (item) {
        var fits = fitsSearch(item) && choices.every(function (choice) {
          var values = (item.row.getAttribute("data-" + choice.getAttribute("data-choice")) || "").split("|");
          return choice.value === "" || values.indexOf(choice.value) >= 0;
        });
        found += fits;
        item.row.hidden = !fits;
        item.row.classList.toggle("later", fits && !whole && found > LIMIT);
      });
      var cut = !whole && found > LIMIT;
      count.textContent = said + (cut ? "Показаны первые " + LIMIT + " из " + found
        : found === items.length ? "Показаны все: " + found : "Показано: " + found + " из " + items.length);
      more.hidden = !cut;
    }

    search.addEventListener("input", function () { show(""); });
    choices.forEach(function (choice) { choice.addEventListener("change", function () { show(""); }); });
    more.addEventListener("click", function () {
      whole = true;
      show("");
      search.focus(); // the button is gone
    });
    makeSortable(table, items, show);
    tools.hidden = false;
    show("");
    table.classList.add("ready");
  }

  Array.from(document.querySelectorAll("[data-tools]")).forEach(makeSearchable);
})();
