"""Loads what userqsim left in a directory: tables as pandas frames, with units, the manifest and the provenance.

    import userqsim_results

    run = userqsim_results.load("out/game")       # left by run, compare or sweep
    run.manifest["model_version"], run.provenance["host"]
    run.tables()                                  # ["comparison", "eviction_parts", "evictions", ...]
    evictions = run.frame("evictions")            # docs/outputs.md says what each column is
    evictions.attrs["units"]["downtime_ns"]       # "ns"
    run.in_unit(evictions["downtime_ns"], "ms").groupby(evictions["policy"]).describe()
    run.statistic("downtime_ns", "victim", "mean")          # a row a policy and replication
    run.statistic("downtime_ns", "victim", "mean", pooled=True)

Whole numbers are Int64, which has a missing value (pandas.NA) and is exact for every nanosecond; names are strings, also
where a process is called 7; what is a mean or a share is float64 with NaN for missing. Missing never means zero.

A directory of a sweep has a column `point` in each table; `with_points` adds each point's factors to a frame.
"""
import json
import pathlib

import pandas

MANIFEST_FORMAT = "userqsim-manifest/"

# How many of the base unit make one: what in_unit() knows.
SCALES = {"ns": {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9},
          "bytes": {"bytes": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}}

# The unit that ends a column's name; longer endings first.
_ENDINGS = (("_per_s", "1/s"), ("_ns", "ns"), ("_bytes", "bytes"), ("_s", "s"))
_COUNTS = frozenset((
    "rep", "reps", "point", "eviction", "queues", "queues_running", "mes_packets", "request", "critical", "job", "jobs",
    "first_job", "preemptions", "waits", "waits_still", "evictions", "stopped_still", "short_runs", "waited", "fault",
    "events", "count", "censored"))
_DECIMALS = frozenset(("value_a", "value_b", "mean", "difference", "ci_low", "ci_high", "p", "p_holm", "band",
                       "wall_s", "events_per_s"))
_TEXTS = frozenset((
    "scenario", "policy", "metric", "role", "stat", "unit", "policy_a", "policy_b", "variant", "process", "queue",
    "trigger", "outcome", "part", "waits_for", "op", "from", "to", "mes_call", "result", "opcode", "type", "priority",
    "kind", "detail", "method", "track", "name", "flows", "basis", "answer", "status", "digest",
    "message"))


class ResultsError(Exception):
    """A directory that userqsim did not leave, or not like this."""


def unit_of(column):
    """The unit of a column of numbers, from its name; empty where it has none, or says it in a column of its own.

    >>> unit_of("downtime_ns"), unit_of("context_bytes"), unit_of("bytes"), unit_of("events_per_s"), unit_of("queues")
    ('ns', 'bytes', 'bytes', '1/s', '')
    """
    if column == "bytes":
        return "bytes"
    return next((unit for ending, unit in _ENDINGS if column.endswith(ending)), "")


def type_of(column, table=""):
    """What a column of a table holds: "Int64", "float64" or "string"; None for one that is not known.

    >>> type_of("downtime_ns"), type_of("process"), type_of("value", "summary"), type_of("value", "counters")
    ('Int64', 'string', 'float64', 'Int64')
    >>> type_of("no_such_column") is None, type_of("jobs", "points") is None
    (True, True)
    """
    if table == "points" and column not in ("scenario", "point"):
        return None  # a factor, whose name is free
    if column == "value":
        return "Int64" if table == "counters" else "float64"
    if column in _DECIMALS:
        return "float64"
    if column in _TEXTS:
        return "string"
    return "Int64" if column in _COUNTS or unit_of(column) in ("ns", "bytes") else None


def _read_csv(path, table):
    """Each field as the text that stands there, and then as what the column holds: pandas' own guess would make numbers
    of names, and round whole numbers beyond 2**53."""
    try:
        frame = pandas.read_csv(path, dtype="string", keep_default_na=False, na_values=[""], encoding="utf-8")
    except (OSError, ValueError) as error:
        raise ResultsError(f"{path}: {error}") from error
    for column in frame.columns:
        kind = type_of(column, table) or (None if table == "points" else "string")
        try:
            frame[column] = _numbers_if_all(frame[column]) if kind is None else frame[column].astype(kind)
        except (TypeError, ValueError) as error:
            raise ResultsError(f"{path}: column {column}: {error}") from error
    frame.attrs["units"] = {column: unit_of(column) for column in frame.columns if frame[column].dtype != "string"}
    return frame


def _numbers_if_all(values):
    """A factor of a sweep, whose name is free: whole numbers, else decimals, else texts."""
    for kind in ("Int64", "float64"):
        try:
            return values.astype(kind)
        except (TypeError, ValueError):
            continue
    return values


def _read_json(path):
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError) as error:
        raise ResultsError(f"{path}: {error}") from error


class Results:
    """The directory of one run, comparison or sweep. Tables are read when they are asked for, once."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        if not (self.directory / "manifest.json").is_file():
            raise ResultsError(f"{directory}: holds no manifest.json; expected a directory that userqsim left")
        self.manifest = _read_json(self.directory / "manifest.json")
        if not str(self.manifest.get("format", "")).startswith(MANIFEST_FORMAT):
            raise ResultsError(f"{directory}/manifest.json: is no manifest of userqsim")
        provenance = self.directory / "provenance.json"
        self.provenance = _read_json(provenance) if provenance.is_file() else {}  # it may have been left behind
        self._frames = {}

    @property
    def command(self):
        """run, compare or sweep."""
        return self.manifest["command"]

    @property
    def is_complete(self):
        """False where a signal or a limit stopped the run: it then holds the replications that are whole."""
        return self.manifest["status"] == "complete"

    @property
    def policies(self):
        """What the column policy says, in the order given; under compare the first is the baseline."""
        return self.manifest["policies"]

    def tables(self):
        """The names of the tables that are there, for frame()."""
        return sorted(path.stem for path in self.directory.glob("*.csv"))

    def frame(self, table):
        """A table as a frame of its own: changing it changes nothing here. attrs["units"] has the columns' units."""
        if table not in self._frames:
            path = self.directory / f"{table}.csv"
            if not path.is_file():
                raise ResultsError(f"{self.directory}: has no table {table}; it has {', '.join(self.tables())}")
            self._frames[table] = _read_csv(path, table)
        copy = self._frames[table].copy()
        copy.attrs = {"units": dict(self._frames[table].attrs["units"])}
        return copy

    def measured(self, table, time):
        """The rows of a table whose column `time` is not before measure_from, as the statistics have them."""
        if "measure_from_ns" not in self.manifest:
            raise ResultsError(f"{self.directory}/manifest.json: no measure_from_ns for all of its runs")
        frame = self.frame(table)
        return frame[frame[time] >= self.manifest["measure_from_ns"]]

    def statistic(self, metric, role, stat, pooled=False):
        """The rows of summary.csv of one statistic: of each replication, or of all pooled."""
        frame = self.frame("summary")
        frame = frame[(frame["metric"] == metric) & (frame["role"] == role) & (frame["stat"] == stat)]
        return frame[frame["rep"].isna() == pooled].reset_index(drop=True)

    def differences(self, metric, role, stat, variant="base"):
        """The rows of comparison.csv of one statistic."""
        frame = self.frame("comparison")
        return frame[(frame["metric"] == metric) & (frame["role"] == role) & (frame["stat"] == stat) &
                     (frame["variant"] == variant)].reset_index(drop=True)

    def points(self):
        """The points of a sweep with their factors, by number; without any for a run or a comparison."""
        if not (self.directory / "points.csv").is_file():
            return pandas.DataFrame(index=pandas.Index([], name="point"))
        return self.frame("points").drop(columns="scenario").set_index("point")

    def with_points(self, frame):
        """The frame with a column for each factor of its points; `jobs_of_point` where the frame has its own `jobs`."""
        if "point" not in frame.columns:
            return frame
        points = self.points()
        taken = {column: f"{column}_of_point" for column in points.columns if column in frame.columns}
        return frame.join(points.rename(columns=taken), on="point")

    def verify(self):
        """Raises ResultsError where a file that the manifest names is not there, or has another size."""
        for file in self.manifest["files"]:
            path = self.directory / file["name"]
            size = path.stat().st_size if path.is_file() else None
            if size != file["bytes"]:
                raise ResultsError(f"{path}: has {'no' if size is None else size} bytes, {file['bytes']} in the manifest")

    @staticmethod
    def in_unit(series, unit):
        """A column in a larger unit, as decimals: run.in_unit(evictions["downtime_ns"], "ms").

        >>> Results.in_unit(pandas.Series([1500, None], name="downtime_ns", dtype="Int64"), "us").tolist()
        [1.5, nan]
        """
        base = unit_of(str(series.name))
        if unit not in SCALES.get(base, {}):
            raise ResultsError(f"{series.name}: has the unit {base or 'none'}, which cannot be told in {unit}")
        return series.astype("Float64").astype("float64") / SCALES[base][unit]


def load(directory):
    """The results in a directory. Raises ResultsError."""
    return Results(directory)


def records(frame):
    """The rows as dictionaries, None for missing.

    >>> records(pandas.DataFrame({"rep": pandas.array([0, None], dtype="Int64")}))
    [{'rep': 0}, {'rep': None}]
    """
    plain = frame.astype(object)
    return plain.where(frame.notna(), None).to_dict("records")
