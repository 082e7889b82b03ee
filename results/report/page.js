"use strict";

// Sorts the trials by a column, filters them by words and status, marks what can be scrolled sideways, copies code.

const body = document.querySelector(".trials tbody");
const rows = [...body.rows];
const headings = [...document.querySelectorAll(".trials thead th")];
const collator = new Intl.Collator("en", { numeric: true });

function key(row, place, isText) {
  const cell = row.cells[place];
  const value = cell.dataset.exact ?? cell.textContent;
  return value === "" ? null : isText ? value : Number(value);
}

function sort(heading) {
  const place = headings.indexOf(heading);
  const isText = heading.classList.contains("text");
  const order = heading.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
  const sign = order === "ascending" ? 1 : -1;
  const compare = isText ? collator.compare : (left, right) => (left < right ? -1 : left > right ? 1 : 0);
  const keys = new Map(rows.map((row) => [row, key(row, place, isText)]));
  rows.sort((row, next) => {
    const [left, right] = [keys.get(row), keys.get(next)];
    // Unknown values come last in both directions.
    if (left === null || right === null) return (left === null) - (right === null);
    return sign * compare(left, right);
  });
  body.replaceChildren(...rows);
  for (const each of headings) each.setAttribute("aria-sort", each === heading ? order : "none");
  show();
}

for (const heading of headings) {
  heading.querySelector("button").addEventListener("click", () => sort(heading));
}

const filter = document.getElementById("filter");
const status = document.getElementById("status");
const all = document.getElementById("all");
const shown = document.getElementById("shown");
const statusPlace = headings.findIndex((heading) => heading.classList.contains("status"));
const texts = new Map();
let most = 1000; // rows: more take a browser seconds to lay out

function text(row) {
  if (!texts.has(row)) texts.set(row, [...row.cells].map((cell) => cell.textContent.toLowerCase()));
  return texts.get(row);
}

function show() {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const row of rows) {
    const hasStatus = !status?.value || row.cells[statusPlace].textContent === status.value;
    const isMatch = hasStatus && words.every((word) => text(row).some((cell) => cell.includes(word)));
    count += isMatch;
    row.hidden = !isMatch || count > most;
  }
  const first = count > most ? `, the first ${most.toLocaleString("en")} shown` : "";
  shown.value = `${count.toLocaleString("en")} of ${rows.length.toLocaleString("en")}${first}`;
  all.hidden = count <= most;
}

all.addEventListener("click", () => {
  most = Infinity;
  show();
});
filter.addEventListener("input", show);
status?.addEventListener("change", show);
filter.form.addEventListener("submit", (event) => event.preventDefault());
show();

// What is wider than the page says so, and its edge fades until it is scrolled to its end.
for (const part of document.querySelectorAll(".sideways")) {
  const inner = part.querySelector(".scroll, .picture, pre");
  const look = () => {
    const hidden = inner.scrollWidth - inner.clientWidth;
    part.classList.toggle("wide", hidden > 1);
    part.classList.toggle("more", hidden - inner.scrollLeft > 1);
  };
  inner.addEventListener("scroll", look, { passive: true });
  const watch = new ResizeObserver(look);
  for (const each of [inner, ...inner.children]) watch.observe(each);
}

for (const block of document.querySelectorAll(".code")) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    const code = block.querySelector("code");
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = "Copied";
    } catch {
      // Not every browser lets a local file write to the clipboard: select the text, to be copied by hand.
      getSelection().selectAllChildren(code);
    }
  });
  block.append(button);
}
