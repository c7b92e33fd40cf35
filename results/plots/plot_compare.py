#!/usr/bin/env python3
"""Plots of one comparison.

Reads the directory that `userqsim compare` left and writes three PNG files, for any number of policies (or kernels,
with --vary kernel):

  downtime.png   how long victims were down: the distribution of each policy, its mean and the 95 % interval of its
                 paired difference from the first
  parts.png      where the time of an eviction goes: the mean of each critical part
  timeline.png   one eviction as bars on a line, the same under every policy: of those that all restored, the one
                 nearest to the median downtime of the first

Usage: plot_compare.py RUN [--to DIRECTORY]
"""
import argparse
import collections
import pathlib
import re
import sys
import textwrap

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402  (the backend comes first: no display is needed)
import numpy as np  # noqa: E402

import userqsim_results  # noqa: E402

# Okabe and Ito's colours: told apart with every common colour blindness, and in grey by their order.
BLUE, ORANGE, GREEN, VERMILLION, SKY, PURPLE, YELLOW, BLACK = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#F0E442", "#000000")
POLICY_COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK)
POLICY_LINES = ("-", (0, (4, 2)), (0, (1, 1.2)), (0, (5, 1.5, 1, 1.5)))
# Each part of an eviction (docs/outputs.md) has one colour in every figure. What the schemes differ in and what takes
# long have the colours that are told apart best; what waits for the same thing has shades of one.
PART_COLOURS = {
    "min_run": "#D9D9D9",
    "suspend_start": "#8C8C8C",
    "userq_lock": "#6B4C2A",
    "fence_wait": YELLOW,
    "mes_lock": "#A67C52",
    "mes_packet": GREEN,
    "suspend_fence": VERMILLION,
    "restore_delay": "#BFBFBF",
    "restore_start": "#737373",
    "move": BLUE,
    "userptr_fault": ORANGE,
    "page_table": SKY,
    "tlb_flush": "#00476B",
    "drain": PURPLE,
    "context_save": "#8A3A6B",
    "unmap": "#7FD3B8",
    "slot_wait": "#4D4D4D",
    "map": "#00553F",
    "context_load": "#E3B5CF",
    "pipe_wait": "#F5C97A",
    "connect": "#9C6500",
    "run": "#F0A58A",
    "given_up": BLACK,
    "unfinished": "#2B2B2B",
}
REST_COLOUR = "#F2F2F2"  # a part that this program does not know

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
    """One comparison: its manifest, and its rows as dictionaries."""

    def __init__(self, directory):
        self.results = userqsim_results.load(directory)
        if self.results.command != "compare":
            raise SystemExit(f"{directory} was not left by `userqsim compare`")
        self.manifest = self.results.manifest
        self.evictions = userqsim_results.records(self.results.measured("evictions", "start_ns"))
        self.parts = userqsim_results.records(self.results.frame("eviction_parts"))

    def policies(self):
        """What the column policy says, in the order of the comparison: the first is the baseline."""
        return self.results.policies

    def measured(self, policy):
        return [row for row in self.evictions if row["policy"] == policy]

    def restored(self, policy):
        return [row for row in self.measured(policy) if row["outcome"] == "restored"]

    def against_first(self, metric, role):
        """The base's row of each other policy against the first, where there is one."""
        rows = userqsim_results.records(self.results.differences(metric, role, "mean"))
        return [row for row in rows if row["policy_a"] == self.policies()[0]]


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
    kernel = f"kernel {manifest['kernel']}" if manifest["kernel"] else "each kernel with its native policy"
    text = (f"{manifest['scenario']} on {manifest['device']}, {kernel}, "
            f"{len(manifest['replications'])} replications, seed {manifest['seed']}. "
            f"{len(inputs) - known} of {len(inputs)} uncertain inputs are assumed, not measured (manifest.json).")
    if manifest["status"] != "complete":
        text += " PARTIAL RESULTS."
    figure.text(0.01, y, "\n".join(textwrap.wrap(text, 150)), fontsize=6.5, color="#555555", va="top")


def style_of(index):
    """Colour and line of a policy: no two of 28 have both alike."""
    return POLICY_COLOURS[index % len(POLICY_COLOURS)], POLICY_LINES[index % len(POLICY_LINES)]


def differences_from_first(run):
    """A line for each other policy: its paired difference and the interval."""
    lines = []
    for row in run.against_first("downtime_ns", "victim"):
        if row["ci_low"] is not None:
            small, unit = time_scale(max(abs(row[key]) for key in ("difference", "ci_low", "ci_high")))
            low, middle, high = (row[key] / small for key in ("ci_low", "difference", "ci_high"))
            lines.append(f"{row['policy_b']} \u2212 {row['policy_a']}, paired by replication: "
                         f"{middle:+.3g} {unit} (95 % CI {low:+.3g} to {high:+.3g} {unit})")
    return lines


def plot_downtime(run, path):
    policies = run.policies()
    figure, axes = plt.subplots(figsize=(7, 4))
    values = {policy: np.sort([row["downtime_ns"] for row in run.restored(policy) if row["downtime_ns"] is not None])
              for policy in policies}
    divisor, unit = time_scale(max((v[-1] for v in values.values() if v.size), default=1))
    for index, policy in enumerate(policies):
        colour, line = style_of(index)
        # The first is widest, so that all of several equal curves are seen.
        width = 1.6 + 3.6 * (len(policies) - 1 - index) / max(len(policies) - 1, 6)
        times = values[policy] / divisor
        if not times.size:
            continue
        steps = np.arange(1, times.size + 1) / times.size
        unfinished = sum(1 for row in run.measured(policy) if row["outcome"] != "restored" and row["first_stop_ns"] is not None)
        axes.step(np.concatenate(([times[0]], times)), np.concatenate(([0], steps)), where="post", color=colour,
                  linewidth=width, linestyle=line, label=f"{policy}: mean {times.mean():.4g} {unit}, n = {times.size}" +
                  (f" and {unfinished} unfinished" if unfinished else ""))
        axes.axvline(times.mean(), color=colour, linewidth=1, linestyle=line)
    differences = differences_from_first(run)
    axes.set_title("Downtime of a victim", pad=11 + 9.5 * len(differences))
    axes.text(0, 1.02, "\n".join(differences), transform=axes.transAxes, fontsize=7.5, va="bottom")
    axes.set_xlabel(f"downtime, first stop to last queue running again ({unit}); vertical lines: means")
    axes.set_ylabel("share of restored evictions")
    axes.set_ylim(0, 1.02)
    handles, labels = axes.get_legend_handles_labels()
    if labels:
        figure.legend(handles, labels, loc="upper left", bbox_to_anchor=(0.1, 0.0), fontsize=8, ncol=1)
    footnote(figure, run, y=-0.03 - 0.05 * len(labels))
    figure.savefig(path)
    plt.close(figure)


def mean_parts(run, policy):
    """Mean critical time of each part over the policy's restored evictions, in nanoseconds."""
    keys = {key_of(row) for row in run.restored(policy)}
    sums = collections.Counter()
    for row in run.parts:
        if row["critical"] == 1 and key_of(row) in keys:
            sums[row["part"]] += row["end_ns"] - row["start_ns"]
    return {part: total / len(keys) for part, total in sums.items()} if keys else {}


def in_order(parts):
    """The given parts as an eviction goes through them."""
    known = [part for part in PART_COLOURS if part in parts]
    return known + sorted(set(parts) - set(known))


def colour_of(part):
    return PART_COLOURS.get(part, REST_COLOUR)


def add_legend(figure, parts):
    handles = [plt.Rectangle((0, 0), 1, 1, facecolor=colour_of(part), edgecolor="#888888", linewidth=0.3)
               for part in parts]
    figure.legend(handles, parts, loc="center right", fontsize=7.5)


def stacked_bars(axes, means, policies, parts, title, scale):
    divisor, unit = scale
    totals = [sum(means[policy].get(part, 0.0) for part in parts) / divisor for policy in policies]
    letter = 0.0125 * max(totals, default=0.0)  # about the width of one in a label
    for row, policy in enumerate(policies):
        left = 0.0
        for part in parts:
            width = means[policy].get(part, 0.0) / divisor
            axes.barh(row, width, left=left, color=colour_of(part), height=0.6, edgecolor="white", linewidth=0.5)
            value = f"{width:.3g}"
            if width > letter * max(len(part), len(value)):
                axes.text(left + width / 2, row, f"{part}\n{value}", ha="center", va="center", fontsize=6.5,
                          color=text_colour(colour_of(part)))
            left += width
        axes.text(left, row, f"  {totals[row]:.4g} {unit}", va="center", fontsize=8)
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
    ordered = in_order({part for parts in means.values() for part, time in parts.items() if time > 0})
    scale = time_scale(max((sum(means[policy].values()) for policy in policies), default=1))
    # What is the same work under every policy often dwarfs the rest, so the rest has a panel of its own.
    shared = [part for part in ordered if part in ("move", "restore_delay", "userptr_fault")]
    panels = [("All parts", ordered)]
    if shared:
        panels.append((f"Without {', '.join(shared)}",
                       [part for part in ordered if part not in shared]))
    figure, all_axes = plt.subplots(len(panels), 1, squeeze=False,
                                   figsize=(6.6 + 0.09 * max(len(policy) for policy in policies),
                                            1.2 + (0.8 + 0.5 * len(policies)) * len(panels)))
    for axes, (title, parts) in zip(all_axes[:, 0], panels):
        stacked_bars(axes, means, policies, parts, title, scale)
    figure.suptitle("Where the time of an eviction goes", x=0.01, ha="left", fontweight="bold", fontsize=11)
    figure.tight_layout(rect=(0, 0, 0.82, 1))
    add_legend(figure, ordered)
    footnote(figure, run)
    figure.savefig(path)
    plt.close(figure)


def typical_eviction(run):
    """The same eviction under each policy, or nothing: of those that all restored, the one whose downtime under the
    first policy is nearest to that policy's median."""
    by_name = [{key_of(row)[1:]: row for row in run.restored(policy) if row["downtime_ns"] is not None}
               for policy in run.policies()]
    times = sorted(row["downtime_ns"] for row in by_name[0].values())
    shared = [name for name in by_name[0] if all(name in rows for rows in by_name[1:])]
    if not shared:
        return []
    median = times[len(times) // 2]
    chosen = min(shared, key=lambda name: abs(by_name[0][name]["downtime_ns"] - median))
    return [rows[chosen] for rows in by_name]


def windows_of(parts, eviction):
    """The stretches of time to draw, each with a title: all of it, or what lies before and after one long part."""
    start, end = eviction["start_ns"], eviction["restored_ns"]
    critical = [row for row in parts if row["critical"] == 1]
    longest = max(critical, key=lambda row: row["end_ns"] - row["start_ns"])
    begins, ends = longest["start_ns"], longest["end_ns"]
    if 2 * (ends - begins) < end - start or begins == start or ends == end:
        return [(start, end, "")]
    margin = (end - start - (ends - begins)) // 20
    divisor, unit = time_scale(ends - begins)
    return [(start, begins + margin, "before"),
            (ends - margin, end, f"after {(ends - begins) / divisor:.3g} {unit} of {longest['part']}")]


def draw_tracks(axes, tracks, window, scale):
    begin, end, title = window
    divisor, unit = scale
    for line, (_, rows) in enumerate(tracks):
        for row in rows:
            left, right = max(row["start_ns"], begin), min(row["end_ns"], end)
            if right > left:
                axes.barh(line, (right - left) / divisor, left=(left - begin) / divisor, height=0.6,
                          color=colour_of(row["part"]), edgecolor="white", linewidth=0.3)
    axes.set_xlim(0, (end - begin) / divisor)
    axes.set_ylim(len(tracks) - 0.5, -0.5)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel(unit)
    axes.set_title(title, fontsize=8, fontweight="normal", pad=26)


def mark_moments(axes, eviction, window, divisor):
    begin, end, _ = window
    moments = [(eviction[column], name)
               for column, name in (("first_stop_ns", "first stop"), ("signaled_ns", "signalled"),
                                    ("restored_ns", "restored"))
               if eviction[column] is not None and begin <= eviction[column] <= end]
    level = 0
    for index, (moment, name) in enumerate(moments):
        near = index > 0 and moment - moments[index - 1][0] < 0.25 * (end - begin)
        level = level + 1 if near else 0  # above the one before, which would be written over
        at = (moment - begin) / divisor
        right = (moment - begin) > 0.25 * (end - begin)
        axes.axvline(at, color=BLACK, linewidth=0.8, linestyle=":")
        axes.annotate(name, (at, 1.0), xycoords=("data", "axes fraction"), xytext=(-1 if right else 1, 1 + 8 * level),
                      textcoords="offset points", fontsize=6.5, ha="right" if right else "left", va="bottom")


def tracks_of(parts):
    tracks = [("critical chain", [row for row in parts if row["critical"] == 1])]
    for queue in sorted({row["queue"] or "" for row in parts if row["critical"] == 0}):
        rows = [row for row in parts if row["critical"] == 0 and (row["queue"] or "") == queue]
        tracks.append((f"{queue}, beside it" if queue else "worker, beside it", rows))
    return tracks


def plot_timeline(run, path):
    chosen = typical_eviction(run)
    if not chosen:
        print("no eviction that every policy restored: no timeline.png", file=sys.stderr)
        return
    parts = [[row for row in run.parts if key_of(row) == key_of(eviction)] for eviction in chosen]
    windows = [windows_of(rows, eviction) for rows, eviction in zip(parts, chosen)]
    scale = time_scale(max(end - begin for each in windows for begin, end, _ in each))
    columns = max(len(each) for each in windows)
    height = 1.2 + sum(1.3 + 0.22 * len(tracks_of(rows)) for rows in parts)
    figure, grid = plt.subplots(len(chosen), columns, figsize=(10, height), squeeze=False)
    for axes, rows, eviction, each in zip(grid, parts, chosen, windows):
        tracks = tracks_of(rows)
        for column, window in enumerate(each):
            draw_tracks(axes[column], tracks, window, scale)
            mark_moments(axes[column], eviction, window, scale[0])
            axes[column].set_yticks(range(len(tracks)), [name for name, _ in tracks] if column == 0 else [],
                                    fontsize=7.5)
        for unused in axes[len(each):]:
            unused.set_visible(False)
        axes[0].set_ylabel(eviction["policy"].replace(":", ":\n"), fontweight="bold", fontsize=8, labelpad=10)
    eviction = chosen[0]
    figure.suptitle(f"Eviction {eviction['eviction']} of {eviction['process']} in replication {eviction['rep']}, of "
                    "median downtime: from the fence's enabling to restored", x=0.01, ha="left", fontweight="bold",
                    fontsize=11)
    figure.tight_layout(rect=(0, 0, 0.86, 0.98))
    add_legend(figure, in_order({row["part"] for rows in parts for row in rows}))
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
    except userqsim_results.ResultsError as error:
        raise SystemExit(str(error)) from error
    to = pathlib.Path(arguments.to or run.results.directory / "plots")
    to.mkdir(parents=True, exist_ok=True)
    plt.rcParams.update(STYLE)
    for name, plot in (("downtime", plot_downtime), ("parts", plot_parts), ("timeline", plot_timeline)):
        plot(run, to / f"{name}.png")
        print(to / f"{name}.png")


if __name__ == "__main__":
    main()
