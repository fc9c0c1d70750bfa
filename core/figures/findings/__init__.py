"""What a figure shows, in one short sentence that is computed from its record; also where there is nothing to tell.

A sentence claims a difference only where its 95 % interval does not hold zero. Nothing here draws.
"""
