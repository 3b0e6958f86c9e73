import { render } from 'preact';
import { App } from './app.tsx';
import { startRouter } from './model/router.ts';
import { connect } from './model/store.ts';
import { startTheme } from './parts/colors.ts';
import { startShortcuts } from './parts/shortcuts.tsx';

startTheme();
startRouter();
startShortcuts();
connect();
render(<App />, document.getElementById('app')!);
