import type { DaemonConfig } from './types.ts';

/** What is allowed and yet may not be meant, one sentence each. */
export function warningsOf({ kafka }: Pick<DaemonConfig, 'kafka'>): string[] {
  const warnings: string[] = [];
  const { sasl, ssl } = kafka;
  if (sasl !== null && ssl === false) {
    const what = {
      plain: 'PLAIN sends the password readable',
      'scram-sha-256': 'whoever listens can try passwords against what SCRAM sends',
      'scram-sha-512': 'whoever listens can try passwords against what SCRAM sends',
      oauthbearer: 'OAUTHBEARER sends the token readable',
    }[sasl.mechanism];
    warnings.push(
      `kafka.sasl without kafka.ssl: ${what}; set kafka.ssl unless the way to the brokers is safe by itself`,
    );
  }
  if (sasl?.mechanism === 'oauthbearer' && sasl.source.kind === 'client' && isReadable(sasl.source.tokenUrl))
    warnings.push('kafka.sasl.token_url without https: the client secret is sent readable');
  return warnings;
}

function isReadable(url: string): boolean {
  return /^http:/i.test(url) && !/^http:\/\/(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:|\/|$)/i.test(url);
}
