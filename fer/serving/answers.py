"""What the HTTP API answers; OpenAPI's descriptions are made from these."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from fer.recognition.recognizer import Face

Share = Annotated[float, Field(ge=0, le=1)]


class FaceAnswer(BaseModel):
    """A face of a picture."""

    box: Annotated[
        tuple[float, float, float, float],
        Field(description="x and y of the top left corner, width and height, in pixels"),
    ]
    score: Annotated[Share, Field(description="how sure the detector is that this is a face")]
    label: Annotated[str, Field(description="the likeliest expression")]
    confidence: Annotated[Share, Field(description="the probability of the label")]
    sure: Annotated[
        bool | None,
        Field(description="whether the confidence reaches the model's threshold, null without one"),
    ]
    probabilities: Annotated[dict[str, Share], Field(description="of every expression")]


class PictureAnswer(BaseModel):
    """A picture, upright as its EXIF orientation says; of an animation the first frame."""

    name: Annotated[str, Field(description="as it was sent")]
    width: int
    height: int
    faces: Annotated[list[FaceAnswer], Field(description="the detector's surest first")]


class Prediction(BaseModel):
    """The pictures of a request, in its order."""

    model: Annotated[str, Field(description="the id of the model that answered")]
    pictures: list[PictureAnswer]


class ModelAnswer(BaseModel):
    """A model that can be chosen."""

    id: str
    name: Annotated[str, Field(description="the architecture")]
    data: Annotated[str, Field(description="the data set that it was trained on")]
    tested: Annotated[str, Field(description="the part that it was tested on, empty if unknown")]
    n: Annotated[int | None, Field(description="test faces")]
    accuracy: Annotated[Share | None, Field(description="of the run that it was exported from")]
    interval: Annotated[
        tuple[float, float] | None, Field(description="of the accuracy, 95 %, bootstrap")
    ]


class ModelList(BaseModel):
    """The models that can be chosen."""

    default: Annotated[str, Field(description="the id of the one that answers where none is named")]
    models: list[ModelAnswer]


class Limits(BaseModel):
    """What a request may hold."""

    upload_bytes: Annotated[int, Field(description="of a request")]
    pictures: Annotated[int, Field(description="of a request")]
    megapixels: Annotated[float, Field(description="of a picture")]


class Health(BaseModel):
    """That the server is up."""

    status: str
    version: str
    limits: Limits


class Problem(BaseModel):
    """What was wrong with a request."""

    detail: str


def answer_of(face: Face) -> FaceAnswer:
    """A face as the API tells it."""
    x, y, w, h = (round(side, 1) for side in face.box)
    return FaceAnswer(
        box=(x, y, w, h),
        score=round(face.score, 4),
        label=face.label,
        confidence=round(face.confidence, 4),
        sure=face.sure,
        probabilities={name: round(share, 4) for name, share in face.probabilities.items()},
    )
