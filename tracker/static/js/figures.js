// Draws the figures: Plotly is fetched when the first one comes near the screen, and takes its colours from css/app.css.
"use strict";

(() => {
  const source = document.currentScript.dataset;
  const root = document.documentElement;
  const plots = [...document.querySelectorAll("[data-figure]")];
  const drawn = new Set();
  const PALETTE = ["done", "in-progress", "suspended", "to-start", "stopped", "late", "past", "now", "plan", "sun", "veiled", "cloudy", "storm", "unknown", "ink", "ink-soft", "line", "ground"];
  // Values of points: never colours, and long.
  const VALUES = new Set(["x", "y", "z", "text", "customdata", "hovertext", "ids", "labels"]);

  const tableOf = (plot) => plot.closest("figure")?.querySelector(".figure-data");
  for (const plot of plots) {
    const table = tableOf(plot);
    if (!table) continue;
    table.open = false;
    table.dataset.ready = "yes";
  }

  const load = (tag, properties) =>
    new Promise((resolve, reject) => {
      const node = Object.assign(document.createElement(tag), properties);
      node.addEventListener("load", resolve);
      node.addEventListener("error", () => reject(new Error(properties.src || properties.href)));
      document.head.append(node);
    });
  let plotly;
  const fetchPlotly = () =>
    (plotly ??= (async () => {
      // With this id and class Plotly finds its rules there and writes no <style>, which the CSP would refuse.
      const style = load("link", { id: "plotly.js-style-global", className: "no-inline-styles", rel: "stylesheet", href: source.style });
      await Promise.all([style, load("script", { src: source.plotly })]);
      if (root.lang.startsWith("fr")) await load("script", { src: source.locale });
    })());

  // Colours on screen: those of paper (written by the server) replaced by the current ones of the same name.
  const colours = (onPaper) => {
    const style = getComputedStyle(root);
    const read = (name) => style.getPropertyValue(name).trim().toLowerCase();
    const named = Object.fromEntries(PALETTE.map((name) => [name, read(`${onPaper ? "--paper" : "--c"}-${name}`)]));
    const swap = new Map(PALETTE.map((name) => [read(`--paper-${name}`), named[name]]));
    return { named, swap, font: style.getPropertyValue("--text").trim() };
  };
  const recolour = (value, swap) => {
    if (typeof value === "string") return swap.get(value.toLowerCase()) ?? value;
    if (Array.isArray(value)) return value.map((item) => recolour(item, swap));
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, VALUES.has(key) ? item : recolour(item, swap)]));
    }
    return value;
  };
  const narrow = window.matchMedia("(max-width: 639px)");
  const template = ({ named, font }, onPaper) => {
    const axis = { gridcolor: named.line, linecolor: named["ink-soft"], zerolinecolor: named.line, tickcolor: named["ink-soft"], automargin: true, fixedrange: true };
    return {
      layout: {
        font: { family: font, size: narrow.matches ? 12 : 14, color: named.ink },
        paper_bgcolor: "rgba(0,0,0,0)",
        plot_bgcolor: "rgba(0,0,0,0)",
        colorway: ["now", "in-progress", "done", "suspended", "storm", "to-start"].map((name) => named[name]),
        margin: { l: 8, r: 16, t: 16, b: 8 },
        xaxis: { ...axis, showgrid: false, ticks: "outside", tickangle: 0, nticks: narrow.matches ? 4 : onPaper ? 6 : 10 },
        yaxis: { ...axis },
        legend: { orientation: "h", x: 0, y: 1.02, xanchor: "left", yanchor: "bottom", traceorder: "normal", itemclick: false, itemdoubleclick: false },
        hoverlabel: { bgcolor: named.ground, bordercolor: named["ink-soft"], font: { family: font, color: named.ink } },
        hovermode: "closest",
        dragmode: false,
        separators: root.lang.startsWith("fr") ? ",\u202f" : ".,",
        bargap: 0.2,
      },
    };
  };
  // The locale of plotly.js abbreviates French months in its own way ("Jul", "Fév"): these are the usual ones.
  const locales = {
    fr: {
      format: {
        months: ["janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"],
        shortMonths: ["janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."],
        days: ["dimanche", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi"],
      },
    },
  };
  const config = (plot) => ({
    locale: root.lang.slice(0, 2),
    locales,
    responsive: true,
    displaylogo: false,
    showSendToCloud: false,
    doubleClick: false,
    modeBarButtons: [["toImage"]],
    toImageButtonOptions: { filename: plot.dataset.figure, scale: 2 },
  });

  const draw = (plot, { onPaper = false, size = {} } = {}) => {
    const spec = JSON.parse(document.getElementById(`donnees-${plot.dataset.figure}`).textContent);
    const theme = colours(onPaper);
    if (narrow.matches && !onPaper && spec.layout?.yaxis?.title) delete spec.layout.yaxis.title;
    const layout = { autosize: true, ...recolour(spec.layout ?? {}, theme.swap), ...size, template: template(theme, onPaper) };
    return Plotly.react(plot, recolour(spec.data ?? [], theme.swap), layout, config(plot));
  };
  // Only addresses of this site: a figure cannot send anybody elsewhere.
  const target = (point) => {
    const value = Array.isArray(point?.customdata) ? point.customdata[0] : point?.customdata;
    if (typeof value !== "string" || !/^(\/(?!\/)|\?)/.test(value)) return null;
    return new URL(value, window.location.href).href;
  };
  const fail = (plot) => {
    plot.classList.add("is-failed");
    const table = tableOf(plot);
    if (table) table.open = true;
  };
  const show = async (plot) => {
    if (drawn.has(plot)) return;
    drawn.add(plot);
    try {
      await fetchPlotly();
      await draw(plot);
    } catch (error) {
      drawn.delete(plot);
      observer.unobserve(plot);
      console.warn("figure", plot.dataset.figure, error);
      return fail(plot);
    }
    plot.on("plotly_click", ({ points }) => {
      const href = target(points[0]);
      if (href) window.location.assign(href);
    });
    if (plot.data.some((trace) => target({ customdata: trace.customdata?.[0] }))) plot.classList.add("is-clickable");
    // The table below says the same: the drawing is not read aloud shape by shape.
    plot.querySelectorAll("svg.main-svg").forEach((svg) => svg.setAttribute("aria-hidden", "true"));
  };

  const observer = new IntersectionObserver(
    (entries) => entries.filter((entry) => entry.isIntersecting).forEach(({ target: plot }) => {
      observer.unobserve(plot);
      show(plot);
    }),
    { rootMargin: "400px" },
  );
  plots.forEach((plot) => observer.observe(plot));

  const redraw = (options) => Promise.all([...drawn].map((plot) => draw(plot, options)));
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => redraw());
  narrow.addEventListener("change", () => redraw());
  // Printing cannot wait: what has been drawn is drawn again at the width of an A4 page, in the colours of paper.
  const paperHeight = (plot) => (plot.closest(".figure-tall") ? 350 : plot.closest(".board-pair") ? 200 : 260);
  window.addEventListener("beforeprint", () => window.Plotly && [...drawn].forEach((plot) => draw(plot, { onPaper: true, size: { autosize: false, width: 640, height: paperHeight(plot), font: { size: 11 } } })));
  window.addEventListener("afterprint", () => window.Plotly && redraw());
  // Figures further down are drawn once the browser is idle, so that a print has them all.
  const idle = window.requestIdleCallback ?? ((act) => setTimeout(act, 1500));
  window.addEventListener("load", () => setTimeout(() => idle(() => plots.filter((plot) => tableOf(plot) && drawn.size).forEach(show)), 2500));
})();
