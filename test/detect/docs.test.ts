import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { detectorsMarkdown } from '../../src/detect/docs.ts';
import { DETECTORS } from '../../src/detect/registry.ts';

test('docs/detectors.md is what the registry says', () => {
  const written = readFileSync(new URL('../../docs/detectors.md', import.meta.url), 'utf8');
  // To renew it: npm run build && node -e "import('./dist/detect/docs.js').then((m) => process.stdout.write(m.detectorsMarkdown()))" > docs/detectors.md
  expect(written).toBe(detectorsMarkdown());
});

test('every detector has one section with all of its options', () => {
  const sections = detectorsMarkdown()
    .split('\n## ')
    .slice(1)
    .filter((text) => !text.startsWith('In a rule'));
  expect(sections.map((text) => text.split('\n')[0])).toEqual(Object.keys(DETECTORS));
  Object.values(DETECTORS).forEach(({ options }, i) => {
    for (const name of Object.keys(options)) expect(sections[i]).toContain(`| \`${name}\` |`);
  });
});
