"""Assets, signals and measurements: the contract's calls, and what goes wrong with each."""

import re
from typing import Any

from tests.contract.scenarios import A_NEXT_LINK, A_TEXT, Holding, Rows, Scenario, Step, get, post, put

CSV, NDJSON = {"Content-Type": "text/csv"}, {"Content-Type": "application/x-ndjson"}
GID = "0192f0c1-1111-7111-8111-0000{:08d}"
ASSET = {"latitude": 47.5568277613, "longitude": 8.2338560914, "description": "UW Beznau"}
NONE = {"inserted": 0, "replaced": 0, "unchanged": 0, "rejected": 0, "rejects": []}


def signal(number: int, asset: int, unit: str = "kV") -> dict[str, Any]:
    """Return what a signal is, but for its id."""
    return {"signal_gid": GID.format(number), "signal_name": f"BEZ {number}", "asset_id": asset, "unit": unit}


def made(first: int) -> tuple[Step, ...]:
    """Return the steps that make an asset and two signals, all with numbers of their own."""
    return (
        put(f"/assets/{first}", ASSET, 201),
        put(f"/signals/{first + 1}", signal(first + 1, first), 201),
        put(f"/signals/{first + 2}", signal(first + 2, first, "A"), 201),
    )


def row(number: int, time: str, value: float, unit: str = "kV") -> dict[str, Any]:
    return {"signal_id": number, "timestamp": time, "value": number_of(value), "unit": unit}


def number_of(value: float) -> str:
    """Return a float as the runner reads it: it holds floats and integers apart."""
    return f"the float {value}"


def statistics(number: int, **figures: Any) -> dict[str, Any]:
    empty = dict.fromkeys(("from_date", "to_date", "mean", "min", "max", "median", "std_dev"))
    return {"signal_id": number, "count": 0, **empty, **figures}


def wrong(target: str, *queries: str, name: str) -> tuple[Step, ...]:
    return tuple(get(f"{target}{query}", status=400, faults=(f"query:{name}",)) for query in queries)


FILE = """\
Ts|SignalId|MeasurementValue
2021-11-07 23:59:03.762|{0}|116,129
2021-11-07 23:57:48.259|{0}|115,9581
2021-11-07 23:56:48.629|{0}|116,0436
"""
BEZNAU = {
    "asset_id": 100,
    "latitude": number_of(47.5568277613),
    "longitude": number_of(8.2338560914),
    "description": "UW Beznau",
}
LISTS = (
    "",
    "?signal_list=",
    "?signal_list=x",
    "?signal_list=1,",
    "?signal_list=1.0",
    "?signal_list=92233720368547758080",
)
MANY = f"?signal_list={','.join(map(str, range(1001)))}"
NOON = "2024-05-01T12:00:00"

SCENARIOS = (
    Scenario("the service answers", (get("/health", reply={"status": "OK"}),)),
    Scenario(
        "assets and their signals",
        (
            *made(100),
            put("/assets/100", ASSET, 200, reply={**BEZNAU, "signals": [
                {**signal(101, 100), "signal_id": 101}, {**signal(102, 100, "A"), "signal_id": 102},
            ]}),
            get("/assets/100", reply=Holding(asset_id=100)),
            get("/assets/999", status=404),
            get("/assets/x", status=400, faults=("path:asset_id",)),
            get("/assets?limit=1&total=true", expect={"Total-Count": A_TEXT}),
            get("/signals/101", reply={**signal(101, 100), "signal_id": 101}),
            get("/signals/999", status=404),
            get("/signals/9223372036854775808", status=400, faults=("path:signal_id",)),
            get("/signals?limit=1000"),
            put("/signals/103", signal(103, 99_999), 409, kind="no-asset"),
            put("/signals/103", signal(101, 100), 409, kind="duplicate"),
            put("/signals/103", signal(103, 100) | {"unit": "x" * 501}, 400, faults=("/unit",)),
            put("/signals/103", signal(103, 100) | {"asset_id": "100"}, 400, faults=("/asset_id",)),
            put("/assets/100", ASSET | {"latitude": 91}, 400, faults=("/latitude",)),
            put("/assets/100", ASSET | {"longitude": None, "height": 1}, 400, faults=("/longitude", "/height")),
        ),
        Rows(assets=1, signals=2),
    ),
    Scenario(
        "a file, its statistics and its last value",
        (
            *made(200),
            post("/measurements", body=FILE.format(201), headers=CSV, status=200, reply=NONE | {"inserted": 3}),
            post("/measurements", body=FILE.format(201), headers=CSV, status=200, chunked=True,
                 reply=NONE | {"unchanged": 3}),
            get("/measurements?signal_list=201,202&signal_list=999", reply=[
                row(201, "2021-11-07T23:56:48.629000Z", 116.0436),
                row(201, "2021-11-07T23:57:48.259000Z", 115.9581),
                row(201, "2021-11-07T23:59:03.762000Z", 116.129),
            ]),
            get("/measurements?signal_list=201&from=2021-11-07T23:57:48.259&to=2021-11-08T00:59:03.762%2B01:00", reply=[
                row(201, "2021-11-07T23:57:48.259000Z", 115.9581),
                row(201, "2021-11-07T23:59:03.762000Z", 116.129),
            ]),
            get("/measurements?signal_list=202", reply=[]),
            # No signal can have this id, as none has that: neither is a mistake of the form.
            get("/measurements?signal_list=9223372036854775808,-9402123848783487393", reply=[]),
            get("/measurements/stats/201?from=2021-11-07T23:56:48.629Z&to=2021-11-07T23:57:48.258Z", reply=statistics(
                201, count=1, from_date="2021-11-07T23:56:48.629000Z", to_date="2021-11-07T23:57:48.258000Z",
                std_dev="the float 0.0", **dict.fromkeys(("mean", "min", "max", "median"), number_of(116.0436)),
            )),
            get("/measurements/stats/201", reply=Holding(
                count=3, min=number_of(115.9581), max=number_of(116.129), median=number_of(116.0436),
            )),
            get("/measurements/stats/202", reply=statistics(202)),
            get("/measurements/stats/999", status=404),
            get("/signals/201/last", reply=row(201, "2021-11-07T23:59:03.762000Z", 116.129)),
            get("/signals/202/last", status=404),
            get("/measurements/last?limit=1000"),
            get("/measurements/export?signal_list=201&from=2021-11-07T23:57:00",
                expect={"Content-Type": "text/csv; charset=utf-8"}, text=re.escape(
                "Ts|SignalId|MeasurementValue\n"
                "2021-11-07 23:57:48.259000|201|115,9581\n2021-11-07 23:59:03.762000|201|116,129\n"
            )),
            get("/signals/201/series?points=3", reply={"signal_id": 201, "unit": "kV", "points": [
                {"timestamp": "2021-11-07T23:56:48.629000Z", "value": number_of(116.0436)},
                {"timestamp": "2021-11-07T23:57:48.259000Z", "value": number_of(115.9581)},
                {"timestamp": "2021-11-07T23:59:03.762000Z", "value": number_of(116.129)},
            ]}),
            get(f"/signals/201/series?method=buckets&points=3&from={NOON}&to=2024-05-01T12:00:02.999999", reply={
                "signal_id": 201, "unit": "kV", "buckets": [
                    {"timestamp": f"2024-05-01T12:00:0{second}Z", "count": 0,
                     **dict.fromkeys(("avg", "min", "max", "last"))} for second in range(3)
                ],
            }),
            get("/signals/999/series", status=404),
            get("/signals/201/series?points=2&method=mean", status=400, faults=("query:points", "query:method")),
        ),
        Rows(assets=1, signals=2, measurements=3),
    ),
    Scenario(
        "bad rows are left out and told of",
        (
            *made(300),
            post("/measurements", [
                {"signal_id": 301, "timestamp": "2024-05-01T12:00:00", "value": 1},
                {"signal_id": 301, "timestamp": "2024-05-01T12:00:00Z", "value": 2.5},
                {"signal_id": 301, "timestamp": "2024-05-01T12:00:00Z", "value": "3"},
                {"signal_id": 999, "timestamp": "2024-05-01T12:00:00Z", "value": 4},
            ], 200, reply={"inserted": 1, "replaced": 0, "unchanged": 1, "rejected": 2, "rejects": [
                {"line": 3, "reason": "Expected `number`, got `string` - at `$.value`"},
                {"line": 4, "reason": "there is no signal 999"},
            ]}),
            post("/measurements", body='{"signal_id":301,"timestamp":"2024-05-01T12:00:00","value":7}\n\n{}\n',
                 headers=NDJSON, status=200,
                 reply=Holding(inserted=0, replaced=1, rejected=1, rejects=[{"line": 3, "reason": A_TEXT}])),
            get("/measurements?signal_list=301", reply=[row(301, "2024-05-01T12:00:00Z", 7.0)]),
            post("/measurements", [], 200, reply=NONE),
            post("/measurements", {}, 400, faults=("",)),
            post("/measurements", body="[1", status=400, faults=("",)),
            post("/measurements", body="a;b\n", headers=CSV, status=400, faults=("",)),
            post("/measurements", body="x", headers={"Content-Type": "text/plain"}, status=415),
            post("/measurements", [], 400, headers={"Idempotency-Key": "k"}, faults=("header:Idempotency-Key",),
),
        ),
        Rows(assets=1, signals=2, measurements=1),
    ),
    Scenario(
        "what is beyond a threshold, newest first",
        (
            *made(400),
            post("/measurements", [
                {"signal_id": 401, "timestamp": f"2024-05-01T12:00:0{second}Z", "value": value}
                for second, value in enumerate((5, -5, 0.5, 5, 7.25, -9))
            ], 200, reply=NONE | {"inserted": 6}),
            get("/measurements/outliers/401?above=5", reply=[row(401, "2024-05-01T12:00:04Z", 7.25)]),
            get("/measurements/outliers/401?above=4.999&below=-5", reply=[
                row(401, f"2024-05-01T12:00:0{second}Z", value)
                for second, value in ((5, -9.0), (4, 7.25), (3, 5.0), (0, 5.0))
            ]),
            get(f"/measurements/outliers/401?below=0.5&from={NOON}&to=2024-05-01T12:00:01Z",
                reply=[row(401, "2024-05-01T12:00:01Z", -5.0)]),
            get("/measurements/outliers/401?above=1e300", reply=[]),
            get("/measurements/outliers/401?below=9&limit=4&total=true",
                expect={"Total-Count": "6", "Link": A_NEXT_LINK}, keep={"next": "next"},
                reply=[row(401, f"2024-05-01T12:00:0{second}Z", value)
                       for second, value in ((5, -9.0), (4, 7.25), (3, 5.0), (2, 0.5))]),
            get("<next>", expect={"Link": None}, reply=[
                row(401, "2024-05-01T12:00:01Z", -5.0), row(401, "2024-05-01T12:00:00Z", 5.0),
            ]),
            get("/measurements/outliers/402?above=0", reply=[]),
            get("/measurements/outliers/401", reply=[]),
            get("/measurements/outliers/999?above=0", status=404),
            *wrong("/measurements/outliers/401", "?above=inf", "?above=nan", "?above=", name="above"),
            *wrong("/measurements/outliers/401", "?below=x", name="below"),
            *wrong("/measurements/outliers/401?above=1", f"&from={NOON}&to={NOON}Z", name="from"),
            *wrong("/measurements/outliers/401?above=1", "&after=x", name="after"),
        ),
        Rows(assets=1, signals=2, measurements=6),
    ),
    Scenario(
        "ranges and lists that are none",
        (
            *wrong("/measurements", *LISTS, MANY, name="signal_list"),
            *wrong("/measurements?signal_list=1", "&from=now", f"&from={NOON}&to={NOON}Z", name="from"),
            *wrong("/measurements?signal_list=1", "&to=", "&to=1714567800", name="to"),
            *wrong("/measurements/stats/1", "?from=2024-05-02T00:00:00&to=2024-05-01T00:00:00", name="from"),
            get("/measurements/stats/x", status=400, faults=("path:signal_id",)),
        ),
    ),
)  # fmt: skip
