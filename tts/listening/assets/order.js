// Who hears what in which order: a pure function of the test, the listener's number and the session's id.

const NUMBERS = 5040; // drawn numbers are below this: a multiple of 1 to 10, so that they fall evenly on every row

function hash(text) { // FNV-1a, then mixed, so that texts that differ little give unlike seeds
  let h = 0x811c9dc5;
  for (const character of text) h = Math.imul(h ^ character.codePointAt(0), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function generator(seed) { // mulberry32: uniform in 0..1
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function shuffled(list, draw) {
  const mixed = [...list];
  for (let i = mixed.length - 1; i > 0; i--) {
    const j = Math.floor(draw() * (i + 1));
    [mixed[i], mixed[j]] = [mixed[j], mixed[i]];
  }
  return mixed;
}

// A row of a Williams square: over the rows, every condition stands equally often in every place and after every other one.
function squareRow(size, row) {
  const base = Array.from({ length: size }, (_, i) => (i % 2 ? (i + 1) / 2 : (size - i / 2) % size));
  const cells = base.map((cell) => (cell + row) % size);
  return Math.floor(row / size) % 2 ? cells.reverse() : cells;
}

// The same things in another order, with no two of one sentence in a row wherever that is possible.
function spread(list, draw) {
  const left = shuffled(list, draw);
  const out = [];
  while (left.length) {
    const last = out.length ? out[out.length - 1].item : null;
    const count = (thing) => left.filter((other) => other.item === thing.item).length;
    const able = left.filter((thing) => thing.item !== last);
    const pool = able.length ? able : left;
    const next = pool.reduce((best, thing) => (count(thing) > count(best) ? thing : best));
    out.push(...left.splice(left.indexOf(next), 1));
  }
  return out;
}

const plans = {
  // Every sentence by every system. A round has each sentence once; which system speaks it is a Latin square's cell.
  mos(trials, number, draw) {
    const size = trials[0].stimuli.length;
    const out = [];
    for (let round = 0; round < size; round++) {
      const order = shuffled(trials, draw);
      const last = out.length ? out[out.length - 1].item : null;
      if (order.length > 1 && order[0].item === last) order.push(order.shift());
      for (const trial of order) {
        const cell = squareRow(size, number + trial.item)[round];
        out.push({ kind: "mos", item: trial.item, stimuli: [trial.stimuli[cell]] });
      }
    }
    return out;
  },
  // Half of a pair's sentences have one system first; the next listener has the other half.
  ab(trials, number, draw) {
    const turned = trials.map((trial) => {
      const swap = (trial.item + trial.pair + number) % 2;
      return { kind: "ab", item: trial.item, stimuli: swap ? [...trial.stimuli].reverse() : [...trial.stimuli] };
    });
    return spread(turned, draw);
  },
  mushra(trials, number, draw) {
    return shuffled(trials, draw).map((trial) => ({
      kind: "mushra", item: trial.item, reference: trial.reference,
      stimuli: squareRow(trial.stimuli.length, number + trial.item).map((cell) => trial.stimuli[cell]),
    }));
  },
};

function plan(test, number, uuid) {
  const draw = generator(hash(`${test.seed}/${number}/${uuid}`));
  return Object.fromEntries(test.kinds.map((kind) => [kind, plans[kind](test.trials[kind], number, draw)]));
}

function newUuid() { // version 4; randomUUID itself is missing where a page is not served over https
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const digits = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

window.listeningOrder = { plan, squareRow }; // what a test of balance needs; holds no names
