// Small comforts; every page works without them.
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const later = (work, pause) => { let timer; return (...args) => { clearTimeout(timer); timer = setTimeout(() => work(...args), pause); }; };

// What is of no use without this script is not shown without it.
for (const part of all("[data-scripted]")) part.hidden = false;

// Filter fields hide what does not match, and groups that are left empty.
const textOf = new WeakMap();
const searched = (item) => {
  if (!textOf.has(item)) textOf.set(item, `${item.dataset.text ?? ""} ${item.textContent}`.toLowerCase());
  return textOf.get(item);
};
for (const field of all("[data-filter]")) {
  const status = document.querySelector("[data-filter-status]");
  const only = document.querySelector("[data-only-held]");
  const apply = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    const items = all(field.dataset.filter);
    let shown = 0;
    for (const item of items) {
      const held = !only?.checked || item.querySelector("input")?.checked;
      item.hidden = !held || !words.every((word) => searched(item).includes(word));
      shown += !item.hidden;
    }
    for (const group of all(field.dataset.groups || "[data-none]")) {
      group.hidden = !group.querySelector(`${field.dataset.filter.split(" ").pop()}:not([hidden])`);
      if (words.length && !group.hidden && group.matches("details")) group.open = true;
    }
    if (status) status.textContent = `${shown} of ${items.length} shown`;
  };
  field.addEventListener("input", later(apply, 60));
  only?.addEventListener("change", apply);
  if (!field.name) field.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
}

// Where not all rows are on the page, the server filters; it is asked when the typing pauses. What was ticked
// would be lost: then it waits for the button.
for (const field of all("[data-submit]")) {
  const ask = () => { if (!document.querySelector("form[data-guard] .changed")) field.form.requestSubmit(); };
  field.addEventListener("input", later(ask, 700));
  if (field.autofocus) field.setSelectionRange(field.value.length, field.value.length);
}

// Boxes that were changed are marked and counted; leaving asks.
for (const form of all("form[data-guard]")) {
  const pending = form.querySelector("[data-pending]");
  const calm = pending?.textContent;
  const boxes = all("input[data-was]", form);
  const fields = all("input:not([type=hidden]):not([data-was]):not([data-filter]):not([data-only-held]), select, textarea", form).filter((field) => field.name);
  const isTicked = (field) => ["checkbox", "radio"].includes(field.type);
  const first = new Map(fields.map((field) => [field, isTicked(field) ? field.checked : field.value]));
  let dirty = form.hasAttribute("data-dirty");
  const look = () => {
    let plus = 0, minus = 0;
    const names = [];
    for (const box of boxes) {
      const was = box.dataset.was === "1", place = box.closest(".act, td");
      const changed = box.checked !== was;
      place?.classList.toggle("changed", changed);
      if (!changed) continue;
      box.checked ? plus++ : minus++;
      if (names.length < 6) names.push(`${box.checked ? "+" : "−"} ${place?.dataset.text ?? box.closest("tr")?.querySelector("th a")?.textContent ?? ""}`);
    }
    const typed = fields.filter((field) => (isTicked(field) ? field.checked : field.value) !== first.get(field)).length;
    dirty = form.hasAttribute("data-dirty") || plus + minus + typed > 0;
    if (!pending) return;
    if (!dirty) { pending.textContent = calm; return; }
    pending.replaceChildren();
    const part = (text, kind) => { const span = document.createElement("span"); span.textContent = text; if (kind) span.className = kind; pending.append(span, " "); };
    part("Not saved:");
    if (plus) part(`+${plus} granted`, "plus");
    if (minus) part(`−${minus} taken`, "minus");
    if (typed) part(`${typed} field${typed > 1 ? "s" : ""} changed`);
    if (names.length) part(`(${names.join(", ")}${plus + minus > names.length ? ", …" : ""})`, "small");
  };
  form.addEventListener("input", look);
  form.addEventListener("change", () => { look(); counts(form); });
  form.addEventListener("submit", (event) => { if (!event.submitter?.formTarget) dirty = false; });
  addEventListener("beforeunload", (event) => { if (dirty) event.preventDefault(); });
  look();
}

// Opens all groups, or closes them where all are open.
for (const button of all("[data-unfold]")) {
  const groups = all(button.dataset.unfold);
  const areOpen = () => groups.every((group) => group.open);
  const tell = () => { button.textContent = areOpen() ? "Close all" : "Open all"; };
  button.addEventListener("click", () => { const open = !areOpen(); for (const group of groups) group.open = open; });
  for (const group of groups) group.addEventListener("toggle", tell);
  tell();
}

// Select all, with a mixed state, and how many are ticked.
function counts(root) {
  for (const group of all(".controller", root)) {
    const boxes = all(".act input", group), whole = group.querySelector("[data-all] input");
    if (!whole || boxes.length === 0) continue;
    const ticked = boxes.filter((box) => box.checked).length;
    whole.checked = ticked === boxes.length;
    whole.indeterminate = ticked > 0 && ticked < boxes.length;
  }
  for (const unit of all(".unit", root)) {
    const boxes = all(".act input", unit), count = unit.querySelector("[data-count]");
    if (count) count.textContent = `${boxes.filter((box) => box.checked).length} of ${boxes.length}`;
  }
}
for (const label of all("[data-all]")) {
  const boxes = all(".act input", label.closest(".controller"));
  label.hidden = boxes.length < 2;
  label.querySelector("input").addEventListener("change", (event) => {
    for (const box of boxes) if (!box.closest(".act").hidden) box.checked = event.target.checked;
  });
}
counts(document);

// The side panel shows the action that was chosen.
const panel = document.querySelector("#panel");
if (panel) {
  const known = new Map();
  let wanted;
  const show = later(async (link) => {
    wanted = link.href;
    for (const other of all(".act.chosen")) other.classList.remove("chosen");
    link.closest(".act")?.classList.add("chosen");
    if (!known.has(link.href)) {
      const answer = await fetch(link.href, { credentials: "same-origin" });
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      known.set(link.href, page.querySelector("#panel-content"));
    }
    const content = known.get(link.href);
    if (!content || wanted !== link.href) return;
    panel.classList.add("filled");
    panel.replaceChildren(...[...content.childNodes].map((node) => document.importNode(node, true)));
  }, 120);
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-panel]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    show(link);
  });
  document.addEventListener("change", (event) => {
    const link = event.target.closest(".act")?.querySelector("[data-panel]");
    if (link) show(link);
  });
}

// Ticks every row of a list, and tells how many are ticked.
for (const whole of all("[data-every]")) {
  const boxes = () => all(`input[name="${whole.dataset.every}"]`);
  const told = document.querySelector("[data-chosen]");
  const tell = () => {
    const ticked = boxes().filter((box) => box.checked).length;
    whole.checked = ticked > 0 && ticked === boxes().length;
    whole.indeterminate = ticked > 0 && !whole.checked;
    if (told) told.textContent = ticked ? `${ticked} selected` : "Select users to change several at once";
  };
  whole.closest("label, th, div")?.removeAttribute("hidden");
  whole.addEventListener("change", () => { for (const box of boxes()) box.checked = whole.checked; tell(); });
  document.addEventListener("change", (event) => { if (event.target.name === whole.dataset.every) tell(); });
  tell();
}

// A preview that follows the typing.
const preview = document.querySelector("[data-preview]");
if (preview) {
  const update = later(() => preview.form.requestSubmit(preview), 400);
  preview.form.addEventListener("input", update);
  preview.click();
}

// Buttons that copy what stands beside them.
for (const button of all("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = "Copied";
    } catch {
      // Over plain http there is no clipboard: what is to be copied is selected.
      const text = button.closest(".card")?.querySelector("code");
      if (text) getSelection().selectAllChildren(text);
    }
  });
}
