// The three kinds of question. Each returns a page: its heading, content, keys, and `answer()`, null while it is incomplete.

const SCALE = [[1, "Bad"], [2, "Poor"], [3, "Fair"], [4, "Good"], [5, "Excellent"]];

const KIND = {
  mos: {
    name: "Rating one at a time",
    about: "You hear one recording at a time. Say how natural it sounds, from 1 (bad) to 5 (excellent). " +
      "Judge the voice, not the sentence: natural means the way a person would have said it.",
    keys: [["A", "play or stop"], ["1 – 5", "rate from bad to excellent"]],
  },
  ab: {
    name: "Comparing two",
    about: "You hear the same sentence twice. Say which of the two sounds more natural. " +
      "If you hear no difference that matters, say so: that is an answer too.",
    keys: [["A B", "play or stop a sample"], ["1", "A is more natural"], ["2", "no preference"], ["3", "B is more natural"]],
  },
  mushra: {
    name: "Comparing with a reference",
    about: "You hear one sentence in several versions and, as the reference, the original. Rate every version against the " +
      "reference from 0 to 100. One of them is the reference itself, hidden: it should get 100. Another is spoilt on purpose. " +
      "Recordings repeat until stopped, and you can change between them at any moment: the new one goes on at the same place.",
    keys: [["R", "play the reference"], ["A B …", "play a sample, or change to it"], ["← →", "move a slider by 1"],
      ["Page↑ Page↓", "move it by 10"]],
  },
};

function mosTrial(task, tools) {
  let score = null;
  const deck = tools.deck(task.stimuli, false);
  const play = playButton(deck, 0, "Play", "the recording", "A");
  const choose = (value) => { score = Number(value); tools.changed(); };
  const options = SCALE.map(([value, word]) => [value, String(value), word]);
  const rating = gate(deck, radios("How natural does it sound?", "scale", options, choose));
  return {
    heading: "How natural does it sound?",
    content: [h("div", { class: "players single" }, play), rating],
    update: () => { play.update(); rating.update(); },
    keys: { a: () => play.click(), ...pressed(rating, "scale", ["1", "2", "3", "4", "5"]) },
    answer: () => (score === null ? null : { stimuli: task.stimuli, score }),
  };
}

function abTrial(task, tools) {
  let choice = null;
  const deck = tools.deck(task.stimuli, false);
  const plays = task.stimuli.map((_, i) => playButton(deck, i, LETTERS[i], `sample ${LETTERS[i]}`, LETTERS[i]));
  const options = [["first", "A", "is more natural"], ["none", "=", "no preference"], ["second", "B", "is more natural"]];
  const rating = gate(deck, radios("Which sounds more natural?", "preference", options, (value) => { choice = value; tools.changed(); }));
  return {
    heading: "Which sounds more natural?",
    content: [h("div", { class: "players pair" }, plays), rating],
    update: () => { plays.forEach((play) => play.update()); rating.update(); },
    keys: {
      a: () => plays[0].click(), b: () => plays[1].click(),
      ...pressed(rating, "preference", options.map(([value]) => value)),
    },
    answer: () => (choice === null ? null : { stimuli: task.stimuli, choice }),
  };
}

function mushraTrial(task, tools) {
  const scores = task.stimuli.map(() => null);
  const deck = tools.deck([task.reference, ...task.stimuli], true);
  const reference = playButton(deck, 0, "Reference", "the reference", "R");
  const plays = [reference];
  const rows = task.stimuli.map((_, i) => {
    const play = playButton(deck, i + 1, LETTERS[i], `sample ${LETTERS[i]}`, LETTERS[i]);
    plays.push(play);
    const shown = h("output", { class: "score" }, "–");
    const slider = h("input", {
      type: "range", min: 0, max: 100, step: 1, value: 50, class: "untouched",
      "aria-label": `Quality of sample ${LETTERS[i]}`, "aria-valuetext": "not rated yet",
    });
    const rate = () => {
      const value = Number(slider.value);
      scores[i] = value;
      shown.textContent = value;
      slider.classList.remove("untouched");
      slider.setAttribute("aria-valuetext", `${value}, ${SCALE[Math.min(4, Math.floor(value / 20))][1].toLowerCase()}`);
      tools.changed();
    };
    slider.addEventListener("input", rate);
    slider.addEventListener("click", rate);
    slider.addEventListener("keydown", (event) => { if (event.key === " ") { event.preventDefault(); rate(); } });
    return h("div", { class: "row" }, play, h("div", { class: "track" }, slider), shown);
  });
  const words = SCALE.map(([, word]) => h("span", {}, word));
  const scale = h("div", { class: "row words", "aria-hidden": "true" }, h("span"), h("div", { class: "track" }, words), h("span"));
  const rating = gate(deck, [scale, rows]);
  return {
    heading: "Rate each version against the reference",
    content: [h("div", { class: "players single" }, reference), rating],
    update: () => { plays.forEach((play) => play.update()); rating.update(); },
    keys: {
      r: () => reference.click(),
      ...Object.fromEntries(task.stimuli.map((_, i) => [LETTERS[i].toLowerCase(), () => plays[i + 1].click()])),
    },
    answer: () => (scores.includes(null) ? null : { stimuli: task.stimuli, scores: [...scores] }),
  };
}

// Digit keys that choose from a radio group, in the order of `values`, once it is open.
function pressed(rating, name, values) {
  return Object.fromEntries(values.map((value, i) => [String(i + 1), () => {
    const input = rating.querySelector(`input[name="${name}"][value="${value}"]`);
    if (!input.matches(":disabled")) { input.focus(); input.click(); }
  }]));
}

const TRIALS = { mos: mosTrial, ab: abTrial, mushra: mushraTrial };
