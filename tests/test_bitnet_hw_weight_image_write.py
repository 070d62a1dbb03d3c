"""Weight images: the stream that the simulation packs, and nothing after a failure."""

import json
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import google_crc32c
import numpy as np
import pytest
import torch

from bitnet_hw.checkpoint.errors import CheckpointError
from bitnet_hw.checkpoint.reader import open_checkpoint
from bitnet_hw.config import load_config
from bitnet_hw.errors import BitnetHwError, ConfigError
from bitnet_hw.weight_image.manifest import read_manifest
from bitnet_hw.weight_image.verify import read_matrix, verify_image
from bitnet_hw.weight_image.write import write_image
from rtl.geometry import Geometry
from sim.packing import pack_weights

tiny = SimpleNamespace(**run_path(str(Path(__file__).with_name("tiny_checkpoints.py"))))

ARRAYS = [load_config(name).array for name in ("edge", "large", "tiny")] + [
    Geometry(rows=7, lanes=9, weight_bus_bits=40, max_k=999, output_bus_words=1),
    Geometry(
        rows=5, lanes=3, weight_encoding="trit2", weight_bus_bits=24, max_k=40, output_bus_words=1
    ),
    Geometry(
        rows=6, lanes=11, weight_bus_bits=56, max_k=40, output_bus_words=1, weight_check="hamming"
    ),
]


@pytest.fixture
def checkpoint(tmp_path):
    weights = tiny.masters(tiny.SHAPE)
    config = tiny.hf_config(tiny.SHAPE, linear_class="autobitlinear")
    tensors = tiny.hf_tensors(tiny.SHAPE, weights, linear_class="autobitlinear")
    return open_checkpoint(tiny.write_hf(tmp_path / "checkpoint", config, tensors))


@pytest.fixture
def image(tmp_path, checkpoint):
    write_image(checkpoint, ARRAYS[0], tmp_path / "image")
    return tmp_path / "image"


@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: f"{array.rows}x{array.lanes}")
def test_image(tmp_path, checkpoint, array):
    done = []
    manifest = write_image(checkpoint, array, tmp_path / "image", done.append)
    assert done == list(range(1, 15))
    data = (tmp_path / "image" / "weights.bin").read_bytes()
    offset = 0
    for tensor, job in zip(checkpoint.tensors, manifest.jobs, strict=True):
        wanted = pack_weights(array, tensor.matrix().ternary).tobytes()
        assert data[offset : offset + job.length] == wanted
        assert (job.n, job.k, job.offset) == (tensor.n, tensor.k, offset)
        assert int(job.crc32c, 16) == google_crc32c.value(wanted)
        offset += job.length
    assert offset == len(data) == manifest.length
    assert int(manifest.crc32c, 16) == google_crc32c.value(data)
    assert read_manifest(tmp_path / "image") == manifest
    assert verify_image(checkpoint, array, tmp_path / "image") == manifest
    assert sorted(path.name for path in (tmp_path / "image").iterdir()) == [
        "manifest.json",
        "weights.bin",
    ]


def test_checksum_literal():
    """The check value of CRC-32C (RFC 3720 and the catalogue of CRC parameters)."""
    assert google_crc32c.value(b"123456789") == 0xE3069283


def test_order_and_bits(checkpoint, tmp_path):
    manifest = write_image(checkpoint, ARRAYS[2], tmp_path)
    roles = [(job.layer, job.role) for job in manifest.jobs]
    assert roles == [
        (layer, role) for layer in (0, 1) for role in ("q", "k", "v", "o", "gate", "up", "down")
    ]
    # 4 x 8 tiles divide every matrix: no padding, two bits for each weight.
    assert manifest.weights == 2 * (24 * 24 * 2 + 8 * 24 * 2 + 3 * 24 * 40) == 8832
    assert (manifest.bits_per_weight, manifest.padding_fraction) == (2, 0)


def test_one_row_of_tiles_beyond_the_block_size(tmp_path):
    """Matrices whose output tiles are cut along K, and blocks of several output tiles."""
    model = tiny.SHAPE.model_copy(update={"layers": 1, "ffn": 9004})
    weights = tiny.masters(model)
    config = tiny.hf_config(model, linear_class="bitlinear")
    tensors = tiny.hf_tensors(model, weights, linear_class="bitlinear")
    opened = open_checkpoint(tiny.write_hf(tmp_path / "c", config, tensors))
    array = Geometry(rows=64, lanes=70, weight_bus_bits=64, max_k=9004, output_bus_words=1)
    manifest = write_image(opened, array, tmp_path / "image")
    verify_image(opened, array, tmp_path / "image")
    down = manifest.jobs[-1]
    wanted = pack_weights(array, opened.ternary(0, "down").ternary).tobytes()
    assert (tmp_path / "image" / "weights.bin").read_bytes()[down.offset :] == wanted


def test_read_matrix(checkpoint, image):
    manifest = read_manifest(image)
    for tensor, job in zip(checkpoint.tensors, manifest.jobs, strict=True):
        matrix, wanted = read_matrix(image, ARRAYS[0], job), tensor.matrix()
        np.testing.assert_array_equal(matrix.ternary, wanted.ternary)
        assert matrix.inverse_mean == wanted.inverse_mean
        assert matrix.inverse_mean.dtype == np.float32


def test_array_too_small(checkpoint, tmp_path):
    array = Geometry(rows=4, lanes=4, weight_bus_bits=32, max_k=39, output_bus_words=1)
    with pytest.raises(
        ConfigError,
        match=r"^max_k of the array must be at least 40, the inputs of layer 0 down, not 39$",
    ):
        write_image(checkpoint, array, tmp_path / "image")
    assert not (tmp_path / "image").exists()


def test_damage_found_on_the_way_leaves_the_folder_as_it_was(tmp_path, image):
    weights = tiny.masters(tiny.SHAPE, seed=1)
    tensors = tiny.hf_tensors(tiny.SHAPE, weights, linear_class="bitlinear")
    tensors["model.layers.1.mlp.down_proj.weight"] = torch.full((6, 40), 255, dtype=torch.uint8)
    config = tiny.hf_config(tiny.SHAPE, linear_class="bitlinear")
    damaged = open_checkpoint(tiny.write_hf(tmp_path / "damaged", config, tensors))
    before = {path.name: path.read_bytes() for path in image.iterdir()}
    with pytest.raises(CheckpointError, match="must have the two-bit codes"):
        write_image(damaged, ARRAYS[0], image)
    assert {path.name: path.read_bytes() for path in image.iterdir()} == before


def test_folder_that_cannot_be(tmp_path, checkpoint):
    (tmp_path / "file").touch()
    with pytest.raises(BitnetHwError, match=r"^Folder .*file must be writable: File exists$"):
        write_image(checkpoint, ARRAYS[0], tmp_path / "file")


def verify_fails(checkpoint, array, folder, message):
    with pytest.raises(BitnetHwError, match=message):
        verify_image(checkpoint, array, folder)


@pytest.mark.parametrize("place", [0, 100, -1])
def test_flipped_bit(checkpoint, image, place):
    path = image / "weights.bin"
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
    message = r"^.*weights\.bin: layer \d (q|down) must have (the CRC-32C \w{8}, as|legal codes)"
    verify_fails(checkpoint, ARRAYS[0], image, message)


def test_flipped_bit_of_a_word_with_a_check(checkpoint, tmp_path):
    array = ARRAYS[-1]
    write_image(checkpoint, array, tmp_path / "image")
    path = tmp_path / "image" / "weights.bin"
    data = bytearray(path.read_bytes())
    data[16] ^= 0x80
    path.write_bytes(data)
    message = (
        r"^.*weights\.bin: layer 0 q must have words that match their check bits, "
        r"but 1 of \d+ here do not$"
    )
    verify_fails(checkpoint, array, tmp_path / "image", message)


def test_an_image_that_was_written_before_there_were_check_bits(checkpoint, image):
    path = image / "manifest.json"
    manifest = json.loads(path.read_text())
    assert manifest["array"].pop("weight_check") == "none"
    path.write_text(json.dumps(manifest))
    verify_image(checkpoint, ARRAYS[0], image)


def test_illegal_code(checkpoint, image):
    path = image / "weights.bin"
    data = bytearray(path.read_bytes())
    data[3] = 0x0F
    path.write_bytes(data)
    verify_fails(checkpoint, ARRAYS[0], image, r"^.*: layer 0 q must have legal codes only$")


def test_short_image(checkpoint, image):
    path = image / "weights.bin"
    data = path.read_bytes()
    path.write_bytes(data[:-1])
    message = rf"^.*weights\.bin must have {len(data)} bytes, as its manifest says, not .*$"
    verify_fails(checkpoint, ARRAYS[0], image, message)
    path.unlink()
    verify_fails(checkpoint, ARRAYS[0], image, r"^File .*weights\.bin must exist$")


def test_image_of_another_array(checkpoint, image):
    message = r"^.*image must be an image for the array \{.*64.*\}, not \{.*16.*\}$"
    verify_fails(checkpoint, ARRAYS[1], image, message)


def test_image_of_other_weights(tmp_path, image):
    """Sound in itself, so only the comparison of weights can tell."""
    weights = tiny.masters(tiny.SHAPE)
    tensors = tiny.hf_tensors(tiny.SHAPE, weights, linear_class="autobitlinear")
    packed = tensors["model.layers.1.self_attn.k_proj.weight"]
    # Weight of row 1 (of 8, so in row 1, the lowest lane) and column 2.
    old = int(packed[1, 2]) & 3
    packed[1, 2] += -1 if old else 1
    config = tiny.hf_config(tiny.SHAPE, linear_class="autobitlinear")
    other = open_checkpoint(tiny.write_hf(tmp_path / "other", config, tensors))
    message = (
        r"^.*weights\.bin: layer 1 k must have the weight "
        rf"{old - 2 if old else 0} in row 1, column 2, not {old - 1}$"
    )
    verify_fails(other, ARRAYS[0], image, message)


def test_image_with_another_scale(checkpoint, image):
    change(image, lambda data: data["jobs"][2].update(inverse_mean=1.5))
    message = r"^.*layer 0 v must have the inverse mean \d\.\d+, not 1\.5$"
    verify_fails(checkpoint, ARRAYS[0], image, message)


def change(image, edit):
    path = image / "manifest.json"
    data = json.loads(path.read_text())
    edit(data)
    path.write_text(json.dumps(data))


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (
            lambda data: data.update(format="x"),
            "format must be 'bitnet-hw weight image 1', not 'x'",
        ),
        (lambda data: data.pop("jobs"), "must be complete, but lacks or garbles 'jobs'"),
        (lambda data: data["jobs"][0].update(n="8"), "must be complete, but lacks or garbles '8'"),
        (lambda data: data["jobs"].pop(), "image must be an image of .*: other projections"),
        (lambda data: data["jobs"][1].update(offset=1), "layer 0 k must be 8x24 in .* from 1 on"),
        (lambda data: data.update(crc32c="00000000"), "must have the CRC-32C 00000000, as its .*"),
    ],
)
def test_garbled_manifest(checkpoint, image, edit, message):
    change(image, edit)
    verify_fails(checkpoint, ARRAYS[0], image, f"^.*{message}$")


@pytest.mark.parametrize("key", ["weights", "length"])
def test_an_image_of_nothing(image, key):
    path = image / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {key: 0}))
    with pytest.raises(ConfigError, match=f"manifest.json: {key} must be at least 1, not 0$"):
        read_manifest(image)


@pytest.mark.parametrize("value", ["x" * 501, "two\nlines", "\x1b[31m", 1 << 63, 10**400])
def test_what_a_message_could_not_show(image, value):
    path = image / "manifest.json"
    key = "length" if isinstance(value, int) else "crc32c"
    path.write_text(json.dumps(json.loads(path.read_text()) | {key: value}))
    with pytest.raises(ConfigError, match=r"must be complete, but lacks or garbles .{,70}$"):
        read_manifest(image)
