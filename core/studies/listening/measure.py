"""The stream test: tracks at several levels of noise, listened to once and scored at every threshold."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from core.config import PROTOCOLS, SAMPLE_RATE, ListeningConfig
from core.data.pack import Pack
from core.errors import ConfigError
from core.inference.classifier import Classifier
from core.inference.whole import Heard, at_threshold, detect, hear
from core.records.listening import StreamReport, StreamScores, StreamTrack
from core.studies.listening.scoring import score
from core.studies.listening.track import Track, build_track

THRESHOLDS = (*(round(0.05 * step, 2) for step in range(1, 20)), 0.97, 0.98, 0.99)
"""Thresholds that a curve has a point for."""


def stream_test(
    classifier: Classifier,
    pack: Pack,
    config: ListeningConfig,
    *,
    name: str,
    checkpoint: str = "",
    protocols: Sequence[str],
    snrs_db: Sequence[float | None],
    minutes: float,
    seed: int = 0,
    progress: Callable[[int, int, str], None] | None = None,
) -> StreamReport:
    """Let a model listen to a track for each protocol and signal-to-noise ratio.

    Args:
        classifier: The model.
        pack: The clips.
        config: The settings; the curves vary their thresholds.
        name: What to call the model.
        checkpoint: SHA-256 of its file.
        protocols: Which clips: names in ``config.PROTOCOLS``.
        snrs_db: Speech over background (dB); None for no background.
        minutes: Length of each track.
        seed: What the tracks are drawn from.
        progress: Called with the seconds of sound heard, those to hear in all, and what is done; raising in it cancels.

    Raises:
        ConfigError: If a value is out of range.
        DataError: If the pack lacks what a track needs.
    """
    if not snrs_db or not protocols:
        raise ConfigError("A stream test needs at least one signal-to-noise ratio, or 'clean', and one set of clips.")
    wanted = [(protocol, snr_db) for protocol in dict.fromkeys(protocols) for snr_db in dict.fromkeys(snrs_db)]
    pack = pack.with_words(classifier.vocabulary)
    seconds = 60 * minutes
    tracks: list[StreamTrack] = []
    for protocol, snr_db in wanted:
        track = build_track(pack, protocol=protocol, snr_db=snr_db, seconds=seconds, seed=seed)

        def tell(done_s: float, protocol: str = protocol) -> None:
            if progress:
                what = f"Listening to {PROTOCOLS[protocol]} clips (seconds of sound)"
                progress(int(len(tracks) * seconds + done_s), int(len(wanted) * seconds), what)

        heard = hear(classifier, track.waveform, config, progress=tell)
        tracks.append(
            StreamTrack(
                protocol=protocol,
                snr_db=snr_db,
                minutes=minutes,
                noise=track.noise,
                n_words=len(track.placed),
                n_clips=len({word.file for word in track.placed}),
                as_set=scores_at(heard, track, config),
                scores=tuple(scores_at(heard, track, at_threshold(config, each)) for each in THRESHOLDS),
            )
        )
    return StreamReport(
        run=name,
        dataset=pack.title,
        seed=seed,
        listening=config,
        tracks=tuple(tracks),
        checkpoint=checkpoint,
        data_key=pack.content,
        labels=classifier.vocabulary.labels,
    )


def scores_at(heard: Heard, track: Track, config: ListeningConfig) -> StreamScores:
    """The scores that some settings have on a track."""
    seconds = len(track.waveform) / SAMPLE_RATE
    found = detect(heard, config)
    return score(found, track.placed, seconds, threshold=config.threshold, vocabulary=heard.vocabulary)
