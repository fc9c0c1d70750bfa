// What one model made of the last seconds of sound, put together from the answers of the server.

const KEPT_PICTURE_S = 14;
const LEAST_CONTRAST = 0.3; // share of the whole scale that the colours cover at least, so that silence stays dark

const SAME_WORD_S = 0.5; // so far apart at most are two answers to one word
const WAIT_S = 0.8; // sound after a word in which the other filters may still answer it

let amounts = null; // colours of a spectrogram, once the server has told them

// 256 colours between the anchors, each as the four bytes of a pixel.
function colourTable(anchors) {
  const bytes = new Uint8ClampedArray(4 * 256);
  for (let value = 0; value < 256; value++) {
    const at = (value / 255) * (anchors.length - 1);
    const [low, high] = [anchors[Math.floor(at)], anchors[Math.ceil(at)]];
    [16, 8, 0].forEach((shift, channel) => {
      const [from, to] = [(low >> shift) & 255, (high >> shift) & 255];
      bytes[4 * value + channel] = from + (to - from) * (at % 1);
    });
    bytes[4 * value + 3] = 255;
  }
  return new Uint32Array(bytes.buffer);
}

class Lane {
  constructor() {
    this.image = document.createElement('canvas');
    this.clear('');
  }

  clear(stream) {
    Object.assign(this, { stream, decisions: [], detections: [], firstColumn: 0, endColumn: 0, contrast: null });
    Object.assign(this, { heard: null, heardAt: -Infinity, fresh: [], match: null });
  }

  // Take over what is new in an answer of the server; what came before is left out by its number.
  merge(lane, stream) {
    const anew = stream !== this.stream;
    if (anew) this.clear(stream);
    this.lane = lane;
    this.mergeColumns(lane);
    const newest = this.decisions.at(-1)?.end_s ?? -1;
    const smoothed = unpacked(lane.decisions.smoothed);
    const n = lane.labels.length;
    lane.decisions.end_s.forEach((end_s, i) => {
      if (end_s <= newest + 1e-6) return;
      const words = smoothed.subarray(i * n, (i + 1) * n);
      this.decisions.push({ end_s, words, speaking: lane.decisions.speaking[i], level: lane.decisions.level_db[i] });
    });
    while (this.decisions.length && this.decisions[0].end_s < this.until - KEPT_PICTURE_S) this.decisions.shift();
    this.detections = lane.detections;
    this.mergeWords(anew);
  }

  // The newest word, and what the other filters make of it.
  mergeWords(anew) {
    const before = this.heard?.heard_s ?? -1;
    const later = this.detections.filter(({ heard_s }) => heard_s > before);
    this.fresh = anew ? [] : later;
    if (later.length) {
      Object.assign(this, { heard: later.at(-1), heardAt: anew ? -Infinity : performance.now(), match: null });
    }
    const middle = ({ start_s, end_s }) => (start_s + end_s) / 2;
    const isSame = one => Math.abs(middle(one) - middle(this.heard)) < SAME_WORD_S;
    if (this.heard) this.match = this.lane.beside?.findLast(isSame) ?? this.match;
  }

  // What the other filters made of the newest word, in words; empty where there are none.
  get beside() {
    if (!this.lane.beside || !this.heard) return '';
    if (this.match) return `${this.match.word} ${Math.round(100 * this.match.score)} %`;
    return this.until > this.heard.heard_s + WAIT_S ? 'no word' : '…';
  }

  // The most probable word of the newest second.
  get now() {
    const newest = this.decisions.at(-1);
    if (!newest?.speaking) return '';
    const { labels } = this.lane;
    const best = labels.reduce((most, { drawn }, i) => (drawn && !(newest.words[i] <= newest.words[most]) ? i : most), -1);
    return `${labels[best].text} ${Math.round((100 * newest.words[best]) / 255)} %`;
  }

  mergeColumns({ n_mels, frame_s, columns }) {
    const bytes = unpacked(columns.bytes);
    const n = bytes.length / n_mels;
    const first = columns.end - n;
    this.ring ??= Math.ceil(KEPT_PICTURE_S / frame_s);
    if (this.values?.length !== this.ring * n_mels) this.values = new Uint8Array(this.ring * n_mels);
    if (this.endColumn < first) this.firstColumn = first; // nothing to join on to: what lies before is not shown
    for (let i = Math.max(first, this.endColumn); i < columns.end; i++) {
      this.values.set(bytes.subarray((i - first) * n_mels, (i - first + 1) * n_mels), (i % this.ring) * n_mels);
    }
    this.endColumn = Math.max(this.endColumn, columns.end);
    this.firstColumn = Math.max(this.firstColumn, this.endColumn - this.ring);
    if (n) this.colour(n_mels);
  }

  // The newest moment that is known (s).
  get until() {
    return this.decisions.at(-1)?.end_s ?? 0;
  }

  // Paint all columns; the colours follow the loudness of the room slowly.
  colour(n_mels) {
    const counts = new Uint32Array(256);
    for (let i = this.firstColumn; i < this.endColumn; i++) {
      const at = (i % this.ring) * n_mels;
      for (let band = 0; band < n_mels; band++) counts[this.values[at + band]]++;
    }
    const total = (this.endColumn - this.firstColumn) * n_mels;
    const low = share(counts, 0.1 * total);
    const high = Math.max(share(counts, 0.997 * total), low + 255 * LEAST_CONTRAST);
    this.contrast = (this.contrast ?? [low, high]).map((old, i) => old + 0.15 * ([low, high][i] - old));
    const [from, to] = this.contrast;
    Object.assign(this.image, { width: this.ring, height: n_mels });
    const context = this.image.getContext('2d');
    const image = context.createImageData(this.ring, n_mels);
    const pixels = new Uint32Array(image.data.buffer);
    for (let i = this.firstColumn; i < this.endColumn; i++) {
      const x = i % this.ring;
      for (let band = 0; band < n_mels; band++) {
        const value = Math.round((255 * (this.values[x * n_mels + band] - from)) / (to - from));
        pixels[(n_mels - 1 - band) * this.ring + x] = amounts[Math.max(0, Math.min(255, value))];
      }
    }
    context.putImageData(image, 0, 0);
  }
}

// The value below which the first `n` of the counted values lie.
function share(counts, n) {
  let sum = 0;
  return counts.findIndex(count => (sum += count) >= n);
}
