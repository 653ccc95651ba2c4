// Small pieces that pages are built of.

const LETTERS = "ABCDEFGHIJKLMNOP";

// An element: properties by name, listeners as onclick etc., children as nodes or text.
function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

// One play button a stimulus. `name` is what people call it: "sample A", "the reference".
function playButton(deck, index, label, name, key) {
  const mark = h("span", { class: "mark", "aria-hidden": "true" });
  const button = h("button", {
    type: "button", class: "play", "aria-pressed": "false", "aria-keyshortcuts": key,
    onclick: () => deck.toggle(index).catch(cannotPlay),
  }, h("span", { class: "icon", "aria-hidden": "true" }), h("span", { class: "label" }, label), mark);
  button.update = () => {
    const playing = deck.current === index;
    const heard = deck.done(index);
    button.setAttribute("aria-pressed", String(playing));
    button.setAttribute("aria-label", `${playing ? "Stop" : "Play"} ${name}${heard ? ", heard" : ", not yet heard"}`);
    button.classList.toggle("heard", heard);
    button.style.setProperty("--share", deck.share(index));
    mark.textContent = heard ? "✓" : "";
  };
  button.update();
  return button;
}

function radios(legend, name, options, chosen) {
  return h("div", { class: `choices ${name}`, role: "radiogroup", "aria-label": legend }, options.map(([value, label, note]) =>
    h("label", { class: "choice" },
      h("input", { type: "radio", name, value, onchange: () => chosen(value) }),
      h("span", { class: "face" }, h("strong", {}, label), note ? h("small", {}, note) : null))));
}

// What models of listeners say: hidden until every answer is saved.
function opinionTable(opinions) {
  const cells = (row, tag) => row.map((text, index) => (index ? h(tag, {}, text) : h("th", { scope: tag === "th" ? "col" : "row" }, text)));
  return h("details", { class: "opinions", hidden: true },
    h("summary", {}, "What models of listeners say"),
    h("p", {}, opinions.note),
    h("div", { class: "wide" }, h("table", {},
      h("thead", {}, h("tr", {}, cells(opinions.headings, "th"))),
      h("tbody", {}, opinions.rows.map((row) => h("tr", {}, cells(row, "td")))))));
}

// A rating that stays shut until everything has been heard; says so where people look, and aloud once.
function gate(deck, content) {
  const hint = h("p", { class: "hint", id: "gate" });
  const box = h("div", { class: "rating", role: "group", "aria-describedby": "gate" }, content);
  const inputs = [...box.querySelectorAll("input")];
  let open = false;
  for (const input of inputs) input.disabled = true;
  const element = h("div", { class: "gate" }, hint, box);
  element.update = () => {
    const heard = deck.ids.filter((_, index) => deck.done(index)).length;
    const opens = !open && heard === deck.ids.length;
    open ||= opens;
    const how = deck.minimum ? `for ${deck.minimum} s` : "to the end";
    hint.textContent = open ? "Now give your answer. You may listen again as often as you like."
      : deck.ids.length === 1 ? `Listen ${how} to unlock the rating.`
        : `Listen to every sample ${how} to unlock the rating: ${heard} of ${deck.ids.length} heard.`;
    if (!opens) return;
    say("Everything is heard. You can rate now.");
    for (const input of inputs) input.disabled = false;
    element.classList.add("open");
  };
  element.update();
  return element;
}

function commentBox() {
  const area = h("textarea", { rows: 2, "aria-label": "Comment", maxlength: 1000 });
  const element = h("details", { class: "comment" }, h("summary", {}, "Add a comment"), area);
  element.text = () => area.value.trim();
  return element;
}

function keyTable(rows) {
  return h("dl", { class: "keys" }, rows.map(([keys, what]) => [
    h("dt", {}, keys.split(" ").map((key) => h("kbd", {}, key))), h("dd", {}, what)]));
}

const status = h("p", { class: "status", role: "status" });

function say(text) { status.textContent = text; }

function cannotPlay(error) {
  say(`This browser cannot play the recordings (${error.message}). Please try a current Firefox, Chrome, Edge or Safari.`);
  status.classList.add("trouble");
}
