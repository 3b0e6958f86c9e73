/** What the page of test/stack/core-browser.test.ts is given: the package as its users import it. */
export * from 'telltale/core';
export { rowsOf } from './rows.ts';
