// Writes grafana/dashboards from the sources beside this file.
import { writeFileSync } from 'node:fs';
import { withModule } from '../../test/fault/load.mjs';

await withModule('../../grafana/source/index.ts', ({ DASHBOARDS, fileOf, textOf }) => {
  for (const dashboard of DASHBOARDS)
    writeFileSync(new URL(`../dashboards/${fileOf(dashboard)}`, import.meta.url), textOf(dashboard));
});
