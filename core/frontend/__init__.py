"""The trainable front end: waveform in, log-mel spectrogram out; and what its filters learned."""
