"""Draws the README's sheet of faces: `python experiments/quickstart/draw_sheet.py`."""

from pathlib import Path

import numpy as np

from fer.data.faces import SEVEN
from fer.data.synthetic import draw_face
from fer.evaluation.figures import face_sheet

PEOPLE, FACES_PER_PERSON = 5, 14


def main() -> None:
    """Five people, each with every expression, at the size that networks get."""
    indices = [p * FACES_PER_PERSON + k for p in range(PEOPLE) for k in range(len(SEVEN))]
    faces = [draw_face(0, index) for index in indices]
    titles = [SEVEN[face.label] if i < len(SEVEN) else "" for i, face in enumerate(faces)]
    images = np.stack([face.image for face in faces])
    face_sheet(images, titles, Path(__file__).with_name("synthetic_faces.png"), columns=len(SEVEN))


if __name__ == "__main__":
    main()
