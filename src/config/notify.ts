/** `notify` of telltale.yaml: what its entries say, their secrets, and their templates. */
import { ALERT_WORDS, INCIDENT_WORDS } from '../records.ts';
import type { Files } from './checks/streams.ts';
import type { Source } from './document.ts';
import type { NotifyShape } from './notify-shape.ts';
import { neededSecretOf, type SecretEntry, secretOf } from './secrets.ts';
import {
  type AlertmanagerConfig,
  type NotifyConfig,
  type Path,
  TOLD_TOPICS,
  type ToldConfig,
} from './types.ts';

const PLACEHOLDER = /\{\{\s*(\w+)\s*\}\}/g;

export function notifyOf(shape: NotifyShape, files: Files, source: Source): NotifyConfig {
  const entriesOf = <T extends { name: string }>(kind: keyof NotifyShape, shapes: readonly T[]) =>
    shapes.map((one, i) => ({ one, entry: entryOf(one, ['notify', kind, i], files, source) }));
  for (const kind of Object.keys(shape) as (keyof NotifyShape)[]) checkNames(kind, shape[kind], source);
  return {
    alertmanager: entriesOf('alertmanager', shape.alertmanager).map(({ one, entry }) =>
      alertmanagerOf(one, entry),
    ),
    slack: entriesOf('slack', shape.slack).map(({ one, entry }) => toldOf(one, slackUrlOf(entry), entry)),
    pagerduty: entriesOf('pagerduty', shape.pagerduty).map(({ one, entry }) => ({
      ...toldOf(one, urlOf(one.url, 'url', entry), entry),
      routingKey: neededSecretOf(entry, 'routing_key'),
    })),
  };
}

const entryOf = (shape: SecretEntry['shape'], path: Path, files: Files, source: Source): SecretEntry => ({
  path,
  shape,
  files,
  source,
});

/** Two of one name would share a consumer group, and each would get a part of the records. */
function checkNames(kind: keyof NotifyShape, entries: readonly { name: string }[], source: Source): void {
  const names = new Set<string>();
  entries.forEach(({ name }, i) => {
    if (names.has(name))
      source.report(['notify', kind, i, 'name'], { message: `there are two of ${kind} named '${name}'` });
    names.add(name);
  });
}

function alertmanagerOf(shape: NotifyShape['alertmanager'][number], entry: SecretEntry): AlertmanagerConfig {
  const { name, username, labels, resend, timeout } = shape;
  const report = (key: string, message: string) => entry.source.report([...entry.path, key], { message });
  const urls = [shape.url].flat();
  if (!urls.every((url) => URL.canParse(url))) report('url', 'not a URL');
  const token = secretOf(entry, 'token');
  const hasPassword = shape.password !== undefined || shape.password_file !== undefined;
  if (token !== null && (username !== undefined || hasPassword))
    report('username' in shape ? 'username' : 'password', 'found with a token, allowed: one of them');
  if (hasPassword && username === undefined) report('password', 'needs username');
  return {
    name,
    urls: [...new Set(urls)],
    username: username ?? '',
    password: username === undefined ? '' : neededSecretOf(entry, 'password'),
    token,
    labels,
    link: linkOf(shape.link, 'alerts', entry),
    resendMs: resend,
    timeoutMs: timeout,
  };
}

function toldOf(
  shape: NotifyShape['slack' | 'pagerduty'][number],
  url: string,
  entry: SecretEntry,
): ToldConfig {
  const { name, on, level, template = null, link, timeout } = shape;
  if (template !== null) checkTemplate(template, on, 'template', entry);
  return { name, url, on, level, template, link: linkOf(link, on, entry), timeoutMs: timeout };
}

function slackUrlOf(entry: SecretEntry): string {
  const url = neededSecretOf(entry, 'url');
  return url === '' ? url : urlOf(url, entry.shape.url === undefined ? 'url_file' : 'url', entry);
}

function urlOf(url: string, key: string, { source, path }: SecretEntry): string {
  if (!/^https?:\/\/[^\s/]+\S*$/.test(url) || !URL.canParse(url))
    source.report([...path, key], { message: 'not an http or https URL' });
  return url;
}

/** What templates may name, by what is told. */
const WORDS: Record<ToldConfig['on'], readonly string[]> = {
  alerts: ALERT_WORDS,
  incidents: INCIDENT_WORDS,
};

/** Reports placeholders that nothing of what is told has, and such as do not end. */
function checkTemplate(
  template: string,
  on: ToldConfig['on'],
  key: string,
  { source, path, shape }: SecretEntry,
): boolean {
  const before = source.problems.length;
  const allowed = WORDS[on];
  for (const [whole, word = ''] of template.matchAll(PLACEHOLDER)) {
    if (allowed.includes(word)) continue;
    const other = TOLD_TOPICS.find((topic) => WORDS[topic].includes(word));
    const message =
      other === undefined || !('on' in shape)
        ? `unknown placeholder ${whole}`
        : `${whole} is said of ${other}, and this receiver is told of ${on}; write 'on: ${other}' or another placeholder`;
    source.report([...path, key], { message, word, allowed });
  }
  if (/\{\{|\}\}/.test(template.replace(PLACEHOLDER, '')))
    source.report([...path, key], { message: 'a placeholder is written {{word}}', allowed });
  return source.problems.length === before;
}

function linkOf(link: string | undefined, on: ToldConfig['on'], entry: SecretEntry): string | null {
  if (link === undefined) return null;
  const filled = link.replace(PLACEHOLDER, 'x');
  if (checkTemplate(link, on, 'link', entry) && !(/^https?:\/\//.test(filled) && URL.canParse(filled)))
    entry.source.report([...entry.path, 'link'], {
      allowed: ['a URL such as https://grafana.example.com/d/telltale-service?var-service={{service}}'],
    });
  return link;
}
