// Sound: one audio context, and for every page a deck of stimuli that play alone or in step with each other.

const FADE = 0.015; // seconds of crossfade when switching: short enough to compare, long enough not to click
const GAP = 0.4; // seconds of silence before a loop starts again

class Player {
  constructor(encoded, rate) {
    this.encoded = encoded;
    this.rate = rate;
    this.decoded = new Map();
    this.level = 0.7;
  }

  async start() { // called from a key or a click, as browsers want it
    if (!this.context) {
      this.context = new AudioContext({ sampleRate: this.rate });
      this.output = this.context.createGain();
      this.output.gain.value = this.level;
      this.output.connect(this.context.destination);
    }
    if (this.context.state !== "running") await this.context.resume();
  }

  setLevel(level) {
    this.level = level;
    if (this.output) this.output.gain.setTargetAtTime(level, this.context.currentTime, FADE);
  }

  buffer(id) {
    if (!this.decoded.has(id)) {
      const bytes = Uint8Array.from(atob(this.encoded[id]), (character) => character.charCodeAt(0));
      this.decoded.set(id, this.context.decodeAudioData(bytes.buffer));
    }
    return this.decoded.get(id);
  }
}

// `together`: all stimuli run in a loop in step and switching crossfades at the same place; else each plays once from its
// start. `heard` holds seconds: in a loop all that was audible, else the furthest place reached.
class Deck {
  constructor(player, ids, { together, minimum, changed }) {
    Object.assign(this, { player, ids, together, minimum, changed });
    this.current = -1;
    this.heard = ids.map(() => 0);
    this.needed = ids.map(() => Infinity);
    this.sources = [];
  }

  share(index) { return Number.isFinite(this.needed[index]) ? Math.min(1, this.heard[index] / this.needed[index]) : 0; }
  done(index) { return this.heard[index] >= this.needed[index]; }
  allDone() { return this.ids.every((_, index) => this.done(index)); }

  async toggle(index) {
    if (this.current === index) return this.stop();
    this.wanted = index;
    await this.player.start();
    const buffers = await Promise.all(this.ids.map((id) => this.player.buffer(id)));
    if (this.wanted !== index) return; // something else was asked for while decoding
    this.needed = buffers.map((buffer) => Math.min(buffer.duration, this.minimum ?? Infinity) - 0.02);
    if (this.together && this.current >= 0) this.switchTo(index);
    else this.begin(index, buffers);
    this.changed();
  }

  begin(index, buffers) {
    this.silence();
    const { context, output } = this.player;
    const start = context.currentTime + 0.03;
    const longest = Math.max(...buffers.map((buffer) => buffer.duration)) + GAP;
    this.sources = buffers.map((buffer, i) => {
      if (!this.together && i !== index) return null;
      const source = context.createBufferSource();
      const gain = context.createGain();
      gain.gain.value = i === index ? 1 : 0;
      source.buffer = this.together ? this.padded(buffer, longest) : buffer;
      source.loop = this.together;
      source.connect(gain).connect(output);
      source.start(start);
      if (!this.together) source.onended = () => this.ended(source, index, buffer.duration);
      return { source, gain };
    });
    this.current = index;
    this.started = this.mark = start;
    this.timer = setInterval(() => this.tick(), 50);
  }

  padded(buffer, seconds) {
    const longer = this.player.context.createBuffer(1, Math.ceil(seconds * buffer.sampleRate), buffer.sampleRate);
    longer.copyToChannel(buffer.getChannelData(0), 0);
    return longer;
  }

  switchTo(index) {
    this.tick();
    const now = this.player.context.currentTime;
    for (const [i, { gain }] of this.sources.entries()) {
      gain.gain.cancelScheduledValues(now);
      gain.gain.setValueAtTime(gain.gain.value, now);
      gain.gain.linearRampToValueAtTime(i === index ? 1 : 0, now + FADE);
    }
    this.current = index;
  }

  tick() {
    const now = this.player.context.currentTime;
    const heard = this.together ? this.heard[this.current] + Math.max(0, now - this.mark) : now - this.started;
    this.heard[this.current] = Math.max(this.heard[this.current], heard);
    this.mark = Math.max(this.mark, now);
    this.changed();
  }

  ended(source, index, duration) {
    if (this.sources[index]?.source !== source) return; // stopped or restarted meanwhile
    this.heard[index] = Math.max(this.heard[index], duration);
    this.stop();
  }

  stop() {
    this.wanted = -1;
    if (this.current >= 0) this.tick();
    this.silence();
    this.changed();
  }

  silence() {
    clearInterval(this.timer);
    const now = this.player.context ? this.player.context.currentTime : 0;
    for (const entry of this.sources) {
      if (!entry) continue;
      entry.source.onended = null;
      entry.gain.gain.setTargetAtTime(0, now, FADE / 3);
      entry.source.stop(now + FADE * 2);
    }
    this.sources = [];
    this.current = -1;
  }
}
