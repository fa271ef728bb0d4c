"""The ways to look at a video that are compared; each gives the number of faces that it found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torchvision import transforms
from torchvision.models import resnet18

from fer.data.faces import SEVEN
from fer.detection import Detector
from fer.recognition.drawing import draw_faces
from fer.recognition.predicting import TOGETHER
from fer.recognition.recognizer import Recognizer
from fer.recognition.videos import Video

Pipeline = Callable[[Path], int]


def detecting(detector: Detector) -> Pipeline:
    """Decodes and finds faces, no more."""
    return lambda film: sum(
        len(detector.detect(image)) for _, _, image in Video(str(film)).frames()
    )


def whole(recognizer: Recognizer) -> Pipeline:
    """Decodes, finds, cuts, classifies and draws, as `fer.predict` does."""

    def look(film: Path) -> int:
        count = 0
        some: list[NDArray[np.uint8]] = []
        for _, _, image in Video(str(film)).frames():
            some.append(image)
            if len(some) == TOGETHER:
                count += draw(some)
                some = []
        return count + (draw(some) if some else 0)

    def draw(images: list[NDArray[np.uint8]]) -> int:
        found = recognizer(images)
        for image, faces in zip(images, found, strict=True):
            draw_faces(image, faces)
        return sum(map(len, found))

    return look


def opencv_yunet(model: Path, min_score: float) -> Pipeline:
    """Decodes and finds faces by OpenCV alone: `VideoCapture` and `FaceDetectorYN`."""
    detector = cv2.FaceDetectorYN.create(str(model), "", (640, 480), min_score)

    def look(film: Path) -> int:
        count, video = 0, cv2.VideoCapture(str(film))
        while (read := video.read())[0]:
            _, faces = detector.detect(read[1])
            count += 0 if faces is None else len(faces)
        return count

    return look


def sheng2024() -> Pipeline:
    """Sheng and Lau's: Haar's cascade, crop, resize, normalise, ResNet18 in torch, box and label.

    Face by face and eagerly, on gray 48 x 48 pictures. Weights change no time: they are random.
    """
    cascade = cv2.CascadeClassifier(
        str(Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_default.xml")
    )
    model = resnet18(num_classes=len(SEVEN)).eval()
    model.conv1 = torch.nn.Conv2d(1, 64, kernel_size=7, stride=2, padding=3, bias=False)
    transform = transforms.Compose(
        [transforms.Resize((48, 48)), transforms.ToTensor(), transforms.Normalize(0.5, 0.5)]
    )

    @torch.inference_mode()
    def look(film: Path) -> int:
        count, video = 0, cv2.VideoCapture(str(film))
        while (read := video.read())[0]:
            picture = read[1]
            gray = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
            for x, y, w, h in cascade.detectMultiScale(gray):
                face: Tensor = transform(Image.fromarray(gray[y : y + h, x : x + w]))
                shares = model(face[None]).softmax(dim=1)[0]
                label = SEVEN[int(shares.argmax())]
                cv2.rectangle(picture, (x, y), (x + w, y + h), (0, 255, 0), 2)
                cv2.putText(
                    picture, label, (x, y - 8), cv2.FONT_HERSHEY_SIMPLEX, 0.9, (0, 255, 0), 2
                )
                count += 1
        return count

    return look
