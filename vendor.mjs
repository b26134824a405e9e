// Copies the third-party front-end files the pages use into tracker/static/vendor.
//
//   npm ci --ignore-scripts && node vendor.mjs
//
// The result is committed: nobody who runs the application needs npm. Each file carries its version in
// its name, its licence stands beside it, and manifest.json lists their SHA-384.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { runInNewContext } from "node:vm";
import * as sass from "sass";

const root = dirname(fileURLToPath(import.meta.url));
const modules = join(root, "node_modules");
const target = join(root, "tracker", "static", "vendor");
const manifest = {};

const packageOf = (name) => JSON.parse(readFileSync(join(modules, name, "package.json"), "utf8"));

function write(file, content, source) {
  writeFileSync(join(target, file), content);
  const digest = createHash("sha384").update(content).digest("base64");
  manifest[file] = { source, bytes: Buffer.byteLength(content), integrity: `sha384-${digest}` };
}

function licence(name, file) {
  const { version, license } = packageOf(name);
  const text = readFileSync(join(modules, name, "LICENSE"), "utf8");
  write(file, text, `${name} ${version} (${license})`);
}

// Bootstrap, cut to the parts in use. Dark colours follow the reader's system (no attribute, no script),
// and the colours themselves come from the variables of css/app.css.
const bootstrapParts = `
$color-mode-type: media-query;
$enable-smooth-scroll: false;
$enable-rfs: false;
$font-family-sans-serif: "Source Sans 3", system-ui, "Segoe UI", "Noto Sans", sans-serif;
$font-size-base: 1.0625rem;
$line-height-base: 1.55;
$headings-line-height: 1.2;
$headings-font-weight: 700;
$font-weight-bold: 700;
$border-radius: 0.5rem;
$border-radius-sm: 0.25rem;
$border-radius-lg: 0.75rem;
$grid-breakpoints: (xs: 0, sm: 576px, md: 768px, lg: 992px, xl: 1200px);
$container-max-widths: (xl: 1200px);
@import "functions";
@import "variables";
@import "variables-dark";
@import "maps";
@import "mixins";
@import "utilities";
$utilities: map-remove($utilities,
  "object-fit", "opacity", "focus-ring", "link-opacity", "link-offset", "link-underline",
  "link-underline-opacity", "text-opacity", "bg-opacity", "gradient", "user-select", "pointer-events",
  "border-opacity", "subtle-border-color", "float", "translate-middle", "z-index", "font-style",
  "shadow", "rounded-top", "rounded-bottom", "rounded-start", "rounded-end", "viewport-width",
  "viewport-height", "min-viewport-width", "min-viewport-height", "negative-margin"
);
@import "root";
@import "reboot";
@import "type";
@import "images";
@import "containers";
@import "grid";
@import "tables";
@import "forms";
@import "buttons";
@import "button-group";
@import "nav";
@import "card";
@import "breadcrumb";
@import "pagination";
@import "badge";
@import "alert";
@import "list-group";
@import "close";
@import "helpers";
@import "utilities/api";
`;

function bootstrap() {
  const { version } = packageOf("bootstrap");
  const { css } = sass.compileString(bootstrapParts, {
    style: "compressed",
    loadPaths: [join(modules, "bootstrap", "scss")],
    quietDeps: true,
    silenceDeprecations: ["import", "global-builtin", "color-functions", "if-function"],
  });
  const banner = `/*! Bootstrap v${version}, parts chosen in vendor.mjs (MIT, see bootstrap-LICENSE.txt) */\n`;
  write(`bootstrap-${version}.min.css`, banner + css.replace(/^\uFEFF/, ""), `bootstrap ${version}`);
  licence("bootstrap", "bootstrap-LICENSE.txt");
}

// Plotly writes its rules into a <style>, which a strict CSP refuses. The same rules as a stylesheet,
// linked as <link id="plotly.js-style-global" class="no-inline-styles">, make it write none.
function plotlyRules(bundle) {
  const start = bundle.indexOf('{"X,X div":');
  const end = bundle.indexOf("};", start);
  if (start < 0 || end < 0) throw new Error("plotly.js: its rules were not found, look at the new bundle");
  const rules = Object.entries(runInNewContext(`(${bundle.slice(start, end + 1)})`));
  if (rules.length < 50) throw new Error(`plotly.js: only ${rules.length} rules found`);
  // Plotly inserts each rule before the others: the last one named comes first in the cascade.
  return rules
    .reverse()
    .map(([selector, body]) => {
      const full = selector.replace(/^,/, " ,").replaceAll("X", ".js-plotly-plot .plotly").replaceAll("Y", ".plotly-notifier");
      return `${full}{${body}}`;
    })
    .join("\n");
}

function plotly() {
  const name = "plotly.js-cartesian-dist-min";
  const { version } = packageOf(name);
  const bundle = readFileSync(join(modules, name, "plotly-cartesian.min.js"), "utf8");
  write(`plotly-cartesian-${version}.min.js`, bundle, `${name} ${version}`);
  write(`plotly-${version}.css`, `/* From ${name} ${version} (MIT) by vendor.mjs */\n${plotlyRules(bundle)}\n`, `${name} ${version}`);
  licence(name, "plotly-LICENSE.txt");

  const locales = packageOf("plotly.js-locales").version;
  const french = readFileSync(join(modules, "plotly.js-locales", "fr.js"), "utf8")
    .replace(/^'use strict';\s*/, "")
    .replace("module.exports = {", "Plotly.register({")
    .replace(/;\s*$/, ");\n");
  if (!french.includes("Plotly.register({")) throw new Error("plotly.js-locales: unexpected shape of fr.js");
  write(`plotly-locale-fr-${locales}.js`, `/* plotly.js-locales ${locales} (MIT) */\n${french}`, `plotly.js-locales ${locales}`);
}

function typeface() {
  const name = "@fontsource/source-sans-3";
  const short = "source-sans-3";
  const { version } = packageOf(name);
  const ranges = JSON.parse(readFileSync(join(modules, name, "unicode.json"), "utf8"));
  const faces = [`/* Source Sans 3, ${name} ${version} (OFL-1.1, see ${short}-LICENSE.txt) */`];
  for (const weight of [400, 700]) {
    for (const subset of ["latin-ext", "latin"]) {
      const file = `${short}-${version}-${subset}-${weight}.woff2`;
      write(file, readFileSync(join(modules, name, "files", `${short}-${subset}-${weight}-normal.woff2`)), `${name} ${version}`);
      faces.push(
        `@font-face{font-family:"Source Sans 3";font-style:normal;font-weight:${weight};font-display:swap;` +
          `src:url(${file}) format("woff2");unicode-range:${ranges[subset]}}`,
      );
    }
  }
  write(`${short}-${version}.css`, faces.join("\n") + "\n", `${name} ${version}`);
  licence(name, `${short}-LICENSE.txt`);
}

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
bootstrap();
plotly();
typeface();
writeFileSync(join(target, "manifest.json"), JSON.stringify(manifest, null, 2) + "\n");
for (const [file, { bytes }] of Object.entries(manifest)) console.log(String(bytes).padStart(8), file);
