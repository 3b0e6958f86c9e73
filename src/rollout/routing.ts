/** Who answers what in a state of a roll-out. The flow makes the table of `telltale/router` of it, of a new epoch where it differs from the last. */

import { isKept, type RolloutSpec, type RolloutState } from './machine.ts';
import { primaryOf } from './moves.ts';

/** As `WantedVersion` of the router. */
export interface Routed {
  version: string;
  role: 'primary' | 'canary' | 'shadow' | 'preview' | 'previous';
  /** 0..1; that of a preview and a previous version is 0. */
  share: number;
}

/** Primary first. */
export function routedOf(spec: RolloutSpec, state: RolloutState): Routed[] {
  const { phase, candidate, primary, isDryRun } = state;
  const alone: Routed[] = [{ version: primaryOf(state), role: 'primary', share: 1 }];
  const previous: Routed = { version: primary, role: 'previous', share: 0 };
  if (phase === 'promoted') return isKept(spec, state) ? [...alone, previous] : alone;
  if (candidate === null || phase === 'idle' || phase === 'rolled_back') return alone;
  if (isDryRun) return [...alone, { version: candidate, role: 'shadow', share: 1 }];
  const { kind, share } = spec.stages[state.stage]!;
  switch (kind) {
    case 'shadow':
      return [...alone, { version: candidate, role: 'shadow', share }];
    case 'preview':
      return [...alone, { version: candidate, role: 'preview', share: 0 }];
    case 'canary':
      return [
        { version: primary, role: 'primary', share: 1 - share },
        { version: candidate, role: 'canary', share },
      ];
    case 'live':
      return [{ version: candidate, role: 'primary', share: 1 }, previous];
  }
}
