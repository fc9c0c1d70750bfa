// What one model makes of the sound, drawn as it comes: the log-mel rolling by, the words' probabilities, detections.

const SPAN_S = 10; // seconds drawn; less on a narrow screen
const NARROW_SPAN_S = 6;
const NARROW_PX = 560;
const KEPT_PICTURE_S = 14;
const SHOWN = 0.1; // a word has a line as long as it was this probable somewhere in the picture
const NAMED = 0.25; // ... and its name at a peak from here up
const LEAST_CONTRAST = 0.3; // share of the whole scale that the colours cover at least, so that silence stays dark

// Cividis (Nuñez, Anderton and Renslow, 2018), as in the other figures.
const CIVIDIS = colourTable([
  0x00224e, 0x123570, 0x3b496c, 0x575d6d, 0x707173, 0x8a8678, 0xa59c74, 0xc3b369, 0xe1cc55, 0xfee838,
]);

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

// One model's history and its canvas.
class Lane {
  constructor() {
    this.image = document.createElement('canvas');
    this.clear('');
  }

  clear(stream) {
    Object.assign(this, { stream, decisions: [], detections: [], firstColumn: 0, endColumn: 0, contrast: null });
  }

  // Take over what is new in an answer of the server; what came before is left out by its number.
  merge(lane, stream) {
    if (stream !== this.stream) this.clear(stream);
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
        pixels[(n_mels - 1 - band) * this.ring + x] = CIVIDIS[Math.max(0, Math.min(255, value))];
      }
    }
    context.putImageData(image, 0, 0);
  }

  // Draw everything up to the moment `edge` (s) at the right.
  draw(canvas, edge, theme, compact) {
    const width = canvas.clientWidth;
    const span = width < NARROW_PX ? NARROW_SPAN_S : SPAN_S;
    const [melHeight, wordsHeight] = compact ? [96, 84] : [130, 110];
    const box = { left: 44, right: width - 66, mel: 40, words: 40 + melHeight + 42 };
    Object.assign(box, { melEnd: box.mel + melHeight, wordsEnd: box.words + wordsHeight });
    const ink = prepare(canvas, box.wordsEnd + 36, theme);
    const x = seconds => box.right - ((edge - seconds) * (box.right - box.left)) / span;
    const at = { ink, box, x, edge, start: Math.max(0, edge - span), theme };
    caption(ink, 'Log-mel spectrogram: frequency (Hz)', box.left, 12, theme);
    caption(ink, 'Probability of each word, averaged (%)', box.left, box.words - 10, theme);
    this.drawColumns(at);
    this.drawSpeech(at);
    this.drawThreshold(at);
    this.drawWords(at);
    this.drawDetections(at);
    drawTimeAxis(at, span);
  }

  drawColumns({ ink, box, x, edge, start, theme }) {
    const { frame_s, n_mels, ticks } = this.lane;
    ink.fillStyle = theme.ground;
    ink.fillRect(box.left, box.mel, box.right - box.left, box.melEnd - box.mel);
    inside(ink, box.left, box.mel, box.right, box.melEnd, () => {
      // The columns lie in a ring: up to two pieces of it are in sight.
      const last = Math.min(this.endColumn, Math.ceil(edge / frame_s));
      for (let i = Math.max(this.firstColumn, Math.floor(start / frame_s)); i < last; ) {
        const from = i % this.ring;
        const n = Math.min(last - i, this.ring - from);
        const [left, right] = [x(i * frame_s), x((i + n) * frame_s)];
        ink.drawImage(this.image, from, 0, n, n_mels, left, box.mel, right - left, box.melEnd - box.mel);
        i += n;
      }
    });
    const y = band => box.melEnd - ((band + 0.5) / n_mels) * (box.melEnd - box.mel);
    drawValueAxis(ink, box, ticks.map(([band, text]) => [y(band), text]), theme);
  }

  drawSpeech({ ink, box, x, start, theme }) {
    const y = box.melEnd + 5;
    ink.fillStyle = theme.faint;
    ink.textAlign = 'right';
    ink.fillText('speech', box.left - 6, y + 6);
    ink.fillRect(box.left, y + 2, box.right - box.left, 1);
    ink.fillStyle = theme.speech;
    inside(ink, box.left, y, box.right, y + 5, () => {
      this.decisions.forEach(({ end_s, speaking }, i) => {
        const before = this.decisions[i - 1]?.end_s ?? end_s;
        if (speaking && end_s > start) ink.fillRect(x(before), y, x(end_s) - x(before) + 0.5, 5);
      });
    });
  }

  drawThreshold({ ink, box, theme }) {
    drawValueAxis(ink, box, [[box.wordsEnd, '0'], [(box.words + box.wordsEnd) / 2, '50'], [box.words, '100']], theme);
    ink.strokeStyle = theme.border;
    ink.strokeRect(box.left + 0.5, box.words + 0.5, box.right - box.left - 1, box.wordsEnd - box.words - 1);
    this.thresholdLine({ ink, box }, this.lane.threshold, theme.text);
    ink.fillStyle = theme.faint;
    ink.textAlign = 'left';
    ink.fillText('threshold', box.left + 4, this.y(box, this.lane.threshold) - 4);
  }

  thresholdLine({ ink, box }, threshold, colour) {
    ink.strokeStyle = colour;
    ink.lineWidth = 1;
    ink.setLineDash([6, 4]);
    line(ink, [[box.left, this.y(box, threshold)], [box.right, this.y(box, threshold)]]);
    ink.setLineDash([]);
  }

  y(box, share) {
    return box.wordsEnd - share * (box.wordsEnd - box.words);
  }

  drawWords(at) {
    const { ink, box, x, start, edge, theme } = at;
    const inSight = this.decisions.filter(({ end_s }) => end_s >= start - 0.2 && end_s <= edge + 0.2);
    const ends = [];
    this.lane.labels.forEach(({ text, colour, dash, drawn }, i) => {
      const peak = inSight.reduce((best, one) => (one.words[i] > (best?.words[i] ?? 0) ? one : best), null);
      if (!drawn || !peak || peak.words[i] < 255 * SHOWN) return;
      const style = colour || theme.text;
      if (text in this.lane.thresholds) this.thresholdLine(at, this.lane.thresholds[text], style);
      const points = inSight.map(({ end_s, words }) => [x(end_s), this.y(box, words[i] / 255)]);
      inside(ink, box.left, box.words - 2, box.right, box.wordsEnd + 2, () => {
        ink.strokeStyle = style;
        ink.lineWidth = 2;
        ink.setLineDash(dash);
        line(ink, points);
        ink.setLineDash([]);
      });
      const [endX, endY] = points.at(-1);
      if (inSight.at(-1).words[i] >= 255 * SHOWN) ends.push({ text, style, x: Math.min(endX, box.right), y: endY });
      else if (peak.words[i] >= 255 * NAMED) {
        const [peakX, peakY] = [x(peak.end_s), this.y(box, peak.words[i] / 255)];
        if (peakX > box.left + 10) label(ink, text, peakX, Math.max(peakY - 5, box.words + 11), style, theme, 'center');
      }
    });
    // Names at the ends of lines are moved apart.
    ends.sort((one, other) => one.y - other.y);
    ends.forEach((end, i) => {
      end.y = Math.max(end.y, (ends[i - 1]?.y ?? -Infinity) + 13);
      label(ink, end.text, box.right + 4, end.y + 4, end.style, theme, 'left');
    });
  }

  drawDetections({ ink, box, x, start, theme }) {
    for (const { word, score, start_s, end_s, heard_s } of this.detections) {
      if (heard_s < start || start_s > this.until) continue;
      const colour = this.lane.labels.find(({ text }) => text === word)?.colour || theme.text;
      inside(ink, box.left, 0, box.right + 60, box.wordsEnd + 8, () => {
        ink.fillStyle = ink.strokeStyle = colour;
        ink.lineWidth = 1.5;
        ink.fillRect(x(start_s), box.mel - 5, x(end_s) - x(start_s), 3);
        line(ink, [[x(heard_s), box.words], [x(heard_s), box.wordsEnd]]);
        ink.beginPath();
        ink.arc(x(heard_s), this.y(box, score), 4, 0, 2 * Math.PI);
        ink.fill();
        label(ink, word, x((start_s + end_s) / 2), box.mel - 9, colour, theme, 'center', 'bold 13px');
      });
    }
  }
}

// The value below which the first `n` of the counted values lie.
function share(counts, n) {
  let sum = 0;
  return counts.findIndex(count => (sum += count) >= n);
}

function prepare(canvas, height, theme) {
  const scale = window.devicePixelRatio || 1;
  const [width, tall] = [Math.round(canvas.clientWidth * scale), Math.round(height * scale)];
  if (canvas.width !== width || canvas.height !== tall) {
    Object.assign(canvas, { width, height: tall });
    canvas.style.height = `${height}px`;
  }
  const ink = canvas.getContext('2d');
  ink.setTransform(scale, 0, 0, scale, 0, 0);
  ink.clearRect(0, 0, canvas.clientWidth, height);
  ink.font = `12px ${theme.font}`;
  ink.lineJoin = 'round';
  return ink;
}

function inside(ink, left, top, right, bottom, draw) {
  ink.save();
  ink.beginPath();
  ink.rect(left, top, right - left, bottom - top);
  ink.clip();
  draw();
  ink.restore();
}

function line(ink, points) {
  ink.beginPath();
  for (const [x, y] of points) ink.lineTo(x, y);
  ink.stroke();
}

function caption(ink, text, x, y, theme) {
  ink.fillStyle = theme.text;
  ink.textAlign = 'left';
  ink.fillText(text, x, y);
}

// Text with a rim of the page's colour, so that it can be read on lines.
function label(ink, text, x, y, colour, theme, align, font = '12px') {
  ink.save();
  ink.font = `${font} ${theme.font}`;
  ink.textAlign = align;
  ink.lineWidth = 3;
  ink.strokeStyle = theme.background;
  ink.strokeText(text, x, y);
  ink.fillStyle = colour;
  ink.fillText(text, x, y);
  ink.restore();
}

function drawValueAxis(ink, box, ticks, theme) {
  ink.fillStyle = theme.text;
  ink.strokeStyle = theme.faint;
  ink.lineWidth = 1;
  ink.textAlign = 'right';
  let below = Infinity;
  for (const [y, text] of ticks) {
    if (below - y < 12) continue; // no room for its text
    below = y;
    ink.fillText(text, box.left - 6, y + 4);
    line(ink, [[box.left - 4, y], [box.left, y]]);
  }
}

function drawTimeAxis({ ink, box, x, edge, start, theme }, span) {
  ink.fillStyle = theme.text;
  ink.strokeStyle = theme.faint;
  ink.textAlign = 'center';
  const step = span > NARROW_SPAN_S ? 1 : 2;
  for (let second = Math.ceil(start / step) * step; second <= edge; second += step) {
    line(ink, [[x(second), box.wordsEnd], [x(second), box.wordsEnd + 4]]);
    const text = `${Math.floor(second / 60)}:${String(second % 60).padStart(2, '0')}`;
    if (x(second) >= box.left) ink.fillText(text, x(second), box.wordsEnd + 16);
  }
  ink.fillText('Time since the start (min:s)', (box.left + box.right) / 2, box.wordsEnd + 32);
}
