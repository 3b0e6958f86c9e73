/** Elements, formats and sparklines. Text goes in as text nodes only: data can never become markup. */
export const SCRIPT_CORE = `'use strict';
const byId = (id) => document.getElementById(id);

function el(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name === 'class') node.className = value;
    else if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

/** Touches the document only where something changed, so that selections and screen readers are left in peace. */
function setText(node, text) { if (node.textContent !== text) node.textContent = text; }
function setClass(node, name) { if (node.className !== name) node.className = name; }

const pad = (number) => String(number).padStart(2, '0');
function day(ms) { const d = new Date(ms); return d.getUTCFullYear() + '-' + pad(d.getUTCMonth() + 1) + '-' + pad(d.getUTCDate()); }
function time(ms) { const d = new Date(ms); const s = d.getUTCSeconds(); return pad(d.getUTCHours()) + ':' + pad(d.getUTCMinutes()) + (s ? ':' + pad(s) : ''); }
const moment = (ms) => day(ms) + ' ' + time(ms);

function span(ms) {
  const units = [['d', 86400000], ['h', 3600000], ['min', 60000], ['s', 1000]];
  for (const [name, size] of units) if (ms >= size) return Math.round((ms / size) * 10) / 10 + ' ' + name;
  return ms + ' ms';
}

function number(value) {
  if (value === null || value === undefined) return 'n/a';
  const size = Math.abs(value);
  if (Number.isInteger(value) || size >= 10000) return value.toLocaleString('en', { maximumFractionDigits: 0 });
  if (size >= 100) return value.toLocaleString('en', { maximumFractionDigits: 1 });
  if (size !== 0 && size < 0.0001) return value.toExponential(1);
  return String(Number(value.toPrecision(size >= 1 ? 4 : 3)));
}

const seriesKey = (r) => JSON.stringify([r.metric, r.subject, r.model, r.segment]);
const about = (r) => [r.metric, r.subject, r.model, r.segment === '*' ? '' : r.segment].filter(Boolean).join(' · ');

const SPARK_WIDTH = 120, SPARK_HEIGHT = 24;
function spark() {
  const make = (tag) => document.createElementNS('http://www.w3.org/2000/svg', tag);
  const svg = make('svg'), line = make('path'), end = make('circle');
  for (const [name, value] of [['width', SPARK_WIDTH], ['height', SPARK_HEIGHT], ['class', 'spark'], ['role', 'img']]) svg.setAttribute(name, value);
  end.setAttribute('r', 2);
  svg.append(line, end);
  return svg;
}

/** Draws [time, value] points; a null breaks the line. The label tells the range to those who cannot see it. */
function drawSpark(svg, points) {
  const values = points.map((p) => p[1]).filter((v) => v !== null);
  const [line, end] = svg.children;
  const low = Math.min(...values), high = Math.max(...values);
  const x = (i) => 3 + (points.length < 2 ? SPARK_WIDTH - 6 : (i * (SPARK_WIDTH - 6)) / (points.length - 1));
  const y = (v) => (high === low ? SPARK_HEIGHT / 2 : 3 + ((high - v) * (SPARK_HEIGHT - 6)) / (high - low));
  let path = '', pen = 'M', last = null;
  points.forEach((p, i) => {
    if (p[1] === null) { pen = 'M'; return; }
    path += pen + x(i).toFixed(1) + ' ' + y(p[1]).toFixed(1);
    pen = 'L';
    last = [x(i), y(p[1])];
  });
  line.setAttribute('d', path);
  end.setAttribute('visibility', last ? 'visible' : 'hidden');
  if (last) { end.setAttribute('cx', last[0].toFixed(1)); end.setAttribute('cy', last[1].toFixed(1)); }
  svg.setAttribute('aria-label', values.length ? 'from ' + number(low) + ' to ' + number(high) + ' over ' + points.length + ' windows' : 'no values yet');
}
`;
