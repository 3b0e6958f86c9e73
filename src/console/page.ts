import { STYLE } from './page-css.ts';
import { BODY } from './page-html.ts';
import { SCRIPT_CORE } from './page-js-core.ts';
import { SCRIPT_LIVE } from './page-js-live.ts';
import { SCRIPT_ROLLOUTS } from './page-js-rollouts.ts';
import { SCRIPT_VIEWS } from './page-js-views.ts';

/** The parts of the page that its Content-Security-Policy names by their digest. */
export const PAGE_STYLE = STYLE;
export const PAGE_SCRIPT = `${SCRIPT_CORE}${SCRIPT_VIEWS}${SCRIPT_ROLLOUTS}${SCRIPT_LIVE}`;

/** The live page: one document, nothing is loaded from elsewhere. */
export const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Telltale</title>
<style>${PAGE_STYLE}</style>
</head>
${BODY}
<script>${PAGE_SCRIPT}</script>
</html>
`;
