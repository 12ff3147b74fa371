"""Makes tests/golden/arrays.npy.bin: arrays as NumPy writes them, one file after the other.

    venv/bin/pip install numpy==2.5.0
    venv/bin/python crates/data/scripts/npy.py

Every array has the shape (2, 3, 2) and the numbers 0, 1, … 11, the last axis fastest: of each type, in both orders of bytes and of axes, by each version of the format.
"""

from io import BytesIO
from pathlib import Path

import numpy as np

out = BytesIO()
for kind in "f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 u8".split():
    for bytes_order in "<>":
        for version in [(1, 0), (2, 0), (3, 0)]:
            array = np.arange(12).reshape(2, 3, 2).astype(bytes_order + kind)
            np.lib.format.write_array(out, array, version=version)
            np.lib.format.write_array(out, np.asfortranarray(array), version=version)
Path(__file__).parent.parent.joinpath("tests/golden/arrays.npy.bin").write_bytes(out.getvalue())
