/** `notify` of telltale.yaml: what its entries say, their secrets, and their templates. */
import { ALERT_WORDS } from '../records.ts';
import type { Files } from './checks/streams.ts';
import type { Source } from './document.ts';
import type { NotifyShape } from './notify-shape.ts';
import { neededSecretOf, type SecretEntry, secretOf } from './secrets.ts';
import type { AlertmanagerConfig, NotifyConfig, Path, ToldConfig } from './types.ts';

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
    link: linkOf(shape.link, entry),
    resendMs: resend,
    timeoutMs: timeout,
  };
}

function toldOf(
  shape: NotifyShape['slack' | 'pagerduty'][number],
  url: string,
  entry: SecretEntry,
): ToldConfig {
  const { name, level, template, link, timeout } = shape;
  if (template !== undefined) checkTemplate(template, 'template', entry);
  return { name, url, level, template: template ?? null, link: linkOf(link, entry), timeoutMs: timeout };
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

/** Reports placeholders that no alert has, and such as do not end. */
function checkTemplate(template: string, key: string, { source, path }: SecretEntry): boolean {
  const before = source.problems.length;
  for (const [whole, word = ''] of template.matchAll(PLACEHOLDER)) {
    if ((ALERT_WORDS as readonly string[]).includes(word)) continue;
    source.report([...path, key], { message: `unknown placeholder ${whole}`, word, allowed: ALERT_WORDS });
  }
  if (/\{\{|\}\}/.test(template.replace(PLACEHOLDER, '')))
    source.report([...path, key], { message: 'a placeholder is written {{word}}', allowed: ALERT_WORDS });
  return source.problems.length === before;
}

function linkOf(link: string | undefined, entry: SecretEntry): string | null {
  if (link === undefined) return null;
  const filled = link.replace(PLACEHOLDER, 'x');
  if (checkTemplate(link, 'link', entry) && !(/^https?:\/\//.test(filled) && URL.canParse(filled)))
    entry.source.report([...entry.path, 'link'], {
      allowed: ['a URL such as https://grafana.example.com/d/telltale?var-service={{service}}'],
    });
  return link;
}
