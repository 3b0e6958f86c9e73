import type { TelltaleConfig } from '../../config/types.ts';

/** Topics that are read, with what for: 'requests of fraud'. */
export const inputTopics = ({ services }: Pick<TelltaleConfig, 'services'>): Map<string, string> =>
  new Map(
    services.flatMap(({ service, streams }) =>
      streams.map(({ topic, stream }): [string, string] => [topic, `${stream} of ${service}`]),
    ),
  );
