(() => {
"use strict";
const root = document.documentElement;
const all = (selector) => [...document.querySelectorAll(selector)];
const one = (id) => document.getElementById(id);

// The colours: those of the system until a person chooses others.
const themes = all(".theme button");
const remembered = () => { try { return localStorage.getItem("novita-infra-theme") || ""; } catch { return ""; } };
const paint = (theme) => {
  if (theme) root.dataset.theme = theme; else delete root.dataset.theme;
  for (const button of themes) button.setAttribute("aria-pressed", String(button.dataset.theme === theme));
};
for (const button of themes) {
  button.addEventListener("click", () => {
    paint(button.dataset.theme);
    try { localStorage.setItem("novita-infra-theme", button.dataset.theme); } catch { /* a file may have no storage */ }
  });
}
paint(remembered());
for (const part of all(".theme, .tools")) part.hidden = false;

// The list of changes: what fits the search and the action is shown.
const find = one("find"), action = one("action"), fold = one("fold");
const items = all("#list > li");
const texts = new Map();
const text = (item) => {
  if (!texts.has(item)) texts.set(item, item.textContent.toLowerCase());
  return texts.get(item);
};
const show = () => {
  const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const item of items) {
    const fits = (!action.value || item.dataset.action === action.value) && words.every((word) => text(item).includes(word));
    if (item.hidden === fits) item.hidden = !fits;
    shown += fits;
  }
  one("count").textContent = `${shown.toLocaleString("en")} of ${items.length.toLocaleString("en")}`;
  one("none").hidden = shown > 0;
};
const search = (words, act) => { find.value = words; action.value = act; show(); };
const folded = () => all("#list details");
if (find) {
  let waiting = 0;
  find.addEventListener("input", () => { cancelAnimationFrame(waiting); waiting = requestAnimationFrame(show); });
  find.addEventListener("keydown", (event) => { if (event.key === "Escape") search("", action.value); });
  action.addEventListener("change", show);
  one("clear").addEventListener("click", () => { search("", ""); find.focus(); });
  const label = (open) => { fold.textContent = open ? "Close all" : "Open all"; fold.setAttribute("aria-expanded", String(open)); };
  label(folded().length > 0 && folded().every((item) => item.open));
  fold.addEventListener("click", () => {
    const open = fold.getAttribute("aria-expanded") !== "true";
    for (const item of folded()) if (item.open !== open) item.open = open;
    label(open);
  });
  show();
}

// Links: a tile chooses its action, a node of several resources searches for them, and any target is shown and opened.
const reveal = () => {
  const target = one(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  if (target.closest("[hidden]") && find) search("", "");
  for (let part = target; part; part = part.parentElement) if (part.localName === "details") part.open = true;
  target.scrollIntoView();
};
addEventListener("hashchange", reveal);
for (const tile of all(".tile[data-action]")) tile.addEventListener("click", () => { if (find) search("", tile.dataset.action === "none" ? "" : tile.dataset.action); });
for (const node of all("a[data-find]")) {
  node.addEventListener("click", (event) => {
    if (!find) return;
    event.preventDefault();
    search(node.dataset.find, "");
    one("changes").scrollIntoView();
    find.focus({ preventScroll: true });
  });
}
reveal();
})();
