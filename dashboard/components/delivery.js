// Samples on their way to the server: one message at a time, the next one when the server has answered this one.
// A message carries the number of its first sample, so the server sees what is new, what came twice, what is missing.

const HOP_S = 0.1; // a model decides at the end of each of these, so a message ends there
const CHUNK_HOPS = 2; // of them in a message while the server keeps up; the next one grows meanwhile
const LARGEST_S = 2; // seconds in a message at most
const KEPT_S = 30; // seconds that wait for a slow server before the oldest are dropped
const PATIENCE = 4; // a message is sent again after so many times the usual wait for an answer; doubled each time
const SHORTEST_MS = 600; // ... but not before, and not later than LONGEST_MS
const LONGEST_MS = 15000;
const CLOCK_BLOCKS = 500; // blocks (10 s) over which the clock of the samples is compared with the browser's

class Delivery {
  constructor(send) {
    this.send = send;
    this.number = 0;
    this.begin('', RATE);
  }

  // A new stream of sound.
  begin(session, rate) {
    Object.assign(this, { session, rate, pending: [], waiting: 0, inFlight: null, finishing: false });
    Object.assign(this, { captured: 0, acknowledged: 0, dropped: 0, sent: 0, answered: 0, resent: 0 });
    Object.assign(this, { offsets: [], usualMs: 500 });
  }

  // A block that was just recorded (Float32Array).
  add(block) {
    this.captured += block.length;
    // Blocks arrive late by chance, never early: the least late of the last seconds tells the time of every sample.
    this.offsets.push(performance.now() - (1000 * this.captured) / this.rate);
    if (this.offsets.length > CLOCK_BLOCKS) this.offsets.shift();
    this.pending.push(block);
    this.waiting += block.length;
    while (this.waiting > KEPT_S * this.rate) {
      const { length } = this.pending.shift();
      this.waiting -= length;
      this.dropped += length;
    }
  }

  // When a moment of the stream (s) was recorded, on the clock of performance.now() (ms).
  recordedAt(seconds) {
    return Math.min(...this.offsets) + 1000 * seconds;
  }

  // No more sound will come: what waits is sent, however short it is.
  finish() {
    this.finishing = true;
  }

  get done() {
    return !this.inFlight && !this.waiting;
  }

  // How long the server has owed an answer (ms).
  get owedMs() {
    return this.inFlight ? performance.now() - this.inFlight.since : 0;
  }

  // Send sound if enough waits, or again what was not answered. `extra()` gives what goes along.
  pump(extra) {
    if (this.inFlight) this.insist();
    else if (this.hopsWaiting >= CHUNK_HOPS || (this.finishing && this.waiting)) this.post(this.chunk(), extra);
  }

  get hopsWaiting() {
    const hops = samples => Math.floor(samples / (HOP_S * this.rate));
    return hops(this.captured) - hops(this.captured - this.waiting);
  }

  // Send a message, with or without sound.
  post(sound, extra) {
    const message = { session: this.session, number: ++this.number, attempt: 0, ...sound, ...extra() };
    this.inFlight = { message, since: performance.now(), patience: Math.max(SHORTEST_MS, PATIENCE * this.usualMs) };
    this.sent++;
    this.launch();
  }

  insist() {
    if (performance.now() < this.inFlight.due) return;
    this.resent++;
    this.inFlight.message.attempt++;
    this.inFlight.patience = Math.min(2 * this.inFlight.patience, LONGEST_MS);
    this.launch();
  }

  launch() {
    this.inFlight.due = performance.now() + this.inFlight.patience;
    this.send({ ...this.inFlight.message });
  }

  chunk() {
    const first = this.captured - this.waiting;
    const blocks = [];
    let length = 0;
    while (this.pending.length && length < LARGEST_S * this.rate) {
      blocks.push(this.pending.shift());
      length += blocks.at(-1).length;
    }
    this.waiting -= length;
    return { first, length, rate: this.rate, samples: packed(blocks, length) };
  }

  // The server has taken messages of `session` up to `number`. Gives the message in flight if it is among them.
  answer(session, number) {
    const message = this.inFlight?.message;
    if (!message || session !== this.session || number < message.number) return null;
    this.usualMs += 0.1 * (this.owedMs - this.usualMs);
    this.acknowledged += message.length ?? 0;
    this.answered++;
    this.inFlight = null;
    return message;
  }
}

// Blocks as 16-bit numbers in base64, which is how JSON can carry them.
function packed(blocks, length) {
  const view = new DataView(new ArrayBuffer(2 * length));
  let at = 0;
  for (const block of blocks) {
    for (const value of block) {
      view.setInt16(at, Math.round(32767 * Math.max(-1, Math.min(1, value))), true);
      at += 2;
    }
  }
  const bytes = new Uint8Array(view.buffer);
  let text = '';
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(text);
}

function unpacked(text) {
  return Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
}
