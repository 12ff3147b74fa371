"""The sizes of the rows' work: the same as in benches/src/speed/work/."""

RHO = {"inputs": 784, "hidden": 512, "classes": 10, "candidates": 320, "picked": 32}
GEMM = 512
# Batch, positions (height × width) of the convolution rows; the channels stand in the row's name.
CONV = {"batch": 32, "height": 41, "width": 4, "kernel": 3}
CONV_CHANNELS = [24, 128]
TANH = 65536
XENT = {"rows": 1024, "classes": 1000}
CHAIN = {"numbers": 64, "rounds": 200}
