"use strict";
// Draws the figures in the colours of the page, sorts and filters the tables, and ties the points of
// a figure to the rows of the table that has the same link name.
(() => {
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const plots = [...document.querySelectorAll(".plot")];
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const narrow = matchMedia("(max-width: 40rem)");
  const token = /^--(ink|muted|grid|paper|surface|accent|series-[1-8])$/;

  const themed = (value) => {
    if (typeof value === "string") {
      return token.test(value)
        ? getComputedStyle(document.documentElement).getPropertyValue(value).trim()
        : value;
    }
    if (Array.isArray(value)) return value.map(themed);
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, themed(item)]));
    }
    return value;
  };

  // On a phone long titles take two lines, broken at the space that is nearest to the middle.
  const inLines = (text, most = 30) => {
    if (!narrow.matches || text.length < most) return text;
    const spaces = [...text.matchAll(/ /g)].map((match) => match.index);
    const middle = text.length / 2;
    const at = spaces.sort((left, right) => Math.abs(left - middle) - Math.abs(right - middle))[0];
    return at === undefined ? text : `${text.slice(0, at)}<br>${text.slice(at + 1)}`;
  };

  const axis = (own) => ({
    gridcolor: "--grid",
    linecolor: "--grid",
    zerolinecolor: "--grid",
    tickcolor: "--grid",
    automargin: true,
    ...own,
    ...(narrow.matches && own.ticktext?.some((text) => text.length > 24)
      ? { ticktext: own.ticktext.map((text) => inLines(text, 24)), tickfont: { size: 10 } }
      : {}),
    title: {
      standoff: 12,
      font: { size: narrow.matches ? 12 : 14 },
      ...(own.title || {}),
      text: inLines((own.title || {}).text || ""),
    },
  });

  const axesOf = (own) => [
    ...new Set(["xaxis", "yaxis", ...Object.keys(own).filter((name) => /^[xy]axis\d*$/.test(name))]),
  ];

  const layoutOf = (figure) => {
    const own = figure.layout;
    return themed({
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: getComputedStyle(document.body).fontFamily, size: 13, color: "--ink" },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: "--muted", activecolor: "--ink" },
      margin: narrow.matches
        ? // Numbers behind the bars reach into the margin.
          { l: 45, r: figure.traces.some((trace) => trace.textposition === "outside") ? 36 : 10, t: 10, b: 50 }
        : { l: 60, r: 20, t: 10, b: 50 },
      hoverlabel: { bgcolor: "--surface", bordercolor: "--muted", font: { color: "--ink" }, align: "left" },
      ...own,
      legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", ...(own.legend || {}) },
      ...Object.fromEntries(axesOf(own).map((name) => [name, axis(own[name] || {})])),
    });
  };

  // The ring around the selected point is one more trace, the last of every linked figure.
  const ringAt = (points) => ({
    type: "scatter",
    mode: "markers",
    x: points.map((point) => point.x),
    y: points.map((point) => point.y),
    showlegend: false,
    hoverinfo: "skip",
    marker: { symbol: "circle-open", size: 26, color: "--accent", line: { width: 3 } },
  });

  const selected = {};
  const pointOf = (figure, row) => {
    for (const trace of figure.traces) {
      const index = (trace.ids || []).indexOf(row);
      if (index >= 0) return [{ x: trace.x[index], y: trace.y[index] }];
    }
    return [];
  };

  // A phone has no room for the names of points; a tap shows them.
  const withoutLabels = (trace) =>
    narrow.matches && trace.mode === "markers+text" ? { ...trace, mode: "markers" } : trace;

  const heightOf = (figure) => {
    const entries = figure.traces.filter((trace) => trace.showlegend !== false).length;
    // The legend is a column there.
    return figure.height + (narrow.matches && entries > 1 ? 19 * entries : 0);
  };

  const draw = () =>
    plots.forEach((plot) => {
      const figure = figures[Number(plot.dataset.figure)];
      const ring = figure.link ? [ringAt(pointOf(figure, selected[figure.link]))] : [];
      plot.style.height = `${heightOf(figure)}px`;
      const traces = figure.traces.map(withoutLabels);
      Plotly.react(plot, themed([...traces, ...ring]), layoutOf(figure), {
        responsive: true,
        displaylogo: false,
        // Bars are not for zooming, and the buttons would cover a legend that is a column.
        displayModeBar: !narrow.matches && figure.traces.some((trace) => trace.type !== "bar"),
        modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
      });
    });

  const tables = [...document.querySelectorAll("table")];
  const select = (link, row) => {
    if (!link) return;
    selected[link] = selected[link] === row ? undefined : row;
    tables
      .filter((table) => table.dataset.link === link)
      .forEach((table) => {
        for (const line of table.tBodies[0].rows) {
          const hit = line.dataset.row === selected[link];
          line.classList.toggle("selected", hit);
          line.toggleAttribute("aria-current", hit);
          if (hit && line.offsetParent) {
            // Scrolls the table only: the reader is looking at the figure.
            const frame = table.parentElement;
            frame.scrollTop = line.offsetTop - frame.clientHeight / 2;
          }
        }
      });
    draw();
  };

  if (plots.length) {
    draw();
    plots.forEach((plot) => {
      const link = figures[Number(plot.dataset.figure)].link;
      plot.on("plotly_click", (event) => {
        const id = event.points[0].id;
        if (id !== undefined) select(link, String(id));
      });
    });
    dark.addEventListener("change", draw);
    narrow.addEventListener("change", draw);
  }

  const compare = (left, right) => {
    if (left === right) return 0;
    if (typeof left === "number" && typeof right === "number") return left - right;
    if (typeof left !== typeof right) return typeof left === "number" ? -1 : 1;
    return left < right ? -1 : 1;
  };
  const valueOf = (cell) => {
    const number = Number(cell.dataset.v ?? "x");
    return Number.isNaN(number) ? cell.textContent : number;
  };

  // One row is a stop of the tab key; the arrow keys lead to the others.
  const linkRows = (table, body) => {
    const goTo = (row) => {
      for (const other of body.querySelectorAll("[tabindex='0']")) other.tabIndex = -1;
      row.tabIndex = 0;
    };
    const next = (row, step) => {
      do row = row[step];
      while (row && !row.offsetParent);
      return row;
    };
    for (const row of body.rows) row.tabIndex = -1;
    if (body.rows.length) goTo(body.rows[0]);
    body.addEventListener("click", (event) => {
      const row = event.target.closest("tr");
      if (!row) return;
      goTo(row);
      select(table.dataset.link, row.dataset.row);
    });
    body.addEventListener("keydown", (event) => {
      const row = event.target.closest("tr");
      const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
      const other = step && next(row, step);
      if (other) {
        goTo(other);
        other.focus();
      }
      if (event.key === "Enter" || event.key === " ") select(table.dataset.link, row.dataset.row);
      if (step || event.key === "Enter" || event.key === " ") event.preventDefault();
    });
  };

  tables.forEach((table) => {
    const body = table.tBodies[0];
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) =>
      head.firstElementChild.addEventListener("click", () => {
        const descending = head.getAttribute("aria-sort") === "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", descending ? "descending" : "ascending");
        [...body.rows]
          .map((row) => [valueOf(row.cells[column]), row])
          .sort(([left], [right]) => (descending ? compare(right, left) : compare(left, right)))
          .forEach(([, row]) => body.append(row));
      }),
    );
    if (table.dataset.link) linkRows(table, body);
    const box = table.closest("section").querySelector(".only input");
    if (box) box.addEventListener("change", () => table.classList.toggle("only-marked", box.checked));
  });
})();
