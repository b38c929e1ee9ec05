"""Streams of Arrow that are compressed, however they are written, or never end, are refused."""

import struct

import numpy as np
import pytest

from gan_oversampler.persistence.arrow_streams import BODY_LENGTH, _Table, refuse_compressed

pa = pytest.importorskip("pyarrow")
TABLE = pa.table({"size": np.zeros(100_000), "color": pa.array(["red"] * 100_000).dictionary_encode()})


def stream(**options):
    with pa.ipc.new_stream(
        written := pa.BufferOutputStream(), TABLE.schema, options=pa.ipc.IpcWriteOptions(**options)
    ) as writer:
        writer.write_table(TABLE)
    return written.getvalue().to_pybytes()


def test_a_plain_stream_passes():
    refuse_compressed(stream())


@pytest.mark.parametrize("compression", ["zstd", "lz4"])
@pytest.mark.parametrize("legacy", [False, True])
def test_a_compressed_stream_is_refused_in_either_format(compression, legacy):
    forged = stream(compression=compression, use_legacy_format=legacy)
    assert pa.ipc.open_stream(forged).read_all().nbytes > 10 * len(forged)
    with pytest.raises(ValueError, match="compressed" if not legacy else "0.15"):
        refuse_compressed(forged)


def test_a_message_that_leads_back_to_itself_is_refused():
    forged = bytearray(stream())
    start = 8 + struct.unpack_from("<i", forged, 4)[0]  # of the second message
    size = struct.unpack_from("<i", forged, start + 4)[0]
    message = _Table(
        bytes(forged[start + 8 : start + 8 + size]), struct.unpack_from("<I", forged, start + 8)[0]
    )
    struct.pack_into("<q", forged, start + 8 + message.place(BODY_LENGTH), -8 - size)
    with pytest.raises(ValueError, match="negative"):
        refuse_compressed(bytes(forged))
