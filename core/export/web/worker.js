// The model at work, beside the page: blocks of sound come, what is made of them goes back. Nothing leaves the browser.

import * as ort from './onnxruntime-web.js';
import { Detector } from './detector.js';
import { Resampler } from './resampler.js';

const SETTLED_S = 3; // of silence after which a streaming model remembers nothing but silence
const KEPT_S = 10; // of sound that waits for a slow computer before all of it is dropped

let about, session, detector, resampler;
let state, settled; // what a streaming model remembers now, and after long silence
let listening; // settings that came after the model's own
let waiting = []; // blocks
let working = false;
let ending = false;
let decisionMs = [];

// A file beside this one.
async function fetched(name) {
  const answer = await fetch(new URL(name, import.meta.url));
  if (!answer.ok) throw new Error(`${name} is not there (${answer.status}). Copy the whole folder to the server`);
  return answer;
}

async function load() {
  about = await (await fetched('model.json')).json();
  // Read here: so it does not matter how a server calls such a file.
  ort.env.wasm.wasmBinary = await (await fetched('onnxruntime-web.wasm')).arrayBuffer();
  ort.env.wasm.numThreads = 1; // a second of sound is too little work to share
  const model = new Uint8Array(await (await fetched('model.onnx')).arrayBuffer());
  session = await ort.InferenceSession.create(model, { executionProviders: ['wasm'] });
  if (about.streaming) await settle();
  else await answer(new Float32Array(about.clip_samples)); // the first time takes longest
  decisionMs = [];
  postMessage({ kind: 'ready', about });
}

// What a streaming model remembers of long silence; it begins with zeros.
async function settle() {
  state = session.inputMetadata.find(one => one.name === 'state').shape.at(-1);
  state = new ort.Tensor('float32', new Float32Array(state), [1, state]);
  const nHops = Math.ceil((SETTLED_S * about.sample_rate) / about.hop_samples);
  for (let hop = 0; hop < nHops; hop++) await answer(new Float32Array(about.hop_samples));
  settled = state;
}

// The probabilities of a second of sound; a streaming model gets the newest hop of it.
async function answer(samples) {
  const began = performance.now();
  const sound = new ort.Tensor('float32', samples.slice(), [1, samples.length]);
  const { probabilities, next_state: next } = about.streaming
    ? await session.run({ sound, state }, ['probabilities', 'next_state'])
    : await session.run({ waveform: sound }, ['probabilities']);
  state = next;
  decisionMs.push(performance.now() - began);
  if (!probabilities.data.every(Number.isFinite)) throw new Error('its answers are no numbers');
  return probabilities.data;
}

// Other settings: they hold at once, in the middle of a word too.
function configure(settings) {
  listening = settings;
  detector?.decisions.configure(listening);
}

function begin(rate) {
  detector = new Detector({ ...about, listening: listening ?? about.listening }, answer);
  state = settled;
  resampler = new Resampler(rate);
  waiting = [];
  ending = false;
}

// Take blocks as long as there are any; a slow computer takes several at once.
async function work() {
  if (working) return;
  working = true;
  while (waiting.length) {
    const blocks = waiting;
    waiting = [];
    for (const block of blocks) tell(await detector.feed(resampler.push(block)));
  }
  if (ending) {
    tell([...(await detector.feed(resampler.finish())), ...(await detector.finish())]);
    postMessage({ kind: 'ended' });
    ending = false;
  }
  working = false;
}

function tell(detections) {
  const { levelDb, speaking, seconds } = detector;
  postMessage({ kind: 'heard', levelDb, speaking, seconds, detections, decisionMs });
  decisionMs = [];
}

function failed(error) {
  working = false;
  postMessage({ kind: 'failed', text: `${error.message}.` });
}

onmessage = ({ data }) => {
  if (data.kind === 'begin') begin(data.rate);
  if (data.kind === 'listening') configure(data.listening);
  if (data.kind === 'sound') waiting.push(data.block);
  if (data.kind === 'end') ending = true;
  const behind = waiting.reduce((sum, block) => sum + block.length, 0) / (resampler?.rate ?? 1);
  if (behind > KEPT_S) {
    waiting = [];
    postMessage({ kind: 'dropped', seconds: behind });
  }
  if (data.kind === 'sound' || data.kind === 'end') work().catch(failed);
};

load().catch(failed);
