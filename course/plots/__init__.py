"""Arrays in, one plotly Figure out. Nothing here trains or computes more than a layout.

What changes with a slider belongs into the sentence under the picture, not into a title:
plotly redraws about twice as fast when titles and axes stay.
"""
from .contexts import intervals
from .game import clouds, guesses, runs
from .general import arrows, bars, beside, dots, heat, lines, side_by_side
from .geometry import arrows_3d
from .packing import added, code_maps, number_lines, over_cells, readers
from .sae import matches, rays
from .shapes import gallery, readings, shares, strips
from .sharing import sharing
from .toy import dimensionalities, features, phase_map, pictures, plane, readout
from .words import cubes, named_points, offsets

__all__ = ["added", "arrows", "arrows_3d", "bars", "beside", "clouds", "code_maps", "cubes", "dimensionalities",
           "dots", "features", "gallery", "guesses", "heat", "intervals", "lines", "matches", "named_points",
           "number_lines", "offsets", "over_cells", "phase_map", "pictures", "plane", "rays", "readers", "readings",
           "readout", "runs", "shares", "sharing", "side_by_side", "strips"]
