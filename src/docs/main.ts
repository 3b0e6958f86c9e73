/** `npm run docs`: writes the pages that are made from the code. */

import { writeFileSync } from 'node:fs';
import { PAGES } from './pages.ts';

for (const [path, text] of Object.entries(PAGES)) writeFileSync(path, text());
