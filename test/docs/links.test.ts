import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { built, parsed, wordsOf } from '../cli/parsed.ts';
import { isShell, linesOf, type Page, pageOf, readPages, root } from './markdown.ts';

const pages = readPages();
const byPath = new Map(pages.map((page) => [page.path, page]));

/** What is wrong with a link; null: nothing. Other sites are not asked. */
function faultOf({ path }: Page, link: string): string | null {
  if (/^(?:https?|mailto):/.test(link)) return URL.canParse(link) ? null : 'no URL';
  const base = new URL(path, root);
  const target = new URL(link, base);
  const to = decodeURI(target.href.slice(root.href.length)).replace(/#.*$/, '');
  if (!target.href.startsWith(root.href) || !existsSync(new URL(to, root))) return 'no such file';
  if (target.hash === '' || !to.endsWith('.md')) return null;
  return byPath.get(to)?.anchors.has(decodeURIComponent(target.hash.slice(1))) ? null : 'no such heading';
}

test('every link goes somewhere', () => {
  expect(pages.length).toBeGreaterThan(20);
  const faults = pages.flatMap((page) =>
    page.links.flatMap((link) => {
      const fault = faultOf(page, link);
      return fault === null ? [] : `${page.path}: ${link}: ${fault}`;
    }),
  );
  expect(faults).toEqual([]);
});

test('every page of docs is reached from the readme', () => {
  const reached = new Set(['README.md']);
  for (const path of reached)
    for (const link of byPath.get(path)?.links ?? [])
      if (!link.includes(':')) {
        const { href } = new URL(link, new URL(path, root));
        reached.add(href.slice(root.href.length).replace(/#.*$/, ''));
      }
  const lost = pages.map(({ path }) => path).filter((path) => path.startsWith('docs/') && !reached.has(path));
  expect(lost).toEqual([]);
});

/** Info of a key, which reads as a command. */
const NO_COMMANDS = ['telltale privacy sealing'];

describe('commands', () => {
  // What is made from the program itself has tests of its own.
  const written = pages.filter(({ path }) => path !== 'docs/cli.md');
  const shell = written.flatMap(({ path, blocks }) =>
    blocks.filter(isShell).map((block) => ({ path, lines: linesOf(block) })),
  );
  const commands = shell.flatMap(({ path, lines }) =>
    lines.flatMap((line) =>
      [...line.matchAll(/(?:^|&& |\| |\$\(|; )(telltale|npm run|node) ([^|>;&)]*)/g)].map(
        ([, program, rest]) => ({ path, program: program!, words: wordsOf(rest!) }),
      ),
    ),
  );
  const of = (program: string) => commands.filter((command) => command.program === program);

  /** Of commands that stand in the text: the word after the program. */
  const named = (program: string) =>
    written.flatMap(({ path, codes }) =>
      codes
        .filter((code) => code.startsWith(`${program} `) && !NO_COMMANDS.includes(code))
        .map((code) => ({
          path,
          name: wordsOf(code.slice(program.length + 1)).find((word) => /^[a-z]/.test(word))!,
        })),
    );

  test('of Telltale are ones that it reads', async () => {
    expect(of('telltale').length).toBeGreaterThan(10);
    for (const { path, words } of of('telltale'))
      expect(await parsed(words).catch(String), `${path}: telltale ${words.join(' ')}`).toMatch(
        /^[a-z]+( [a-z]+)?$|^CommanderError: \d+\.\d+\.\d+$/,
      );
  });

  test('of npm are scripts of the package', () => {
    const { scripts } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const inText = named('npm run').map(({ path, name }) => ({ path, name }));
    const inBlocks = of('npm run').map(({ path, words }) => ({
      path,
      name: words.find((word) => !word.startsWith('-'))!,
    }));
    expect(inText.length).toBeGreaterThan(5);
    for (const { path, name } of [...inText, ...inBlocks])
      expect(Object.keys(scripts), `${path}: npm run ${name}`).toContain(name);
  });

  test('in the text are ones that there are', () => {
    const names = built().commands.map((command) => command.name());
    expect(named('telltale').length).toBeGreaterThan(20);
    for (const { path, name } of named('telltale'))
      expect(names, `${path}: telltale ${name}`).toContain(name);
  });
});

test('the reading of Markdown finds links, headings and commands', () => {
  const page = pageOf(
    'docs/x.md',
    '# One `two` and [three](a.md#b)\n\n## One\n\n## One\n\n```sh run\ntelltale run \\\n  --json # says\n```\n```console\n$ telltale demo\nout\n```\n',
  );
  expect(page.links).toEqual(['a.md#b']);
  expect([...page.anchors]).toEqual(['one-two-and-three', 'one', 'one-1']);
  expect(page.blocks.map(linesOf)).toEqual([['telltale run --json'], ['telltale demo']]);
  expect(page.blocks.map(({ isRun }) => isRun)).toEqual([true, false]);
  expect(faultOf(byPath.get('README.md')!, 'docs/none.md')).toBe('no such file');
  expect(faultOf(byPath.get('README.md')!, 'docs/alarms.md#nowhere')).toBe('no such heading');
});
