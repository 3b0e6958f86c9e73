/** docs/reference/errors.md: the codes of every kind of refusal, from the tables that the code uses. */

import type { Refused } from '../console/auth/refused.ts';
import { DEAD_CODES, ERRORS } from '../errors.ts';
import { REFUSALS, type RefusalCode } from '../predict/refusal.ts';
import type { Doubt } from '../rollout/verdict.ts';
import { made, table } from './markdown.ts';

const PREDICT: Record<RefusalCode, string> = {
  off: '`predict.enabled` is false, or the page does not listen where it may be on by itself',
  unknown_service: 'no service of this name; the message names those that there are',
  method: 'another method than POST',
  foreign: 'a browser sends it for the page of another site',
  bad_body: 'no JSON, or no form',
  bad_input: 'fields that are missing or of the wrong type, each with what was expected',
  too_large: 'over `limits.message_bytes_max`, or over what the broker takes',
  unsupported_type: 'a content type that is not read',
  not_an_image: 'no whole JPEG or PNG',
  no_models: 'another system answers this service',
  no_requests: 'the service has no topic of requests to log to',
  avro_requests: 'the stream of requests is Avro; write it with your own producer',
  model_failed: 'the model could not be run; the log of the daemon says why',
  failed: 'an error of ours; the log of the daemon says which',
  starting: 'the models are loaded, or the decisions of before are read',
  stopping: 'the daemon ends; ask another instance',
  busy: 'as many requests wait as may',
  log_away: 'it is not known whether the request is on its topic; send the same once more',
};

const CONSOLE: Record<Refused['error'], string> = {
  unauthorized: '401: nobody has signed in, or the token is not known',
  forbidden: '403: the role may not do this',
  foreign: '403: a browser sends it for the page of another site',
  csrf: '403: the header `x-telltale-csrf` is missing or is not that of the session',
  rate_limited: '429: too many attempts; the cure says when to try again',
  bad_request: '400: the command or the sign-in is not well formed',
  log_away: '503: the command was not written',
};

const DOUBTS: Record<Doubt, string> = {
  no_data: 'the candidate has no answers that count',
  too_few: 'fewer outcomes are known than a verdict needs',
  labels_late: 'too many answers still wait for their labels',
  split_broken:
    'the candidate did not get the share of requests that its table gives it, so arms cannot be compared',
};

const code = ([name, ...rest]: readonly [string, ...string[]]): string[] => [`\`${name}\``, ...rest];
const rows = (codes: Readonly<Record<string, string>>): string[][] => Object.entries(codes).map(code);

export const errorsMarkdown = (): string => `# Errors

${made('src/errors.ts, src/predict/refusal.ts and the texts of src/docs/errors.ts')}

A fault says what, where and the cure. Programs go by the codes, which stay; texts may change.

## Of commands and the daemon

With \`--json\` a command that fails prints \`{ "ok": false, "error": { "code", "message", "help" } }\`. Exit codes: 0 done, 1 failed, 2 wrong usage or configuration.

${table(['code', 'cure'], rows(ERRORS))}

## Of dead letters

The header \`x-error-code\` of a record of the topic \`dead\`; [what to do](../dead-letters.md).

${table(['code', 'what is wrong'], rows(DEAD_CODES))}

## Of predictions

The body of a refusal of [\`POST /predict/SERVICE\`](../predict.md#what-is-refused) is \`{ "error", "message", "cure" }\`.

${table(
  ['code', 'status', 'what is wrong'],
  (Object.keys(REFUSALS) as RefusalCode[]).map((name) => code([name, String(REFUSALS[name]), PREDICT[name]])),
)}

## Of the console

The body is the same for [sign-in and commands](../security.md).

${table(['code', 'status and what is wrong'], rows(CONSOLE))}

## Doubts of a roll-out

Why a [verdict](../rollouts.md) is \`inconclusive\`: the field \`doubt\` of a record of the topic \`rollout\`.

${table(['doubt', 'what it means'], rows(DOUBTS))}
`;
