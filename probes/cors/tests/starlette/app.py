"""Policies of Starlette's CORSMiddleware, one a path."""

from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

FRONT = "https://shop.example"
GUARDED = {
    "allow_credentials": True,
    "allow_methods": ["GET", "PUT"],
    "allow_headers": ["x-id"],
}

POLICIES = {
    "list": {**GUARDED, "allow_origins": [FRONT]},
    "pattern": {**GUARDED, "allow_origin_regex": r"https://(www\.)?shop\.example"},
    "public": {"allow_origins": ["*"], "allow_methods": ["GET"]},
    "default": {},
    "everybody": {**GUARDED, "allow_origins": ["*"]},
    "star": {"allow_origins": ["*"]},
    "suffix": {**GUARDED, "allow_origin_regex": r"https://.*shop\.example"},
    "dot": {**GUARDED, "allow_origin_regex": r"https://(api.)?shop\.example"},
    "plain": {**GUARDED, "allow_origins": [FRONT, "http://localhost"]},
    "other": {**GUARDED, "allow_origins": ["https://www.shop.example"]},
    "read-only": {**GUARDED, "allow_origins": [FRONT], "allow_methods": ["GET"]},
    "headers": {**GUARDED, "allow_origins": [FRONT], "allow_headers": ["*"]},
    "kept": {**GUARDED, "allow_origins": [FRONT]},
}


def page(request):
    kept = {"cache-control": "max-age=600"} if "/kept" in str(request.url) else {}
    return JSONResponse({"cart": []}, headers=kept)


def policy(options):
    return CORSMiddleware(Starlette(routes=[Route("/cart", page)]), **options)


app = Starlette(routes=[Mount(f"/{path}", app=policy(options)) for path, options in POLICIES.items()])


def document(request):
    operation = {"get": {"operationId": "cart_cart_get", "responses": {"200": {}}}}
    return JSONResponse({"openapi": "3.1.0", "paths": {"/cart": operation}})


DOCUMENTED = [Route("/cart", page), Route("/openapi.json", document)]


def whole(routes=DOCUMENTED, **options):
    """An application with one policy and nothing at its root, as FastAPI documents it."""
    application = Starlette(routes=[Route("/readyz", page), *routes])
    return CORSMiddleware(application, **options) if options else application


without = whole()
listed = whole(**GUARDED, allow_origins=[FRONT])
everybody = whole(**GUARDED, allow_origins=["*"])
healthy = whole(routes=[])
