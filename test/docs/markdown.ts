/** Reads what the documentation says: links, anchors and commands. */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import GithubSlugger from 'github-slugger';
import { lexer, type Token, walkTokens } from 'marked';

export const root = new URL('../../', import.meta.url);
const gitFiles = (...patterns: string[]): string[] =>
  execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', ...patterns], {
    cwd: fileURLToPath(root),
    encoding: 'utf8',
  })
    .split('\n')
    .filter((path) => path !== '');

export interface Block {
  language: string;
  /** Whether the words after the language have `run`: a test runs it. */
  isRun: boolean;
  text: string;
}

export interface Page {
  path: string;
  /** Where links and pictures go, as written. */
  links: string[];
  /** What `#...` may name, as GitHub makes it of headings. */
  anchors: Set<string>;
  blocks: Block[];
  /** What stands in the text as code. */
  codes: string[];
}

/** Headings are slugs of what one sees of them. */
const visible = (tokens: readonly Token[]): string =>
  tokens
    .map((token) =>
      'tokens' in token && token.tokens ? visible(token.tokens) : 'text' in token ? token.text : '',
    )
    .join('');

export function pageOf(path: string, text: string): Page {
  const slugger = new GithubSlugger();
  const page: Page = { path, links: [], anchors: new Set(), blocks: [], codes: [] };
  walkTokens(lexer(text), (token) => {
    if (token.type === 'link' || token.type === 'image') page.links.push(token.href);
    if (token.type === 'heading') page.anchors.add(slugger.slug(visible(token.tokens ?? [])));
    if (token.type === 'codespan') page.codes.push(token.text);
    if (token.type === 'html')
      for (const [, source] of (token.raw as string).matchAll(/(?:src|srcset|href)="([^"]+)"/g))
        page.links.push(source!);
    if (token.type === 'code') {
      const [language = '', ...words] = ((token.lang as string | undefined) ?? '').split(' ');
      page.blocks.push({ language, isRun: words.includes('run'), text: token.text });
    }
  });
  return page;
}

export const readPages = (): Page[] =>
  gitFiles('*.md').map((path) => pageOf(path, readFileSync(new URL(path, root), 'utf8')));

/** Command lines of a block: of `console` those after `$ `; continued lines are one, comments none. */
export const linesOf = ({ language, text }: Block): string[] =>
  text
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .flatMap((line) => (language === 'console' ? (/^\$ (.*)/.exec(line)?.[1] ?? []) : line))
    .map((line) => line.replace(/\s+#\s.*$|^#.*$/, '').trim())
    .filter((line) => line !== '');

export const isShell = ({ language }: Block): boolean => ['sh', 'console'].includes(language);
