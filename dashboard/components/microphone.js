// The listening part of the page: a button, a level meter, and a picture for each model.
// Streamlit may take this part away and put it back at any moment; the microphone and what was recorded belong to the
// page, so they are kept in `ear`, of which there is one as long as the browser shows the page.

const TICK_MS = 50;
const FRAME_MS = 30; // from one drawing to the next, about
const ASK_EVERY_MS = 200; // how often the server is asked for news of its own sound card
const GRACE_MS = 3000; // how long this part may be gone before the microphone is closed
const SILENT_S = 3; // seconds of nothing but zeros after which it is said that nothing arrives
const FRESH_MS = 1500; // how long a new word stands out
const SLOW_MS = 4000; // wait for an answer after which it is said
const LOWEST_DB = -80;
const REMEMBERED = 500; // latencies that the median is taken over
const READ_OUT = 20; // detections in the list for screen readers

class Ear {
  constructor() {
    this.delivery = new Delivery(message => this.set?.('message', message));
    this.lanes = new Map();
    Object.assign(this, { phase: 'idle', turn: 0, root: null, data: null, trouble: '', seen: [], latencies: [] });
    Object.assign(this, { lastNumber: 0, listener: '', drawnAt: 0, level: LOWEST_DB, heardSomething: false, muted: false, edge: 0 });
  }

  // Streamlit has drawn this part, for the first time or with news from the server.
  attach({ data, parentElement, setStateValue }) {
    this.set = setStateValue;
    clearTimeout(this.grace);
    if (this.root !== parentElement) {
      this.root = parentElement;
      this.part = name => parentElement.querySelector(`.${name}`);
      this.part('start').onclick = () => (this.phase === 'idle' ? this.start() : this.stop());
    }
    if (this.phase !== 'idle' && this.data && data.source !== this.data.source) this.leave();
    this.data = data;
    this.theme = themeOf(parentElement);
    this.receive(data);
    this.showLanes();
    this.show();
    this.draw(performance.now());
  }

  // Streamlit has taken this part away: for a moment, or because another page was opened.
  detach(parentElement) {
    if (this.root !== parentElement) return;
    this.root = this.set = null;
    const wait = location.pathname === this.address ? GRACE_MS : 0;
    this.grace = setTimeout(() => this.leave(), wait);
  }

  // Close the microphone at once, whatever was on its way.
  leave() {
    this.turn++;
    this.microphone?.close();
    this.microphone = null;
    this.delivery.begin('', RATE);
    this.enter('idle');
  }

  async start() {
    const turn = ++this.turn;
    this.address = location.pathname;
    Object.assign(this, { trouble: '', muted: false, heardSomething: false, level: LOWEST_DB, latencies: [], edge: 0 });
    let rate = RATE;
    if (this.data.source === 'browser') {
      this.enter('asking');
      let microphone;
      try {
        microphone = await openMicrophone({
          onBlock: block => this.record(block),
          onEnd: () => this.end(TEXTS.gone),
          onMute: muted => (this.muted = muted),
        });
      } catch (error) {
        if (turn === this.turn) this.end(explain(error));
        return;
      }
      // Permission may come after the page was left.
      if (turn !== this.turn) return microphone.close();
      this.microphone = microphone;
      rate = microphone.rate;
    }
    this.delivery.begin(newSession(), rate);
    this.enter('on');
  }

  stop() {
    this.turn++;
    this.microphone?.close();
    this.microphone = null;
    this.delivery.finish();
    const ending = this.phase === 'on' && (this.data.source === 'card' || !this.delivery.done);
    this.enter(ending ? 'ending' : 'idle');
  }

  end(trouble) {
    this.trouble = trouble;
    this.stop();
  }

  enter(phase) {
    this.phase = phase;
    clearInterval(this.ticking);
    if (phase === 'on' || phase === 'ending') this.ticking = setInterval(() => this.tick(), TICK_MS);
    if (phase === 'on') requestAnimationFrame(now => this.roll(now));
    this.show();
  }

  record(block) {
    if (this.phase !== 'on') return;
    let energy = 0;
    for (const value of block) energy += value * value;
    const level = 10 * Math.log10(energy / block.length + 1e-10);
    this.level = Math.max(level, this.level - 1); // falls slowly enough to be seen
    this.heardSomething ||= energy > 0;
    this.delivery.add(block);
    this.pump();
  }

  tick() {
    this.pump();
    this.show();
  }

  pump() {
    if (!this.set) return;
    const extra = () => ({ source: this.data.source, on: this.phase === 'on', have: this.have(), seen: [...this.seen] });
    const { delivery } = this;
    if (this.data.source === 'browser') delivery.pump(extra);
    else if (delivery.inFlight) delivery.insist();
    else if (this.phase === 'ending' || performance.now() - (this.asked ?? 0) > ASK_EVERY_MS) {
      this.asked = performance.now();
      delivery.post({}, extra);
    }
  }

  // What of the server's stream is drawn already; the server sends what comes after it.
  have() {
    const until_s = Math.min(...[...this.lanes.values()].map(lane => lane.until));
    return { stream: this.data.stream, until_s: Number.isFinite(until_s) ? until_s : -1 };
  }

  receive(data) {
    const answered = this.delivery.answer(data.answered.session, data.answered.number);
    if (answered?.seen.length) {
      this.seen.splice(0, answered.seen.length);
      ring(this.lastNumber);
    }
    if (this.lanes.size !== data.lanes.length || data.lanes.some(({ name }) => !this.lanes.has(name))) {
      this.lanes = new Map(data.lanes.map(({ name }) => [name, this.lanes.get(name) ?? new Lane()]));
    }
    for (const lane of data.lanes) this.lanes.get(lane.name).merge(lane, data.stream);
    if (data.listener !== this.listener) Object.assign(this, { listener: data.listener, lastNumber: 0 });
    this.announce(data);
    if (data.source === 'card' && this.phase === 'on' && answered && data.trouble) this.end(data.trouble);
    else if (answered && !answered.on && data.source === 'card') this.enter('idle');
    else if (this.phase === 'ending' && this.delivery.done) this.enter('idle');
    else if (answered && this.phase === 'on') queueMicrotask(() => this.pump());
  }

  // Say which words are new, and take the time when they can be seen.
  announce(data) {
    const fresh = data.lanes.flatMap(lane =>
      lane.detections.filter(({ number }) => number > this.lastNumber).map(one => ({ ...one, lane })),
    );
    if (!fresh.length) return;
    this.lastNumber = Math.max(...fresh.map(({ number }) => number));
    for (const one of fresh) Object.assign(this.lanes.get(one.lane.name), { heard: one, heardAt: performance.now() });
    const texts = fresh.map(({ word, score, lane }) => {
      const item = document.createElement('li');
      item.textContent = `${word}, ${Math.round(100 * score)} %${data.lanes.length > 1 ? `, ${lane.title}` : ''}`;
      return item;
    });
    const list = this.part('unseen');
    list.append(...texts);
    while (list.children.length > READ_OUT) list.firstChild.remove();
    if (document.hidden) return ring(this.lastNumber); // nobody sees it, so there is no time to take
    requestAnimationFrame(() => {
      for (const { number, end_s } of fresh) {
        const recorded =
          data.source === 'card'
            ? data.zero_ms + 1000 * (data.base_s + end_s) - performance.timeOrigin
            : this.delivery.recordedAt(data.base_s + end_s);
        const latency = performance.now() - recorded;
        if (!Number.isFinite(latency)) continue;
        this.latencies.push(latency);
        if (this.latencies.length > REMEMBERED) this.latencies.shift();
        this.seen.push([number, Math.round(latency)]);
      }
    });
  }

  // One picture for each model, in the order of the server.
  showLanes() {
    const names = [...this.lanes.keys()].join('\n');
    const box = this.part('lanes');
    if (box.dataset.names === names && box.children.length === this.lanes.size) return;
    box.dataset.names = names;
    box.replaceChildren(
      ...[...this.lanes.values()].map(lane => {
        const article = document.createElement('article');
        article.className = 'lane';
        article.innerHTML = '<header><h4></h4><p class="heard"></p></header><canvas role="img"></canvas>';
        article.querySelector('h4').textContent = lane.lane.title;
        article.querySelector('canvas').setAttribute('aria-label', `What ${lane.lane.title} sees and makes of it`);
        return article;
      }),
    );
  }

  roll(now) {
    if (this.phase === 'idle') return;
    if (this.root && now - this.drawnAt >= FRAME_MS) this.draw(now);
    requestAnimationFrame(later => this.roll(later));
  }

  draw(now) {
    const lanes = [...this.lanes.values()];
    this.edge = this.nextEdge(Math.max(0, ...lanes.map(lane => lane.until)), now);
    [...this.part('lanes').children].forEach((article, i) => {
      lanes[i].draw(article.querySelector('canvas'), this.edge, this.theme, lanes.length > 1);
      const { heard, heardAt } = lanes[i];
      const element = article.querySelector('.heard');
      if (heard && element.dataset.number !== String(heard.number)) {
        element.dataset.number = heard.number;
        element.textContent = `${heard.word} `;
        const score = document.createElement('small');
        score.textContent = `${Math.round(100 * heard.score)} %`;
        element.append(score);
      }
      element.classList.toggle('fresh', Boolean(heard) && now - heardAt < FRESH_MS);
    });
  }

  // Where the picture ends: it moves with the clock, a little behind the newest data.
  nextEdge(newest, now) {
    const passed = (now - this.drawnAt) / 1000;
    this.drawnAt = now;
    const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
    if (still || this.phase !== 'on' || Math.abs(newest - this.edge) > 1) return newest;
    const hurry = Math.max(-0.5, Math.min(1, 2 * (newest - LAG_S - this.edge)));
    return Math.min(newest, this.edge + passed * (1 + hurry));
  }

  // The button, the meter and the texts.
  show() {
    if (!this.root || !this.data) return;
    const { delivery, phase, data } = this;
    const section = this.part('ear');
    const newest = [...this.lanes.values()][0]?.decisions.at(-1);
    const level = data.source === 'browser' ? this.level : (newest?.level ?? LOWEST_DB);
    const speaking = phase === 'on' && Boolean(newest?.speaking);
    const shown = phase === 'on' ? Math.max(LOWEST_DB, Math.min(0, level)) : LOWEST_DB;
    this.part('fill').style.transform = `scaleX(${1 - shown / LOWEST_DB})`;
    this.part('level').setAttribute('aria-valuenow', Math.round(shown));
    setText(this.part('start'), { idle: 'Start listening', asking: 'Cancel', on: 'Stop', ending: 'Stopping …' }[phase]);
    this.part('start').disabled = phase === 'ending';
    setText(this.part('state'), this.stateText(speaking));
    const trouble = this.troubleText();
    setText(this.part('trouble'), trouble);
    this.part('trouble').hidden = !trouble;
    setText(this.part('figures'), this.figuresText());
    Object.assign(section.dataset, {
      phase, speaking, session: delivery.session, rate: delivery.rate, captured: delivery.captured,
      acknowledged: delivery.acknowledged, received: data.received, missing: data.missing, dropped: delivery.dropped, sent: delivery.sent,
      answered: delivery.answered, resent: delivery.resent, latencies: this.latencies.map(Math.round).join(' '),
    });
  }

  stateText(speaking) {
    if (this.phase === 'asking') return 'Allow the microphone where your browser asks for it.';
    if (this.phase !== 'on') return '';
    return speaking ? 'Listening: speech' : 'Listening: quiet';
  }

  troubleText() {
    const { delivery, data } = this;
    if (this.trouble || this.phase !== 'on') return this.trouble || data.trouble;
    if (data.trouble) return data.trouble;
    if (this.muted) return TEXTS.muted;
    if (delivery.dropped) {
      return `This computer is too slow for the chosen models: ${(delivery.dropped / delivery.rate).toFixed(1)} s of sound were skipped. Choose a smaller model, or one instead of two.`;
    }
    if (delivery.owedMs > SLOW_MS) {
      return `The server has not answered for ${Math.round(delivery.owedMs / 1000)} s. What you say is kept for up to ${KEPT_S} s.`;
    }
    const silent = data.source === 'browser' && !this.heardSomething && delivery.captured > SILENT_S * delivery.rate;
    return silent ? TEXTS.silent : '';
  }

  figuresText() {
    const { delivery, data, latencies } = this;
    const seconds = data.source === 'browser' ? delivery.acknowledged / delivery.rate : data.seconds;
    if (!seconds) return '';
    const lost = data.source === 'browser' ? delivery.dropped / delivery.rate : data.lost_s;
    const heard = `${seconds.toFixed(0)} s heard, ${lost ? `${lost.toFixed(1)} s` : 'nothing'} lost.`;
    if (!latencies.length) return heard;
    const latest = (latencies.at(-1) / 1000).toFixed(2);
    const median = ([...latencies].sort((a, b) => a - b)[Math.floor(latencies.length / 2)] / 1000).toFixed(2);
    return `From the end of a word until it stands here: ${latest} s (median of ${latencies.length}: ${median} s). ${heard}`;
  }
}

// Tells the list of words (bell.js) that there is news. Later: Streamlit runs one fragment for all that is set at once.
function ring(number) {
  setTimeout(() => window.dispatchEvent(new CustomEvent('earshot-heard', { detail: `${number} ${Date.now()}` })), 30);
}

function newSession() {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), part => part.toString(16).padStart(8, '0')).join('');
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// The page's colours and font, for drawing.
function themeOf(root) {
  const style = getComputedStyle(root.querySelector('.ear'));
  const of = name => style.getPropertyValue(`--st-${name}`).trim();
  return {
    text: of('text-color'), background: of('background-color'), border: of('border-color'), faint: of('gray-color'),
    ground: of('secondary-background-color'), speech: '#009e73', font: of('font') || 'sans-serif',
  };
}

const ear = new Ear();

export default function (component) {
  ear.attach(component);
  return () => ear.detach(component.parentElement);
}
