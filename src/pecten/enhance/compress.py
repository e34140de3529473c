"""What codecs do to pictures, in memory."""

from collections.abc import Sequence

import av
import cv2
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from pecten.errors import ShapeError
from pecten.types import ByteImage


def through_jpeg(picture: ByteImage, quality: int) -> ByteImage:
    """Code and decode a picture.

    Args:
        picture: RGB.
        quality: 1 to 100.
    """
    _, data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR_RGB), dtype=np.uint8)


def through_h264(pictures: Sequence[ByteImage], crf: int) -> ByteImage:
    """Code a short shot as 4:2:0 video, and decode its last picture.

    Args:
        pictures: RGB, of one size with even sides, in order.
        crf: Of x264; 0 is nearly lossless, 51 the worst.
    Raises:
        ShapeError: if a side is odd or there is no picture.
    """
    if not pictures or pictures[0].shape[0] % 2 or pictures[0].shape[1] % 2:
        raise ShapeError("no pictures, or of an odd side: H.264 in 4:2:0 takes even sides")
    encoder = av.CodecContext.create("libx264", "w")
    decoder = av.CodecContext.create("h264", "r")
    assert isinstance(encoder, VideoCodecContext)
    assert isinstance(decoder, VideoCodecContext)
    encoder.height, encoder.width = pictures[0].shape[:2]
    encoder.pix_fmt, encoder.framerate = "yuv420p", 25  # type: ignore[assignment]
    encoder.options = {"crf": str(crf), "preset": "veryfast", "tune": "zerolatency", "threads": "1"}
    decoder.thread_count = 1
    last: VideoFrame | None = None
    for picture in [*pictures, None]:
        frame = None if picture is None else VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
        for packet in encoder.encode(frame):
            for decoded in decoder.decode(packet):
                last = decoded
    for decoded in decoder.decode(None):
        last = decoded
    assert last is not None
    return np.asarray(last.to_ndarray(format="rgb24"))
