"""How hard the synthetic faces are for a method that sees no shapes: logistic regression.

python experiments/benchmarks/synthetic.py

Trained on the pixels of the default 4,200 training faces, tested on the 840 of part private.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fer.data.cache import open_faces
from fer.data.synthetic import SyntheticReader


def main() -> None:
    """Prints the test accuracy."""
    with tempfile.TemporaryDirectory() as folder:
        faces = open_faces(SyntheticReader(4_200, 840, 840, 0), Path(folder), "stop", True)
        assert faces.part is not None
        pixels = np.asarray(faces.images).reshape(len(faces), -1).astype(np.float64)
        train, test = faces.part == "training", faces.part == "private"
        model = make_pipeline(StandardScaler(), LogisticRegression(C=1e-3, max_iter=1_000))
        model.fit(pixels[train], faces.labels[train])
        print(f"logistic regression: {model.score(pixels[test], faces.labels[test]):.3f}")


if __name__ == "__main__":
    main()
