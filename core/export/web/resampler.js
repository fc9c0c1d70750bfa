// A stream of any rate to 16 kHz, by a sinc under Hann's window; earshot_runtime.py has the same in Python.

const SAMPLE_RATE = 16000;
const ZERO_CROSSINGS = 32; // how far the filter reaches, in periods of what it lets pass; more is sharper
const PASSED = 0.94; // share of the lower one of the two rates' bands that is let pass

const divisor = (one, other) => (other ? divisor(other, one % other) : one);

export class Resampler {
  constructor(rate) {
    this.rate = rate;
    const band = PASSED * Math.min(1, SAMPLE_RATE / rate);
    this.reach = Math.ceil(ZERO_CROSSINGS / band);
    // Samples that go out lie between those that come in at few different places, which recur.
    this.nPlaces = SAMPLE_RATE / divisor(rate, SAMPLE_RATE);
    this.taps = Array.from({ length: this.nPlaces }, (_, place) =>
      Float32Array.from({ length: 2 * this.reach + 1 }, (_, i) => {
        const distance = i - this.reach - place / this.nPlaces;
        const x = Math.PI * band * distance;
        const edge = Math.max(-1, Math.min(1, distance / (this.reach + 1)));
        return band * (x ? Math.sin(x) / x : 1) * Math.cos((Math.PI / 2) * edge) ** 2;
      }),
    );
    this.next = 0; // number of the next sample that goes out
    this.first = -this.reach; // number of the first sample that waits
    this.waiting = new Float32Array(this.reach);
  }

  // More of the stream; gives what is ready at 16 kHz.
  push(samples) {
    if (this.rate === SAMPLE_RATE) return samples;
    const waiting = new Float32Array(this.waiting.length + samples.length);
    waiting.set(this.waiting);
    waiting.set(samples, this.waiting.length);
    const reached = this.first + waiting.length - this.reach;
    const end = Math.max(this.next, Math.ceil((reached * SAMPLE_RATE) / this.rate));
    const out = new Float32Array(end - this.next);
    for (let i = 0; i < out.length; i++) {
      const place = (this.next + i) * this.rate;
      const from = Math.floor(place / SAMPLE_RATE) - this.reach - this.first;
      const taps = this.taps[((place % SAMPLE_RATE) * this.nPlaces) / SAMPLE_RATE];
      let sum = 0;
      for (let tap = 0; tap < taps.length; tap++) sum += taps[tap] * waiting[from + tap];
      out[i] = Math.max(-1, Math.min(1, sum));
    }
    this.next = end;
    const needed = Math.floor((end * this.rate) / SAMPLE_RATE) - this.reach;
    this.waiting = waiting.slice(needed - this.first);
    this.first = needed;
    return out;
  }

  // What is still on its way when the sound ends.
  finish() {
    return this.push(new Float32Array(this.rate === SAMPLE_RATE ? 0 : this.reach));
  }
}
