"""The HTTP API and the page, as one application."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Any, TypeVar

from fastapi import FastAPI, File, HTTPException, Query, Request, UploadFile
from fastapi.exceptions import RequestValidationError
from omegaconf import DictConfig
from starlette.formparsers import MultiPartParser
from starlette.responses import JSONResponse, Response

from fer import __version__
from fer.checks.serve import is_local
from fer.errors import FerError
from fer.serving.answers import (
    Health,
    Limits,
    ModelList,
    PictureAnswer,
    Prediction,
    Problem,
    answer_of,
)
from fer.serving.guard import Guard
from fer.serving.models import Models
from fer.serving.samples import SAMPLES, sample
from fer.serving.uploads import decode, name_of

Answer = TypeVar("Answer")

PAGE = Path(__file__).with_name("page")
STYLE = Path(__file__).resolve().parents[1] / "evaluation" / "page.css"
KINDS = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "The request is damaged"},
    401: {"model": Problem, "description": "The token is missing or wrong"},
    404: {"model": Problem, "description": "There is no such model"},
    408: {"model": Problem, "description": "The request came too slowly"},
    413: {"model": Problem, "description": "A request or a picture is too large"},
    415: {"model": Problem, "description": "Something is no picture"},
    422: {"model": Problem, "description": "A picture is damaged, or the request is incomplete"},
    503: {"model": Problem, "description": "The model cannot be used, or too many ask at once"},
}
GUARDED = ("/predict", "/models")


def make_app(config: DictConfig, models: Models) -> FastAPI:
    """The application.

    Args:
        config: A resolved configuration of `conf/serve.yaml`.
        models: That answer.
    """
    max_bytes = int(config.max_upload * 1024**2)
    max_pixels = int(config.max_megapixels * 1e6)
    MultiPartParser.spool_max_size = max_bytes + 1  # uploads stay in memory, never on the disk
    # clients that send nonsense hear of it themselves; they must not fill the server's terminal
    logging.getLogger("python_multipart").setLevel(logging.CRITICAL)
    workers = ThreadPoolExecutor(config.workers, "recogniser")
    app = FastAPI(
        title="fer",
        version=__version__,
        description="Faces in pictures, and what they express. No picture is stored.",
        docs_url=None,  # their pages load scripts from elsewhere
        redoc_url=None,
    )
    app.add_middleware(
        Guard,
        max_bytes=max_bytes,
        patience=config.patience,
        token=config.token,
        hosts=("127.0.0.1", "localhost", "::1", config.host) if is_local(config.host) else None,
        guarded=GUARDED,
    )

    async def working(task: Callable[..., Answer], *arguments: Any) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(workers, task, *arguments)

    def look(model: str, name: str, data: bytes, whole: bool) -> PictureAnswer:
        image = decode(data, name, max_pixels)
        faces = models.recognise(model, image, whole)
        height, width = image.shape[:2]
        return PictureAnswer(
            name=name, width=width, height=height, faces=[answer_of(face) for face in faces]
        )

    @app.post("/predict", responses=PROBLEMS)
    async def predict(
        pictures: Annotated[
            list[UploadFile], File(description="one or more: JPEG, PNG, WebP, BMP, GIF, TIFF, PPM")
        ],
        model: Annotated[str | None, Query(description="an id of /models")] = None,
        whole: Annotated[bool, Query(description="take each picture as one face")] = False,
    ) -> Prediction:
        """Faces in pictures and what they express; a picture without a face has none."""
        chosen = models.default if model is None else model
        if chosen not in models.choices:
            raise HTTPException(404, "there is no such model: GET /models lists them")
        if len(pictures) > config.max_pictures:
            raise HTTPException(413, f"more than {config.max_pictures} pictures in one request")
        answers = []
        for picture in pictures:
            data = await picture.read()
            answers.append(await working(look, chosen, name_of(picture), data, whole))
        return Prediction(model=chosen, pictures=answers)

    @app.get("/models", responses={401: PROBLEMS[401]})
    async def list_models() -> ModelList:
        """The models that can be chosen."""
        choices = await working(models.look)
        answers = [choice.answer for choice in choices.values()]
        return ModelList(default=models.default, models=answers)

    @app.get("/health")
    async def health() -> Health:
        """That the server is up, and what a request may hold."""
        limits = Limits(
            upload_bytes=max_bytes, pictures=config.max_pictures, megapixels=config.max_megapixels
        )
        return Health(status="ok", version=__version__, limits=limits)

    @app.get("/samples", include_in_schema=False)
    async def list_samples() -> list[str]:
        return list(SAMPLES)

    @app.get("/samples/{number}.png", include_in_schema=False)
    async def one_sample(number: int) -> Response:
        if not 0 <= number < len(SAMPLES):
            raise HTTPException(404, "there is no such sample")
        kept = {"Cache-Control": "max-age=3600"}
        return Response(await working(sample, number), media_type="image/png", headers=kept)

    for file in (STYLE, *sorted(PAGE.iterdir())):
        _add_file(app, "/" if file.name == "index.html" else f"/{file.name}", file)

    @app.exception_handler(RequestValidationError)
    async def incomplete(request: Request, error: RequestValidationError) -> JSONResponse:
        kind = request.headers.get("content-type", "").partition(";")[0]
        if request.method == "POST" and kind != "multipart/form-data":
            told = "send pictures as multipart/form-data, in a field named pictures"
            return JSONResponse({"detail": told}, 415)
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        return JSONResponse({"detail": f"{place}: {first['msg']}"}, 422)

    @app.exception_handler(FerError)
    async def unusable(request: Request, error: FerError) -> JSONResponse:
        return JSONResponse({"detail": f"the model cannot be used: {error}"}, 503)

    return app


def _add_file(app: FastAPI, path: str, file: Path) -> None:
    """Serves a file of the package, read once."""
    content, kind = file.read_bytes(), KINDS[file.suffix]

    async def read() -> Response:
        return Response(content, media_type=kind)

    app.add_api_route(path, read, include_in_schema=False)
