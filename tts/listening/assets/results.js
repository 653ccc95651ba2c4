// Answers become files in webMUSHRA's columns. Only here are stimuli given their names back.

const FILES = { mos: "lss.csv", ab: "paired_comparison.csv", mushra: "mushra.csv" };

function unveiled(key) { // from base64, so that a look at the source does not tell who spoke
  return JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(key), (character) => character.charCodeAt(0))));
}

const COLUMNS = {
  mos: ["stimuli_rating", "stimuli", "rating_time", "rating_comment"],
  ab: ["choice_reference", "choice_non_reference", "choice_answer", "choice_time", "choice_comment"],
  mushra: ["rating_stimulus", "rating_score", "rating_time", "rating_comment"],
};

const ROWS = {
  mos: (names, answer) => [[answer.score, names[answer.stimuli[0]].system, answer.time, answer.comment]],
  ab: (names, answer) => {
    const systems = answer.stimuli.map((id) => names[id].system);
    const choice = { first: systems[0], second: systems[1], none: "undecided" }[answer.choice];
    return [[...systems, choice, answer.time, answer.comment]];
  },
  mushra: (names, answer) => answer.stimuli.map((id, i) => [names[id].condition, answer.scores[i], answer.time, answer.comment]),
};

function cell(value) {
  const text = String(value ?? "");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function resultFile(test, session, kind) {
  const names = unveiled(test.key);
  const fields = ["listener", ...test.fields.map((field) => field.name)];
  const listener = fields.map((name) => (name === "listener" ? session.number : session.fields[name] ?? ""));
  const rows = [["session_test_id", ...fields, "session_uuid", "trial_id", ...COLUMNS[kind]]];
  for (const answer of session.answers[kind]) {
    for (const row of ROWS[kind](names, answer)) {
      rows.push([test.id, ...listener, session.uuid, names[answer.stimuli[0]].sentence, ...row]);
    }
  }
  return rows.map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
}

function save(name, text) {
  const address = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  const link = h("a", { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
}
