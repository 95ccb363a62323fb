// The page is whole without this: it adds values under the pointer, and boxes
// that show and hide runs.
"use strict";

// What lies at the ends of a chart's axes, from its data- attributes.
function frameOf(chart) {
  const numbers = name => chart.dataset[name].split(" ").map(Number);
  const [left, top, right, bottom] = numbers("plot");
  const [x0, x1] = numbers("x"), [y0, y1] = numbers("y");
  const isLog = chart.dataset.scale === "log";
  return {
    left, top, right, bottom,
    stepAt: x => x0 + (x - left) / (right - left) * (x1 - x0),
    valueAt: y => {
      const part = (bottom - y) / (bottom - top);
      return isLog ? y0 * (y1 / y0) ** part : y0 + part * (y1 - y0);
    },
  };
}

// The vertices of a curve, [[x, y], ...] by rising x.
function verticesOf(path) {
  return path.getAttribute("d").slice(1).split(/[ML]/)
      .map(pair => pair.split(" ").map(Number));
}

function nearest(vertices, x) {
  let low = 0, high = vertices.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (vertices[middle][0] < x) low = middle + 1;
    else high = middle;
  }
  const before = vertices[Math.max(low - 1, 0)];
  return x - before[0] < vertices[low][0] - x ? before : vertices[low];
}

function short(value) {
  if (value !== 0 && (Math.abs(value) >= 1e5 || Math.abs(value) < 1e-3))
    return value.toExponential(3);
  return String(Number(value.toPrecision(4)));
}

function followPointer(svg) {
  const chart = svg.querySelector(".chart"), frame = frameOf(chart);
  const curves = [...chart.querySelectorAll("path.curve")].map(path => ({
    path, vertices: verticesOf(path), label: path.dataset.label,
  }));
  const cursor = document.createElementNS(svg.namespaceURI, "line");
  cursor.setAttribute("class", "cursor");
  const readout = document.createElement("div");
  readout.className = "readout";
  const hide = () => { cursor.remove(); readout.remove(); };

  svg.addEventListener("pointerleave", hide);
  svg.addEventListener("pointermove", event => {
    const box = svg.getBoundingClientRect();
    const size = svg.viewBox.baseVal.width / box.width;
    const x = (event.clientX - box.left) * size;
    if (x < frame.left - 4 || x > frame.right + 4) return hide();
    readout.replaceChildren();
    const table = document.createElement("table");
    const row = (...words) => {
      const cells = table.insertRow();
      for (const word of words) cells.insertCell().textContent = word;
      return cells;
    };
    row("step", String(Math.round(frame.stepAt(x))));
    for (const {path, vertices, label} of curves) {
      if (path.parentNode.style.display === "none") continue;
      const cells = row(label, short(frame.valueAt(nearest(vertices, x)[1])));
      cells.style.color = getComputedStyle(path).stroke;
    }
    readout.append(table);
    for (const [name, value] of [["x1", x], ["x2", x], ["y1", frame.top],
                                 ["y2", frame.bottom]])
      cursor.setAttribute(name, value);
    chart.append(cursor);
    svg.parentNode.append(readout);
    const room = svg.parentNode.clientWidth - readout.offsetWidth - 8;
    const at = svg.offsetLeft + x / size + 14;
    readout.style.left =
        (at < room ? at : Math.max(at - readout.offsetWidth - 28, 4)) + "px";
    readout.style.top = svg.offsetTop + frame.top / size + 8 + "px";
  });
}

for (const svg of document.querySelectorAll("figure svg")) followPointer(svg);

for (const box of document.querySelectorAll("input.show"))
  box.addEventListener("change", () => {
    for (const part of document.querySelectorAll(
        `svg [data-run="${box.value}"]`))
      part.style.display = box.checked ? "" : "none";
  });
