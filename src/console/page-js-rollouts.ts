/** Where the roll-out of each service stands, on what evidence, and the steps that led there. */
export const SCRIPT_ROLLOUTS = `
const ROLLOUT_LIGHTS = { running: 'blue', waiting: 'yellow', paused: 'grey', promoted: 'green', rolled_back: 'red' };
const EVENT_WORDS = { rolled_back: 'rolled back', waiting: 'waits for a person', level_open: 'level may rise', level_waits: 'level waits' };
const points = (rate) => (rate > 0 ? '+' : '') + number(Math.round(rate * 10000) / 100);
const powerOf = (logE) => '10^' + (logE / Math.LN10).toFixed(1);

/** A service may have a level of automation and nothing that is rolled out. */
const isPlanned = (step) => step.stages > 0;

/** One piece for each stage. */
function stageBar(step) {
  const { status, stage, stages } = step;
  const kindOf = (i) => status === 'promoted' ? 'done' : status === 'rolled_back' ? (i <= stage ? 'undone' : '') : i < stage ? 'past' : i === stage ? 'now' : '';
  const pieces = Array.from({ length: stages }, (_, i) => el('span', { class: kindOf(i) }));
  return el('div', { class: 'stages', role: 'img', 'aria-label': 'stage ' + (stage + 1) + ' of ' + stages + ', ' + step.status.replace('_', ' ') }, ...pieces);
}

function verdictOf(step) {
  const { verdict, doubt, difference, low, high, counts } = step;
  const wrong = difference === null ? 'nothing to compare yet'
    : 'wrong answers ' + points(difference) + ' percentage points (' + points(low) + ' to ' + points(high) + '), ' + number(counts.n) + ' labelled requests';
  return 'Verdict ' + verdict + (doubt ? ' (' + doubt.replaceAll('_', ' ') + ')' : '') + ': ' + wrong;
}

function weightOf({ logEWorse, logEBetter, logBoundary, needed }) {
  return 'Evidence of harm ' + powerOf(logEWorse) + ', that it is good enough ' + powerOf(logEBetter) + ', of ' + powerOf(logBoundary)
    + (needed === null || needed === 0 ? '' : '; ' + number(Math.ceil(needed)) + ' labelled requests more, going on so');
}

/** Services whose steps are open: cards are drawn anew with every step. */
const openSteps = new Set();

function stepsOf(service, steps) {
  const line = (step) => el('li', {}, moment(step.atMs) + ' ' + (isPlanned(step) ? step.candidate + ' ' : '') + (EVENT_WORDS[step.event] || step.event)
    + (isPlanned(step) ? ', ' + step.stageKind + ' ' + percent(step.share) : '') + (step.by ? ', by ' + step.by : '') + ': ' + step.reason);
  const note = (event) => openSteps[event.target.open ? 'add' : 'delete'](service);
  const open = openSteps.has(service) ? { open: '' } : {};
  return el('details', { class: 'evidence', ontoggle: note, ...open }, el('summary', {}, 'Last ' + plural(steps.length, 'step')), el('ul', {}, ...steps.map(line)));
}

function rolloutCard(service, steps) {
  const [now] = steps;
  const name = el('a', { href: '#' + encodeURIComponent(service), onclick: (event) => { event.preventDefault(); select(service); } }, service);
  const state = isPlanned(now) ? badge(ROLLOUT_LIGHTS[now.status] || 'grey', now.status.replace('_', ' ')) : badge('grey', 'no roll-out');
  const head = el('div', { class: 'row' }, state, el('span', { class: 'what' }, name, isPlanned(now) ? ': ' + now.candidate + ' against ' + now.primary : ''), el('span', { class: 'when' }, moment(now.atMs)));
  const level = now.level ? 'the level is ' + now.level.replace('_', ' ') : '';
  const where = 'Stage ' + (now.stage + 1) + ' of ' + now.stages + ': ' + now.stageKind + ', ' + percent(now.share) + ' of the requests' + (now.exposed ? '; it has answered ' + number(now.exposed) : '') + (level ? '; ' + level : '');
  const facts = isPlanned(now) ? [stageBar(now), el('div', {}, where), el('div', {}, verdictOf(now)), el('div', { class: 'why' }, weightOf(now))] : [el('div', {}, level)];
  return el('li', { class: 'card' }, head, ...facts, el('div', { class: 'why' }, (EVENT_WORDS[now.event] || now.event) + ': ' + now.reason), stepsOf(service, steps));
}

/** Nothing is shown where nothing was ever rolled out. */
function drawRollouts() {
  const steps = new Map();
  for (const step of [...model.rollouts].sort((a, b) => b.seq - a.seq)) {
    if (!steps.has(step.service)) steps.set(step.service, []);
    if (steps.get(step.service).length < 20) steps.get(step.service).push(step);
  }
  const services = [...steps].sort((a, b) => (a[0] < b[0] ? -1 : 1));
  byId('rollouts').replaceChildren(...services.map(([service, own]) => rolloutCard(service, own)));
  byId('rollouts-part').hidden = services.length === 0;
}
`;
