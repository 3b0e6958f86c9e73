/** Jars from Maven Central, resolved once into the cache by the user's own `mvn` and its settings. */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TelltaleError } from '../errors.ts';
import { hasTool, runTool } from './processes.ts';
import { type Settings, VERSIONS } from './settings.ts';

export interface Artifact {
  readonly group: string;
  readonly name: string;
  readonly version: string;
}

const PLUGIN = `org.apache.maven.plugins:maven-dependency-plugin:${VERSIONS.mavenDependencyPlugin}`;

function pomOf(artifacts: readonly Artifact[]): string {
  const dependencies = artifacts.map(
    ({ group, name, version }) =>
      `    <dependency><groupId>${group}</groupId><artifactId>${name}</artifactId><version>${version}</version></dependency>`,
  );
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>telltale</groupId><artifactId>stack</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
${dependencies.join('\n')}
  </dependencies>
</project>
`;
}

/**
 * Fills `jars/<folder>` by running `mvn` into a draft folder that is renamed at the end: an interrupted
 * download never looks like a complete one.
 */
async function resolveInto(
  settings: Settings,
  folder: string,
  say: (line: string) => void,
  run: (draft: string, log: string) => Promise<void>,
): Promise<string> {
  const target = join(settings.jarsDir, folder);
  if (existsSync(target)) return target;
  if (!hasTool('mvn', ['--version']))
    throw new TelltaleError(
      'stack_unavailable',
      'no Docker engine answers and `mvn` is missing: apt-get install maven',
    );
  say(`resolves ${folder} from Maven Central`);
  const draft = join(settings.jarsDir, `.${folder}.${process.pid}`);
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true });
  try {
    await run(draft, join(settings.logsDir, 'mvn.log'));
    renameSync(draft, target);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return target;
}

/** @returns the folder that holds the jars of `artifacts` and everything they need at run time */
export function resolveJars(
  settings: Settings,
  folder: string,
  artifacts: readonly Artifact[],
  say: (line: string) => void,
): Promise<string> {
  return resolveInto(settings, folder, say, async (draft, log) => {
    const pom = join(draft, 'pom.xml');
    writeFileSync(pom, pomOf(artifacts));
    await runTool(
      'mvn',
      [
        '-B',
        '-q',
        '-f',
        pom,
        `${PLUGIN}:copy-dependencies`,
        `-DoutputDirectory=${draft}`,
        '-DincludeScope=runtime',
      ],
      log,
    );
  });
}

/**
 * Resolves the archive `group:name:version:tar.gz:classifier`. The plugin's own `unpack` is not used: run
 * outside of a project it leaves its markers in a folder named "${project.basedir}" and, where it finds
 * them, unpacks nothing and reports success.
 * @returns the folder into which it is unpacked
 */
export function resolveTar(
  settings: Settings,
  folder: string,
  coordinates: string,
  say: (line: string) => void,
): Promise<string> {
  return resolveInto(settings, folder, say, async (draft, log) => {
    await runTool(
      'mvn',
      ['-B', '-q', `${PLUGIN}:copy`, `-Dartifact=${coordinates}`, `-DoutputDirectory=${draft}`],
      log,
    );
    for (const archive of readdirSync(draft)) {
      await runTool('tar', ['-xzf', join(draft, archive), '-C', draft], log);
      rmSync(join(draft, archive));
    }
  });
}
