// Runs on the browser's sound thread: joins the channels and passes the samples on in blocks.

registerProcessor('earshot-tap', class extends AudioWorkletProcessor {
  constructor({ processorOptions }) {
    super();
    this.block = new Float32Array(processorOptions.size);
    this.n = 0;
  }

  process([channels]) {
    for (let i = 0; i < (channels[0]?.length ?? 0); i++) {
      let sum = 0;
      for (const channel of channels) sum += channel[i];
      this.block[this.n++] = sum / channels.length;
      if (this.n === this.block.length) {
        const full = this.block;
        this.block = new Float32Array(full.length);
        this.n = 0;
        this.port.postMessage(full, [full.buffer]);
      }
    }
    return true;
  }
});
