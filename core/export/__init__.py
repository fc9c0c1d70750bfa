"""A trained model taken elsewhere: as one ONNX file with its spectrogram inside, and its filters as plain files."""
