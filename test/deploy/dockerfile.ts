/** The Dockerfile as steps of its stages, so that tests can look at it and do what it says. */

import { readFileSync } from 'node:fs';
import { Copy, DockerfileParser } from 'dockerfile-ast';

export const root = new URL('../../', import.meta.url);

export interface Step {
  /** In capitals, such as RUN. */
  keyword: string;
  /** What follows flags. */
  words: string[];
  /** Of COPY --from; null without. */
  from: string | null;
}

export interface Stage {
  name: string;
  steps: Step[];
}

export const dockerfileText = (): string => readFileSync(new URL('Dockerfile', root), 'utf8');

export function stagesOf(text: string): Stage[] {
  const stages: Stage[] = [];
  for (const instruction of DockerfileParser.parse(text).getInstructions()) {
    const words = instruction.getArguments().map((argument) => argument.getValue());
    const keyword = instruction.getKeyword().toUpperCase();
    if (keyword === 'FROM') stages.push({ name: words[2] ?? '', steps: [] });
    const from = instruction instanceof Copy ? (instruction.getFromFlag()?.getValue() ?? null) : null;
    stages.at(-1)?.steps.push({ keyword, words, from });
  }
  return stages;
}
