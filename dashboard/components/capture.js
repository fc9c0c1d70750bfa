// The browser's microphone: opened on request, blocks of samples out, plain words for what goes wrong.

const BLOCK_S = 0.02; // seconds in a block: short, so that little is lost at the end and the level meter is quick
const RATE = 16000; // what the models hear (Hz)

// Runs on the browser's sound thread: joins the channels and passes the samples on in blocks.
const TAP = `registerProcessor('earshot-tap', class extends AudioWorkletProcessor {
  constructor(options) {
    super();
    this.size = options.processorOptions.size;
    this.block = new Float32Array(this.size);
    this.n = 0;
  }
  process([channels]) {
    for (let i = 0; i < (channels[0]?.length ?? 0); i++) {
      let sum = 0;
      for (const channel of channels) sum += channel[i];
      this.block[this.n++] = sum / channels.length;
      if (this.n === this.size) {
        this.port.postMessage(this.block, [this.block.buffer]);
        this.block = new Float32Array(this.size);
        this.n = 0;
      }
    }
    return true;
  }
});`;

const TEXTS = {
  insecure:
    'The browser gives its microphone only to pages of this computer and to https pages. Open http://localhost' +
    `${location.port ? `:${location.port}` : ''} on the computer that runs Earshot, or put it behind https.`,
  tooOld:
    'This browser cannot pass sound on to a page (it has no AudioWorklet). Use a current Firefox, Chrome, Edge or ' +
    'Safari.',
  denied:
    'The browser does not allow this page to use the microphone. Click the sign beside the address, allow the ' +
    'microphone, and press Start again. If it is allowed there, allow it for the browser in the settings of your ' +
    'system.',
  none: 'No microphone was found. Plug one in, or choose one in the settings of your system, and press Start again.',
  busy:
    'The microphone cannot be opened: another program may be using it. Close that program and press Start again.',
  gone:
    'The microphone went away: it was unplugged, or its permission was taken back. Plug it in and press Start again.',
  muted: 'The microphone is muted, by a switch on it or by your system.',
  silent: 'Not a single sound arrives: the microphone may be switched off or turned down to zero.',
};

// What went wrong, and what to do about it.
function explain(error) {
  if (!window.isSecureContext || !navigator.mediaDevices) return TEXTS.insecure;
  if (!window.AudioWorkletNode) return TEXTS.tooOld;
  const texts = {
    NotAllowedError: TEXTS.denied, SecurityError: TEXTS.denied,
    NotFoundError: TEXTS.none, OverconstrainedError: TEXTS.none,
    NotReadableError: TEXTS.busy, AbortError: TEXTS.busy,
  };
  return texts[error.name] ?? `The microphone cannot be opened (${error.name}: ${error.message}).`;
}

// An open microphone: its rate (Hz) and a way to close it. Calls onBlock(Float32Array), onEnd() and onMute(bool).
async function openMicrophone({ onBlock, onEnd, onMute }) {
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
      // Firefox refuses a rate that is not the microphone's own; the server then changes the rate.
      context?.close();
      context = new AudioContext();
      source = context.createMediaStreamSource(stream);
    }
    const url = URL.createObjectURL(new Blob([TAP], { type: 'text/javascript' }));
    await context.audioWorklet.addModule(url).finally(() => URL.revokeObjectURL(url));
    const size = 128 * Math.max(1, Math.round((context.sampleRate * BLOCK_S) / 128)); // whole quanta of the browser
    const tap = new AudioWorkletNode(context, 'earshot-tap', { numberOfOutputs: 0, processorOptions: { size } });
    tap.port.onmessage = event => onBlock(event.data);
    track.onended = onEnd;
    track.onmute = () => onMute(true);
    track.onunmute = () => onMute(false);
    // A telephone call or a sleeping computer may suspend it.
    context.onstatechange = () => context.state === 'suspended' && context.resume();
    source.connect(tap);
    context.resume();
    const close = () => {
      tap.port.onmessage = track.onended = track.onmute = track.onunmute = context.onstatechange = null;
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
