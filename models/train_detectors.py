"""Trains, exports and measures the detectors inspection-tiny and inspection-full.

Usage: train_detectors.py DATA_FOLDER MODEL_FOLDER. Anchor-free, in the manner of CenterNet (Zhou et al., "Objects as
Points", 2019): every cell of an 8 x 8 grid says how likely the centre of an apple or a bolt lies in it, and where in
the cell and how large. Local maxima of the grid take the place of non-maximum suppression, inside the ONNX graph.
"""

import json
import os
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
import onnxruntime
from onnx_graph import Graph

GRID = 8
CLASSES = 2
TOP = 8
# No part is wider than this share of the image.
SIZE_MAX = 0.5
CONFIDENCE_MIN = 0.4
IOU_MIN = 0.5

# (output channels, stride) of each 3 x 3 convolution; three strides of 2 lead from 64 pixels to 8 cells.
NETWORKS = {
    "inspection-tiny": [(8, 2), (16, 2), (24, 2), (20, 1)],
    "inspection-full": [(16, 2), (32, 2), (32, 1), (48, 2), (48, 1)],
}
EPOCHS = {"inspection-tiny": 24, "inspection-full": 24}
BATCH = 64
LEARNING_RATE = 3e-3


def load(data, split):
    """Images [n, 3, 64, 64] uint8 and, a cell each, targets [n, 8, 8, 6]: class flags and centre x, y, width, height."""
    images = np.fromfile(f"{data}/inspection-{split}.bin", np.uint8).reshape(-1, 64, 64, 3).transpose(0, 3, 1, 2)
    with open(f"{data}/inspection-{split}.json") as file:
        parts = json.load(file)
    targets = np.zeros((len(parts), GRID, GRID, CLASSES + 4), np.float32)
    for target, found in zip(targets, parts):
        for part in found:
            x, y = (part["x1"] + part["x2"]) / 2, (part["y1"] + part["y2"]) / 2
            cell = target[int(y * GRID), int(x * GRID)]
            cell[part["label"]] = 1
            cell[CLASSES:] = [x, y, part["x2"] - part["x1"], part["y2"] - part["y1"]]
    return np.ascontiguousarray(images), parts, targets


def start_weights(network, seed):
    """He initialisation; the head is a 1 x 1 convolution whose class biases say that most cells are empty."""
    rng = np.random.default_rng(seed)
    layers, before = [], 3
    for channels, _ in network:
        scale = np.sqrt(2 / (before * 9))
        layers.append((rng.normal(0, scale, (channels, before, 3, 3)), np.zeros(channels)))
        before = channels
    bias = np.array([-3.0] * CLASSES + [0, 0, -0.5, -0.5])
    layers.append((rng.normal(0, 0.05, (CLASSES + 4, before, 1, 1)), bias))
    return [(jnp.asarray(w, jnp.float32), jnp.asarray(b, jnp.float32)) for w, b in layers]


def forward(weights, images, network):
    """Raw answers [n, 6, 8, 8] to pixels in 0..1."""
    x = images
    for (w, b), (_, stride) in zip(weights[:-1], network):
        x = jax.lax.conv_general_dilated(x, w, (stride, stride), [(1, 1), (1, 1)]) + b[None, :, None, None]
        x = jax.nn.relu(x)
    w, b = weights[-1]
    return jax.lax.conv_general_dilated(x, w, (1, 1), "VALID") + b[None, :, None, None]


def loss(weights, images, targets, network):
    """Focal cross-entropy of the class grids plus L1 and IoU losses of the boxes, per part."""
    raw = forward(weights, images, network).transpose(0, 2, 3, 1)
    logits, flags = raw[..., :CLASSES], targets[..., :CLASSES]
    p = jax.nn.sigmoid(logits)
    cross = jnp.maximum(logits, 0) - logits * flags + jnp.log1p(jnp.exp(-jnp.abs(logits)))
    focal = cross * jnp.where(flags > 0, 1, jnp.sqrt(p + 1e-6))
    present = flags.max(axis=-1)
    count = jnp.maximum(present.sum(), 1)

    grid = jnp.arange(GRID)
    x = (grid[None, None, :] + jax.nn.sigmoid(raw[..., 2])) / GRID
    y = (grid[None, :, None] + jax.nn.sigmoid(raw[..., 3])) / GRID
    wide, high = SIZE_MAX * jax.nn.sigmoid(raw[..., 4]), SIZE_MAX * jax.nn.sigmoid(raw[..., 5])
    tx, ty, tw, th = (targets[..., CLASSES + i] for i in range(4))
    across = jnp.maximum(0, jnp.minimum(x + wide / 2, tx + tw / 2) - jnp.maximum(x - wide / 2, tx - tw / 2))
    down = jnp.maximum(0, jnp.minimum(y + high / 2, ty + th / 2) - jnp.maximum(y - high / 2, ty - th / 2))
    iou = across * down / (wide * high + tw * th - across * down + 1e-6)
    distance = abs(x - tx) + abs(y - ty) + abs(wide - tw) + abs(high - th)
    boxes = present * (1 - iou + 10 * distance)
    return (focal.sum() + boxes.sum()) / count


def train(name, images, targets):
    network = NETWORKS[name]
    weights = start_weights(network, seed=7)
    first = jax.tree.map(jnp.zeros_like, weights)
    second = jax.tree.map(jnp.zeros_like, weights)
    steps = EPOCHS[name] * (len(images) // BATCH)

    @jax.jit
    def step(weights, first, second, at, pixels, target):
        """One step of Adam with a cosine schedule."""
        value, slope = jax.value_and_grad(loss)(weights, pixels.astype(jnp.float32) / 255, target, network)
        first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, slope)
        second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, slope)
        rate = LEARNING_RATE * 0.5 * (1 + jnp.cos(jnp.pi * at / steps))
        m_scale, v_scale = 1 / (1 - 0.9 ** (at + 1)), 1 / (1 - 0.999 ** (at + 1))
        weights = jax.tree.map(
            lambda w, m, v: w - rate * m * m_scale / (jnp.sqrt(v * v_scale) + 1e-8), weights, first, second
        )
        return weights, first, second, value

    rng = np.random.default_rng(7)
    at, started = 0, time.time()
    for epoch in range(EPOCHS[name]):
        order = rng.permutation(len(images))
        total = 0.0
        for begin in range(0, len(order) - BATCH + 1, BATCH):
            chosen = order[begin : begin + BATCH]
            weights, first, second, value = step(weights, first, second, at, images[chosen], targets[chosen])
            at += 1
            total += float(value)
        print(f"{name}: epoch {epoch + 1}, loss {total / (len(order) // BATCH):.4f}, {time.time() - started:.0f} s", flush=True)
    return [(np.asarray(w), np.asarray(b)) for w, b in weights]


def export(name, weights, path):
    """boxes [N, 8, 4], labels [N, 8] int64, confidences [N, 8]; places without a part have confidence near 0."""
    graph = Graph(name)
    x = "image"
    for (w, b), (_, stride) in zip(weights[:-1], NETWORKS[name]):
        inputs = [x, graph.constant(w), graph.constant(b)]
        x = graph.add("Relu", [graph.add("Conv", inputs, pads=[1, 1, 1, 1], strides=[stride, stride])])
    w, b = weights[-1]
    answers = graph.add("Sigmoid", [graph.add("Conv", [x, graph.constant(w), graph.constant(b)])])
    sizes = graph.constant([CLASSES, 1, 1, 1, 1], np.int64)
    heat, dx, dy, wide, high = graph.add_many("Split", [answers, sizes], ["heat", "dx", "dy", "w", "h"], axis=1)

    best = graph.add("ReduceMax", [heat], axes=[1], keepdims=1)
    around = graph.add("MaxPool", [best], kernel_shape=[3, 3], strides=[1, 1], pads=[1, 1, 1, 1])
    is_peak = graph.add("Cast", [graph.add("GreaterOrEqual", [best, around])], to=1)
    flat = graph.constant([0, GRID * GRID], np.int64)
    peaks = graph.add("Reshape", [graph.add("Mul", [best, is_peak]), flat])
    _, chosen = graph.add_many("TopK", [peaks, graph.constant([TOP], np.int64)], ["confidences", "chosen"], axis=1)
    classes = graph.add("Reshape", [graph.add("ArgMax", [heat], axis=1, keepdims=1), flat])
    graph.add("GatherElements", [classes, chosen], "labels", axis=1)

    columns, rows = np.meshgrid(np.arange(GRID), np.arange(GRID))
    centres = []
    for offset, cells in ((dx, columns), (dy, rows)):
        place = graph.add("Add", [offset, graph.constant(cells[None, None])])
        centres.append(graph.add("Div", [place, graph.constant(GRID)]))
    halves = [graph.add("Mul", [side, graph.constant(SIZE_MAX / 2)]) for side in (wide, high)]
    edges = [graph.add(op, [c, h]) for op in ("Sub", "Add") for c, h in zip(centres, halves)]
    corners = []
    for edge in edges:
        inside = graph.add("Clip", [edge, graph.constant(0), graph.constant(1)])
        at = graph.add("GatherElements", [graph.add("Reshape", [inside, flat]), chosen], axis=1)
        corners.append(graph.add("Unsqueeze", [at, graph.constant([2], np.int64)]))
    graph.add("Concat", corners, "boxes", axis=2)
    graph.save(
        path,
        {"image": (np.float32, [3, 64, 64])},
        {
            "boxes": (np.float32, [TOP, 4]),
            "labels": (np.int64, [TOP]),
            "confidences": (np.float32, [TOP]),
        },
    )


def overlap(a, b):
    across = max(0, min(a[2], b[2]) - max(a[0], b[0]))
    down = max(0, min(a[3], b[3]) - max(a[1], b[1]))
    area = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - across * down
    return across * down / area if area > 0 else 0


def report(name, path, images, parts):
    """Precision and recall: a box is right if it has the class of a part not yet taken and an IoU of 0.5 with it."""
    session = onnxruntime.InferenceSession(path)
    right = said = true = 0
    for begin in range(0, len(images), 128):
        pixels = images[begin : begin + 128].astype(np.float32) / 255
        answers = session.run(["boxes", "labels", "confidences"], {"image": pixels})
        for boxes, labels, confidences, truth in zip(*answers, parts[begin : begin + 128]):
            left = [(part["label"], [part[k] for k in ("x1", "y1", "x2", "y2")]) for part in truth]
            true += len(left)
            for box, label, confidence in zip(boxes, labels, confidences):
                if confidence < CONFIDENCE_MIN:
                    continue
                said += 1
                match = [part for part in left if part[0] == label and overlap(box, part[1]) >= IOU_MIN]
                if match:
                    left.remove(match[0])
                    right += 1
    print(
        f"{name}: precision {right / max(1, said):.3f}, recall {right / true:.3f} at IoU {IOU_MIN} "
        f"(held out {len(images)} images, {true} parts), {os.path.getsize(path)} bytes"
    )


def main(data, models):
    images, _, targets = load(data, "train")
    test_images, test_parts, _ = load(data, "test")
    for name in NETWORKS:
        weights = train(name, images, targets)
        path = f"{models}/{name}.onnx"
        export(name, weights, path)
        report(name, path, test_images, test_parts)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
