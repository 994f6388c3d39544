"""What is no domain's: the document and its page, files, health, metrics. The conventions hold for them, too."""

from collections.abc import Iterator

from tests.contract.conventions import API_POLICY
from tests.contract.scenarios import A_TEXT, Holding, Matcher, Scenario, Step, get, single

A_PAGE_POLICY = Matcher("A_PAGE_POLICY", "default-src 'none'; script-src 'self';.* frame-ancestors 'none'")

ALLOW = "GET, HEAD, OPTIONS"
HTML = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": A_PAGE_POLICY}
ASSETS = {
    "/docs/assets/docs.css": "text/css; charset=utf-8",
    "/docs/assets/docs.js": "text/javascript; charset=utf-8",
    "/docs/assets/swagger-ui.css": "text/css; charset=utf-8",
    "/docs/assets/swagger-ui-bundle.js": "text/javascript; charset=utf-8",
}

OUTSIDE = (
    *("..", "../", "../docs.py", "../../docs.py", "../../../../../../../../etc/passwd", "%2e%2e/%2e%2e/docs.py"),
    *(
        "..%2f..%2fdocs.py",
        "..%5c..%5cdocs.py",
        "%2e%2e%2f%2e%2e%2fdocs.py",
        "....//....//docs.py",
        "%252e%252e/docs.py",
    ),
    *(
        "%2fetc%2fpasswd",
        "/etc/passwd",
        "//etc/passwd",
        "~root",
        ".",
        "./",
        "",
        "%00",
        "swagger-ui.css%00",
    ),
    *(
        "nothing",
        "swagger-ui.CSS%20",
        "swagger-ui.css/../../docs.py",
        "a" * 300,
        "con",
        "C:%5cwindows",
    ),
)


def _told() -> Iterator[Scenario]:
    for path, expect in {
        "/docs": HTML | {"Cache-Control": "no-cache"},
        "/openapi.json": {"Content-Type": "application/json", "Content-Security-Policy": API_POLICY},
    }.items():
        yield Scenario(
            f"{path} is sent once, until it changes",
            (
                get(path, expect=expect, keep={"tag": "header:ETag", "length": "header:Content-Length"}),
                get(path, headers={"If-None-Match": "<tag>"}, status=304, expect={"ETag": "<tag>"}),
                Step(call=f"HEAD {path}", expect=expect | {"Content-Length": "<length>"}),
                get(f"{path}?x=1", status=400, faults=("query:x",)),
                get(f"{path}/", status=404),
                *(
                    Step(call=f"{method} {path}", status=405, expect={"Allow": ALLOW})
                    for method in ("POST", "PUT", "DELETE")
                ),
                Step(call=f"OPTIONS {path}", status=204, expect={"Allow": ALLOW}),
                get(path, headers={"Host": "evil.example"}, status=403),
            ),
        )


def _files() -> Iterator[Scenario]:
    for path, media in ASSETS.items():
        yield Scenario(
            f"{path} comes from here, not from elsewhere",
            (
                get(
                    path, expect={"Content-Type": media, "Content-Security-Policy": A_TEXT}, keep={"tag": "header:ETag"}
                ),
                get(path, headers={"If-None-Match": "<tag>"}, status=304),
                Step(call=f"HEAD {path}", expect={"Content-Type": media}),
                Step(call=f"POST {path}", status=405, expect={"Allow": A_TEXT}),
                Step(call=f"DELETE {path}", status=405, headers={"Origin": "http://<host>"}),
                Step(call=f"POST {path}", status=403, headers={"Origin": "https://evil.example"}),
                get(path, headers={"Host": "evil.example"}, status=403),
            ),
        )
    for outside in OUTSIDE:
        lacks = ("root:", "import", "/*", "function")
        yield single(
            f"{outside[:40] or 'nothing'!r} is no file", get(f"/docs/assets/{outside}", status=404, lacks=lacks)
        )


SCENARIOS = (
    *_told(),
    *_files(),
    Scenario(
        "the page names local files alone",
        (get("/docs", text='.*(?:src|href)="/docs/assets/.*', lacks=("http://", "https://", "//cdn")),),
    ),
    Scenario(
        "health",
        (
            get("/health/live", reply={"status": "ok"}, expect={"Cache-Control": "no-store"}),
            get(
                "/health/ready",
                reply=Holding(
                    status="ready", components=Holding(database=Holding(state="ok"), schema=Holding(state="ok"))
                ),
                expect={"Cache-Control": "no-store"},
            ),
            Step(call="HEAD /health/ready"),
        ),
    ),
    Scenario(
        "metrics are text, and tell nothing of one request",
        (
            get("/accounts/<a>", status=404),
            get(
                "/metrics",
                text=".*# TYPE roadbed_http_requests_total counter.*",
                expect={"Content-Type": "text/plain; version=0.0.4; charset=utf-8", "Cache-Control": "no-store"},
                lacks=("<a>",),
            ),
        ),
    ),
    single("a file's name that is not UTF-8", get("/docs/assets/%ff", status=400, faults=("path",))),
    Scenario("what browsers ask for unasked", (get("/favicon.ico", status=404), get("/robots.txt", status=404))),
)
