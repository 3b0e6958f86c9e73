/** Reads the state once at every (re)connection, then follows the events. */
export const SCRIPT_LIVE = `
const HISTORY_MAX = 60, DRAW_EVERY_MS = 200;
const dirty = new Set();
const DRAWS = { health: drawHealth, cards: drawCards, alarms: drawAlarms, incidents: drawIncidents, rollouts: drawRollouts, retrains: drawRetrains, results: drawResults };
let drawing = false;
function draw(...parts) {
  for (const part of parts) dirty.add(part);
  if (drawing) return;
  drawing = true;
  setTimeout(() => {
    drawing = false;
    for (const part of dirty) DRAWS[part]();
    dirty.clear();
  }, DRAW_EVERY_MS);
}

async function read(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(path + ' answered ' + response.status);
  return response.json();
}

async function loadResults() {
  const name = model.selected;
  if (!name) return;
  const service = await read('/api/services/' + encodeURIComponent(name) + '?history=' + HISTORY_MAX);
  if (name !== model.selected) return;
  model.results = new Map(service.results.map((result) => [seriesKey(result), result]));
  for (const row of rows.values()) row.drawn = '';
  draw('results');
}

async function loadAll() {
  const [services, alerts, incidents, retrains, rollouts] = await Promise.all(['services', 'alerts', 'incidents', 'retrains', 'rollouts'].map((name) => read('/api/' + name)));
  Object.assign(model, { services, alerts, incidents, retrains, rollouts });
  const names = model.services.map((service) => service.name);
  const wished = decodeURIComponent(location.hash.slice(1));
  if (!names.includes(model.selected)) model.selected = names.includes(wished) ? wished : names[0] || '';
  draw('health', 'cards', 'alarms', 'incidents', 'retrains', 'rollouts');
  await loadResults();
}

function select(name) {
  model.selected = name;
  model.results = new Map();
  rows.clear();
  history.replaceState(null, '', '#' + encodeURIComponent(name));
  draw('cards', 'results');
  loadResults().catch(() => {});
}

/** A result of a window that is shown already is a later revision of it. */
function takeResult(result) {
  if (result.service !== model.selected) return;
  const key = seriesKey(result);
  const known = model.results.get(key);
  const past = known ? known.history : [];
  const stale = known && known.windowEndMs > result.windowEndMs;
  const at = past.findIndex((point) => point[0] >= result.windowEndMs);
  const point = [result.windowEndMs, result.value];
  if (at < 0) past.push(point);
  else past.splice(at, past[at][0] === result.windowEndMs ? 1 : 0, point);
  if (past.length > HISTORY_MAX) past.shift();
  if (!stale) model.results.set(key, Object.assign(result, { history: past }));
}

function remember(list, record) {
  if (!list.some((known) => known.id === record.id)) list.unshift(record);
  if (list.length > 200) list.pop();
}

async function decide(record, action, by, reason) {
  const outcome = byId('outcome');
  setText(outcome, 'Sending ...');
  document.activeElement.blur();
  try {
    const response = await fetch('/api/retrains/' + encodeURIComponent(record.retrainId) + '/' + action, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-telltale': '1' },
      body: JSON.stringify({ service: record.service, by, reason }),
    });
    const answer = await response.json();
    setText(outcome, response.ok ? 'Sent; the decision shows here when it is on the log.' : answer.error + ': ' + answer.help);
  } catch (error) {
    setText(outcome, 'Not sent: ' + error.message);
  }
}

function connect() {
  const events = new EventSource('/api/events');
  const on = (type, take) => events.addEventListener(type, (event) => take(JSON.parse(event.data)));
  const load = () => loadAll().catch(() => events.dispatchEvent(new Event('error')));
  events.addEventListener('open', () => { model.connected = true; draw('health'); load(); });
  events.addEventListener('error', () => {
    model.connected = false;
    draw('health');
    if (events.readyState === EventSource.CLOSED) setTimeout(connect, 5000);
  });
  on('refresh', load);
  on('result', (results) => { results.forEach(takeResult); draw('results'); });
  on('health', (health) => { model.health = health; draw('health'); });
  on('services', (services) => { model.services = services; draw('health', 'cards', 'alarms', 'results'); });
  on('retrain', (record) => { remember(model.retrains, record); setText(byId('outcome'), ''); draw('retrains'); });
  on('incident', (incident) => {
    model.incidents = model.incidents.filter((known) => known.incidentId !== incident.incidentId);
    if (incident.state === 'open') model.incidents.push(incident);
    draw('incidents');
  });
  on('rollout', (step) => { remember(model.rollouts, step); draw('rollouts'); });
  on('alert', (alert) => {
    remember(model.alerts, alert);
    setText(byId('announcer'), alert.service + ': ' + alert.rule + ' ' + (alert.state === 'firing' ? 'fires, ' + alert.level : 'resolved'));
    draw('alarms');
  });
}

byId('filter').addEventListener('input', (event) => { model.filter = event.target.value; draw('results'); });
byId('retrains').addEventListener('focusout', () => draw('retrains'));
connect();
`;
