"""Writes tests/data/*: the same five irreducible losses as NPY, safetensors and Parquet files, for the tests of imports.

    python3 -m venv venv && venv/bin/pip install numpy safetensors pyarrow ml_dtypes && venv/bin/python scripts/import_fixtures.py
"""

import pathlib

import ml_dtypes
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from safetensors.numpy import save_file

DATA = pathlib.Path(__file__).parent.parent / "tests" / "data"
DATA.mkdir(exist_ok=True)
ids = np.array([40, 10, 30, 20, 50], dtype=np.int64)
losses = np.array([0.5, 1.5, 2.5, 0.25, 4.0], dtype=np.float64)
WHOLE = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
FLOATS = ["float16", "float32", "float64"]

np.save(DATA / "ids.npy", ids)
np.save(DATA / "losses.npy", losses.astype(np.float32))
np.save(DATA / "matrix.npy", losses.reshape(5, 1))
np.save(DATA / "ids-big-endian.npy", ids.astype(">u2"))
np.save(DATA / "ids-bytes.npy", ids.astype("u1"))
np.save(DATA / "losses-half.npy", losses.astype("<f2"))
np.save(DATA / "losses-big-endian.npy", losses.astype(">f8"))
np.save(DATA / "square.npy", np.ones((2, 2), dtype=np.float32))

save_file({"ids": ids, "losses": losses.astype(np.float32), "matrix": losses.reshape(5, 1)}, DATA / "losses.safetensors")
whole = {kind: ids.astype(kind) for kind in WHOLE}
floats = {kind: losses.astype(kind) for kind in FLOATS}
save_file(
    whole | floats | {"bfloat16": losses.astype(ml_dtypes.bfloat16), "square": np.ones((2, 2), dtype=np.float32)},
    DATA / "types.safetensors",
)

table = pa.table({"id": ids, "loss": losses, "gap": pa.array([0.5, None, 1.0, 1.0, 1.0])})
pq.write_table(table, DATA / "losses.parquet", row_group_size=2)
others = {
    "name": pa.array(["a", "b", "c", "d", "e"]),
    "list": pa.array([[1], [], [2, 3], [4], [5]]),
    "pair": pa.array([{"x": 1, "y": 2.0}] * 5),
    "day": pa.array([1, 2, 3, 4, 5], type=pa.date32()),
}
pq.write_table(pa.table(others | whole | floats), DATA / "types.parquet", compression="NONE")
codecs = ["NONE", "SNAPPY", "GZIP", "BROTLI", "LZ4", "ZSTD"]
pq.write_table(
    pa.table({"id": ids} | {codec: losses for codec in codecs}),
    DATA / "codecs.parquet",
    compression={"id": "ZSTD"} | {codec: codec for codec in codecs},
)
pq.write_table(
    pa.Table.from_arrays([ids, losses, losses], names=["id", "loss", "loss"]), DATA / "twice.parquet", compression="NONE"
)

# 700 rows, so that there are several pages, blocks and runs: example 3 i has the loss i / 8, and a few have the same.
n = np.arange(700)
many = pa.table(
    {
        "plain": pa.array(3 * n, type=pa.uint32()),
        "dictionary": pa.array(3 * n, type=pa.int16()),
        "delta": pa.array(3 * n[::-1].copy(), type=pa.int64()),
        "split": pa.array(n.astype(np.float32) / 8),
        "repeated": pa.array((n // 100).astype(np.float64)),
        "half": pa.array((n / 8).astype(np.float16)),
    }
)
for version in ["1.0", "2.0"]:
    pq.write_table(
        many,
        DATA / f"encodings-{version[0]}.parquet",
        compression="ZSTD",
        use_dictionary=["dictionary", "repeated"],
        column_encoding={"plain": "PLAIN", "delta": "DELTA_BINARY_PACKED", "split": "BYTE_STREAM_SPLIT", "half": "BYTE_STREAM_SPLIT"},
        data_page_version=version,
        data_page_size=600,
        row_group_size=500,
        write_page_checksum=version == "2.0",
        write_statistics=False,
    )
