/**
 * A schema registry with the Confluent-compatible API: Apicurio Registry with its in-memory store.
 * Of what Maven Central and PyPI offer it is the one that starts: Karapace is not on PyPI, Confluent's
 * registry is not on Maven Central. 2.6 answers 2.6 s after its start with 170 MB of memory, and does
 * not need a broker, so the two start side by side.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { findJava } from './java.ts';
import { resolveTar } from './maven.ts';
import { answersHttp, below, type Part } from './part.ts';
import { startServer } from './processes.ts';
import { IMAGES, VERSIONS } from './settings.ts';

/** Where Apicurio speaks Confluent's API; a client appends `/subjects` and `/schemas/ids/N` to it. */
const API = '/apis/ccompat/v7';

export const registryPart: Part = {
  name: 'registry',
  title: 'Apicurio Registry',
  ports: (settings) => [settings.ports.registry],
  url: (settings) => `http://127.0.0.1:${settings.ports.registry}${API}`,
  answers: (url) => answersHttp(below(url, '/subjects')),

  async start({ settings, say, log, dataDir }) {
    const java = findJava();
    const folder = `apicurio-${VERSIONS.apicurio}`;
    const unpacked = await resolveTar(
      settings,
      folder,
      `io.apicurio:apicurio-registry-app:${VERSIONS.apicurio}:tar.gz:all`,
      say,
    );
    mkdirSync(dataDir, { recursive: true });
    return startServer(
      java,
      [
        '-Xmx256m',
        // Half of its start-up is the optimising compiler, which a registry for tests never repays.
        '-XX:TieredStopAtLevel=1',
        '-Dquarkus.http.host=127.0.0.1',
        `-Dquarkus.http.port=${settings.ports.registry}`,
        '-jar',
        join(unpacked, `apicurio-registry-app-${VERSIONS.apicurio}-runner.jar`),
      ],
      { log, cwd: dataDir },
    );
  },

  dockerArgs: (settings) => ['-p', `127.0.0.1:${settings.ports.registry}:8080`, IMAGES.registry],
};
