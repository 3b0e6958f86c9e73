/** Tables of Markdown, with what would end a cell escaped. */

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

export const row = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;

export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');

/** What stands at the top of a page that nobody edits. */
export const made = (from: string): string =>
  `<!-- Made from ${from} by \`npm run docs\`; a test compares. -->`;
