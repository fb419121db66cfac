"""Train curves as one SVG picture, from the log.jsonl of one or several runs of either stage.

    python3 models/training/curves.py --log NAME=RUN/log.jsonl [--log ...] --out curves.svg
      [--figures total,iou,kl] [--title TEXT] [--smooth 5]

One panel for each figure, one line for each run. Without --figures they are those of FIGURES that the logs have. A
log of a resumed run may hold a step twice: the later entry counts. Validations are drawn as points, where their
report has the figure too.
"""
import argparse
import json
import math
import os
from xml.sax.saxutils import escape

# What is drawn without --figures, in this order, and how it is called.
FIGURES = {
    "loss": "loss",
    "words": "loss of words",
    "coordinates": "loss of coordinates",
    "attention": "loss of attention",
    "dense_iou": "IoU read from image tokens",
    "dense_state": "state read from image tokens",
    "total": "reward",
    "format": "reward: format",
    "answer": "reward: answer",
    "box": "reward: box",
    "coherence": "reward: coherence",
    "iou": "IoU of sampled boxes",
    "illusion": "positional illusions, sampled",
    "valid": "valid format",
    "kl": "KL to the reference",
    "supervised": "supervised loss",
    "clipped": "share of clipped tokens",
    "entropy": "entropy of a token (nats)",
    "length": "length of an answer (tokens)",
    "spread": "spread of rewards in a group",
    "groupsEqual": "groups with equal rewards",
    "norm": "norm of the gradient",
    "rate": "learning rate",
    "accuracy": "validation: accuracy",
    "miou": "validation: mean IoU",
    "illusions": "validation: illusions",
}
# The last three are figures of validations; they are drawn as lines with points.
VALIDATION = ("accuracy", "miou", "illusions")
# Okabe and Ito's colours, which colour-blind readers tell apart.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM, COLUMNS = 330, 210, 52, 14, 34, 34, 3


def read_log(path):
    """{figure: [(step, value)]} of a log; lines of events other than validation are passed over."""
    steps, validations = {}, {}
    try:
        with open(path, encoding="utf8") as file:
            for number, line in enumerate(file, 1):
                if not line.strip():
                    continue
                try:
                    entry = json.loads(line)
                except json.JSONDecodeError as error:
                    raise SystemExit(f"{path}:{number}: not JSON ({error}).") from None
                if "step" not in entry:
                    continue
                if entry.get("event") == "validation":
                    validations[entry["step"]] = entry
                elif "event" not in entry:
                    # A run begun anew or resumed from an earlier step takes back what came after it.
                    steps = {step: old for step, old in steps.items() if step < entry["step"]}
                    steps[entry["step"]] = entry
    except OSError as error:
        raise SystemExit(f"{path}: cannot be read ({error.strerror}). Give a run's log.jsonl.") from None
    found = {}
    for names, entries in ((set(FIGURES) - set(VALIDATION), steps), (VALIDATION, validations)):
        for step in sorted(entries):
            for name, value in entries[step].items():
                if name in names and isinstance(value, (int, float)) and math.isfinite(value):
                    found.setdefault(name, []).append((step, value))
    if not found:
        raise SystemExit(f"{path}: no entry with a step and figures. Give a run's log.jsonl.")
    return found


def ticks(low, high, about=4, least=0.0):
    """Round numbers within [low, high], about so many, at least `least` apart."""
    raw = max((high - low) / about, least)
    scale = 10 ** math.floor(math.log10(raw))
    step = next(scale * factor for factor in (1, 2, 2.5, 5, 10) if scale * factor >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [index * step for index in range(first, math.floor(high / step + 1e-9) + 1)]


def number(value):
    """A tick's number, short."""
    if value and (abs(value) >= 1e5 or abs(value) < 1e-3):
        return f"{value:.0e}".replace("e-0", "e-").replace("e+0", "e")
    return f"{value:.6g}"


def smoothed(points, window):
    """Mean over the last `window` points."""
    if window <= 1:
        return points
    out = []
    for index in range(len(points)):
        part = points[max(0, index + 1 - window) : index + 1]
        out.append((points[index][0], sum(value for _, value in part) / len(part)))
    return out


def limits(values):
    low, high = min(values), max(values)
    margin = (high - low) * 0.06 or abs(high) * 0.1 or 1.0
    bottom = 0.0 if low >= 0 and low - margin < 0 else low - margin
    return bottom, high + margin


def panel(name, runs, colours, smooth, x0, y0):
    """SVG text of one panel at (x0, y0): title, axes with ticks, one line for each run that has the figure."""
    series = [(colours[run], smoothed(found[name], smooth)) for run, found in runs if name in found]
    low, high = limits([value for _, points in series for _, value in points])
    first = min(points[0][0] for _, points in series)
    last = max(points[-1][0] for _, points in series)
    last = last if last > first else first + 1
    wide, tall = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def x(step):
        return x0 + LEFT + (step - first) / (last - first) * wide

    def y(value):
        return y0 + TOP + (high - value) / (high - low) * tall

    out = [f'<text x="{x0 + LEFT}" y="{y0 + TOP - 12}" class="title">{escape(FIGURES[name])}</text>']
    for value in ticks(low, high):
        out.append(f'<path class="grid" d="M{x0 + LEFT} {y(value):.1f}h{wide}"/>')
        out.append(f'<text x="{x0 + LEFT - 6}" y="{y(value) + 3.5:.1f}" text-anchor="end">{number(value)}</text>')
    for step in ticks(first, last, least=1.0):
        out.append(f'<path class="axis" d="M{x(step):.1f} {y0 + TOP + tall}v4"/>')
        out.append(f'<text x="{x(step):.1f}" y="{y0 + TOP + tall + 16}" text-anchor="middle">{number(step)}</text>')
    out.append(f'<path class="axis" d="M{x0 + LEFT} {y0 + TOP}v{tall}h{wide}"/>')
    out.append(f'<text x="{x0 + LEFT + wide}" y="{y0 + HEIGHT - 6}" text-anchor="end" class="unit">step</text>')
    for colour, points in series:
        line = " ".join(f"{x(step):.1f},{y(value):.1f}" for step, value in points)
        if len(points) > 1:
            out.append(f'<polyline class="line" stroke="{colour}" points="{line}"/>')
        if name in VALIDATION or len(points) == 1:
            dot = f'r="2.6" fill="{colour}"'
            out += [f'<circle cx="{x(step):.1f}" cy="{y(value):.1f}" {dot}/>' for step, value in points]
    return out


def picture(runs, names=None, title="", smooth=1):
    """SVG text of runs [(name, figures of read_log)]."""
    has = [name for name in FIGURES if any(name in found for _, found in runs)]
    if names is None:
        names = has
    for name in names:
        if name not in has:
            raise SystemExit(f"The figure {name} is in no log. There are {', '.join(has)}.")
    colours = {run: COLOURS[index % len(COLOURS)] for index, (run, _) in enumerate(runs)}
    columns = min(COLUMNS, len(names))
    rows = math.ceil(len(names) / columns)
    legend, place = [], LEFT
    head = 64 if title else 40
    for run, colour in colours.items():
        legend.append(f'<path d="M{place} {head - 18}h20" class="line" stroke="{colour}"/>')
        legend.append(f'<text x="{place + 26}" y="{head - 14}" class="name">{escape(run)}</text>')
        place += 52 + 7 * len(run)
    width, height = max(columns * WIDTH, place), head + rows * HEIGHT + 8
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        'font-family="Helvetica, Arial, sans-serif" font-size="11" fill="#333">',
        "<style>.grid{stroke:#e4e4e4}.axis{stroke:#888;fill:none}.line{fill:none;stroke-width:1.8}"
        ".title{font-size:12.5px;font-weight:bold;fill:#111}.heading{font-size:16px;font-weight:bold;fill:#111}"
        ".name{font-size:12px;fill:#111}.unit{fill:#777}</style>",
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
    ]
    if title:
        out.append(f'<text x="{LEFT}" y="26" class="heading">{escape(title)}</text>')
    out += legend
    for index, name in enumerate(names):
        row, column = divmod(index, columns)
        out += panel(name, runs, colours, smooth, column * WIDTH, head + row * HEIGHT)
    return "\n".join([*out, "</svg>"]) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--log", action="append", required=True, metavar="NAME=FILE")
    parser.add_argument("--out", required=True)
    parser.add_argument("--figures", help="names separated by commas; all that the logs have when left out")
    parser.add_argument("--title", default="")
    parser.add_argument("--smooth", type=int, default=1, help="mean over so many entries of the log")
    arguments = parser.parse_args()
    runs = []
    for given in arguments.log:
        name, _, path = given.rpartition("=")
        runs.append((name or os.path.basename(os.path.dirname(os.path.abspath(path))), read_log(path)))
    names = arguments.figures.split(",") if arguments.figures else None
    drawn = picture(runs, names, arguments.title, arguments.smooth)
    with open(arguments.out, "w", encoding="utf8") as file:
        file.write(drawn)
    print(f"{arguments.out}: {len(runs)} runs")


if __name__ == "__main__":
    main()
