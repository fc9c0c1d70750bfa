"""The computer's sound card as a source of sound."""

from core.microphone.microphone import Microphone
from core.microphone.portaudio import InputDevice, input_devices

__all__ = ["InputDevice", "Microphone", "input_devices"]
