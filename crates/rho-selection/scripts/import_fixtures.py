"""Writes tests/data/*: the same five irreducible losses as NPY, safetensors and Parquet files, for the tests of imports.

    python3 -m venv venv && venv/bin/pip install numpy safetensors pyarrow && venv/bin/python scripts/import_fixtures.py
"""

import pathlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from safetensors.numpy import save_file

DATA = pathlib.Path(__file__).parent.parent / "tests" / "data"
DATA.mkdir(exist_ok=True)
ids = np.array([40, 10, 30, 20, 50], dtype=np.int64)
losses = np.array([0.5, 1.5, 2.5, 0.25, 4.0], dtype=np.float64)

np.save(DATA / "ids.npy", ids)
np.save(DATA / "losses.npy", losses.astype(np.float32))
np.save(DATA / "matrix.npy", losses.reshape(5, 1))
save_file({"ids": ids, "losses": losses.astype(np.float32), "matrix": losses.reshape(5, 1)}, DATA / "losses.safetensors")
table = pa.table({"id": ids, "loss": losses, "gap": pa.array([0.5, None, 1.0, 1.0, 1.0])})
pq.write_table(table, DATA / "losses.parquet", row_group_size=2)
