"""Experiments on a trained model: its basis is changed, the network stays, and the accuracy says what it was worth.

``plan`` says what can be asked, ``variants`` builds the changed bases, ``measure`` answers the clips with each of
them, ``outcomes`` are the finished numbers, ``kept`` keeps them. Figures may import ``plan``, ``outcomes``,
``intervals`` and ``between``, which do without torch.
"""
