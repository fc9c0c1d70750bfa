"""AudioLoader's whole subsets, as the reference for ours."""

from core.data.audioloader import dataset_of, speechcommands_module


def audioloader_subset(root, subset):
    """AudioLoader's dataset of the folder that holds ``SpeechCommands``, all of it in memory."""
    return dataset_of(speechcommands_module(), root, "SpeechCommands", subset)
