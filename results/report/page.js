"use strict";

// Sorts the trials by a column, filters them by words and status, marks what can be scrolled sideways, copies code.

const table = document.querySelector(".trials");
const headings = [...table.tHead.rows[0].cells];
const isText = headings.map((heading) => heading.classList.contains("text"));
const statusPlace = headings.findIndex((heading) => heading.classList.contains("status"));
const collator = new Intl.Collator("en", { numeric: true });

// Each trial is its tags and its cells, and each cell what it shows and what it is sorted by; empty if that is the same.
const trials = JSON.parse(document.getElementById("rows").textContent);
const PER_PART = 100; // trials: a browser lays out as many at once, and thousands in seconds

// The table is made of parts, of which those near the window have their rows; the others are as high as they were.
const near = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) isIntersecting ? fill(target) : empty(target);
  },
  { root: table.parentElement, rootMargin: "1500px 0px" },
);
const parts = new Map();

function fill(part) {
  part.replaceChildren(...parts.get(part).map(rowOf));
}

function empty(part) {
  if (part.offsetHeight) space(part, part.offsetHeight);
}

function space(part, height) {
  const row = document.createElement("tr");
  row.className = "unseen";
  row.style.height = `${height}px`;
  part.replaceChildren(row);
}

function rowOf([tags, cells]) {
  const row = document.createElement("tr");
  row.className = tags.join(" ");
  cells.forEach(([text], place) => {
    const cell = row.insertCell();
    cell.textContent = text;
    cell.classList.toggle("text", isText[place]);
    cell.classList.toggle("long", isText[place] && text.length > 40);
  });
  for (const tag of tags) {
    const mark = document.createElement("span");
    mark.className = "tag";
    mark.textContent = tag;
    row.cells[0].append(" ", mark);
  }
  return row;
}

function draw(chosen) {
  near.disconnect();
  parts.clear();
  const height = table.tHead.offsetHeight || 30;
  for (let place = 0; place < chosen.length; place += PER_PART) {
    const part = document.createElement("tbody");
    parts.set(part, chosen.slice(place, place + PER_PART));
    place ? space(part, height * parts.get(part).length) : fill(part);
  }
  for (const part of [...table.tBodies]) part.remove();
  table.append(...parts.keys());
  for (const part of parts.keys()) near.observe(part);
}

function key([, cells], place) {
  const [text, exact] = cells[place];
  const value = exact || text;
  return value === "" ? null : isText[place] ? value : Number(value);
}

function sort(heading) {
  const place = headings.indexOf(heading);
  const order = heading.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
  const sign = order === "ascending" ? 1 : -1;
  const compare = isText[place] ? collator.compare : (left, right) => (left < right ? -1 : left > right ? 1 : 0);
  const keys = new Map(trials.map((trial) => [trial, key(trial, place)]));
  trials.sort((trial, next) => {
    const [left, right] = [keys.get(trial), keys.get(next)];
    // Unknown values come last in both directions.
    if (left === null || right === null) return (left === null) - (right === null);
    return sign * compare(left, right);
  });
  for (const each of headings) each.setAttribute("aria-sort", each === heading ? order : "none");
  show();
}

for (const heading of headings) {
  heading.querySelector("button").addEventListener("click", () => sort(heading));
}

const filter = document.getElementById("filter");
const status = document.getElementById("status");
const shown = document.getElementById("shown");
const words = new Map(trials.map(([tags, cells]) => [cells, [...cells.map(([text]) => text), ...tags].join("\n").toLowerCase()]));

function show() {
  const wanted = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  const chosen = trials.filter(([, cells]) => {
    const hasStatus = !status?.value || cells[statusPlace][0] === status.value;
    return hasStatus && wanted.every((word) => words.get(cells).includes(word));
  });
  draw(chosen);
  shown.value = `${chosen.length.toLocaleString("en")} of ${trials.length.toLocaleString("en")}`;
}

filter.addEventListener("input", show);
status?.addEventListener("change", show);
filter.form.addEventListener("submit", (event) => event.preventDefault());
document.getElementById("first")?.remove();
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
