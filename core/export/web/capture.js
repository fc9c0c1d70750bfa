// The browser's microphone: opened on request, blocks of samples out, plain words for what goes wrong.

const BLOCK_S = 0.02; // seconds in a block: short, so that the level meter is quick
const RATE = 16000; // what the model hears (Hz)

const TEXTS = {
  insecure:
    'The browser gives its microphone only to pages of this computer and to https pages. Open this page on the ' +
    'computer that serves it, as http://localhost, or put it on a server with https.',
  tooOld: 'This browser cannot pass sound on to a page. Use a current Firefox, Chrome, Edge or Safari.',
  denied:
    'The browser does not allow this page to use the microphone. Click the sign beside the address, allow the ' +
    'microphone, and press Start again. If it is allowed there, allow it for the browser in the settings of your ' +
    'system.',
  none: 'No microphone was found. Plug one in, or choose one in the settings of your system, and press Start again.',
  busy: 'The microphone cannot be opened: another program may be using it. Close that program and press Start again.',
};

export const GONE =
  'The microphone went away: it was unplugged, or its permission was taken back. Plug it in and press Start again.';

// What went wrong, and what to do about it.
export function explain(error) {
  if (!window.isSecureContext || !navigator.mediaDevices) return TEXTS.insecure;
  if (!window.AudioWorkletNode) return TEXTS.tooOld;
  const texts = {
    NotAllowedError: TEXTS.denied, SecurityError: TEXTS.denied,
    NotFoundError: TEXTS.none, OverconstrainedError: TEXTS.none,
    NotReadableError: TEXTS.busy, AbortError: TEXTS.busy,
  };
  return texts[error.name] ?? `The microphone cannot be opened (${error.name}: ${error.message}).`;
}

// An open microphone: its rate (Hz) and a way to close it. Calls onBlock(Float32Array) and onEnd().
export async function openMicrophone({ onBlock, onEnd }) {
  // Speech recognisers want the sound as it is, not cleaned for a telephone call.
  const audio = { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  const stream = await navigator.mediaDevices.getUserMedia({ audio, video: false });
  const [track] = stream.getAudioTracks();
  let context;
  try {
    let source;
    try {
      context = new AudioContext({ sampleRate: RATE });
      source = context.createMediaStreamSource(stream);
    } catch {
      // Firefox refuses a rate that is not the microphone's own; the worker then changes the rate.
      context?.close();
      context = new AudioContext();
      source = context.createMediaStreamSource(stream);
    }
    await context.audioWorklet.addModule(new URL('tap.js', import.meta.url));
    const size = 128 * Math.max(1, Math.round((context.sampleRate * BLOCK_S) / 128)); // whole quanta of the browser
    const tap = new AudioWorkletNode(context, 'earshot-tap', { numberOfOutputs: 0, processorOptions: { size } });
    tap.port.onmessage = event => onBlock(event.data);
    track.onended = onEnd;
    // A telephone call or a sleeping computer may suspend it.
    context.onstatechange = () => context.state === 'suspended' && context.resume();
    source.connect(tap);
    context.resume();
    const close = () => {
      tap.port.onmessage = track.onended = context.onstatechange = null;
      source.disconnect();
      track.stop();
      context.close();
    };
    return { rate: context.sampleRate, close };
  } catch (error) {
    track.stop();
    context?.close();
    throw error;
  }
}
