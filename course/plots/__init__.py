"""Arrays in, one plotly Figure out. Nothing here trains or computes more than a layout.

What changes with a slider belongs into the sentence under the picture, not into a title:
plotly redraws about twice as fast when titles and axes stay.
"""
from .contexts import intervals
from .game import clouds, guesses, runs
from .general import arrows, bars, beside, dots, heat, lines, side_by_side
from .geometry import arrows_3d
from .packing import code_map, number_lines, pieces
from .sae import matches, prices, rays, strengths, tradeoffs, walk
from .shapes import gallery, readings, shares, strips
from .sharing import sharing
from .toy import dimensionalities, features, phase_map, pictures, plane, readout
from .words import cubes, named_points, offsets

__all__ = ["arrows", "arrows_3d", "bars", "beside", "clouds", "code_map", "cubes", "dimensionalities", "dots",
           "features", "gallery", "guesses", "heat", "intervals", "lines", "matches", "named_points", "number_lines",
           "offsets", "phase_map", "pictures", "pieces", "plane", "prices", "rays", "readings", "readout", "runs",
           "shares", "sharing", "side_by_side", "strengths", "strips", "tradeoffs", "walk"]
