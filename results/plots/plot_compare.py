#!/usr/bin/env python3
"""Plots of one comparison.

Reads the directory that `userqsim compare` left and writes three PNG files:

  downtime.png   how long victims were down: the distribution of each policy, its mean and the 95 % interval of the
                 paired difference
  parts.png      where the time of an eviction goes: the mean of each critical part
  timeline.png   one eviction (the one nearest to the median downtime) as bars on a line

Usage: plot_compare.py RUN [--to DIRECTORY]
"""
import argparse
import collections
import csv
import json
import pathlib
import re
import sys
import textwrap

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402  (the backend comes first: no display is needed)
import numpy as np  # noqa: E402

# Okabe and Ito's colours: told apart with every common colour blindness, and in grey by their order.
BLUE, ORANGE, GREEN, VERMILLION, SKY, PURPLE, YELLOW, BLACK = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#F0E442", "#000000")
POLICY_COLOURS = (BLUE, VERMILLION)
PART_COLOURS = (BLUE, ORANGE, GREEN, VERMILLION, SKY, PURPLE, YELLOW)
REST_COLOUR = "#BBBBBB"
TOP_PARTS = len(PART_COLOURS)

STYLE = {
    "figure.dpi": 150,
    "savefig.bbox": "tight",
    "font.size": 9,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#E5E5E5",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "legend.frameon": False,
}


class Run:
    """The files of one comparison, as lists of dictionaries."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        with open(self.directory / "manifest.json", encoding="utf-8") as file:
            self.manifest = json.load(file)
        if self.manifest.get("command") != "compare":
            raise SystemExit(f"{directory} was not left by `userqsim compare`")
        self.evictions = self._rows("evictions.csv")
        self.parts = self._rows("eviction_parts.csv")
        self.comparison = self._rows("comparison.csv")

    def _rows(self, name):
        with open(self.directory / name, newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))

    def policies(self):
        """a and b in the order of the comparison; by name when nothing was compared."""
        for row in self.comparison:
            return [row["policy_a"], row["policy_b"]]
        return self.manifest["policies"]

    def measured(self, policy):
        return [row for row in self.evictions
                if row["policy"] == policy and int(row["start_ns"]) >= self.manifest["measure_from_ns"]]

    def restored(self, policy):
        return [row for row in self.measured(policy) if row["outcome"] == "restored"]

    def compared(self, metric, role):
        for row in self.comparison:
            if (row["variant"], row["metric"], row["role"], row["stat"]) == ("base", metric, role, "mean"):
                return row
        return None


def time_scale(largest_ns):
    """The divisor and the name of the unit that suits times up to largest_ns."""
    for divisor, unit in ((1e9, "s"), (1e6, "ms"), (1e3, "µs")):
        if largest_ns >= divisor:
            return divisor, unit
    return 1.0, "ns"


def key_of(row):
    return row["policy"], row["rep"], row["process"], row["eviction"]


def footnote(figure, run, y=-0.01):
    """What was simulated, and how much of it rests on assumptions."""
    manifest = run.manifest
    inputs = manifest["assumptions"]
    known = sum(1 for text in inputs if re.search(r"\((measured|code|spec|computed)\b", text))
    text = (f"{manifest['scenario']} on {manifest['device']}, kernel {manifest['kernel']}, "
            f"{len(manifest['replications'])} replications, seed {manifest['seed']}. "
            f"{len(inputs) - known} of {len(inputs)} uncertain inputs are assumed, not measured (manifest.json).")
    if manifest["status"] != "complete":
        text += " PARTIAL RESULTS."
    figure.text(0.01, y, "\n".join(textwrap.wrap(text, 150)), fontsize=6.5, color="#555555", va="top")


def plot_downtime(run, path):
    figure, axes = plt.subplots(figsize=(7, 4))
    policies = run.policies()
    values = {policy: np.sort([int(row["downtime_ns"]) for row in run.restored(policy) if row["downtime_ns"]])
              for policy in policies}
    divisor, unit = time_scale(max((v[-1] for v in values.values() if v.size), default=1))
    for policy, colour, line in zip(policies, POLICY_COLOURS, ("-", (0, (4, 2)))):
        times = values[policy] / divisor
        if not times.size:
            continue
        steps = np.arange(1, times.size + 1) / times.size
        unfinished = sum(1 for row in run.measured(policy) if row["outcome"] != "restored" and row["first_stop_ns"])
        axes.step(np.concatenate(([times[0]], times)), np.concatenate(([0], steps)), where="post", color=colour,
                  linewidth=1.8, linestyle=line, label=f"{policy}: mean {times.mean():.4g} {unit}, n = {times.size}" +
                  (f" and {unfinished} unfinished" if unfinished else ""))
        axes.axvline(times.mean(), color=colour, linewidth=1, linestyle=line)
    axes.set_title("Downtime of a victim", pad=20)
    row = run.compared("downtime_ns", "victim")
    if row is not None and row["ci_low"]:
        small, small_unit = time_scale(max(abs(float(row[key])) for key in ("difference", "ci_low", "ci_high")))
        low, middle, high = (float(row[key]) / small for key in ("ci_low", "difference", "ci_high"))
        axes.text(0, 1.02, f"{row['policy_b']} \u2212 {row['policy_a']}, paired by replication: "
                           f"{middle:+.3g} {small_unit} (95 % CI {low:+.3g} to {high:+.3g} {small_unit})",
                  transform=axes.transAxes, fontsize=8.5, va="bottom")
    axes.set_xlabel(f"downtime, first stop to last queue running again ({unit}); vertical lines: means")
    axes.set_ylabel("share of restored evictions")
    axes.set_ylim(0, 1.02)
    if axes.get_legend_handles_labels()[0]:
        figure.legend(*axes.get_legend_handles_labels(), loc="upper left", bbox_to_anchor=(0.1, 0.0), fontsize=8,
                      ncol=1)
    footnote(figure, run, y=-0.14)
    figure.savefig(path)
    plt.close(figure)


def mean_parts(run, policy):
    """Mean critical time of each part over the policy's restored evictions, in nanoseconds."""
    keys = {key_of(row) for row in run.restored(policy)}
    sums = collections.Counter()
    for row in run.parts:
        if row["critical"] == "1" and key_of(row) in keys:
            sums[row["part"]] += int(row["end_ns"]) - int(row["start_ns"])
    return {part: total / len(keys) for part, total in sums.items()} if keys else {}


def top_parts(means):
    totals = collections.Counter()
    for parts in means.values():
        totals.update(parts)
    return [part for part, _ in totals.most_common(TOP_PARTS)]


def stacked_bars(axes, means, policies, parts, title):
    divisor, unit = time_scale(max((sum(means[p].get(part, 0) for part in parts) for p in policies), default=1))
    for row, policy in enumerate(policies):
        left = 0.0
        total = sum(means[policy].get(part, 0.0) for part in parts) / divisor
        for part in parts:
            width = means[policy].get(part, 0.0) / divisor
            axes.barh(row, width, left=left, color=axes.part_colours[part], height=0.6, edgecolor="white",
                      linewidth=0.5)
            if total > 0 and width / total > 0.09:
                axes.text(left + width / 2, row, f"{part}\n{width:.3g}", ha="center", va="center", fontsize=6.5,
                          color=text_colour(axes.part_colours[part]))
            left += width
        axes.text(left, row, f"  {total:.4g} {unit}", va="center", fontsize=8)
    axes.set_yticks(range(len(policies)), policies)
    axes.invert_yaxis()
    axes.margins(x=0.14)
    axes.set_xlim(left=0)
    axes.grid(axis="y", visible=False)
    axes.set_title(title, fontsize=9)
    axes.set_xlabel(f"mean time on the critical chain ({unit})")


def text_colour(background):
    red, green, blue = (int(background[i:i + 2], 16) for i in (1, 3, 5))
    return "white" if 0.299 * red + 0.587 * green + 0.114 * blue < 140 else "black"


def plot_parts(run, path):
    policies = run.policies()
    means = {policy: mean_parts(run, policy) for policy in policies}
    every = sorted({part for parts in means.values() for part in parts})
    top = top_parts(means)
    colours = {part: REST_COLOUR for part in every}
    colours.update(zip(top, PART_COLOURS))
    ordered = top + [part for part in every if part not in top]
    # Moves are the same work under both policies and often dwarf the rest, so the rest has a panel of its own.
    without = [part for part in ordered if part not in ("move", "restore_delay")]
    panels = [("All parts", ordered)]
    if len(without) < len(ordered):
        panels.append(("Without the buffers' move and the kernel's restore delay", without))
    figure, all_axes = plt.subplots(len(panels), 1, figsize=(8, 1.2 + 1.8 * len(panels)), squeeze=False)
    for axes, (title, parts) in zip(all_axes[:, 0], panels):
        axes.part_colours = colours
        stacked_bars(axes, means, policies, parts, title)
    figure.suptitle("Where the time of an eviction goes", x=0.01, ha="left", fontweight="bold", fontsize=11)
    handles = [plt.Rectangle((0, 0), 1, 1, color=colours[part]) for part in top]
    names = list(top)
    if len(ordered) > len(top):
        handles.append(plt.Rectangle((0, 0), 1, 1, color=REST_COLOUR))
        names.append("other parts")
    figure.tight_layout(rect=(0, 0, 0.82, 1))
    figure.legend(handles, names, loc="center right", fontsize=7.5)
    footnote(figure, run)
    figure.savefig(path)
    plt.close(figure)


def typical_eviction(run, policy):
    rows = sorted((row for row in run.restored(policy) if row["downtime_ns"]), key=lambda row: int(row["downtime_ns"]))
    return rows[len(rows) // 2] if rows else None


def windows_of(parts, eviction):
    """The stretches of time to draw, each with a title: all of it, or what lies before and after one long part."""
    start, end = int(eviction["start_ns"]), int(eviction["restored_ns"])
    critical = [row for row in parts if row["critical"] == "1"]
    longest = max(critical, key=lambda row: int(row["end_ns"]) - int(row["start_ns"]))
    begins, ends = int(longest["start_ns"]), int(longest["end_ns"])
    if 2 * (ends - begins) < end - start or begins == start or ends == end:
        return [(start, end, "")]
    margin = (end - start - (ends - begins)) // 20
    divisor, unit = time_scale(ends - begins)
    return [(start, begins + margin, "before"),
            (ends - margin, end, f"after {(ends - begins) / divisor:.3g} {unit} of {longest['part']}")]


def draw_tracks(axes, tracks, window, colours):
    begin, end, title = window
    divisor, unit = time_scale(end - begin)
    for line, (_, rows) in enumerate(tracks):
        for row in rows:
            left, right = max(int(row["start_ns"]), begin), min(int(row["end_ns"]), end)
            if right > left:
                axes.barh(line, (right - left) / divisor, left=(left - begin) / divisor, height=0.6,
                          color=colours.get(row["part"], REST_COLOUR), edgecolor="white", linewidth=0.3)
    axes.set_xlim(0, (end - begin) / divisor)
    axes.set_ylim(len(tracks) - 0.5, -0.5)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel(unit)
    axes.set_title(title, fontsize=8, fontweight="normal", pad=14)
    return begin, end, divisor


def mark_moments(axes, eviction, window, divisor):
    begin, end, _ = window
    for column, name in (("first_stop_ns", "first stop"), ("signaled_ns", "signalled"), ("restored_ns", "restored")):
        if not eviction[column] or not begin <= int(eviction[column]) <= end:
            continue
        moment = (int(eviction[column]) - begin) / divisor
        axes.axvline(moment, color=BLACK, linewidth=0.8, linestyle=":")
        axes.annotate(name, (moment, 1.01), xycoords=("data", "axes fraction"), fontsize=6.5, ha="right",
                      va="bottom")


def tracks_of(parts):
    tracks = [("critical chain", [row for row in parts if row["critical"] == "1"])]
    for queue in sorted({row["queue"] for row in parts if row["critical"] == "0"}):
        rows = [row for row in parts if row["critical"] == "0" and row["queue"] == queue]
        tracks.append((f"{queue}, beside it" if queue else "worker, beside it", rows))
    return tracks


def plot_timeline(run, path):
    chosen = [row for row in (typical_eviction(run, policy) for policy in run.policies()) if row is not None]
    if not chosen:
        print("no restored eviction: no timeline.png", file=sys.stderr)
        return
    parts = [[row for row in run.parts if key_of(row) == key_of(eviction)] for eviction in chosen]
    shown = collections.Counter()
    for rows in parts:
        for row in rows:
            shown[row["part"]] += int(row["end_ns"]) - int(row["start_ns"])
    colours = dict(zip((part for part, _ in shown.most_common(TOP_PARTS)), PART_COLOURS))
    windows = [windows_of(rows, eviction) for rows, eviction in zip(parts, chosen)]
    columns = max(len(each) for each in windows)
    height = 1.0 + sum(1.1 + 0.22 * len(tracks_of(rows)) for rows in parts)
    figure, grid = plt.subplots(len(chosen), columns, figsize=(10, height), squeeze=False)
    for axes, rows, eviction, each in zip(grid, parts, chosen, windows):
        tracks = tracks_of(rows)
        for column, window in enumerate(each):
            _, _, divisor = draw_tracks(axes[column], tracks, window, colours)
            mark_moments(axes[column], eviction, window, divisor)
            axes[column].set_yticks(range(len(tracks)), [name for name, _ in tracks] if column == 0 else [],
                                    fontsize=7.5)
        for unused in axes[len(each):]:
            unused.set_visible(False)
        axes[0].set_ylabel(eviction["policy"], fontweight="bold")
    figure.suptitle("An eviction of median downtime, from the fence's enabling to restored", x=0.01, ha="left",
                    fontweight="bold", fontsize=11)
    handles = [plt.Rectangle((0, 0), 1, 1, color=colour) for colour in (*colours.values(), REST_COLOUR)]
    figure.tight_layout(rect=(0, 0, 0.86, 0.98))
    figure.legend(handles, [*colours, "other parts"], loc="center right", fontsize=7.5)
    footnote(figure, run)
    figure.savefig(path)
    plt.close(figure)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", help="directory that `userqsim compare` left")
    parser.add_argument("--to", help="directory for the PNG files; default: RUN/plots")
    arguments = parser.parse_args()
    try:
        run = Run(arguments.run)
    except OSError as error:
        raise SystemExit(f"cannot read {arguments.run}: {error}") from error
    to = pathlib.Path(arguments.to or run.directory / "plots")
    to.mkdir(parents=True, exist_ok=True)
    plt.rcParams.update(STYLE)
    for name, plot in (("downtime", plot_downtime), ("parts", plot_parts), ("timeline", plot_timeline)):
        plot(run, to / f"{name}.png")
        print(to / f"{name}.png")


if __name__ == "__main__":
    main()
