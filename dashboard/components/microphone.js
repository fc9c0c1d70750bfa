// The listening part of the page.
// Streamlit may take this part away and put it back at any moment; the microphone and what was recorded belong to the
// page, so they are kept in `ear`, of which there is one as long as the browser shows the page.

const TICK_MS = 50;
const FRAME_MS = 30; // from one drawing to the next, about
const LAG_S = 0.15; // pictures end this far behind the newest data, so that they roll instead of jumping
const ASK_EVERY_MS = 200; // how often the server is asked for news of its own sound card
const APART_MS = 20; // between messages to different fragments of the page, and beside what a person does
const LEAVING_MS = 3000; // after a click on a link: a message beside it would run this page and not the other
const GRACE_MS = 3000; // how long this part may be gone before the microphone is closed
const REMEMBERED = 500; // latencies that the median is taken over

// What the server has told while there is no model yet: nothing.
const WAITING = {
  waiting: true, listener: '', answered: { session: '', number: 0 }, received: 0, missing: 0, source: 'browser',
  stream: '', base_s: 0, seconds: 0, trouble: '', lanes: [], basis: 'learned', zero_ms: 0, lost_s: 0,
};

class Ear {
  constructor() {
    this.delivery = new Delivery(message => this.set('message', message));
    this.lanes = new Map();
    Object.assign(this, { phase: 'idle', turn: 0, data: null, trouble: '', seen: [], lastNumber: 0, listener: '' });
    Object.assign(this, { edge: 0, drawnAt: 0, askedAt: 0, heldUntil: 0 });
    this.beginAnew();
    for (const kind of ['pointerup', 'click', 'keydown', 'change']) {
      window.addEventListener(kind, event => this.hold(isLeaving(event) ? LEAVING_MS : APART_MS), true);
    }
    window.addEventListener('earshot-again', () => this.view && this.ring());
  }

  beginAnew() {
    Object.assign(this, { trouble: '', muted: false, heardSomething: false, level: LOWEST_DB, latencies: [] });
    this.startedAt = performance.now();
  }

  // Streamlit has drawn this part, for the first time or with news from the server.
  attach({ data: told, parentElement, setStateValue }) {
    const data = told.waiting ? WAITING : told;
    clearTimeout(this.grace);
    this.set = setStateValue;
    // Made anew each time: the colours may have changed.
    this.view = new View(parentElement, data.colours, () => (this.phase === 'idle' ? this.start() : this.stop()));
    if (this.phase !== 'idle' && data.source !== this.data.source) this.leave();
    this.data = data;
    if (data.colours) amounts ??= colourTable(data.colours.amounts.map(colour => parseInt(colour.slice(1), 16)));
    this.receive(data);
    this.view.place([...this.lanes.values()]);
    this.view.show(this);
    this.draw(performance.now());
  }

  // Streamlit has taken this part away: for a moment, or because another page was opened.
  detach(root) {
    if (this.view?.root !== root) return;
    this.view = this.set = null;
    this.grace = setTimeout(() => this.leave(), this.isElsewhere() ? 0 : GRACE_MS);
  }

  // Whether another page was opened since the press of Start.
  isElsewhere() {
    return location.pathname !== this.address;
  }

  // Close the microphone, whatever was on its way.
  leave() {
    this.close();
    this.delivery.begin('', RATE);
    this.enter('idle');
  }

  close() {
    this.turn++;
    this.microphone?.close();
    this.microphone = null;
  }

  async start() {
    const turn = ++this.turn;
    this.address = location.pathname;
    this.beginAnew();
    let rate = RATE;
    if (this.data.source === 'browser') {
      this.enter('asking');
      const onBlock = block => this.record(block);
      const onEnd = () => this.end(TEXTS.gone);
      const onMute = muted => (this.muted = muted);
      let microphone;
      try {
        microphone = await openMicrophone({ onBlock, onEnd, onMute });
      } catch (error) {
        if (turn === this.turn) this.end(explain(error));
        return;
      }
      // Permission may come after the page was left.
      if (turn !== this.turn) return microphone.close();
      this.microphone = microphone;
      rate = microphone.rate;
    }
    this.startedAt = performance.now();
    this.delivery.begin(newSession(), rate);
    this.enter('on');
  }

  // Close the microphone; what it heard is still delivered.
  stop() {
    this.close();
    this.delivery.finish();
    const ending = this.phase === 'on' && (this.data.source === 'card' || !this.delivery.done);
    if (ending) this.enter('ending');
    else this.rest();
  }

  // Nothing more is sent: the list is told at once of words that no message has named yet.
  rest() {
    this.enter('idle');
    if (this.seen.length) this.ring();
  }

  end(trouble) {
    this.trouble = trouble;
    this.stop();
  }

  enter(phase) {
    this.phase = phase;
    clearInterval(this.ticking);
    if (phase === 'on' || phase === 'ending') this.ticking = setInterval(() => this.tick(), TICK_MS);
    if (phase === 'on') requestAnimationFrame(now => this.roll(now, this.turn));
    this.view?.show(this);
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
    // Streamlit may take this part away before it shows another address, long after, or not at all.
    if (this.isElsewhere()) return this.leave();
    this.pump();
    this.view?.show(this);
  }

  // Send what is due.
  pump() {
    if (!this.set || performance.now() < this.heldUntil) return;
    const { delivery, data, phase } = this;
    const extra = () => ({ source: data.source, on: phase === 'on', have: this.have(), seen: [...this.seen] });
    if (data.source === 'browser') delivery.pump(extra);
    else if (delivery.inFlight) delivery.insist();
    else if (phase === 'ending' || performance.now() - this.askedAt > ASK_EVERY_MS) {
      this.askedAt = performance.now();
      delivery.post({}, extra);
    }
  }

  // Streamlit runs one fragment for all that is set within a moment, so nothing is sent beside something else.
  hold(ms = APART_MS) {
    this.heldUntil = Math.max(this.heldUntil, performance.now() + ms);
  }

  // Tell the list of words (bell.js) that there is news.
  ring() {
    const detail = { listener: this.listener, number: this.lastNumber };
    this.hold();
    setTimeout(() => {
      this.hold();
      window.dispatchEvent(new CustomEvent('earshot-heard', { detail }));
    }, APART_MS / 2);
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
      this.ring();
    }
    this.lanes = new Map(data.lanes.map(({ name }) => [name, this.lanes.get(name) ?? new Lane()]));
    for (const lane of data.lanes) this.lanes.get(lane.name).merge(lane, data.stream);
    this.announce(data);
    if (!answered) return;
    const isCard = data.source === 'card';
    if (this.phase === 'on' && isCard && data.trouble) this.end(data.trouble);
    else if (this.phase === 'ending' && (isCard ? !answered.on : this.delivery.done)) this.rest();
    else queueMicrotask(() => this.pump());
  }

  // Show the words that are new, and take the time when they can be seen.
  announce(data) {
    if (data.listener !== this.listener) Object.assign(this, { listener: data.listener, lastNumber: 0 });
    const isOwn = data.basis !== 'initial';
    // Those of the model as it is stand in the page's list; with its filters put back they are shown here alone.
    const fresh = data.lanes.flatMap(lane =>
      (isOwn ? lane.detections : lane.beside).filter(({ number }) => number > this.lastNumber).map(one => ({ ...one, lane })),
    );
    const others = isOwn ? [] : data.lanes.flatMap(lane => this.lanes.get(lane.name).fresh.map(one => ({ ...one, lane })));
    const who = lane => (data.lanes.length > 1 ? `, ${lane.title}` : '');
    const shown = isOwn ? fresh : others;
    this.view.readOut(shown.map(({ word, score, lane }) => `${word}, ${Math.round(100 * score)} %${who(lane)}`));
    if (!fresh.length) return;
    this.lastNumber = Math.max(...fresh.map(({ number }) => number));
    if (isOwn) requestAnimationFrame(() => this.takeTime(data, fresh));
    if (!isOwn || document.hidden) this.ring(); // nobody sees it, so there is no time to take
  }

  takeTime(data, fresh) {
    if (document.hidden) return;
    for (const { number, end_s } of fresh) {
      const second = data.base_s + end_s;
      const recorded =
        data.source === 'card'
          ? data.zero_ms + 1000 * second - performance.timeOrigin
          : this.delivery.recordedAt(second);
      const latency = performance.now() - recorded;
      if (!Number.isFinite(latency)) continue;
      this.latencies.push(latency);
      if (this.latencies.length > REMEMBERED) this.latencies.shift();
      this.seen.push([number, Math.round(latency)]);
    }
    if (this.phase === 'idle' && this.view) this.ring(); // they came with the last answer
  }

  // Draw again and again while sound comes.
  roll(now, turn) {
    if (this.phase !== 'on' || turn !== this.turn) return;
    if (this.view && now - this.drawnAt >= FRAME_MS) this.draw(now);
    requestAnimationFrame(later => this.roll(later, turn));
  }

  draw(now) {
    const lanes = [...this.lanes.values()];
    this.edge = this.nextEdge(Math.max(0, ...lanes.map(lane => lane.until)), now);
    this.view.draw(lanes, this.edge, now, this.data.basis);
  }

  // Where the pictures end: it moves with the clock, a little behind the newest data.
  nextEdge(newest, now) {
    const passed = (now - this.drawnAt) / 1000;
    this.drawnAt = now;
    const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
    if (still || this.phase !== 'on' || Math.abs(newest - this.edge) > 1) return newest;
    const hurry = Math.max(-0.5, Math.min(1, 2 * (newest - LAG_S - this.edge)));
    return Math.min(newest, this.edge + passed * (1 + hurry));
  }
}

// Whether an event is a click on a link that opens here.
function isLeaving(event) {
  return event.type === 'click' && event.composedPath().some(one => one.tagName === 'A' && one.href && !one.target);
}

function newSession() {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), part => part.toString(16).padStart(8, '0')).join('');
}

const ear = new Ear();

export default function (component) {
  ear.attach(component);
  return () => ear.detach(component.parentElement);
}
