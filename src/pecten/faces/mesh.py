"""The names of the 478 mesh points."""

MESH_POINTS = 478
ROI_SIZE = 256
"""Side of the mesh network's input, in px."""

# fmt: off
# Right and left are the performer's own.
OVAL = (10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
        152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109)
RIGHT_EYE = (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246)
LEFT_EYE = (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466)
RIGHT_SOCKET = (35, 124, 113, 225, 224, 223, 222, 221, 189, 244, 233, 232, 231, 230, 229, 228, 31)
LEFT_SOCKET = (265, 353, 342, 445, 444, 443, 442, 441, 413, 464, 453, 452, 451, 450, 449, 448, 261)
RIGHT_IRIS = (468, 469, 470, 471, 472)
LEFT_IRIS = (473, 474, 475, 476, 477)
RIGHT_BROW = (70, 63, 105, 66, 107, 55, 65, 52, 53, 46)
LEFT_BROW = (300, 293, 334, 296, 336, 285, 295, 282, 283, 276)
OUTER_LIPS = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185)
INNER_LIPS = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191)
NOSE = (168, 6, 197, 195, 5, 4, 1, 2, 98, 97, 326, 327, 64, 294, 48, 278, 122, 351, 174, 399, 236, 456, 198, 420, 131,
        360, 49, 279, 129, 358, 94, 19)
MESH_TO_68 = (
    127, 234, 93, 132, 138, 169, 149, 171, 152, 396, 378, 394, 367, 361, 323, 454, 356,
    46, 53, 52, 65, 55, 285, 295, 282, 283, 276, 168, 197, 5, 4, 240, 97, 2,
    326, 460, 33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380, 76, 40, 37,
    0, 267, 270, 306, 321, 314, 17, 84, 91, 78, 81, 13, 311, 308, 402, 15, 178,
)
"""For each iBUG-68 point the mesh point that lies closest to it (measured on synthetic performers, made symmetric)."""
# fmt: on
NON_JAW = tuple(sorted({*RIGHT_EYE, *LEFT_EYE, *RIGHT_BROW, *LEFT_BROW, *NOSE, *OUTER_LIPS}))
"""What the normalisation is fitted on: all but the jaw and the cheeks."""
_FOREHEAD = (8, 9, 10, 54, 67, 109, 151, 284, 297, 338)
RIGID = tuple(sorted({*RIGHT_SOCKET, *LEFT_SOCKET, *NOSE, *_FOREHEAD, 33, 133, 263, 362}))
"""What expression moves least; the pose is fitted on it."""
