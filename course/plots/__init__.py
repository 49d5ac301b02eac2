"""Arrays in, one plotly Figure out. Nothing here trains or computes more than a layout.

What changes with a slider belongs into the sentence under the picture, not into a title:
plotly redraws about twice as fast when titles and axes stay.
"""
from .general import arrows, bars, beside, dots, heat, lines, side_by_side
from .packing import code_map, number_lines, pieces
from .words import cubes, named_points, offsets

__all__ = ["arrows", "bars", "beside", "code_map", "cubes", "dots", "heat", "lines", "named_points", "number_lines",
           "offsets", "pieces", "side_by_side"]
