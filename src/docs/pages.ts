/** Every page that is made from the code, by its path in the repository. */

import { cliMarkdown } from '../cli/docs.ts';
import { buildProgram } from '../cli/program.ts';
import { wiring } from '../cli/wiring.ts';
import { metricsMarkdown } from '../metric/docs.ts';
import { asyncApiYaml } from './asyncapi.ts';
import { configMarkdown } from './config.ts';
import { errorsMarkdown } from './errors.ts';
import { topicsMarkdown } from './topics.ts';

export const PAGES: Readonly<Record<string, () => string>> = {
  'docs/metrics.md': metricsMarkdown,
  'docs/cli.md': () => cliMarkdown(buildProgram(process, wiring)),
  'docs/reference/config.md': configMarkdown,
  'docs/reference/topics.md': topicsMarkdown,
  'docs/reference/asyncapi.yaml': asyncApiYaml,
  'docs/reference/errors.md': errorsMarkdown,
};
