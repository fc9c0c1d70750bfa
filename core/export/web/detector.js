// From sound to words: the decisions of Earshot's own engine, as earshot_runtime.py makes them in Python.
//
// Nothing here knows of a page, a microphone or ONNX Runtime: the model is a function from a second of sound to
// probabilities, which is asked at the end of each hop in which something stands out of the noise of the room. One that
// was exported for a stream gets each hop alone, and hears them all, since it remembers what came before.

const SAMPLE_RATE = 16000;
const CLIP_SAMPLES = 16000;
const NO_WORDS = ['_silence_', '_unknown_'];
const LISTENED_ON_S = 1; // silence that is heard after the end of a stream, so that its last word is decided

// Where somebody speaks: sound that stands out of the room, and where new sound sets in

const STEP_SAMPLES = 160; // from one level to the next: 10 ms
const QUIETEST_DB = -100;

// Butterworth high-pass of the first order at 150 Hz: gain, and the second coefficient below the fraction stroke.
const HIGH_PASS = [0.9713821585893695, -0.942764317178739];

// Butterworth band-passes of the second order between 150, 300, 500, 800, 1200, 1800, 2600, 4000 and 7000 Hz: gain, and
// for each of two sections the coefficients below the fraction stroke but the first, which is 1.
const BANDS = [
  [0.0008325380595262241, -1.9380525535453659, 0.9493051652309984, -1.9651023574391608, 0.9692050660778221],
  [0.0014603163055277339, -1.9041896996431633, 0.9365063374203572, -1.939926603419721, 0.9555454233033825],
  [0.003199828966843966, -1.825552854094758, 0.907553316858275, -1.8904083122334876, 0.9327628019943862],
  [0.005542717210280686, -1.6978984651918863, 0.8813117089877571, -1.8038969618734846, 0.9086485956092432],
  [0.011857682643241163, -1.4350766492969795, 0.8285846063868538, -1.6370488354527104, 0.8648891953582492],
  [0.020083365564211222, -1.00598879870747, 0.7835125002954666, -1.3355354902233405, 0.8185594203228489],
  [0.0538020791021596, -0.13134811462297327, 0.6629307645765012, -0.7838982761969163, 0.694532903587898],
  [0.18669433311637842, 0.1629217923514546, 0.32719796013797364, 1.4827607826671607, 0.6409433532780013],
];

// The high-pass and the band-passes as second-order sections: b0, b1, b2, a1, a2.
const FILTERS = [
  [[HIGH_PASS[0], -HIGH_PASS[0], 0, HIGH_PASS[1], 0]],
  ...BANDS.map(([g, p1, p2, q1, q2]) => [[g, 2 * g, g, p1, p2], [1, -2, 1, q1, q2]]),
];

export const toDb = power => 10 * Math.log10(Math.max(power, 10 ** (QUIETEST_DB / 10)));
const mean = values => values.reduce((sum, value) => sum + value, 0) / values.length;
const highest = values => values.reduce((most, value) => Math.max(most, value), -Infinity);
const seconds = step => (Math.max(0, step) * STEP_SAMPLES) / SAMPLE_RATE;

// Mean square of a stream behind each filter, step by step.
class Powers {
  constructor() {
    this.states = FILTERS.map(sections => sections.map(() => [0, 0]));
    this.sums = new Float64Array(FILTERS.length);
    this.n = 0;
  }

  // More of the stream; gives the steps that it completes, each a row of powers.
  hear(samples) {
    const steps = [];
    for (const sample of samples) {
      FILTERS.forEach((sections, f) => {
        let value = sample;
        sections.forEach(([b0, b1, b2, a1, a2], s) => {
          const state = this.states[f][s];
          const filtered = b0 * value + state[0];
          state[0] = b1 * value - a1 * filtered + state[1];
          state[1] = b2 * value - a2 * filtered;
          value = filtered;
        });
        this.sums[f] += value * value;
      });
      if (++this.n === STEP_SAMPLES) {
        steps.push(Array.from(this.sums, sum => sum / STEP_SAMPLES));
        this.sums.fill(0);
        this.n = 0;
      }
    }
    return steps;
  }
}

const SMOOTH_STEPS = 8; // that the level of a band is measured over: 80 ms, in which noise is steady within 2 dB
const BEFORE_STEPS = 25; // a band has risen if it is louder than at any time in the 250 ms before
const KEPT_STEPS = 500; // onsets are remembered for 5 s
const ONSET_DB = 1; // rise, as the mean over the bands, from which there is new sound
const HEARD_DB = 25; // bands this far below the loudest one, now or just before, do not count

// Follows the bands of a stream, and finds where some of them rise; what rises in all alike is only louder.
class Onsets {
  constructor() {
    this.powers = BANDS.map(() => new Array(SMOOTH_STEPS).fill(0));
    this.levels = BANDS.map(() => new Array(BEFORE_STEPS).fill(QUIETEST_DB));
    this.rising = false;
    this.nSteps = 0;
    this.steps = []; // at which new sound set in, oldest first
  }

  // One more step: a power for each band.
  hear(bandPowers) {
    // What is heard now overlaps with what was heard less than SMOOTH_STEPS ago.
    const before = this.levels.map(levels => highest(levels.slice(0, BEFORE_STEPS - SMOOTH_STEPS + 1)));
    const now = bandPowers.map((power, band) => {
      this.powers[band].shift();
      this.powers[band].push(power);
      return toDb(mean(this.powers[band]));
    });
    now.forEach((level, band) => {
      this.levels[band].shift();
      this.levels[band].push(level);
    });
    const least = Math.max(highest(before), highest(now)) - HEARD_DB;
    const rises = now.map((level, band) => Math.max(level - Math.max(before[band], least), 0));
    const rising = mean(rises) - Math.min(...rises) > ONSET_DB;
    // A level belongs to the middle one of its steps.
    if (rising && !this.rising) this.steps.push(this.nSteps - SMOOTH_STEPS / 2);
    this.rising = rising;
    this.nSteps++;
    while (this.steps.length && this.steps[0] < this.nSteps - KEPT_STEPS) this.steps.shift();
  }
}

const LEVEL_STEPS = 3; // that a level is measured over: 30 ms, a few periods of the lowest voice
const WINDOW_STEPS = CLIP_SAMPLES / STEP_SAMPLES;
const SEEN_STEPS = 2 * WINDOW_STEPS; // levels in which utterances are looked for
const HISTORY_STEPS = 500; // levels that the noise floor is taken from: 5 s
const FLOOR_QUANTILE = 0.1;
const LOWEST_FLOOR_DB = -62;
const HIGHEST_FLOOR_DB = -25;
const ABOVE_FLOOR_DB = 3; // how far speech stands out
const BELOW_LOUDEST_DB = 30; // what lies this far below the loudest sound is no beginning or end of a word
const LONGEST_GAP_STEPS = 15; // a silence up to this long, 150 ms, is part of a word

// Follows the level of a stream above a noise floor that follows the room.
class Speech {
  constructor() {
    this.filters = new Powers();
    this.onsets = new Onsets();
    this.powers = new Array(LEVEL_STEPS).fill(0);
    this.levels = new Array(HISTORY_STEPS).fill(QUIETEST_DB);
    this.nSteps = 0;
  }

  hear(samples) {
    for (const [highPassed, ...bands] of this.filters.hear(samples)) {
      this.onsets.hear(bands);
      this.powers.shift();
      this.powers.push(highPassed);
      this.levels.shift();
      this.levels.push(toDb(mean(this.powers)));
      this.nSteps++;
    }
  }

  // Level of the room while nobody speaks; at first the lowest, so that a word at the beginning is heard.
  floorDb() {
    if (this.nSteps < WINDOW_STEPS) return LOWEST_FLOOR_DB;
    const heard = this.levels.slice(-Math.min(this.nSteps, HISTORY_STEPS)).sort((one, other) => one - other);
    const level = heard[Math.floor(FLOOR_QUANTILE * heard.length)];
    return Math.min(HIGHEST_FLOOR_DB, Math.max(LOWEST_FLOOR_DB, level));
  }

  // What stands out in the last two seconds, cut at pauses, oldest first; none where the last one is quiet.
  utterances() {
    const leastDb = this.floorDb() + ABOVE_FLOOR_DB;
    if (highest(this.levels.slice(-WINDOW_STEPS)) <= leastDb) return [];
    const levels = this.levels.slice(-Math.min(SEEN_STEPS, Math.max(1, this.nSteps)));
    const threshold = Math.max(leastDb, highest(levels) - BELOW_LOUDEST_DB);
    const runs = [];
    levels.forEach((level, step) => {
      if (level <= threshold) return;
      const energy = step >= levels.length - WINDOW_STEPS ? 10 ** (level / 10) : 0;
      const run = runs.at(-1);
      if (run && step - run.last <= LONGEST_GAP_STEPS) Object.assign(run, { last: step, energy: run.energy + energy });
      else runs.push({ first: step, last: step, energy });
    });
    // A level belongs to the middle one of its steps.
    const firstStep = this.nSteps - levels.length - Math.floor(LEVEL_STEPS / 2);
    return runs.map(({ first, last, energy }) => this.utterance(firstStep + first, firstStep + last + 1, energy));
  }

  // The sound between two steps; `changedS`: when new sound last set in, its beginning or a later rise of some bands.
  utterance(start, end, energy) {
    // One that begins where the levels do, or a short gap later, has begun before, unless the stream begins there.
    const isCut = this.nSteps > SEEN_STEPS && start <= this.nSteps - SEEN_STEPS + LONGEST_GAP_STEPS;
    const onset = this.onsets.steps.filter(step => step < end).at(-1);
    const changes = [...(isCut ? [] : [seconds(start)]), ...(onset === undefined ? [] : [seconds(onset)])];
    return { startS: seconds(start), endS: seconds(end), energy, changedS: changes.length ? Math.max(...changes) : 0 };
  }
}

// From answers to words: averaged, held against thresholds, and each utterance counted once

const WINDOW_S = CLIP_SAMPLES / SAMPLE_RATE; // of sound that an answer is about
const FALLEN = 0.5; // a word has fallen when its averaged probability is below this share of its threshold
const REST_S = 0.3; // sound that goes on after a detection belongs to the detected word for this long
const LATE_S = 0.15; // a word is known up to this long after it ended
const SHORTEST_S = 0.1; // sound shorter than this is no word
const GONE = 0.5; // share of a detected utterance that must have left the window before the same word counts again
const ROUNDING_S = 1e-5;

// Turns the answers along one stream into detections. Each detection accounts for the utterance it was made in, and
// another one needs sound that is not accounted for yet. The same word needs more: its probability has fallen
// meanwhile, or a new utterance has begun and half of the old one has left the window.
class Decisions {
  constructor(listening, labels) {
    this.configure(listening);
    this.labels = labels;
    this.last = null;
    this.beginAnew();
  }

  configure(listening) {
    this.listening = listening;
    this.thresholds = new Map(listening.word_thresholds);
  }

  thresholdOf(word) {
    return this.thresholds.get(word) ?? this.listening.threshold;
  }

  // Nothing is being said.
  beginAnew() {
    this.answers = [];
    this.best = '';
    this.count = 0;
    this.armed = true;
  }

  // Hear the next answer: the end of its second of sound (s), the probabilities, and what was said lately, which is
  // one utterance at least. Gives the word that is detected now, or null.
  update(endS, probabilities, utterances) {
    const fresh = this.fresh(utterances, endS);
    if (this.saidAgain(utterances, endS)) this.beginAnew();
    const smoothed = this.average(endS, probabilities);
    const score = highest(smoothed);
    const best = this.labels[smoothed.indexOf(score)];
    const last = this.last?.word;
    if (last && smoothed[this.labels.indexOf(last)] < FALLEN * this.thresholdOf(last)) this.armed = true;
    if (NO_WORDS.includes(best) || score < this.thresholdOf(best)) {
      this.best = '';
      this.count = 0;
      return null;
    }
    this.count = best === this.best ? this.count + 1 : 1;
    this.best = best;
    if (this.count < this.listening.minimum_count || !fresh.length || !this.mayFire(best, endS)) return null;
    const sound = fresh.reduce((most, one) => (one.energy > most.energy ? one : most));
    this.last = { word: best, score, startS: sound.startS, endS: Math.min(sound.endS, endS), heardS: endS };
    this.armed = false;
    return this.last;
  }

  average(endS, probabilities) {
    this.answers.push([endS, probabilities]);
    while (this.answers[0][0] < endS - this.listening.average_s + ROUNDING_S && this.answers.length > 1) {
      this.answers.shift();
    }
    const sums = new Float32Array(probabilities.length);
    for (const [, answer] of this.answers) answer.forEach((value, i) => (sums[i] += value));
    return sums.map(sum => sum / this.answers.length);
  }

  mayFire(word, endS) {
    if (!this.last) return true;
    const rested = endS - this.last.heardS >= this.listening.refractory_s - ROUNDING_S;
    return rested && (this.armed || word !== this.last.word);
  }

  // Where the sound that belongs to the last detection ends.
  accountedS(utterances) {
    if (!this.last) return 0;
    const ends = utterances.filter(one => one.startS < this.last.endS).map(one => one.endS);
    return Math.min(ends.length ? Math.max(...ends) : this.last.endS, this.last.heardS + REST_S);
  }

  // The sounds in the window that belong to no detection yet, and are long enough for a word.
  fresh(utterances, endS) {
    const begin = Math.max(this.accountedS(utterances), endS - WINDOW_S);
    return utterances
      .filter(one => this.isNew(one))
      .map(one => ({ ...one, startS: Math.max(one.startS, begin) }))
      .filter(one => one.endS - one.startS >= SHORTEST_S);
  }

  // Whether a new utterance has begun, and enough of the detected one has left the window.
  saidAgain(utterances, endS) {
    if (!this.last || this.armed) return false;
    const accountedS = this.accountedS(utterances);
    const begun = utterances.some(
      one => one.startS >= accountedS && one.endS - one.startS >= SHORTEST_S && this.isNew(one),
    );
    return begun && endS - WINDOW_S - this.last.startS >= GONE * (accountedS - this.last.startS);
  }

  // Whether sound has set in since the last detection, and not only gone on.
  isNew(utterance) {
    return !this.last || utterance.changedS > Math.min(this.last.endS, this.last.heardS - LATE_S);
  }
}

// One model listening to one stream; how the sound is cut into chunks makes no difference. `about` is what the model
// says about itself (model.json), `answer` gives the probabilities (Float32Array, a promise) of a second of sound, or,
// if the model is a streaming one, those of the last second once a hop has come.
export class Detector {
  constructor(about, answer) {
    this.answer = answer;
    this.streaming = about.streaming ?? false;
    this.hop = about.hop_samples;
    this.speech = new Speech();
    this.decisions = new Decisions(about.listening, about.labels);
    this.window = new Float32Array(CLIP_SAMPLES);
    this.windowEnd = 0;
    this.heard = 0;
    this.waiting = new Float32Array(this.hop);
    this.nWaiting = 0;
    this.levelDb = QUIETEST_DB; // of the last hop
    this.speaking = false;
  }

  // Seconds of sound heard since the stream began.
  get seconds() {
    return this.heard / SAMPLE_RATE;
  }

  // Hear more of the stream (16 kHz, -1 to 1); gives the words detected with it. Wait for it before the next call.
  async feed(samples) {
    this.heard += samples.length;
    return this.hear(samples);
  }

  // End the stream: decide about the last word as if silence followed.
  finish() {
    return this.hear(new Float32Array(Math.ceil((LISTENED_ON_S * SAMPLE_RATE) / this.hop) * this.hop));
  }

  async hear(samples) {
    const found = [];
    for (let i = 0; i < samples.length;) {
      const part = samples.subarray(i, i + this.hop - this.nWaiting);
      this.waiting.set(part, this.nWaiting);
      this.nWaiting += part.length;
      i += part.length;
      if (this.nWaiting < this.hop) break;
      this.nWaiting = 0;
      const detection = await this.decide(this.waiting.map(value => Math.max(-1, Math.min(1, value))));
      if (detection) found.push({ ...detection, endS: Math.min(detection.endS, this.seconds) });
    }
    return found;
  }

  // The word detected at the end of one more hop.
  async decide(newest) {
    this.window.copyWithin(0, newest.length);
    this.window.set(newest, CLIP_SAMPLES - newest.length);
    this.windowEnd += newest.length;
    this.levelDb = toDb(newest.reduce((sum, value) => sum + value * value, 0) / newest.length);
    this.speech.hear(newest);
    const utterances = this.speech.utterances();
    this.speaking = utterances.length > 0;
    const streamed = this.streaming ? await this.answer(newest) : null;
    if (!this.speaking) {
      this.decisions.beginAnew();
      return null;
    }
    const answer = streamed ?? (await this.answer(this.window));
    return this.decisions.update(this.windowEnd / SAMPLE_RATE, answer, utterances);
  }
}
