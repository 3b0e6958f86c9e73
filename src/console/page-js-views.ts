/** What each part of the page shows, from the one model that the live part keeps. */
export const SCRIPT_VIEWS = String.raw`
const model = { services: [], selected: '', results: new Map(), alerts: [], incidents: [], retrains: [], rollouts: [], health: null, connected: false, filter: '' };
const LIGHTS = { green: 'All calm', yellow: 'Warning', red: 'Critical', grey: 'No results yet' };
const LEVEL_LIGHTS = { info: 'blue', warning: 'yellow', critical: 'red' };
const LEVEL_RANKS = { info: 1, warning: 2, critical: 3 };
const badge = (light, text) => el('span', { class: 'badge ' + light }, el('span', { class: 'dot' }), text);
const plural = (count, word) => count + ' ' + word + (count === 1 ? '' : 's');

function drawHealth() {
  const health = model.health;
  const bad = health ? health.checks.filter((check) => !check.ok) : [];
  let light = 'green', text = 'healthy';
  if (!model.connected) { light = 'grey'; text = health ? 'connection lost, trying again' : 'connecting'; }
  else if (!health || !health.live) { light = 'red'; text = 'not live'; }
  else if (!health.ready) { light = 'yellow'; text = 'not ready'; }
  else if (bad.length) { light = 'yellow'; text = plural(bad.length, 'check') + ' failing'; }
  setClass(byId('health-dot'), 'dot ' + light);
  setText(byId('health-text'), text);
  const checks = health ? health.checks : [];
  byId('checks').replaceChildren(...checks.map((check) => el('li', {}, badge(check.ok ? 'green' : 'red', check.ok ? 'ok' : 'failing'), ' ' + check.name + (check.detail ? ': ' + check.detail : ''))));
  const times = model.services.map((service) => service.eventTimeMs).filter((ms) => ms !== null);
  setText(byId('clock'), times.length ? moment(Math.max(...times)) + ' UTC' : 'no results yet');
}

const cards = new Map();
function makeCard(name) {
  const part = { light: el('span', {}), about: el('span', { class: 'about' }), alarms: el('span', { class: 'alarms' }), counts: el('span', { class: 'counts' }), streams: el('span', { class: 'streams' }) };
  const head = el('span', { class: 'head' }, el('span', { class: 'name' }, name), part.light);
  part.node = el('button', { class: 'card', type: 'button', onclick: () => select(name) }, head, part.about, part.alarms, part.counts, part.streams);
  return part;
}

const WORRYING = new Set(['dead', 'dead letters', 'late', 'failed']);
function drawCards() {
  const names = model.services.map((service) => service.name);
  for (const name of cards.keys()) if (!names.includes(name)) cards.delete(name);
  for (const service of model.services) {
    if (!cards.has(service.name)) cards.set(service.name, makeCard(service.name));
    const part = cards.get(service.name);
    const firing = service.firing.length;
    part.node.setAttribute('aria-pressed', String(service.name === model.selected));
    part.light.replaceChildren(badge(service.light, LIGHTS[service.light]));
    setText(part.about, service.description);
    const first = service.firing.slice(0, 2).map((alert) => alert.rule).join(', ');
    const open = service.openIncidents ? plural(service.openIncidents, 'open incident') + ', ' : '';
    setText(part.alarms, firing ? open + plural(firing, 'alarm') + ' firing: ' + first + (firing > 2 ? ', ...' : '') : open + 'No alarm fires');
    const counts = Object.entries({ requests: 0, dead: 0, ...service.counts });
    part.counts.replaceChildren(...counts.map(([name, count]) => el('span', WORRYING.has(name) && count > 0 ? { class: 'bad' } : {}, el('b', {}, number(count)), ' ' + (name === 'dead' ? 'dead letters' : name))));
    part.streams.replaceChildren(...service.streams.map((s) => el('span', { class: 'chip ' + s.state, title: s.topic + (s.detail ? ': ' + s.detail : '') }, s.stream + ' ' + s.state)));
  }
  const nodes = names.map((name) => cards.get(name).node);
  const box = byId('services');
  if (nodes.length !== box.children.length || nodes.some((node, i) => box.children[i] !== node)) box.replaceChildren(...nodes);
}

/** One that nobody hears of is calm, and says why. */
function incidentCard(incident) {
  const { level, muted, firing, mutedAlarms } = incident;
  const count = plural(firing, 'alarm') + (mutedAlarms ? ', ' + mutedAlarms + ' muted' : '');
  return el('li', { class: 'card ' + (muted ? '' : 'firing ' + level) },
    el('div', { class: 'row' }, badge(muted ? 'grey' : LEVEL_LIGHTS[level], level), el('span', { class: 'what' }, incident.service + ': ' + incident.summary), el('span', { class: 'when' }, 'since ' + moment(incident.onsetMs))),
    el('div', { class: 'why' }, count + (muted ? '; not told: ' + muted : '')));
}

function drawIncidents() {
  const open = [...model.incidents].sort((a, b) => LEVEL_RANKS[b.level] - LEVEL_RANKS[a.level] || a.onsetMs - b.onsetMs);
  byId('incidents').replaceChildren(...(open.length ? open.map(incidentCard) : [el('li', { class: 'card empty' }, 'No incident is open.')]));
  setText(byId('incidents-title'), open.length ? 'Incidents: ' + open.length + ' open' : 'Incidents');
}

function alarmCard(alert, firing) {
  const state = firing ? badge(LEVEL_LIGHTS[alert.level], alert.level) : badge('grey', alert.state === 'resolved' ? 'resolved' : 'fired (' + alert.level + ')');
  const when = firing ? 'since ' + moment(alert.sinceMs) : moment(alert.windowEndMs);
  const measured = number(alert.value) + ', limit ' + alert.threshold + ', n ' + number(alert.n);
  return el('li', { class: 'card ' + (firing ? 'firing ' + alert.level : '') },
    el('div', { class: 'row' }, state, el('span', { class: 'what' }, alert.service + ': ' + alert.rule), el('span', { class: 'when' }, when)),
    el('div', {}, about(alert) + ' = ' + measured),
    el('div', { class: 'why' }, alert.reason),
    alert.evidence ? evidenceOf(alert) : null);
}

const KINDS = { data: 'data drift', concept: 'concept drift', both: 'data and concept drift', unknown: 'kind not known yet' };
const percent = (share) => number(Math.round(share * 1000) / 10) + ' %';

/** Alarms whose evidence is open: cards are drawn anew with every alert. */
const openEvidence = new Set();

/** Why an alarm on the budget fires: the streams that moved, each with the cells that moved most. */
function evidenceOf({ fingerprint, evidence }) {
  const facts = KINDS[evidence.kind] + ', evidence 10^' + evidence.log10Evidence.toFixed(1) + ' of 10^' + evidence.log10Boundary.toFixed(1)
    + (evidence.coverage === null ? '' : ', ' + percent(evidence.coverage) + ' of the labels known');
  const moved = evidence.streams.slice(0, 5).map((stream) => el('li', {},
    percent(stream.share) + ' ' + about(stream) + ' since ' + moment(stream.onsetMs)
      + stream.cells.slice(0, 3).map((cell, i) => (i ? ', ' : ': ') + cell.cell + ' ' + percent(cell.reference) + ' → ' + percent(cell.current)).join('')));
  const note = (event) => openEvidence[event.target.open ? 'add' : 'delete'](fingerprint);
  const open = openEvidence.has(fingerprint) ? { open: '' } : {};
  return el('details', { class: 'evidence', ontoggle: note, ...open }, el('summary', {}, facts), el('ul', {}, ...moved));
}

function drawAlarms() {
  const firing = model.services.flatMap((service) => service.firing);
  const shown = new Set(firing.map((alert) => alert.id));
  const past = model.alerts.filter((alert) => !shown.has(alert.id)).slice(0, 50);
  firing.sort((a, b) => (a.level === b.level ? a.sinceMs - b.sinceMs : LEVEL_RANKS[b.level] - LEVEL_RANKS[a.level]));
  const items = [...firing.map((alert) => alarmCard(alert, true)), ...past.map((alert) => alarmCard(alert, false))];
  byId('alarms').replaceChildren(...(items.length ? items : [el('li', { class: 'card empty' }, 'No alarm has fired.')]));
  setText(byId('alarms-title'), firing.length ? 'Alarms: ' + firing.length + ' firing' : 'Alarms');
}

function decisionForm(record) {
  const by = el('input', { name: 'by', required: '', maxlength: '100', autocomplete: 'name' });
  const reason = el('input', { name: 'reason', maxlength: '1000', autocomplete: 'off' });
  const send = (action) => { if (by.reportValidity()) decide(record, action, by.value, reason.value); };
  return el('form', { onsubmit: (event) => { event.preventDefault(); send('approve'); } },
    el('label', {}, 'Your name', by), el('label', {}, 'Reason', reason),
    el('button', { class: 'act', type: 'submit' }, 'Approve'),
    el('button', { class: 'act plain', type: 'button', onclick: () => send('reject') }, 'Reject'));
}

const RETRAIN_LIGHTS = { requested: 'yellow', approved: 'green', rejected: 'grey', started: 'blue', done: 'green', failed: 'red' };
function retrainCard(record) {
  const automatic = record.mode === 'automatic';
  const label = record.state === 'requested' && !automatic ? 'waits for approval' : record.state;
  const by = record.by ? ' by ' + record.by : '';
  return el('li', { class: 'card' },
    el('div', { class: 'row' }, badge(RETRAIN_LIGHTS[record.state], label), el('span', { class: 'what' }, record.service), el('span', {}, record.mode + by), el('span', { class: 'when' }, moment(record.atMs))),
    el('div', { class: 'why' }, record.reason),
    el('div', { class: 'why' }, 'Train on ' + moment(record.data.fromMs) + ' to ' + moment(record.data.toMs) + ', ' + plural(record.data.ranges.length, 'offset range') + '; ' + record.retrainId),
    record.state === 'requested' && !automatic ? decisionForm(record) : null);
}

function drawRetrains() {
  const box = byId('retrains');
  if (box.contains(document.activeElement)) return;
  const newest = new Map();
  for (const record of model.retrains) {
    const key = record.service + ' ' + record.retrainId;
    if (!newest.has(key)) newest.set(key, record);
  }
  const items = [...newest.values()].slice(0, 50).map(retrainCard);
  box.replaceChildren(...(items.length ? items : [el('li', { class: 'card empty' }, 'No retraining was asked for.')]));
}

const ROWS_MAX = 200;
const FAMILIES = { input: 'Inputs', output: 'Outputs', agreement: 'Agreement of the models', performance: 'Performance against labels', feedback: 'Feedback of users', software: 'Software' };
const rows = new Map();
let rowOrder = '';
function makeRow() {
  const cells = { name: el('span', {}), mark: el('span', {}), subject: el('td'), model: el('td'), segment: el('td'), value: el('td'), spark: spark(), n: el('td', { class: 'num' }), window: el('td', { class: 'window' }) };
  cells.node = el('tr', {}, el('td', {}, cells.name, cells.mark), cells.subject, cells.model, cells.segment, cells.value, el('td', {}, cells.spark), cells.n, cells.window);
  return cells;
}

/** What a reader must know of a number that depends on labels. */
function maturity({ final, coverage, expected }) {
  const usual = expected === null || expected === undefined ? '' : ' (usually ' + Math.round(100 * expected) + ' %)';
  const labels = coverage === null || coverage === undefined ? '' : ', ' + Math.round(100 * coverage) + ' % of labels' + usual;
  return final === false ? labels + ', preliminary' : labels;
}

function fillRow(row, result, alarm) {
  setClass(row.node, alarm ? alarm.level : '');
  setText(row.name, result.metric);
  setText(row.mark, alarm ? alarm.level : '');
  setClass(row.mark, alarm ? 'badge ' + LEVEL_LIGHTS[alarm.level] : '');
  setText(row.subject, result.subject);
  setText(row.model, result.model);
  setText(row.segment, result.segment);
  setText(row.value, result.value === null ? result.reason || 'n/a' : number(result.value));
  setClass(row.value, result.value === null ? 'none' : 'num');
  setText(row.n, number(result.n));
  setText(row.window, moment(result.windowStartMs) + ', ' + span(result.windowEndMs - result.windowStartMs) + maturity(result));
  if (row.drawn !== result.windowEndMs + ' ' + result.revision) drawSpark(row.spark, result.history);
  row.drawn = result.windowEndMs + ' ' + result.revision;
}

function drawResults() {
  const words = model.filter.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (r) => { const text = [r.family, r.metric, r.subject, r.model, r.segment].join(' ').toLowerCase(); return words.every((word) => text.includes(word)); };
  const rank = Object.keys(FAMILIES);
  const found = [...model.results.entries()].filter((entry) => fits(entry[1])).sort((a, b) => rank.indexOf(a[1].family) - rank.indexOf(b[1].family));
  const service = model.services.find((s) => s.name === model.selected);
  const alarms = new Map((service ? service.firing : []).map((alert) => [seriesKey(alert), alert]));
  const nodes = [], shown = found.slice(0, ROWS_MAX);
  let family = '';
  for (const [key, result] of shown) {
    if (result.family !== family) {
      family = result.family;
      nodes.push(el('tr', { class: 'family' }, el('td', { colspan: '8' }, FAMILIES[family] || family)));
    }
    if (!rows.has(key)) rows.set(key, makeRow());
    const row = rows.get(key);
    fillRow(row, result, alarms.get(key));
    nodes.push(row.node);
  }
  const order = model.selected + shown.map((entry) => entry[0]).join();
  if (order !== rowOrder) byId('results').replaceChildren(...nodes);
  rowOrder = order;
  setText(byId('results-title'), model.selected ? 'Results of ' + model.selected : 'Results');
  const more = found.length - shown.length;
  setText(byId('results-note'), more > 0 ? more + ' more; use the filter.' : found.length ? '' : model.results.size ? 'Nothing fits the filter.' : 'No window has closed yet.');
}
`;
