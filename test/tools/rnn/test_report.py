"""rnn report: the page in a browser, plots, files for TensorBoard, and what is
said of runs that are damaged."""

import glob
import json
import math
import os
import re
import shutil
import struct
import unittest
import xml.etree.ElementTree as ElementTree

import browser
from event_file import read_events
from rnn_command import RnnTest, text_of

BLUE, ORANGE = (0x00, 0x72, 0xB2), (0xD5, 0x5E, 0x00)


def metrics_of(steps, start=4.0, every=0, spike=None):
    """Lines as `rnn train --log` writes them."""
    lines = []
    for step in range(1, steps + 1):
        loss = 1 + start * math.exp(-step / (steps / 4))
        if step == spike:
            loss += 50
        lines.append({"step": step, "loss": loss,
                      "learning_rate": 3e-3 * min(step / 10, 1),
                      "gradient_norm": 1 / step + 0.1,
                      "tokens_per_second": 90000 + step, "elapsed": step / 10})
        if every and step % every == 0:
            lines.append({"step": step, "validation_loss": loss + 0.1})
    return lines


def text_lines(lines):
    return "".join(json.dumps(line) + "\n" for line in lines)


def vertices(path):
    """[[(x, y), ...], ...]: the pieces of a path, which gaps divide."""
    pieces = []
    for piece in path["d"].split("M")[1:]:
        pieces.append([tuple(map(float, pair.split()))
                       for pair in piece.split("L")])
    return pieces


def number_of(label):
    units = {"k": 1e3, "M": 1e6, "G": 1e9}
    if label[-1] in units:
        return float(label[:-1]) * units[label[-1]]
    return float(label)


class ChartOnPage:
    """A chart read as a person does: by the labels of its axes."""

    def __init__(self, group):
        self.group = group
        self.log = group["data-scale"] == "log"
        self.across = self.scale("tick-x", "x", False)
        self.down = self.scale("tick-y", "y", self.log)

    def scale(self, kind, place, log):
        ticks = [(float(t[place]), number_of(t.text()))
                 for t in self.group.all("text", kind)]
        assert len(ticks) >= 2, f"{len(ticks)} ticks"
        (p0, v0), (p1, v1) = ticks[0], ticks[-1]
        if place == "y":  # the baseline of a label is below its line
            p0, p1 = p0 - 4, p1 - 4
        if log:
            v0, v1 = math.log(v0), math.log(v1)

        def value(at):
            v = v0 + (at - p0) / (p1 - p0) * (v1 - v0)
            return math.exp(v) if log else v
        return value

    def curve(self, label):
        path, = self.group.all("path", "curve", data_label=label)
        return [[(self.across(x), self.down(y)) for x, y in piece]
                for piece in vertices(path)]


def chart_of(page, key, scale="linear"):
    group, = page.all("g", "chart", data_key=key, data_scale=scale)
    return ChartOnPage(group)


class ReportTest(RnnTest):
    def write_run(self, name, lines, samples=(), **files):
        folder = self.path(name)
        os.makedirs(folder)
        with open(folder + "/metrics.jsonl", "w") as file:
            file.write(lines if isinstance(lines, str) else text_lines(lines))
        if samples:
            with open(folder + "/samples.jsonl", "w") as file:
                file.write(text_lines(samples))
        for file_name, content in files.items():
            with open(f"{folder}/{file_name}.json", "w") as file:
                json.dump(content, file)
        return folder

    def page(self, *arguments):
        """The page as it was written, and its path."""
        out = self.path("report.html")
        self.rnn("report", *arguments, "--out", out)
        with open(out, encoding="utf-8") as file:
            return file.read(), out

    def assert_curve(self, chart, label, expected):
        piece, = chart.curve(label)
        self.assertEqual(len(piece), len(expected))
        xs = [x for x, _ in expected]
        ys = [y for _, y in expected]
        for (x, y), (step, value) in zip(piece, expected):
            self.assertAlmostEqual(x, step, delta=(max(xs) - min(xs)) / 300)
            self.assertAlmostEqual(y, value, delta=(max(ys) - min(ys)) / 60)


class PageTest(ReportTest):
    def test_curves_of_a_trained_run_in_a_browser(self):
        text, log = self.write("text.txt", text_of(4000)), self.path("log.jsonl")
        self.rnn(*self.train_arguments(text, self.path("m"), log=log,
                                       steps=60, eval_every=10))
        _, path = self.page(log)
        with open(log) as file:
            lines = [json.loads(line) for line in file]
        page = browser.document(path)
        self.assertEqual(page.all("h1")[0].text(), "log.jsonl")
        chart = chart_of(page, "loss")
        losses = [(l["step"], l["loss"]) for l in lines if "loss" in l]
        self.assertEqual(len(losses), 60)
        self.assert_curve(chart, "Loss", losses)
        self.assert_curve(chart, "validation",
                          [(l["step"], l["validation_loss"]) for l in lines
                           if "validation_loss" in l])
        self.assertEqual(len(chart.group.all("circle", "dot")), 6 + 1)
        self.assertEqual(len(chart.curve("smoothed")[0]), 60)
        for key, label in (("learning_rate", "Learning rate"),
                           ("gradient_norm", "Gradient norm"),
                           ("tokens_per_second", "Throughput, tokens/s")):
            self.assert_curve(
                chart_of(page, key), label,
                [(l["step"], l[key]) for l in lines if key in l])

    def test_logarithmic_axis(self):
        lines = metrics_of(20)
        _, path = self.page(self.write_run("run", lines))
        page = browser.document(path)
        log = chart_of(page, "loss", "log")
        self.assert_curve(log, "Loss", [(l["step"], l["loss"]) for l in lines])
        # Both are there, a box says which is seen.
        boxes = page.all("label", "scale")
        self.assertEqual(len(boxes), 2)  # loss, gradient norm
        self.assertFalse(any("checked" in b.all("input")[0].attributes
                             for b in boxes))
        _, path = self.page(self.path("run"), "--log-scale")
        boxes = browser.document(path).all("label", "scale")
        self.assertTrue(all("checked" in b.all("input")[0].attributes
                            for b in boxes))

    def test_pointer_shows_values(self):
        lines = metrics_of(20, every=20)
        text, _ = self.page(self.write_run("run", lines))
        script = """<script>
          const svg = document.querySelector("figure svg");
          const box = svg.getBoundingClientRect(), frame = frameOf(
              svg.querySelector(".chart"));
          svg.dispatchEvent(new PointerEvent("pointermove", {
            clientX: box.left + frame.right * box.width / 1160,
            clientY: box.top + 100}));
        </script>"""
        path = self.write("pointer.html", text.replace("</body>",
                                                       script + "</body>"))
        readout, = browser.document(path).all("div", "readout")
        rows = [[cell.text() for cell in row.all("td")]
                for row in readout.all("tr")]
        self.assertEqual(rows[0], ["step", "20"])
        self.assertEqual(rows[1][0], "Loss")
        self.assertAlmostEqual(float(rows[1][1]), lines[-2]["loss"], places=2)
        self.assertEqual(rows[2][0], "validation")
        self.assertAlmostEqual(float(rows[2][1]), lines[-2]["loss"] + 0.1,
                               places=2)

    def test_several_runs(self):
        small = self.write_run("small", metrics_of(20, every=5))
        large = self.write_run("large", metrics_of(50, start=6))
        text, path = self.page(small, large)
        page = browser.document(path)
        self.assertEqual(page.all("h1")[0].text(), "small and large")
        chart = chart_of(page, "loss")
        self.assertEqual(len(chart.curve("small")[0]), 20)
        self.assertEqual(len(chart.curve("large, smoothed")[0]), 50)
        self.assertEqual(len(chart.curve("small, validation")[0]), 4)
        legend = [t.text() for t in chart.group.all("text")]
        self.assertIn("small", legend)
        self.assertIn("large", legend)
        rows = page.all("table", id="runs")[0].all("tr")
        self.assertEqual(len(rows), 3)
        self.assertIn("20", [c.text() for c in rows[1].all("td")])
        self.assertIn("1.1733 at 20",
                      " ".join(c.text() for c in rows[1].all("td")))
        # A box that is not checked hides a run.
        script = """<script>
          const box = document.querySelectorAll("input.show")[1];
          box.checked = false;
          box.dispatchEvent(new Event("change"));
        </script>"""
        hidden = self.write("hidden.html",
                            text.replace("</body>", script + "</body>"))
        parts = [g for g in browser.document(hidden).all("g")
                 if "data-run" in g.attributes]
        self.assertGreater(len(parts), 4)
        for part in parts:
            self.assertEqual("none" in part["style"], part["data-run"] == "1")

    def test_what_is_seen(self):
        small = self.write_run("small", metrics_of(40))
        large = self.write_run("large", metrics_of(40, start=6))
        _, path = self.page(small, large)
        for options, paper, colour in (
                ([], (255, 255, 255), BLUE),
                (["--blink-settings=preferredColorScheme=0"], (13, 17, 23),
                 (0x4B, 0xA3, 0xE3))):
            width, height, rows = browser.screenshot(
                path, self.path("page.png"), *options, size=(900, 700))
            pixels = [tuple(row[3 * x : 3 * x + 3])
                      for row in rows for x in range(width)]
            self.assertEqual(pixels[0], paper)
            self.assertGreater(pixels.count(colour), 200)

    def test_page_needs_nothing_else(self):
        text, _ = self.page(self.write_run("run", metrics_of(20)))
        bare = text.replace("http://www.w3.org/2000/svg", "")
        self.assertNotRegex(bare, r"https?:|//[a-z]+\.|\bsrc=|\bhref=|@import|"
                                  r"url\(|fetch\(|XMLHttp|@font-face")
        self.assertIn("default-src 'none'", text)

    def test_strings_are_no_markup(self):
        attack = "</script></title><img src=x onerror=\"document.title='o'\">'"
        run = self.write_run(
            "a<b>&'\"x", metrics_of(8) + [{"step": 8, attack: 1.0}],
            samples=[{"step": 8, "prompt": attack, "text": attack + "\0"}],
            run={"format": 1, "model": {"name": attack, "text": attack},
                 "options": {attack: attack}, "data": {"text": attack},
                 "sessions": [{"command": ["rnn", attack], "end": attack}]},
            profile={"what": attack, "kernels": [{"kernel": attack, "ms": 1,
                                                  "what": attack}]})
        _, path = self.page(run, "--title", attack)
        page = browser.document(path)
        self.assertEqual(page.all("img"), [])
        self.assertEqual(len(page.all("script")), 1)
        self.assertEqual(page.all("title")[0].text(), attack)
        sample, = page.all("pre", "sample")
        self.assertTrue(sample.text().startswith(attack + attack))
        out = self.path("plot.svg")
        self.rnn("report", run, "--plot", out, "--title", attack)
        ElementTree.parse(out)

    def test_gaps_and_lines_that_are_none(self):
        lines = metrics_of(12)
        lines[3]["loss"] = None
        lines[7]["gradient_norm"] = None
        text = (text_lines(lines[:6]) + '{"step": 6, "loss": NaN}\n[1]\n' +
                '{"loss": 1}\n\n{"step": -1, "loss": 3}\n' +
                text_lines(lines[6:]) + '{"step": 13, "lo')
        out, err = self.rnn("report", self.write_run("run", text), "--out",
                            self.path("report.html"))
        self.assertIn("run: metrics.jsonl: 5 lines are no JSON object", err)
        self.assertIn("the first is line 7", err)
        page = browser.document(self.path("report.html"))
        pieces = chart_of(page, "loss").curve("Loss")
        self.assertEqual([len(p) for p in pieces], [3, 8])
        self.assertNotIn("nan", " ".join(p["d"] for p in page.all("path")))
        self.assertEqual(len(page.all("p", "warning")), 1)

    def test_only_gaps_and_single_points(self):
        run = self.write_run("run", [{"step": 1, "loss": None, "other": 2}])
        _, path = self.page(run)
        page = browser.document(path)
        self.assertEqual(page.all("g", "chart", data_key="loss"), [])
        chart, = page.all("g", "chart", data_key="other")
        self.assertEqual(len(chart.all("circle", "dot")), 1)

    def test_huge_run_keeps_its_spikes(self):
        steps = 100000
        run = self.write_run("run", metrics_of(steps, spike=56789))
        text, path = self.page(run)
        self.assertLess(len(text), 1500000)
        chart = ChartOnPage(browser.parse(text).all(
            "g", "chart", data_key="loss", data_scale="linear")[0])
        piece, = chart.curve("Loss")
        self.assertLess(len(piece), 4 * 1200)
        self.assertGreater(len(piece), 1000)
        x, y = max(piece, key=lambda point: point[1])
        self.assertAlmostEqual(x, 56789, delta=200)
        self.assertGreater(y, 50)
        self.assertAlmostEqual(piece[0][0], 1, delta=150)
        self.assertAlmostEqual(piece[-1][0], steps, delta=150)

    def test_a_step_that_comes_again(self):
        lines = metrics_of(10) + [
            {"step": s, "loss": 9.0, "elapsed": 0.5} for s in (8, 9)]
        _, path = self.page(self.write_run("run", lines))
        with open(path) as file:
            page = browser.parse(file.read())
        piece, = chart_of(page, "loss").curve("Loss")
        self.assertEqual([round(x) for x, _ in piece], list(range(1, 10)))
        self.assertAlmostEqual(piece[-1][1], 9, delta=0.1)

    def test_samples_kernels_and_details(self):
        run = self.write_run(
            "run", metrics_of(8),
            samples=[{"step": 4, "prompt": "A", "text": "bc"},
                     {"step": 8, "prompt": "A", "text": "dé"}],
            run={"format": 1, "seed": 7,
                 "model": {"name": "tiny", "parameters": 1234,
                           "text": "rnn.model @tiny"},
                 "options": {"--lr": 0.1},
                 "sessions": [{"command": ["rnn", "train", "a b"],
                               "hardware": "A CPU", "end": "finished",
                               "threads": 2}]},
            profile={"what": "one step",
                     "limits": {"gb_per_second": 20.0, "gop_per_second": 100},
                     "kernels": [{"kernel": "scan_1", "launches": 3, "ms": 0.5,
                                  "bytes": 1e6, "operations": 2e6,
                                  "gb_per_second": 2.0, "gop_per_second": 4.0,
                                  "of_limit": 0.25, "what": "scan"}]})
        _, path = self.page(run)
        page = browser.document(path)
        samples = [pre.text() for pre in page.all("pre", "sample")]
        self.assertEqual(samples, ["Adé", "Abc"])
        kernel = [c.text() for c in page.all("table", "kernels")[0].all("td")]
        self.assertEqual(kernel, ["scan_1", "3", "0.5000", "100.0%", "25.0%",
                                  "1M", "2", "2M", "4", "scan"])
        runs = " ".join(c.text() for c in page.all("table", id="runs")[0]
                        .all("td"))
        for words in ("tiny", "1.23k", "A CPU", "finished"):
            self.assertIn(words, runs)
        details = page.all("details")[-1].text()
        for words in ("rnn train 'a b'", "rnn.model @tiny", "--lr"):
            self.assertIn(words, details)


class PlotTest(ReportTest):
    def test_svg(self):
        lines = metrics_of(20, every=10)
        run, out = self.write_run("run", lines), self.path("curves.svg")
        written = self.rnn_json("report", run, "--plot", out)
        self.assertEqual(written, {"plot": out})
        ElementTree.parse(out)  # well-formed
        with open(out) as file:
            svg = browser.parse(file.read())
        self.assert_curve(chart_of(svg, "loss"), "Loss",
                          [(l["step"], l["loss"]) for l in lines
                           if "loss" in l])
        self.assertFalse(os.path.exists(self.path("report.html")))

    def test_png(self):
        run, out = self.write_run("run", metrics_of(20)), self.path("c.png")
        self.rnn("report", run, "--plot", out)
        with open(out, "rb") as file:
            head = file.read(24)
        self.assertEqual(head[:8], b"\x89PNG\r\n\x1a\n")
        width, height = struct.unpack(">II", head[16:])
        self.assertEqual((width, height), (2568, 1584))
        nothing = self.path("nothing")
        os.mkdir(nothing)
        self.refuses("report", run, "--plot", out, env={"PATH": nothing},
                     says=["rsvg-convert", "librsvg2-bin", ".svg"])
        self.refuses("report", run, "--plot", self.path("no/such.png"),
                     says="rsvg-convert could not write")

    def test_name_of_a_plot(self):
        run = self.write_run("run", metrics_of(20))
        self.refuses("report", run, "--plot", self.path("curves.pdf"),
                     says=["curves.pdf", ".svg or .png"])


class TensorBoardTest(ReportTest):
    def test_conversion(self):
        lines = metrics_of(20, every=10)
        lines[4]["loss"] = None
        run = self.write_run("run", lines, samples=[
            {"step": 10, "prompt": "A", "text": "b"}])
        self.rnn("report", run, "--tensorboard", self.path("board"))
        path, = glob.glob(self.path("board/events.out.tfevents.*"))
        version, start, series = read_events(path)
        self.assertEqual((version, start), ("brain.Event:2", 0))
        self.assertEqual(set(series), {
            "loss/training", "loss/validation", "learning_rate",
            "gradient_norm", "tokens_per_second", "sample"})
        for tag, key in (("loss/training", "loss"),
                         ("loss/validation", "validation_loss"),
                         ("learning_rate", "learning_rate")):
            expected = [(l["step"], l[key]) for l in lines
                        if l.get(key) is not None]
            self.assertEqual(len(series[tag]), len(expected))
            for (step, _, value), (want_step, want) in zip(series[tag],
                                                           expected):
                self.assertEqual(step, want_step)
                self.assertAlmostEqual(value, want, delta=1e-6 * abs(want))
        times = [seconds for _, seconds, _ in series["loss/training"]]
        self.assertAlmostEqual(times[-1] - times[0], 1.9, places=2)
        self.assertEqual(series["sample"][0][2], "Ab")

    def test_several(self):
        a = self.write_run("a", metrics_of(3))
        b = self.write_run("b", metrics_of(4))
        self.rnn("report", a, b, "--tensorboard", self.path("board"))
        for name, steps in (("a", 3), ("b", 4)):
            path, = glob.glob(self.path(f"board/{name}/events.out.*"))
            self.assertEqual(len(read_events(path)[2]["loss/training"]), steps)


class RefusalTest(ReportTest):
    def test_what_is_no_run(self):
        empty = self.path("empty")
        os.mkdir(empty)
        self.refuses("report", empty,
                     says=["empty' is not a run", "run.json", "--run"])
        self.refuses("report", self.path("nothing"), says="nothing")
        self.refuses("report", self.write("text.txt", "some\ntext\n"),
                     says=["text.txt' has no metrics", "--log"])
        self.refuses("report", self.write("cut.jsonl", '{"step": 1, "lo'),
                     says="has no metrics")
        self.refuses("report", says="RUN is required", code=2)

    def test_versions(self):
        newer = self.write_run("newer", metrics_of(3), run={"format": 99})
        self.refuses("report", newer,
                     says=["format 99", "newer rnn", "format 1"])
        older = self.write_run("older", metrics_of(3), run={"model": 3})
        self.page(older)
        damaged = self.write_run("damaged", metrics_of(3))
        with open(damaged + "/run.json", "w") as file:
            file.write('{"format":')
        _, err = self.rnn("report", damaged, "--out", self.path("r.html"))
        self.assertIn("run.json is no JSON object", err)

    def test_where_nothing_can_be_written(self):
        run = self.write_run("run", metrics_of(3))
        self.refuses("report", run, "--out", self.path("no/report.html"),
                     says="no/report.html")
        self.refuses("report", run, "--tensorboard",
                     self.write("file", "x") + "/board", says="board")


if __name__ == "__main__":
    unittest.main()
