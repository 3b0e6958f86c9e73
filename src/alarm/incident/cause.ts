/** Which alarms are of one cause. */

import type { Alert, IncidentSpec, ServiceSpec } from '../../records.ts';
import { rulesIn } from '../condition.ts';
import type { OpenIncident } from './state.ts';

/** What of an alarm on the budget has less than this share of the evidence did not move. */
const SHARE_MIN = 0.1;

/** The inputs that an alert is about: `amount`, and `query` for `query.length`. */
export function inputsOf(spec: ServiceSpec, alert: Alert): string[] {
  const subjects = [alert.subject];
  for (const { name, share } of alert.evidence?.subjects ?? []) if (share >= SHARE_MIN) subjects.push(name);
  return spec.inputs
    .map(({ name }) => name)
    .filter((name) => subjects.some((subject) => subject === name || subject.startsWith(`${name}.`)));
}

export const onsetOf = (alert: Alert): number => alert.evidence?.onsetMs ?? alert.sinceMs;

/**
 * The oldest open incident of the cause of an alert that is in none yet; undefined: its cause is a new one. A rule over other rules is of the cause of those.
 * Of windows that are longer than `within` the onset is not known any better.
 */
export function incidentFor(
  open: readonly OpenIncident[],
  spec: ServiceSpec,
  { withinMs, sharesInputs }: IncidentSpec,
  alert: Alert,
): OpenIncident | undefined {
  const onsetMs = onsetOf(alert);
  const inputs = sharesInputs ? inputsOf(spec, alert) : [];
  const reachMs = Math.max(withinMs, spec.windows.sizeMs);
  const { when } = spec.rules.find(({ name }) => name === alert.rule) ?? {};
  const asked = new Set(when === undefined ? [] : rulesIn(when.condition));
  return open.find(
    (incident) =>
      !incident.isStorm &&
      (Math.abs(incident.onsetMs - onsetMs) <= reachMs ||
        incident.inputs.some((input) => inputs.includes(input)) ||
        incident.rules.some((rule) => asked.has(rule))),
  );
}
