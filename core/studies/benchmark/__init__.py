"""Fair timings: this project, nnAudio, librosa, the tutorial's loop and BC-ResNet's public recipe, side by side."""
