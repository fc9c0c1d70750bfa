// A lane drawn: the log-mel rolling by, the words' probabilities, and what was detected.

const SPAN_S = 10; // seconds drawn; less on a narrow screen
const NARROW_SPAN_S = 6;
const NARROW_PX = 560;
const SHOWN = 0.1; // a word has a line as long as it was this probable somewhere in the picture
const NAMED = 0.25; // ... and its name at a peak from here up

class Picture {
  // Everything up to the moment `edge` (s), which is at the right.
  constructor(lane, canvas, edge, theme, compact) {
    const width = canvas.clientWidth;
    const [melHeight, wordsHeight] = compact ? [96, 84] : [130, 110];
    this.span = width < NARROW_PX ? NARROW_SPAN_S : SPAN_S;
    Object.assign(this, { lane, edge, theme, start: Math.max(0, edge - this.span), left: 44, right: width - 66 });
    Object.assign(this, { mel: 40, melEnd: 40 + melHeight });
    Object.assign(this, { words: this.melEnd + 42, wordsEnd: this.melEnd + 42 + wordsHeight });
    this.ink = prepared(canvas, this.wordsEnd + 36, theme);
  }

  draw() {
    this.drawColumns();
    this.drawSpeech();
    this.drawThreshold();
    this.drawWords();
    for (const detection of this.lane.detections) this.drawDetection(detection);
    this.drawTimeAxis();
  }

  // Where a moment lies.
  x(seconds) {
    return this.right - ((this.edge - seconds) * (this.right - this.left)) / this.span;
  }

  // Where a probability lies.
  y(share) {
    return this.wordsEnd - share * (this.wordsEnd - this.words);
  }

  drawColumns() {
    const { ink, left, right, mel, melEnd, lane } = this;
    const { frame_s, n_mels, axis, ticks } = lane.lane;
    this.write(`Log-mel spectrogram: ${axis}`, left, 12);
    ink.fillStyle = this.theme.ground;
    ink.fillRect(left, mel, right - left, melEnd - mel);
    this.inside(mel, melEnd, () => {
      // The columns lie in a ring: up to two pieces of it are in sight.
      const end = Math.min(lane.endColumn, Math.ceil(this.edge / frame_s));
      for (let i = Math.max(lane.firstColumn, Math.floor(this.start / frame_s)); i < end; ) {
        const from = i % lane.ring;
        const n = Math.min(end - i, lane.ring - from);
        const [begin, width] = [this.x(i * frame_s), this.x((i + n) * frame_s) - this.x(i * frame_s)];
        ink.drawImage(lane.image, from, 0, n, n_mels, begin, mel, width, melEnd - mel);
        i += n;
      }
    });
    this.drawValueAxis(ticks.map(([band, text]) => [melEnd - ((band + 0.5) / n_mels) * (melEnd - mel), text]));
  }

  drawSpeech() {
    const { ink, left, right, theme } = this;
    const { decisions } = this.lane;
    const top = this.melEnd + 5;
    this.write('speech', left - 6, top + 6, 'right', theme.faint);
    ink.fillRect(left, top + 2, right - left, 1);
    ink.fillStyle = theme.speech;
    this.inside(top, top + 5, () => {
      decisions.forEach(({ end_s, speaking }, i) => {
        const begin = this.x(decisions[i - 1]?.end_s ?? end_s);
        if (speaking && end_s > this.start) ink.fillRect(begin, top, this.x(end_s) - begin + 0.5, 5);
      });
    });
  }

  drawThreshold() {
    const { ink, left, right, words, wordsEnd, theme } = this;
    const { threshold } = this.lane.lane;
    this.write('Probability of each word, averaged (%)', left, words - 10);
    this.drawValueAxis([0, 0.5, 1].map(share => [this.y(share), String(100 * share)]));
    ink.strokeStyle = theme.border;
    ink.strokeRect(left + 0.5, words + 0.5, right - left - 1, wordsEnd - words - 1);
    this.drawDashes(threshold, theme.text);
    this.write('threshold', left + 4, this.y(threshold) - 4, 'left', theme.faint);
  }

  drawDashes(threshold, colour) {
    const y = this.y(threshold);
    this.line([[this.left, y], [this.right, y]], colour, 1, [6, 4]);
  }

  drawWords() {
    const { lane, theme } = this;
    const inSight = lane.decisions.filter(({ end_s }) => end_s >= this.start - 0.2 && end_s <= this.edge + 0.2);
    const ends = [];
    lane.lane.labels.forEach(({ text, colour, dash, drawn }, i) => {
      const peak = inSight.reduce((best, one) => (one.words[i] > (best?.words[i] ?? 0) ? one : best), null);
      if (!drawn || !peak || peak.words[i] < 255 * SHOWN) return;
      const ownColour = theme.shade(colour) || theme.text;
      if (text in lane.lane.thresholds) this.drawDashes(lane.lane.thresholds[text], ownColour);
      const points = inSight.map(({ end_s, words }) => [this.x(end_s), this.y(words[i] / 255)]);
      this.inside(this.words - 2, this.wordsEnd + 2, () => this.line(points, ownColour, 2, dash));
      if (inSight.at(-1).words[i] >= 255 * SHOWN) ends.push({ text, colour: ownColour, y: points.at(-1)[1] });
      else if (peak.words[i] >= 255 * NAMED && this.x(peak.end_s) > this.left + 10) {
        const y = Math.max(this.y(peak.words[i] / 255) - 5, this.words + 11);
        this.label(text, this.x(peak.end_s), y, ownColour, 'center');
      }
    });
    // Names at the ends of lines are moved apart.
    ends.sort((one, other) => one.y - other.y);
    ends.forEach((end, i) => {
      end.y = Math.max(end.y, (ends[i - 1]?.y ?? -Infinity) + 13);
      this.label(end.text, this.right + 4, end.y + 4, end.colour, 'left');
    });
  }

  drawDetection({ word, score, start_s, end_s, heard_s }) {
    if (heard_s < this.start) return;
    const { ink, mel } = this;
    const own = this.lane.lane.labels.find(({ text }) => text === word)?.colour ?? '';
    const colour = this.theme.shade(own) || this.theme.text;
    const [begin, end, heard] = [this.x(start_s), this.x(end_s), this.x(heard_s)];
    const middle = Math.min((begin + end) / 2, this.right);
    if (middle > this.left + 10) this.label(word, middle, mel - 9, colour, 'center', 'bold 13px');
    this.inside(mel - 5, this.wordsEnd + 5, () => {
      ink.fillStyle = colour;
      ink.fillRect(begin, mel - 5, end - begin, 3);
      this.line([[heard, this.words], [heard, this.wordsEnd]], colour, 1.5);
      ink.beginPath();
      ink.arc(heard, this.y(score), 4, 0, 2 * Math.PI);
      ink.fill();
    });
  }

  drawTimeAxis() {
    const { left, right, wordsEnd } = this;
    const step = this.span > NARROW_SPAN_S ? 1 : 2;
    for (let second = Math.ceil(this.start / step) * step; second <= this.edge; second += step) {
      const x = this.x(second);
      this.line([[x, wordsEnd], [x, wordsEnd + 4]], this.theme.faint, 1);
      this.write(`${Math.floor(second / 60)}:${String(second % 60).padStart(2, '0')}`, x, wordsEnd + 16, 'center');
    }
    this.write('Time since the start (min:s)', (left + right) / 2, wordsEnd + 32, 'center');
  }

  // Places and texts, from the lowest place up.
  drawValueAxis(ticks) {
    let below = Infinity;
    for (const [y, text] of ticks) {
      if (below - y < 12) continue; // no room for its text
      below = y;
      this.write(text, this.left - 6, y + 4, 'right');
      this.line([[this.left - 4, y], [this.left, y]], this.theme.faint, 1);
    }
  }

  line(points, colour, width, dash = []) {
    const { ink } = this;
    ink.strokeStyle = colour;
    ink.lineWidth = width;
    ink.setLineDash(dash);
    ink.beginPath();
    for (const [x, y] of points) ink.lineTo(x, y);
    ink.stroke();
    ink.setLineDash([]);
  }

  write(text, x, y, align = 'left', colour = this.theme.text) {
    this.ink.fillStyle = colour;
    this.ink.textAlign = align;
    this.ink.fillText(text, x, y);
  }

  // Text with a rim of the page's colour, so that it can be read on lines.
  label(text, x, y, colour, align, font = '12px') {
    const { ink } = this;
    ink.save();
    ink.font = `${font} ${this.theme.font}`;
    ink.textAlign = align;
    ink.lineWidth = 3;
    ink.strokeStyle = this.theme.background;
    ink.strokeText(text, x, y);
    this.write(text, x, y, align, colour);
    ink.restore();
  }

  // Draw what lies between two heights, and not beside the panels.
  inside(top, bottom, draw) {
    const { ink } = this;
    ink.save();
    ink.beginPath();
    ink.rect(this.left, top, this.right - this.left, bottom - top);
    ink.clip();
    draw();
    ink.restore();
  }
}

// An empty canvas of that height, sharp on every screen.
function prepared(canvas, height, theme) {
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
