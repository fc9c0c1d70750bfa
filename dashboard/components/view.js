// What the listening part shows beside its pictures: the button, the level meter, the newest word, and texts.

const LOWEST_DB = -80;
const FRESH_MS = 1500; // how long a new word stands out
const SILENT_MS = 3000; // of nothing but zeros, after which it is said that nothing arrives
const SLOW_MS = 4000; // wait for an answer after which it is said
const READ_OUT = 50; // words in the list for screen readers

const FILTERS = { learned: 'Learned filters', initial: 'Textbook filters' };
const OTHERS = { learned: 'initial', initial: 'learned' };

const BUTTONS = { idle: 'Start listening', asking: 'Cancel', on: 'Stop', ending: 'Stopping …' };

class View {
  constructor(root, colours, onPress) {
    this.root = root;
    this.part('start').onclick = onPress;
    const style = getComputedStyle(this.part('ear'));
    const of = name => style.getPropertyValue(`--st-${name}`).trim();
    const shade = colour => (style.colorScheme === 'dark' && colours?.dark[colour]) || colour;
    this.theme = {
      text: of('text-color'), background: of('background-color'), ground: of('secondary-background-color'),
      border: of('border-color'), faint: of('gray-color'), speech: shade(colours?.speech ?? ''), font: of('font') || 'sans-serif',
      shade,
    };
    this.part('ear').style.setProperty('--speech', this.theme.speech);
  }

  part(name) {
    return this.root.querySelector(`.${name}`);
  }

  // The state of an Ear, but for its pictures.
  show(ear) {
    const { delivery, phase, data } = ear;
    const newest = [...ear.lanes.values()][0]?.decisions.at(-1);
    const level = data.source === 'browser' ? ear.level : (newest?.level ?? LOWEST_DB);
    const speaking = phase === 'on' && Boolean(newest?.speaking);
    const shown = phase === 'on' ? Math.max(LOWEST_DB, Math.min(0, level)) : LOWEST_DB;
    this.part('fill').style.transform = `scaleX(${1 - shown / LOWEST_DB})`;
    this.part('level').setAttribute('aria-valuenow', Math.round(shown));
    this.part('start').disabled = phase === 'ending';
    setText(this.part('start'), BUTTONS[phase]);
    setText(this.part('state'), stateText(ear, speaking));
    const trouble = troubleText(ear);
    setText(this.part('trouble'), trouble);
    this.part('trouble').hidden = !trouble;
    setText(this.part('figures'), figuresText(ear));
    const { session, rate, captured, acknowledged, dropped, sent, answered, resent } = delivery;
    Object.assign(this.part('ear').dataset, {
      phase, speaking, session, rate, captured, acknowledged, dropped, sent, answered, resent,
      received: data.received, missing: data.missing, latencies: ear.latencies.map(Math.round).join(' '),
    });
  }

  // Places for the pictures of these lanes.
  place(lanes) {
    const box = this.part('lanes');
    const titles = lanes.map(({ lane }) => lane.title);
    if (box.children.length === titles.length && box.dataset.titles === titles.join('\n')) return;
    box.dataset.titles = titles.join('\n');
    box.replaceChildren(
      ...titles.map(title => {
        const article = document.createElement('article');
        article.className = 'lane';
        article.innerHTML =
          '<header><h4></h4><p class="heard"></p><p class="now"></p><p class="beside"></p></header>' +
          '<canvas role="img"></canvas>';
        article.querySelector('canvas').setAttribute('aria-label', `What ${title} hears, and what it makes of it`);
        return article;
      }),
    );
  }

  draw(lanes, edge, now, basis) {
    [...this.part('lanes').children].forEach((article, i) => {
      new Picture(lanes[i], article.querySelector('canvas'), edge, this.theme, lanes.length > 1).draw();
      this.write(article, lanes[i], basis, now);
    });
  }

  // The answers of a model: the newest word, what is probable now, and the newest word through the other filters.
  write(article, one, basis, now) {
    const part = name => article.querySelector(name);
    const alone = Boolean(one.lane.beside);
    setText(part('h4'), alone ? FILTERS[basis] : this.part('lanes').children.length > 1 ? one.lane.title : '');
    setText(part('.now'), one.now && `now: ${one.now}`);
    setText(part('.beside'), alone && one.heard ? `${FILTERS[OTHERS[basis]]}: ${one.beside}` : '');
    const { heard, heardAt } = one;
    const element = part('.heard');
    element.classList.toggle('fresh', Boolean(heard) && now - heardAt < FRESH_MS);
    const which = heard ? `${basis} ${heard.heard_s}` : '';
    if ((element.dataset.which ?? '') === which) return;
    element.dataset.which = which;
    if (!heard) return element.replaceChildren();
    const score = document.createElement('small');
    score.textContent = `${Math.round(100 * heard.score)} %`;
    element.replaceChildren(`${heard.word} `, score);
  }

  // Let screen readers say new words.
  readOut(texts) {
    const list = this.part('unseen');
    for (const text of texts) list.appendChild(document.createElement('li')).textContent = text;
    while (list.children.length > READ_OUT) list.firstChild.remove();
  }
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function stateText({ phase, data }, speaking) {
  if (data.waiting) return 'The model is being loaded. Start already: what you say is kept for it.';
  if (phase === 'asking') return 'Allow the microphone where your browser asks for it.';
  if (phase !== 'on') return '';
  return speaking ? 'Listening: speech' : 'Listening: quiet';
}

function troubleText({ delivery, data, phase, trouble, muted, heardSomething, startedAt }) {
  const told = data.answered.session === delivery.session ? data.trouble : '';
  if (trouble || told || phase !== 'on') return trouble || told;
  if (muted) return TEXTS.muted;
  if (delivery.dropped) {
    const seconds = (delivery.dropped / delivery.rate).toFixed(1);
    const why = 'this computer is too slow for it. Choose a smaller model, or one instead of two.';
    return `${seconds} s of sound were skipped: ${why}`;
  }
  if (delivery.owedMs > SLOW_MS) {
    const seconds = Math.round(delivery.owedMs / 1000);
    return `The server has not answered for ${seconds} s. What you say is kept for up to ${KEPT_S} s.`;
  }
  const silent = data.source === 'browser' && !heardSomething && performance.now() - startedAt > SILENT_MS;
  return silent ? TEXTS.silent : '';
}

function figuresText({ delivery, data, latencies }) {
  const isBrowser = data.source === 'browser';
  const seconds = isBrowser ? delivery.acknowledged / delivery.rate : data.seconds;
  if (!seconds) return '';
  const lost = isBrowser ? delivery.dropped / delivery.rate : data.lost_s;
  const heard = `${seconds.toFixed(0)} s heard, ${lost ? `${lost.toFixed(1)} s` : 'nothing'} lost.`;
  if (!latencies.length) return heard;
  const sorted = [...latencies].sort((a, b) => a - b);
  const [latest, median] = [latencies.at(-1), sorted[Math.floor(sorted.length / 2)]].map(ms => (ms / 1000).toFixed(2));
  const delay = `${latest} s (median of ${latencies.length}: ${median} s)`;
  return `From the end of a word until it stands here: ${delay}. ${heard}`;
}
