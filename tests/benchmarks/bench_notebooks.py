"""Restart and Run All of every notebook on one core: seconds and peak memory of its kernel.

The last line is one JSON object: notebook -> [seconds, peak MB]. Seconds include the
kernel's start. Bars: 60 s and 1 GB each.
"""
import json
import os
import sys
import time

from course.recipes import notebooks

PEAK = "import resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"


def main():
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    result = {}
    for path in notebooks.paths(sys.argv[1:]):
        start = time.perf_counter()
        done = notebooks.execute(path, extra=PEAK)
        kilobytes = int(done.cells[-1].outputs[0].text)
        result[path.stem] = [round(time.perf_counter() - start, 1), round(kilobytes / 1024)]
        print(path.stem, result[path.stem], flush=True)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
