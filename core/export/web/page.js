// The page: a button, the level of the sound, the newest word, and the words so far.

import { GONE, explain, openMicrophone } from './capture.js';

const LOWEST_DB = -80;
const FALL_DB = 1.5; // by which the meter falls back with each block of sound (20 ms), so that a word can be seen
const FRESH_MS = 1500; // how long a new word stands out
const SHOWN = 50; // words in the list
const TIMED = 200; // decisions that the time of one is taken from

const BUTTONS = { loading: 'Loading …', idle: 'Start listening', asking: 'Cancel', on: 'Stop', ending: 'Stopping …' };
const NO_WORDS = ['_silence_', '_unknown_'];

const part = id => document.getElementById(id);
const setText = (element, text) => element.textContent !== text && (element.textContent = text);
const later = seconds => `${Math.floor(seconds / 60)}:${(seconds % 60).toFixed(1).padStart(4, '0')}`;

let phase = 'loading';
let microphone, asked, freshTimer;
let meterDb = LOWEST_DB;
let decisionMs = [];
const worker = new Worker(new URL('worker.js', import.meta.url), { type: 'module' });

function show(next, trouble = '') {
  phase = next;
  document.body.dataset.phase = phase;
  part('start').disabled = phase === 'loading' || phase === 'ending';
  setText(part('start'), BUTTONS[phase]);
  setText(part('trouble'), trouble);
  part('trouble').hidden = !trouble;
  if (phase !== 'on') {
    meterDb = LOWEST_DB;
    showLevel(LOWEST_DB, false);
    setText(part('state'), '');
  }
}

function showLevel(levelDb, speaking) {
  meterDb = Math.max(LOWEST_DB, Math.min(0, levelDb), meterDb - FALL_DB);
  part('fill').style.transform = `scaleX(${1 - meterDb / LOWEST_DB})`;
  part('level').setAttribute('aria-valuenow', Math.round(meterDb));
  document.body.dataset.speaking = speaking;
}

async function start() {
  show('asking');
  const request = (asked = Symbol('a press of Start'));
  let opened;
  try {
    opened = await openMicrophone({
      onBlock: block => worker.postMessage({ kind: 'sound', block }, [block.buffer]),
      onEnd: () => stop(GONE),
    });
  } catch (error) {
    if (request === asked) show('idle', explain(error));
    return;
  }
  if (request !== asked) return opened.close(); // it was cancelled meanwhile
  microphone = opened;
  worker.postMessage({ kind: 'begin', rate: opened.rate });
  part('words').replaceChildren();
  part('nothing').hidden = false;
  show('on');
}

function stop(trouble = '') {
  microphone?.close();
  microphone = null;
  worker.postMessage({ kind: 'end' });
  show('ending', trouble);
}

function heard({ levelDb, speaking, seconds, detections, decisionMs: newest }) {
  if (phase === 'on') {
    showLevel(levelDb, speaking);
    setText(part('state'), `${speaking ? 'Hearing something' : 'Listening'}, ${later(seconds)}`);
  }
  decisionMs = [...decisionMs, ...newest].slice(-TIMED);
  if (newest.length) {
    const usual = [...decisionMs].sort((one, other) => one - other)[Math.floor(decisionMs.length / 2)];
    setText(part('took'), `A decision takes ${usual.toFixed(usual < 10 ? 1 : 0)} ms.`);
    document.body.dataset.decisionMs = usual;
  }
  detections.forEach(showWord);
}

function showWord({ word, score, startS, endS, heardS }) {
  setText(part('word'), word);
  setText(part('sureness'), `${(100 * score).toFixed(1)} % sure`);
  part('word').classList.add('fresh');
  clearTimeout(freshTimer);
  freshTimer = setTimeout(() => part('word').classList.remove('fresh'), FRESH_MS);
  const row = document.createElement('tr');
  Object.assign(row.dataset, { word, score, start: startS, end: endS, heard: heardS });
  row.append(...[word, `${(100 * score).toFixed(1)} %`, later(startS)].map((text, column) => {
    const cell = document.createElement(column ? 'td' : 'th');
    if (!column) cell.scope = 'row';
    cell.textContent = text;
    return cell;
  }));
  part('words').prepend(row);
  while (part('words').children.length > SHOWN) part('words').lastChild.remove();
  part('nothing').hidden = true;
}

function ready({ about }) {
  const words = about.labels.filter(label => !NO_WORDS.includes(label));
  setText(part('model'), about.run);
  part('known').replaceChildren(...words.map(word => {
    const item = document.createElement('li');
    item.textContent = word;
    return item;
  }));
  document.title = `${about.run} listens`;
  show('idle');
}

const ANSWERS = {
  ready,
  heard,
  ended: () => show('idle', part('trouble').textContent),
  dropped: ({ seconds }) =>
    show(phase, `This computer is too slow for the model: ${Math.round(seconds)} s of sound were not listened to.`),
  failed: ({ text }) => {
    microphone?.close();
    microphone = null;
    show('loading', `The model cannot listen: ${text}`);
    setText(part('start'), BUTTONS.idle);
  },
};

// The page around this one, if it comes from the same server, may say how answers become words.
window.onmessage = ({ data, source, origin }) => {
  if (source === parent && origin === location.origin && data.kind === 'listening') worker.postMessage(data);
};
worker.onmessage = ({ data }) => ANSWERS[data.kind](data);
worker.onerror = event => ANSWERS.failed({ text: event.message ?? 'its program cannot be loaded.' });
part('start').onclick = () => {
  if (phase === 'idle') return start();
  if (phase === 'on') return stop();
  asked = null;
  show('idle');
};
if (parent !== window) document.body.dataset.framed = '';
show('loading');
