"use strict";
// All that is only read works without this file; here is what answers to the reader: hovering, switches, players.
document.documentElement.classList.add("scripted");

const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const make = (name, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
};

// Contents: mark the section being read.
const links = new Map(all("nav a").map((link) => [link.hash.slice(1), link]));
const watch = new IntersectionObserver(
  (entries) => entries.forEach((entry) => links.get(entry.target.id)?.classList.toggle("here", entry.isIntersecting)),
  { rootMargin: "-20% 0px -70%" },
);
all("main > section").forEach((part) => watch.observe(part));

// Scatter plots: a tip for the dot under the pointer or, with the arrow keys, for the next one; the same utterance lights up in
// every plot.
const tip = document.getElementById("tip");
const said = document.getElementById("said");

function light(point) {
  all(".point.lit").forEach((other) => other.classList.remove("lit"));
  tip.hidden = !point;
  if (!point) return;
  all(".point").filter((other) => other.dataset.key === point.dataset.key).forEach((other) => other.classList.add("lit"));
  tip.textContent = point.dataset.tip;
  const place = point.getBoundingClientRect();
  const left = Math.min(place.right + 8, document.documentElement.clientWidth - tip.offsetWidth - 8);
  tip.style.left = `${Math.max(8, left)}px`;
  tip.style.top = `${Math.max(8, place.top - tip.offsetHeight - 6)}px`;
}

all("svg[data-points]").forEach((plot) => {
  const points = all(".point", plot).sort((a, b) => a.cx.baseVal.value - b.cx.baseVal.value);
  points.forEach((point) => point.querySelector("title").remove()); // the tip says it already, and sooner
  let current = -1;
  const go = (number) => {
    current = (number + points.length) % points.length;
    light(points[current]);
    said.textContent = points[current].dataset.tip;
  };
  plot.addEventListener("pointerover", (event) => event.target.matches(".point") && light(event.target));
  plot.addEventListener("pointerout", () => light(null));
  plot.addEventListener("blur", () => light(null));
  plot.addEventListener("keydown", (event) => {
    const steps = { ArrowRight: current + 1, ArrowUp: current + 1, ArrowLeft: current - 1, ArrowDown: current - 1, Home: 0, End: -1 };
    if (event.key === "Escape") light(null);
    if (!(event.key in steps)) return;
    event.preventDefault();
    go(current < 0 && event.key.startsWith("Arrow") ? 0 : steps[event.key]);
  });
});

// Learning curves: which systems are shown; pointing at a name fades the others.
const switches = all("[data-toggle]");
const curvesOf = (box) => all(`#curves [data-system="${box.dataset.toggle}"]`);
const show = (box) => curvesOf(box).forEach((curve) => curve.classList.toggle("off", !box.checked));
switches.forEach((box) => {
  box.checked = switches.length <= 6 || "shown" in box.dataset;
  show(box);
  box.addEventListener("change", () => show(box));
  const fade = (on) => all("#curves [data-system]").forEach((curve) =>
    curve.classList.toggle("faded", on && box.checked && curve.dataset.system !== box.dataset.toggle));
  box.parentElement.addEventListener("pointerenter", () => fade(true));
  box.parentElement.addEventListener("pointerleave", () => fade(false));
});

// Players: one deck for all voices of a sentence. Changing the voice keeps the place in the sentence, as a share of its length,
// because every system has its own durations.
let active = null;

class Deck {
  constructor(place, number) {
    this.place = place;
    this.sounds = all("audio", place);
    this.current = 0;
    this.button = make("button", { type: "button", textContent: "Play" });
    this.slider = make("input", { type: "range", min: 0, max: 1000, value: 0, ariaLabel: "Place in the sentence" });
    this.clock = make("span", { className: "clock" });
    const voices = make("fieldset", { className: "voices" }, make("legend", { className: "visually-hidden", textContent: "Voice" }));
    this.choices = all(".sound", place).map((sound, voice) => {
      const choice = make("input", { type: "radio", name: `voice-${number}`, checked: voice === 0 });
      const key = voice < 9 ? [make("kbd", { textContent: voice + 1 })] : [];
      voices.append(make("label", { className: sound.classList[1] }, choice, ...key, sound.querySelector(".named").cloneNode(true)));
      choice.addEventListener("change", () => this.choose(voice));
      return choice;
    });
    this.deck = make("div", { className: "deck" }, make("div", { className: "controls" }, this.button, this.slider, this.clock), voices);
    place.prepend(this.deck);
    this.button.addEventListener("click", () => this.toggle());
    this.slider.addEventListener("input", () => this.seek(this.slider.value / 1000));
    this.sounds.forEach((sound) => {
      for (const event of ["timeupdate", "play", "pause", "ended", "loadedmetadata"]) sound.addEventListener(event, () => this.show());
    });
    this.deck.addEventListener("focusin", () => this.activate());
    this.show();
  }

  get sound() { return this.sounds[this.current]; }
  get share() { return this.sound.duration ? this.sound.currentTime / this.sound.duration : this.wanted || 0; }

  activate() {
    if (active && active !== this) active.leave();
    active = this;
  }

  leave() { // give decoders back: browsers allow a page some dozens
    this.wanted = 0;
    this.sounds.forEach((sound) => sound.readyState && (sound.pause(), sound.load()));
    this.show();
  }

  toggle() {
    this.activate();
    if (this.sound.paused) this.seek(this.share >= 0.999 ? 0 : this.share, true);
    else this.sound.pause();
  }

  choose(voice) {
    if (voice >= this.sounds.length || voice === this.current) return;
    this.activate();
    const [share, playing] = [this.share, !this.sound.paused];
    this.sound.pause();
    this.current = voice;
    this.choices[voice].checked = true;
    this.seek(share, playing);
  }

  seek(share, play = !this.sound.paused) {
    const sound = this.sound;
    this.wanted = share;
    const go = () => {
      if (sound !== this.sound) return; // another voice was chosen meanwhile
      sound.currentTime = this.wanted * sound.duration;
      if (play) sound.play();
      this.show();
    };
    if (sound.readyState > 0) return go();
    sound.addEventListener("loadedmetadata", go, { once: true });
    sound.preload = "auto";
    sound.load();
  }

  show() {
    const { duration, currentTime, paused } = this.sound;
    this.button.textContent = paused ? "Play" : "Pause";
    this.slider.value = 1000 * this.share;
    const [now, end] = [duration ? currentTime : 0, duration || 0].map((seconds) => seconds.toFixed(1));
    this.clock.textContent = duration ? `${now} / ${end} s` : "";
    this.slider.ariaValueText = `${now} of ${end} seconds, ${this.sounds[this.current].ariaLabel || ""}`;
  }
}

const decks = all(".player").map((place, number) => new Deck(place, number));

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const inside = decks.find((deck) => deck.deck.contains(event.target));
  // Elsewhere the keys belong to the page, unless nothing has the focus and a deck was used before.
  const deck = inside || (event.target === document.body ? active : null);
  if (!deck) return;
  if (event.key === " ") deck.toggle();
  else if (event.key === "0") deck.seek(0);
  else if (/^[1-9]$/.test(event.key)) deck.choose(event.key - 1);
  else return;
  event.preventDefault();
});
document.addEventListener("keyup", (event) => { // a button would also answer to the key's release
  if (event.key === " " && decks.some((deck) => deck.deck.contains(event.target))) event.preventDefault();
});
