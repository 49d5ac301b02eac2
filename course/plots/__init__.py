"""Arrays in, one plotly Figure out. Nothing here trains or computes more than a layout.

What changes with a slider belongs into the sentence under the picture, not into a title:
plotly redraws about twice as fast when titles and axes stay.
"""
from .beyond import alike, read_by, ring, turned
from .contexts import contexts
from .game import likeliest, started, stations, swaps
from .general import arrows, bars, beside, dots, heat, lines, side_by_side
from .geometry import along, basis, cosines, counts, kept, leaks, lines_in_space
from .packing import added, code_maps, number_lines, over_cells, readers
from .sae import compared, matches, prices, rays, strengths, tradeoffs, walk
from .shapes import answered, gallery, named, planes, shares, strips
from .sharing import sharing
from .toy import dimensionalities, features, phase_map, pictures, plane, readout
from .words import analogy, counted, cubes, named_points, nearest, offsets

__all__ = ["added", "alike", "along", "analogy", "answered", "arrows", "bars", "basis", "beside", "code_maps",
           "compared", "contexts", "cosines", "counted", "counts", "cubes", "dimensionalities", "dots", "features",
           "gallery", "heat", "kept", "leaks", "likeliest", "lines", "lines_in_space", "matches", "named",
           "named_points", "nearest", "number_lines", "offsets", "over_cells", "phase_map", "pictures", "plane",
           "planes", "prices", "rays", "read_by", "readers", "readout", "ring", "shares", "sharing", "side_by_side",
           "started", "stations", "strengths", "strips", "swaps", "tradeoffs", "turned", "walk"]
