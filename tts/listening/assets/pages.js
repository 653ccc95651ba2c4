// The way through the test: welcome, volume, practice, the parts with their trials, and the results.

const read = (id) => JSON.parse(document.getElementById(id).textContent);
const test = read("test");
const player = new Player(read("sounds"), test.rate);
const store = `listening-test/${test.id}`;
const steps = ["volume", "practice", ...test.kinds.flatMap((kind) => [
  `about/${kind}`, ...test.trials[kind].flatMap((trial) => (kind === "mos" ? trial.stimuli : [0])).map(() => `trial/${kind}`)]), "finish"];

let session = load();
let order = session && plan(test, session.number, session.uuid);
let page = null;
let deck = null;
let shortcuts = true;

function load() {
  try { return JSON.parse(localStorage.getItem(store)); } catch { return null; }
}

function keep() {
  try { localStorage.setItem(store, JSON.stringify(session)); } catch { say("This browser does not keep answers: do not close the page."); }
}

function forget() {
  try { localStorage.removeItem(store); } catch { /* nothing was kept */ }
  session = order = null;
  show();
}

const tools = {
  deck(ids, together) { deck = new Deck(player, ids, { together, minimum: test.minimum, changed: () => tools.changed() }); return deck; },
  changed() { if (page) { page.update?.(); next.disabled = page.ready ? !page.ready() : false; } },
};

function welcome() {
  const number = h("input", { type: "number", min: 1, max: NUMBERS, id: "listener", placeholder: "drawn at random", inputmode: "numeric" });
  const inputs = test.fields.map((field) => [field, field.kind === "choice"
    ? h("select", { id: `field-${field.name}` }, h("option", { value: "" }, "—"), field.choices.map((choice) => h("option", {}, choice)))
    : h("input", { id: `field-${field.name}`, type: field.kind, maxlength: 200, autocomplete: "off", min: field.kind === "number" ? 0 : null })]);
  const agree = h("input", { type: "checkbox", id: "consent", onchange: () => tools.changed() });
  return {
    heading: test.title,
    content: [
      h("p", { class: "lead" }, `Thank you for listening. This takes about ${test.minutes} minutes. ` +
        "Please use headphones in a quiet room if you can."),
      h("p", { class: "consent" }, test.consent),
      inputs.length ? h("h2", {}, "About you (optional)") : null,
      h("div", { class: "fields" },
        inputs.map(([field, input]) => h("label", { for: input.id }, field.label, input)),
        h("label", { for: "listener" }, "Listener number, if you were given one", number)),
      h("label", { class: "agree", for: "consent" }, agree, h("span", {}, "I have read this and want to take part.")),
    ],
    next: "Start",
    ready: () => agree.checked && number.checkValidity(),
    leave() {
      const uuid = newUuid();
      const answers = Object.fromEntries(test.kinds.map((kind) => [kind, []]));
      const fields = Object.fromEntries(inputs.map(([field, input]) => [field.name, input.value.trim()]));
      session = { uuid, number: Number(number.value) || (hash(uuid) % NUMBERS) + 1, fields, answers, step: -1, level: player.level };
      order = plan(test, session.number, uuid);
    },
  };
}

function volume() {
  const own = tools.deck([test.practice[0]], true);
  const play = playButton(own, 0, "Play", "a recording, repeating", "A");
  const slider = h("input", {
    type: "range", min: 0, max: 100, step: 1, value: Math.round(player.level * 100), id: "level",
    oninput: () => { player.setLevel(slider.value / 100); session.level = player.level; },
  });
  return {
    heading: "Set the volume",
    content: [
      h("p", {}, "Play the recording and set a comfortable volume, as loud as a person across a table. Then leave it as it is " +
        "until the end: all recordings were made equally loud."),
      h("div", { class: "players single" }, play),
      h("label", { class: "level", for: "level" }, "Volume", slider),
    ],
    update: play.update,
    keys: { a: () => play.click() },
    ready: () => own.heard[0] > 0,
  };
}

function practice() {
  const own = tools.deck(test.practice, false);
  const plays = test.practice.map((_, i) => playButton(own, i, LETTERS[i], `example ${LETTERS[i]}`, LETTERS[i]));
  const hint = h("p", { class: "hint" });
  return {
    heading: "Get to know the recordings",
    content: [
      h("p", {}, "This is one sentence in all its versions. Listen to each of them once, to know how far apart they are. " +
        "Nothing is rated yet."),
      h("div", { class: "players many" }, plays), hint,
    ],
    update() {
      plays.forEach((play) => play.update());
      hint.textContent = `${plays.filter((_, i) => own.done(i)).length} of ${plays.length} heard.`;
    },
    keys: Object.fromEntries(plays.map((play, i) => [LETTERS[i].toLowerCase(), () => play.click()])),
    ready: () => own.allDone(),
  };
}

function about(kind) {
  const part = test.kinds.length > 1 ? `Part ${test.kinds.indexOf(kind) + 1} of ${test.kinds.length}: ` : "";
  const count = order[kind].length;
  return {
    heading: part + KIND[kind].name,
    content: [
      h("p", { class: "lead" }, KIND[kind].about),
      h("p", {}, `There ${count === 1 ? "is 1 question" : `are ${count} questions`} in this part. ` +
        "The rating unlocks when everything has been heard. You cannot go back to an earlier question."),
      h("h2", {}, "Keys"),
      keyTable([...KIND[kind].keys, ["N", "next page"]]),
    ],
    next: "Begin",
  };
}

function trial(kind) {
  const asked = TRIALS[kind](order[kind][session.answers[kind].length], tools);
  const comment = commentBox();
  const since = performance.now();
  return {
    ...asked,
    content: [...asked.content, comment],
    ready: () => asked.answer() !== null,
    leave() {
      session.answers[kind].push({ ...asked.answer(), time: Math.round(performance.now() - since), comment: comment.text() });
    },
  };
}

function finish() {
  const label = test.id + "_" + session.uuid.slice(0, 8);
  const opinions = test.opinions ? opinionTable(unveiled(test.opinions)) : null;
  const saves = test.kinds.map((kind) => {
    const name = `${label}_${FILES[kind]}`;
    const button = h("button", { type: "button", class: "save", onclick: () => {
      save(name, resultFile(test, session, kind));
      button.classList.add("saved");
      note.textContent = "saved";
      say(`${name} is saved.`);
      if (opinions) opinions.hidden = !saves.every((other) => other.classList.contains("saved"));
    } }, h("span", {}, `Save ${FILES[kind]}`));
    const note = h("small", {}, KIND[kind].name.toLowerCase());
    button.append(note);
    return button;
  });
  const sure = h("button", { type: "button", class: "plain danger", hidden: true, onclick: forget }, "Yes, erase them");
  const erase = h("button", { type: "button", class: "plain", onclick: () => { sure.hidden = false; sure.focus(); } },
    "Erase my answers and start again");
  return {
    heading: "Thank you!",
    content: [
      h("p", { class: "lead" }, `That was all. Please save your answers as ${saves.length === 1 ? "a file" : `${saves.length} files`} ` +
        "and send them to the person who invited you. Nothing has been sent by this page."),
      h("div", { class: "saves" }, saves),
      opinions,
      h("p", { class: "erase" }, erase, " ", sure),
    ],
    next: null,
  };
}

const next = h("button", { type: "button", class: "next", onclick: advance });
const bar = h("progress", { max: steps.length - 1, value: 0, "aria-label": "Progress through the test" });
const place = h("span", { class: "place" });
const main = h("main", { id: "page" });
const toggle = h("input", { type: "checkbox", id: "shortcuts", checked: true, onchange: () => { shortcuts = toggle.checked; } });
const help = h("details", { class: "help" }, h("summary", {}, "Keyboard"),
  keyTable([["Tab", "move between buttons and ratings"], ["Space", "press a button"], ["A B …", "play or stop a sample"],
    ["R", "play the reference"], ["1 2 3 …", "choose an answer"], ["← →", "move a slider"], ["N", "next page"]]),
  h("label", { class: "agree", for: "shortcuts" }, toggle, h("span", {}, "Letters and digits work as shortcuts")));

function advance() {
  if (next.disabled) return;
  deck?.stop();
  page.leave?.();
  session.step += 1;
  keep();
  show();
}

function show(resumed = false) {
  deck = page = null;
  status.className = "status";
  const name = session ? steps[session.step] : "welcome";
  const [what, kind] = name.split("/");
  page = { welcome, volume, practice, about, trial, finish }[what](kind);
  const heading = h("h1", { tabindex: -1 }, page.heading);
  main.replaceChildren(heading, ...page.content.filter(Boolean));
  next.hidden = page.next === null;
  next.replaceChildren(page.next ?? "Next");
  bar.value = session ? session.step : 0;
  bar.hidden = place.hidden = !session;
  place.textContent = what === "trial" ? `${KIND[kind].name}: ${session.answers[kind].length + 1} of ${order[kind].length}` : "";
  say(resumed ? "Welcome back: the test goes on where you left it." : "");
  tools.changed();
  if (session) heading.focus({ preventScroll: true });
  window.scrollTo(0, 0);
}

document.addEventListener("keydown", (event) => {
  if (!shortcuts || event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
  if (event.target.matches("textarea, select, input:not([type=radio], [type=range], [type=checkbox])")) return;
  const key = event.key.toLowerCase();
  if (key === "n" && !next.hidden) { event.preventDefault(); advance(); }
  else if (page.keys?.[key]) { event.preventDefault(); page.keys[key](); }
});

document.body.append(
  h("header", {}, place, bar),
  main,
  h("div", { class: "foot" }, next, status),
  h("footer", {}, help));
if (session) player.level = session.level;
show(Boolean(session));
